/* Expectations about one run of the command. The last arguments of the macros are those of
 * the command:
 *
 *     expect_out(cli, "Hello\n", "-m", "mock/echo", "Hello");
 *     expect_error(cli, 2, "the prompt is empty", "-m", "mock/any"); */
#ifndef TESTS_CLI_EXPECT_H
#define TESTS_CLI_EXPECT_H

#include "run.h"

#include <string.h>

/* Expect that the command ends with this exit code. */
#define expect_exit(cli, expected, ...) assert_int_equal(cli_run(cli, __VA_ARGS__, NULL), expected)

/* Expect that the command succeeds, and prints exactly this text on stdout. */
#define expect_out(cli, text, ...)             \
    do {                                       \
        expect_exit(cli, 0, __VA_ARGS__);      \
        assert_string_equal((cli)->out, text); \
    } while (0)

/* Expect that the command succeeds, and prints this text as part of its stdout. */
#define expect_in_out(cli, part, ...)      \
    do {                                   \
        expect_exit(cli, 0, __VA_ARGS__);  \
        assert_contains((cli)->out, part); \
    } while (0)

/* Expect that the command ends with this code, and prints this text as part of its stderr. */
#define expect_error(cli, expected, part, ...)   \
    do {                                         \
        expect_exit(cli, expected, __VA_ARGS__); \
        assert_contains((cli)->err, part);       \
    } while (0)

/* Set the text of the command's stdin; borrowed. */
static inline void give(cli_process *cli, const char *input)
{
    cli->input = input;
    cli->input_length = strlen(input);
}

/* Return the text of a member, which must exist. Borrowed. */
static inline const char *string_at(const beluga_json *object, const char *key)
{
    const char *text = beluga_json_get_string(object, key, NULL);
    if (!text) fail_msg("no text \"%s\"", key);
    return text;
}

#endif
