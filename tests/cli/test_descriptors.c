/* Standard descriptors that are closed, full, or open but without input. */
#include "expect.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MAX_WORDS = 4 };

/* Commands that each print something on stdout. */
static const char *const commands[][MAX_WORDS + 1] = {
    {"-m", "mock/echo", "hi"},
    {"-m", "mock/echo", "hi", "--json"},
    {"chat", "-m", "mock/echo"},
    {"embed", "-m", "mock/any", "hi"},
    {"count", "-m", "mock/any", "hi"},
    {"logs"},
    {"logs", "path"},
    {"providers"},
    {"health", "-m", "mock/any"},
    {"check", "mock"},
    {"config"},
    {"completion", "bash"},
    {"help"},
    {"help", "--man"},
    {"version"},
    {"--version"},
};
#define N_COMMANDS (sizeof commands / sizeof *commands)

static int run(cli_process *cli, const char *const *words)
{
    bool is_closed = cli->closed && strchr(cli->closed, '0');
    give(cli, strcmp(words[0], "chat") == 0 && !is_closed ? "hi\n" : "");
    return cli_run(cli, words[0], words[1], words[2], words[3], words[4], NULL);
}

/* Add an entry to the log, so that the commands that list entries print something. */
static void fill_log(cli_process *cli)
{
    expect_exit(cli, 0, "logs", "on");
    expect_exit(cli, 0, "-m", "mock/echo", "hi");
}

static void every_command_tells_that_stdout_is_closed(void **state)
{
    cli_process *cli = *state;
    fill_log(cli);
    cli->closed = "1";
    for (size_t i = 0; i < N_COMMANDS; i++) {
        assert_int_equal(run(cli, commands[i]), 1);
        assert_contains(cli->err, "stdout can't be written: Bad file descriptor");
    }
}

static void every_command_tells_that_stdout_is_full(void **state)
{
    cli_process *cli = *state;
    if (access("/dev/full", W_OK) != 0) {
        print_message("# there is no /dev/full\n");
        skip();
    }
    fill_log(cli);
    cli->out_path = "/dev/full";
    for (size_t i = 0; i < N_COMMANDS; i++) {
        assert_int_equal(run(cli, commands[i]), 1);
        assert_contains(cli->err, "stdout can't be written: No space left");
    }
}

static void no_command_needs_stdin_or_stderr(void **state)
{
    static const char *const closed[] = {"0", "2", "02"};
    cli_process *cli = *state;
    fill_log(cli);
    for (size_t k = 0; k < sizeof closed / sizeof *closed; k++)
        for (size_t i = 0; i < N_COMMANDS; i++) {
            bool is_chat = strcmp(commands[i][0], "chat") == 0;
            cli->closed = closed[k];
            assert_int_equal(run(cli, commands[i]), 0);
            assert_true(cli->out_length > 0 || is_chat);
        }
}

static void an_output_nobody_reads_ends_every_command(void **state)
{
    cli_process *cli = *state;
    fill_log(cli);
    cli->out_is_closed = true;
    for (size_t i = 0; i < N_COMMANDS; i++) {
        run(cli, commands[i]);
        assert_int_not_equal(cli->signal, 0);
    }
}

static void a_stdin_that_is_open_and_silent_is_told(void **state)
{
    cli_process *cli = *state;
    cli->in_stays_open = true;
    cli_start(cli, "-m", "mock/echo", "hi", NULL);
    cli_wait_for_err(cli, "waiting for text on stdin");
    assert_string_equal(cli->out, "");
    assert_int_equal(cli_finish(cli), 0);
    assert_string_equal(cli->out, "hi\n");
}

static void a_stdin_that_ends_is_not(void **state)
{
    cli_process *cli = *state;
    give(cli, "there\n");
    expect_out(cli, "hi\n\nthere\n", "-m", "mock/echo", "hi");
    assert_string_equal(cli->err, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, cli_setup, cli_teardown)
        TEST(every_command_tells_that_stdout_is_closed),
        TEST(every_command_tells_that_stdout_is_full),
        TEST(no_command_needs_stdin_or_stderr),
        TEST(an_output_nobody_reads_ends_every_command),
        TEST(a_stdin_that_is_open_and_silent_is_told),
        TEST(a_stdin_that_ends_is_not),
    };
    return cmocka_run_group_tests_name("descriptors", tests, NULL, NULL);
}
