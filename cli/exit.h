/* Exit codes: one list, which the command, its manual page and its tests share. */
#ifndef BELUGA_CLI_EXIT_H
#define BELUGA_CLI_EXIT_H

#include <beluga/error.h>

/* Columns: constant, value, meaning as the manual page prints it. */
#define EXIT_MAP(XX)                                                                               \
    XX(OK, 0, "Success. An answer cut at its token limit is one, and is told; not with --strict.") \
    XX(OTHER, 1, "Any other failure.")                                                             \
    XX(USAGE, 2, "The command line or the input is not valid.")                                    \
    XX(CONFIG, 3, "The configuration: no model, an unknown provider or model, a bad value.")       \
    XX(AUTH, 4, "A key is missing, was refused, or may not do this.")                              \
    XX(RATE, 5, "A rate limit or quota was reached, or the provider is overloaded: try later.")    \
    XX(TIMEOUT, 6, "No answer, or no further part of it, within the time allowed.")                \
    XX(NETWORK, 7, "The network or the connection failed.")                                        \
    XX(RESPONSE, 8,                                                                                \
       "The answer is broken or truncated, with --strict not whole, or does not fit --schema. "    \
       "What had arrived was printed.")                                                            \
    XX(REFUSED, 9, "The provider refused or filtered the content.")                                \
    XX(OUTPUT, 10,                                                                                 \
       "The output of a batch can't be written: a full disk, say. What is done is safe.")          \
    XX(PARTLY, 11, "Some lines of a batch failed; the others are done.")                           \
    XX(UNDERWAY, 12,                                                                               \
       "Jobs of a batch are under way at the provider: the same command collects them later.")     \
    XX(INTERRUPTED, 130, "Interrupted with Ctrl-C. What had arrived was printed.")

typedef enum exit_code {
#define XX(constant, value, meaning) CLI_EXIT_##constant = (value),
    EXIT_MAP(XX)
#undef XX
} exit_code;

typedef struct exit_info {
    exit_code code;
    const char *digits; /* the exit code as text */
    const char *meaning;
} exit_info;

/* Return row `index` of the list, or NULL behind the last row. */
const exit_info *exit_get_info(unsigned index);

/* Return the exit code for a BELUGA_ERROR_ code; 0 for 0. */
int exit_from_error(int error_code);

/* Return the exit code of an error. A limit that was passed is the answer's once one was asked for,
 * such as that of JSON's depth; before, it is another failure. */
int exit_from(const beluga_error *err);

#endif
