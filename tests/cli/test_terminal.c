/* The command on a terminal, and conversations there. */
#include "../support/words.h"
#include "expect.h"
#include "served.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Make answers slow enough that a spinner would appear. */
#define SLOW "mock.latency_ms=900"

static void on_terminal(cli_process *cli, const char *term)
{
    cli->terminal = true;
    cli_set(cli, "TERM", term);
}

/* ---- one answer ------------------------------------------------------------------------------ */

static void the_spinner_comes_and_is_erased_before_the_answer(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    peer_reply *r = peer_reply_new(p);
    peer_step_gate(r, 0);
    peer_openai_stream(r, "Hello");
    on_terminal(cli, "xterm");
    cli_start(cli, "-m", "openai/any", "Hi", NULL);
    cli_wait_for(cli, "openai/any");
    peer_open_gate(p, 0);
    assert_int_equal(cli_finish(cli), 0);
    const char *answer = strstr(cli->out, "\r\033[KHello");
    assert_non_null(answer);
    assert_null(strstr(answer, "openai/any"));
}

static void there_is_no_spinner_in_pipes(void **state)
{
    cli_process *cli = *state;
    cli_set(cli, "TERM", "xterm");
    expect_out(cli, "This is a mock response.\n", "-m", "mock/any", "-o", SLOW, "Hello");
    assert_string_equal(cli->err, "");
}

static void there_is_no_spinner_when_it_should_be_quiet_or_the_terminal_is_dumb(void **state)
{
    cli_process *cli = *state;
    on_terminal(cli, "xterm");
    expect_out(cli, "This is a mock response.\r\n", "-q", "-m", "mock/any", "-o", SLOW, "Hello");
    cli_set(cli, "TERM", "dumb");
    expect_out(cli, "This is a mock response.\r\n", "-m", "mock/any", "-o", SLOW, "Hello");
}

static void a_wait_before_another_attempt_is_told_on_a_terminal_alone(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = peer_start();
    cli_set(cli, "OPENAI_BASE_URL", peer_url(p));
    cli_set(cli, "OPENAI_API_KEY", "x");
    for (int i = 0; i < 4; i++) {
        peer_openai_error(peer_reply_new(p), 503, NULL, "busy", "Come back later");
        peer_openai_stream(peer_reply_new(p), "Hello");
        cli->terminal = i != 1 && i != 2;
        if (i == 2) on_terminal(cli, "xterm");
        assert_int_equal(cli_run(cli, "-m", "openai/x", "-o", "retry_delay=100ms",
                                 i == 2 ? "-q" : "--no-log", "hi", NULL),
                         0);
        assert_contains(cli->out, "Hello");
        if (i == 0 || i == 3)
            assert_contains(cli->out, "; trying again in 0.1 s (attempt 2 of 4)");
        else
            assert_lacks(i == 1 ? cli->err : cli->out, "trying again");
    }
}

static void a_server_that_does_not_run_is_told_at_once(void **state)
{
    cli_process *cli = *state;
    on_terminal(cli, "xterm");
    cli_set(cli, "OLLAMA_HOST", "127.0.0.1:1");
    expect_exit(cli, 7, "-m", "ollama/any", "-o", "retry_delay=100ms", "hi");
    assert_contains(cli->out,
                    "the server refused the connection (is it running?); trying again in 0.1 s "
                    "(attempt 2 of 2)");
    assert_contains(cli->out, "2 attempts");
}

static void colours_go_when_no_color_is_set(void **state)
{
    cli_process *cli = *state;
    on_terminal(cli, "xterm");
    expect_exit(cli, 3, "-m", "nobody/any", "Hello");
    assert_contains(cli->out, "\033[31mbeluga: \033[0m");
    cli_set(cli, "NO_COLOR", "1");
    expect_exit(cli, 3, "-m", "nobody/any", "Hello");
    assert_lacks(cli->out, "\033[");
}

static void control_characters_of_a_model_are_shown_and_not_obeyed(void **state)
{
    cli_process *cli = *state;
    on_terminal(cli, "dumb");
    assert_int_equal(cli_run(cli, "-m", "mock/echo",
                             "a\033]0;title\007b\xc2\x9b"
                             "31mc\r\x7f\xc2\xb5",
                             NULL),
                     0);
    assert_string_equal(cli->out, "a\\x1b]0;title\\x07b\\u009b31mc\\x7f\xc2\xb5\r\n");
}

static void a_line_of_the_log_begins_on_a_line_of_its_own(void **state)
{
    cli_process *cli = *state;
    cli->terminal = true;
    expect_in_out(cli, "This is a mock response.\r\n", "-m", "mock/any", "-v", "Hello");
    assert_contains(cli->out, "\n* call.finished ");
    assert_lacks(cli->out, "\n\r\n"); /* the answer is followed by a single line break */
    cli->terminal = false;
    expect_out(cli, "This is a mock response.\n", "-m", "mock/any", "-v", "Hello");
    assert_lacks(cli->err, "\n\n");
}

static void nothing_to_ask_shows_where_help_is(void **state)
{
    cli_process *cli = *state;
    on_terminal(cli, "dumb");
    expect_exit(cli, 2, "-m", "mock/any");
    assert_contains(cli->out, "no prompt");
    assert_contains(cli->out, "beluga prompt --help");
}

static void columns_line_up_on_a_terminal_and_are_tabs_in_a_pipe(void **state)
{
    cli_process *cli = *state;
    expect_in_out(cli, "mock\t", "providers");
    assert_lacks(cli->out, "PROVIDER");
    on_terminal(cli, "dumb");
    expect_in_out(cli, "PROVIDER  ", "providers");
    assert_contains(cli->out, "mock      ");
}

static size_t widest_line(const char *text)
{
    size_t widest = 0, n;
    for (; *text; text += n + (text[n] ? 1 : 0)) {
        n = strcspn(text, "\n");
        size_t width = n && text[n - 1] == '\r' ? n - 1 : n;
        if (width > widest) widest = width;
    }
    return widest;
}

static void the_table_of_providers_fits_the_terminal(void **state)
{
    static const struct {
        unsigned short width;
        const char *row, *title;
    } rows[] = {
        {40, "openai            no   x x x x x x - x\r\n", "KEY  T R I A F S C M\r\n"},
        {60, "perplexity        no   - x x - - x - -\r\n", "KEY  T R I A F S C M\r\n"},
        {80, "mock              -    x     x         -      -     -     -      -     -\r\n",
         "KEY  TOOLS REASONING IMAGES AUDIO FILES SCHEMA CACHE MODELS\r\n"},
        {120, "openai            set OPENAI_API_KEY  ", "SCHEMA CACHE MODELS\r\n"},
        {160, "  mistral-small-latest\r\n", "SCHEMA CACHE MODELS  DEFAULT MODEL\r\n"},
    };
    cli_process *cli = *state;
    on_terminal(cli, "dumb");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cli->width = rows[i].width;
        expect_exit(cli, 0, "providers");
        assert_contains(cli->out, rows[i].row);
        assert_contains(cli->out, rows[i].title);
        assert_in_range(widest_line(cli->out), 1, rows[i].width);
    }
}

static void marks_are_what_the_locale_can_show(void **state)
{
    cli_process *cli = *state;
    on_terminal(cli, "dumb");
    cli_set(cli, "LC_ALL", "C.UTF-8");
    expect_in_out(cli, "mock              -    \xe2\x9c\x93     \xe2\x9c\x93         -",
                  "providers");
}

/* ---- chat ------------------------------------------------------------------------------------ */

static int chat(cli_process *cli, const char *model, const char *input)
{
    give(cli, input);
    return cli_run(cli, "chat", "-m", model, NULL);
}

/* Assert that a chat with the echo model prints `out` when stdin is `input`. */
static void says(cli_process *cli, const char *input, const char *out)
{
    assert_int_equal(chat(cli, "mock/echo", input), 0);
    assert_string_equal(cli->out, out);
}

static void every_line_of_a_pipe_is_a_turn(void **state)
{
    cli_process *cli = *state;
    says(cli, "one\n\ntwo\n", "one\ntwo\n");
    assert_string_equal(cli->err, "");
}

static void a_command_that_gives_the_key_takes_no_turn_and_says_nothing(void **state)
{
    static const char input[] = "first\nsecond\nthird\n";
    cli_process *cli = *state;
    SCOPED(peer) *p = peer_start();
    peer_reply *r = peer_reply_new(p);
    peer_reply_repeat(r, PEER_FOR_EVER);
    peer_openai_stream(r, "Yes");
    give(cli, input);
    cli_set(cli, "OPENAI_BASE_URL", peer_url(p));
    assert_int_equal(cli_run(cli, "chat", "-m", "openai/any", "-o",
                             "api_key=command:cat; echo not for you >&2; echo key", NULL),
                     0);
    assert_string_equal(cli->out, "Yes\nYes\nYes\n");
    assert_string_equal(cli->err, "");
    assert_int_equal(peer_requests(p), 3);
}

static void several_lines_can_be_one_text(void **state)
{
    says(*state, "a\\\nb\n\"\"\"\nc\n\nd\n\"\"\"\n//e\n", "a\nb\nc\n\nd\n/e\n");
}

static void a_conversation_is_sent_with_each_turn_until_it_is_cleared(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = peer_start();
    assert_non_null(p);
    for (int i = 0; i < 3; i++) {
        peer_reply *r = peer_reply_new(p);
        peer_openai_begin(r);
        peer_openai_text(r, i == 0 ? "answer-one" : "answer-more");
        peer_openai_finish(r, "stop");
        peer_openai_done(r);
    }
    cli_set(cli, "OPENAI_BASE_URL", peer_url(p));
    cli_set(cli, "OPENAI_API_KEY", "x");
    assert_int_equal(chat(cli, "openai/any", "/system be-brief\none\ntwo\n/clear\nthree\n"), 0);
    assert_has_all(peer_request_body(p, 1, NULL), "be-brief", "answer-one", "two");
    assert_contains(peer_request_body(p, 2, NULL), "be-brief");
    assert_lacks(peer_request_body(p, 2, NULL), "answer-one");
}

static void a_failure_in_a_pipe_ends_the_chat_with_its_code(void **state)
{
    cli_process *cli = *state;
    assert_int_equal(chat(cli, "mock/error-rate_limit", "one\ntwo\n"), 5);
    assert_int_equal(chat(cli, "mock/echo", "one\n/nonsense\ntwo\n"), 2);
    assert_string_equal(cli->out, "one\n");
    assert_contains(cli->err, "/nonsense");
}

static void a_conversation_can_be_saved_but_not_over_a_file(void **state)
{
    cli_process *cli = *state;
    char path[128], input[320];
    snprintf(path, sizeof path, "%s/talk.md", cli->home);
    snprintf(input, sizeof input,
             "hello\n/usage\n/save %s\n/save %s\n/model mock/any\nx\n/exit\ny\n", path, path);
    assert_int_equal(chat(cli, "mock/echo", input), 0);
    assert_contains(cli->err, "turns: 1");
    assert_contains(cli->err, "already exists");
    assert_string_equal(cli->out, "hello\nThis is a mock response.\n");
    FILE *file = fopen(path, "r");
    char text[256] = "";
    assert_non_null(file);
    assert_true(fread(text, 1, sizeof text - 1, file) > 0);
    fclose(file);
    assert_string_equal(text, "## You\n\nhello\n\n## Model\n\nhello\n\n");
}

/* Start a chat, and wait for its first prompt. */
static void begin_chat(cli_process *cli, const char *term, const char *option)
{
    on_terminal(cli, term);
    cli_start(cli, "chat", "-m", "mock/echo", "-o", option, NULL);
    cli_wait_for(cli, "> ");
}

static void end_chat(cli_process *cli, const char *typed)
{
    cli_type(cli, typed);
    assert_int_equal(cli_finish(cli), 0);
}

static void ctrl_c_stops_the_answer_and_not_the_chat(void **state)
{
    cli_process *cli = *state;
    char words[3 * 600] = "aa bb "; /* more than a minute of words */
    while (strlen(words) + 4 < sizeof words) strcat(words, "cc ");
    begin_chat(cli, "dumb", "mock.word_delay_ms=200");
    cli_type(cli, words);
    cli_type(cli, "\n");
    cli_wait_for(cli, "\naa bb");
    cli_type(cli, "\003");
    cli_wait_for(cli, "the conversation does not keep this turn\r\n> ");
    cli_type(cli, "still here\n");
    cli_wait_for(cli, "\nstill here\r\n> ");
    end_chat(cli, "\004");
}

static void ctrl_c_at_the_prompt_gives_a_new_one(void **state)
{
    cli_process *cli = *state;
    begin_chat(cli, "dumb", "max_retries=0");
    cli_type(cli, "\003");
    cli_wait_for(cli, "> ^C\r\nbeluga: press Ctrl-C again, or Ctrl-D, to leave\r\n> ");
    end_chat(cli, "/exit\n");
}

static void lines_are_edited_and_kept_in_a_private_history(void **state)
{
    cli_process *cli = *state;
    char path[128];
    struct stat info;
    begin_chat(cli, "xterm", "max_retries=0");
    cli_type(cli, "remembex\177r this\r");
    cli_wait_for(cli, "\nremember this\r\n> ");
    end_chat(cli, "/exit\r");
    snprintf(path, sizeof path, "%s/.local/state/beluga/history", cli->home);
    if (stat(path, &info) != 0) {
        print_message("# this build has no line editing\n");
        skip();
    }
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_true(info.st_size > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, cli_setup, cli_teardown)
        TEST(the_spinner_comes_and_is_erased_before_the_answer),
        TEST(there_is_no_spinner_in_pipes),
        TEST(there_is_no_spinner_when_it_should_be_quiet_or_the_terminal_is_dumb),
        TEST(a_wait_before_another_attempt_is_told_on_a_terminal_alone),
        TEST(a_server_that_does_not_run_is_told_at_once),
        TEST(colours_go_when_no_color_is_set),
        TEST(control_characters_of_a_model_are_shown_and_not_obeyed),
        TEST(a_line_of_the_log_begins_on_a_line_of_its_own),
        TEST(nothing_to_ask_shows_where_help_is),
        TEST(columns_line_up_on_a_terminal_and_are_tabs_in_a_pipe),
        TEST(the_table_of_providers_fits_the_terminal),
        TEST(marks_are_what_the_locale_can_show),
        TEST(every_line_of_a_pipe_is_a_turn),
        TEST(a_command_that_gives_the_key_takes_no_turn_and_says_nothing),
        TEST(several_lines_can_be_one_text),
        TEST(a_conversation_is_sent_with_each_turn_until_it_is_cleared),
        TEST(a_failure_in_a_pipe_ends_the_chat_with_its_code),
        TEST(a_conversation_can_be_saved_but_not_over_a_file),
        TEST(ctrl_c_stops_the_answer_and_not_the_chat),
        TEST(ctrl_c_at_the_prompt_gives_a_new_one),
        TEST(lines_are_edited_and_kept_in_a_private_history),
    };
    return cmocka_run_group_tests_name("terminal", tests, NULL, NULL);
}
