/* Exit codes: one list, which the command, its manual page and its tests share. */
#ifndef BELUGA_CLI_EXIT_H
#define BELUGA_CLI_EXIT_H

#include <beluga/error.h>

/* Columns: constant, value, meaning as the manual page prints it. */
#define EXIT_MAP(XX)                                                                              \
    XX(OK, 0,                                                                                     \
       "Success. This includes an answer that was cut at its token limit, which a warning "       \
       "reports, except with --strict.")                                                          \
    XX(OTHER, 1, "Any other failure.")                                                            \
    XX(USAGE, 2, "The command line or the input is not valid.")                                   \
    XX(CONFIG, 3,                                                                                 \
       "The configuration is not valid: no model, an unknown provider or model, or a bad value.") \
    XX(AUTH, 4, "A key is missing, was refused, or does not allow this request.")                 \
    XX(RATE, 5,                                                                                   \
       "A rate limit or quota was reached, or the provider is overloaded: try again later. Or a " \
       "budget is spent.")                                                                        \
    XX(TIMEOUT, 6, "The answer, or its next part, did not arrive within the time allowed.")       \
    XX(NETWORK, 7, "The network or the connection failed.")                                       \
    XX(RESPONSE, 8,                                                                               \
       "The answer is broken or truncated, does not fit --schema, or is incomplete with "         \
       "--strict. The part that arrived was printed.")                                            \
    XX(REFUSED, 9, "The provider refused or filtered the content.")                               \
    XX(OUTPUT, 10,                                                                                \
       "The output of a batch can't be written, for example because the disk is full. Results "   \
       "that were already written are safe.")                                                     \
    XX(PARTLY, 11, "Every line of a batch is finished, and some failed.")                         \
    XX(UNDERWAY, 12,                                                                              \
       "Jobs of a batch are under way at the provider: the same command collects their answers "  \
       "later.")                                                                                  \
    XX(INTERRUPTED, 130,                                                                          \
       "Interrupted with Ctrl-C or SIGTERM. The part of the answer that arrived was printed.")

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

/* Return row `index` of the list, or NULL after the last row. */
const exit_info *exit_get_info(unsigned index);

/* Return the exit code for a BELUGA_ERROR_ code; 0 for 0. */
int exit_from_error(int error_code);

/* Return the exit code of an error. An exceeded limit is CLI_EXIT_RESPONSE if a request was sent,
 * since the answer has exceeded it, for example with JSON that is nested too deeply; otherwise it
 * is CLI_EXIT_OTHER. */
int exit_from(const beluga_error *err);

#endif
