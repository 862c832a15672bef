/* Every exit code of the command, and the output of the command in each case. */
#include "../support/scoped.h"
#include "answers.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- a server and its replies ---------------------------------------------------------------- */

static int ask(cli_process *cli)
{
    return cli_run(cli, "-m", "openai/any", "-o", "max_retries=0", "Hello", NULL);
}

/* Assert that a call ends with this exit code, and that stdout has this text. */
static void asks(cli_process *cli, int code, const char *out)
{
    assert_int_equal(ask(cli), code);
    assert_string_equal(cli->out, out);
}

/* ---- exit codes ------------------------------------------------------------------------------ */

static void without_a_model_it_is_3_and_says_what_to_set(void **state)
{
    cli_process *cli = *state;
    expect_exit(cli, 3, "Hello");
    assert_string_equal(cli->out, "");
    assert_contains(cli->err, "config.yaml");
}

static size_t count_lines(const char *text)
{
    size_t n = 0;
    for (; *text; text++) n += *text == '\n';
    return n;
}

static void what_to_set_stands_in_the_order_of_use_and_in_columns(void **state)
{
    static const char *const rows[] = {
        "\n  beluga -m mock/any \"Hello\"              try it",
        "\n  beluga -m ollama/MODEL \"Hello\"          a model on this machine",
        "\n  export OPENAI_API_KEY=...               asks openai/",
        "\n  export ANTHROPIC_API_KEY=...            asks anthropic/",
        "\n  export BELUGA_MODEL=PROVIDER/MODEL      use this model",
        "\n  beluga models default PROVIDER/MODEL    the same setting, in ",
        "\nbeluga providers lists all of them; beluga keys set PROVIDER stores a key.\n"};
    cli_process *cli = *state;
    expect_exit(cli, 3, "Hello");
    const char *at = cli->err;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_contains(at, rows[i]);
        at = strstr(at, rows[i]) + 1;
    }
    assert_null(strstr(strstr(cli->err, "OPENAI_API_KEY") + 1, "OPENAI_API_KEY"));
    assert_true(count_lines(cli->err) <= 10);
}

static void a_key_in_the_environment_chooses_its_provider_and_says_so(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    reply_with(p, "Hi", "stop");
    expect_out(cli, "Hi\n", "Hello");
    assert_contains(cli->err, "OPENAI_API_KEY is set");
    assert_contains(cli->err, "openai/");
    assert_lacks(cli->err, SERVED_KEY);
}

static void an_unknown_option_is_2_with_a_hint(void **state)
{
    cli_process *cli = *state;
    expect_error(cli, 2, "did you mean --model?", "--modle", "mock/any", "Hello");
    expect_error(cli, 2, "unknown option -Z", "-Z", "Hello");
}

static void an_option_of_another_program_is_told_how_it_is_done_here(void **state)
{
    cli_process *cli = *state;
    expect_error(cli, 2,
                 "unknown option --fragment: use -f FILE, which puts a file before the prompt\n",
                 "--fragment", "notes.txt", "Hello");
    expect_error(cli, 2, "--role: use -t NAME, a template", "--role", "short", "Hello");
    expect_error(cli, 2, "--key: beluga keys set PROVIDER", "--key", "x", "Hello");
    expect_error(cli, 2, "--port: use --listen HOST:PORT", "serve", "--port", "4000");
    expect_error(cli, 2, "beluga batch FILE", "batch", "--input", "x", "--out", "y");
}

static void help_is_asked_of_the_command_that_was_named(void **state)
{
    cli_process *cli = *state;
    expect_error(cli, 2, "did you mean --out?\nSee: beluga batch --help\n", "batch", "lines.txt",
                 "--output", "x");
}

static void an_option_that_the_command_takes_is_meant_first(void **state)
{
    cli_process *cli = *state;
    expect_error(cli, 2, "did you mean --continue?", "--cont", "Hello");
    expect_error(cli, 2, "did you mean --count?", "logs", "--cont", "3");
}

static void an_option_of_the_model_is_told_to_go_after_o(void **state)
{
    cli_process *cli = *state;
    expect_exit(cli, 2, "--max-tokens=3", "Hello");
    assert_contains(cli->err,
                    "unknown option --max-tokens; set a model option with -o max_tokens=VALUE\n");
    expect_exit(cli, 2, "logs", "--temperature", "3");
    assert_lacks(cli->err, "temperature=");
}

static void a_word_that_is_nearly_a_command_is_told_and_not_sent(void **state)
{
    static const char *const words[][2] = {
        {"modles", "models"},
        {"model", "models"},
        {"log", "logs"},
        {"lgos", "logs"},
        {"Chat", "chat"},
        {"chats", "chat"},
        {"cofnig", "config"},
        {"provider", "providers"},
        {"provdires", "providers"},
        {"completoin", "completion"},
        {"versoin", "version"},
        {"embde", "embed"},
        {"plugins", "providers"},
        {"mcp", "tools"},
        {"roles", "templates"},
        {"sessions", "logs"},
    };
    cli_process *cli = *state;
    char told[96];
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        snprintf(told, sizeof told, "no command \"%s\"; did you mean beluga %s? Nothing was sent",
                 words[i][0], words[i][1]);
        expect_error(cli, 2, told, "-m", "mock/echo", words[i][0]);
        assert_string_equal(cli->out, "");
    }
    expect_error(cli, 2, "beluga prompt modles, or beluga -- modles\n", "-m", "mock/echo",
                 "modles");
    expect_error(cli, 2, "did you mean beluga logs?", "-m", "mock/echo", "log", "search");
    expect_error(cli, 2, "did you mean beluga keys?", "-m", "mock/echo", "key", "set", "openai");
    expect_error(cli, 2, "did you mean beluga aliases?", "-m", "mock/echo", "alias", "set", "short",
                 "mock/any");
    expect_error(cli, 2, "did you mean beluga models?", "-m", "mock/echo", "model", "default",
                 "mock/any");
    expect_error(cli, 2, "did you mean beluga tools?", "-m", "mock/echo", "mcp", "list");
    expect_error(cli, 2, "did you mean beluga batch?", "bacth", "lines.txt", "--out", "x");
}

static void a_text_is_sent_though_a_word_of_it_is_nearly_a_command(void **state)
{
    static const char *const words[] = {"what", "match",   "dogs",   "now",    "hello",
                                        "test", "explain", "vision", "log in", "models?"};
    cli_process *cli = *state;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        expect_exit(cli, 0, "-m", "mock/echo", words[i]);
        assert_string_equal(cli->err, "");
    }
    expect_out(cli, "modles\n", "-m", "mock/echo", "--", "modles");
    expect_out(cli, "modles\n", "prompt", "-m", "mock/echo", "modles");
    expect_out(cli, "model the sea\n", "-m", "mock/echo", "model", "the", "sea");
    assert_string_equal(cli->err, "");
    expect_out(cli, "model ships\n", "-m", "mock/echo", "model", "ships");
    assert_contains(cli->err,
                    "\"model\" is sent as a prompt; the similar command is called models\n");
}

static void help_about_a_misspelt_command_is_2_with_a_hint(void **state)
{
    cli_process *cli = *state;
    expect_exit(cli, 2, "help", "chta");
    assert_string_equal(cli->err, "beluga: there is no command \"chta\"; did you mean chat?\n");
    expect_error(cli, 2, "did you mean logs?", "help", "log");
}

static void a_text_that_begins_with_a_command_is_shown_whole(void **state)
{
    cli_process *cli = *state;
    expect_error(cli, 2, "beluga prompt \"help me write a letter\"\n", "help", "me", "write", "a",
                 "letter");
    assert_int_equal(cli_run(cli, "help", "me",
                             "with a text that is much longer than all that a line of help has "
                             "room for, by some words at least",
                             NULL),
                     2);
    assert_contains(cli->err, "beluga prompt \"help me ...\"\n");
}

static void an_error_in_json_says_all_of_it_where_no_model_is_named(void **state)
{
    cli_process *cli = *state;
    expect_exit(cli, 3, "--json", "Hello");
    assert_contains(cli->out, "no model is named: name one with -m PROVIDER/MODEL\"");
}

static void an_option_of_another_command_is_2(void **state)
{
    cli_process *cli = *state;
    expect_error(cli, 2, "beluga providers has no option --schema", "providers", "--schema", "x");
    expect_error(cli, 2, "beluga prompt", "version", "now");
}

static void a_value_that_is_missing_or_too_much_is_2(void **state)
{
    cli_process *cli = *state;
    expect_error(cli, 2, "-m needs a value", "Hello", "-m");
    expect_error(cli, 2, "--json does not take a value", "--json=yes", "Hello");
}

static void a_file_that_is_not_there_has_one_exit_code(void **state)
{
    static const struct {
        const char *option;
        int code;
    } rows[] = {{"--attach", 2}, {"--plugin", 2}, {"--replay", 2}, {"--config", 3}};
    cli_process *cli = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(cli_run(cli, "--json", "-m", "mock/any", rows[i].option, "/no/such/file",
                                 "Hello", NULL),
                         rows[i].code);
        beluga_json_doc *doc = cli_parse_out(cli);
        const beluga_json *error = beluga_json_get(beluga_json_doc_root(doc), "error");
        assert_int_equal(beluga_json_get_int(error, "exit_code", -1), rows[i].code);
        beluga_json_doc_free(doc);
    }
}

static void an_empty_prompt_is_2(void **state)
{
    cli_process *cli = *state;
    expect_error(cli, 2, "the prompt is empty", "-m", "mock/any");
}

static void bytes_that_are_not_utf8_are_2(void **state)
{
    cli_process *cli = *state;
    expect_error(cli, 2, "UTF-8", "-m", "mock/any", "caf\xe9");
}

static void an_unknown_key_of_an_option_is_3_as_a_bad_value_is(void **state)
{
    cli_process *cli = *state;
    expect_error(cli, 3, "temprature", "-m", "mock/any", "-o", "temprature=1", "Hi");
    expect_error(cli, 3, "did you mean stop_sequences?", "-m", "mock/any", "-o", "stop=END", "Hi");
    expect_error(cli, 3, "is not a number", "-m", "mock/any", "-o", "temperature=hot", "Hi");
    expect_error(cli, 3, "did you mean mock.word_delay_ms?", "-m", "mock/any", "-o", "mock.word=1",
                 "Hi");
    expect_error(cli, 2, "has no value", "-m", "mock/any", "-o", "temperature", "Hi");
}

static void a_value_out_of_range_is_3_and_names_the_range(void **state)
{
    cli_process *cli = *state;
    expect_error(cli, 3, "temperature", "-m", "mock/any", "-o", "temperature=9", "-o", "top_p=7",
                 "Hi");
    assert_contains(cli->err, "top_p");
}

static void an_unknown_provider_is_3_and_lists_those_there_are(void **state)
{
    cli_process *cli = *state;
    expect_error(cli, 3, "there are amazon-nova, anthropic", "-m", "nobody/any", "Hi");
    assert_contains(cli->err, " more");
}

static void a_broken_configuration_is_3_with_its_place(void **state)
{
    static const char broken[] = "model: mock/any\nproviders: [\n";
    cli_process *cli = *state;
    cli_set(cli, "BELUGA_CONFIG", cli_write_file(cli, "c.yaml", broken, sizeof broken - 1));
    expect_error(cli, 3, "c.yaml:", "Hi");
}

static void a_configuration_that_is_not_there_is_3(void **state)
{
    cli_process *cli = *state;
    expect_error(cli, 3, "/nonexistent.yaml", "--config", "/nonexistent.yaml", "-m", "mock/any",
                 "Hi");
}

static void a_missing_key_is_4_and_names_the_variable(void **state)
{
    cli_process *cli = *state;
    expect_error(cli, 4, "OPENAI_API_KEY", "-m", "openai/any", "Hi");
    assert_contains(cli->err, "\nTo store a key: beluga keys set openai\n");
}

static void a_refused_key_is_4_and_is_not_shown(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    peer_openai_error(peer_reply_new(p), 401, NULL, "invalid_api_key",
                      "Incorrect API key: " SERVED_KEY);
    asks(cli, 4, "");
    assert_contains(cli->err, "authentication_error");
    assert_lacks(cli->err, SERVED_KEY);
    assert_lacks(cli->err, "beluga keys set");
}

static void a_rate_limit_is_5(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    peer_openai_error(peer_reply_new(p), 429, NULL, "rate_limit_exceeded", "Slow down");
    assert_int_equal(ask(cli), 5);
    assert_contains(cli->err, "rate_limit");
}

static void a_server_that_never_answers_is_6(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    peer_step_gate(peer_reply_new(p), 0);
    expect_exit(cli, 6, "-m", "openai/any", "-o", "max_retries=0", "--timeout", "0.2", "Hello");
}

static void a_dead_port_is_7(void **state)
{
    cli_process *cli = *state;
    cli_set(cli, "OPENAI_BASE_URL", "http://127.0.0.1:1/v1");
    cli_set(cli, "OPENAI_API_KEY", SERVED_KEY);
    asks(cli, 7, "");
}

static void an_answer_that_is_a_web_page_is_8(void **state)
{
    static const char page[] = "<!DOCTYPE html><html><body>Welcome</body></html>";
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    peer_reply *r = peer_reply_new(p);
    peer_step_status(r, 200, "Content-Type: text/html\r\n");
    peer_step_body(r, page, sizeof page - 1);
    asks(cli, 8, "");
}

static void an_answer_that_is_nested_too_deeply_is_8(void **state)
{
    char deep[2048];
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    memset(deep, '[', sizeof deep - 1);
    deep[sizeof deep - 1] = '\0';
    peer_step_json(peer_reply_new(p), 200, deep);
    assert_int_equal(ask(cli), 8);
    assert_contains(cli->err, "limit_exceeded");
}

static void a_truncated_answer_is_8_and_what_arrived_stays(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    peer_reply *r = serve_begin(p, "Only the first half");
    peer_step_close(r);
    asks(cli, 8, "Only the first half\n");
    assert_contains(cli->err, "stream_closed");
}

static void filtered_content_is_9(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    reply_with(p, "I was about to", "content_filter");
    asks(cli, 9, "I was about to\n");
    peer_openai_error(peer_reply_new(p), 400, NULL, "content_policy_violation", "No");
    assert_int_equal(ask(cli), 9);
}

static void a_failing_server_is_1(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    peer_openai_error(peer_reply_new(p), 500, NULL, NULL, "Broken");
    assert_int_equal(ask(cli), 1);
}

static void ctrl_c_is_130_and_what_arrived_stays(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    peer_reply *r = serve_begin(p, "As far as it came");
    peer_step_gate(r, 0);
    cli_start(cli, "-m", "openai/any", "Hello", NULL);
    cli_wait_for(cli, "As far as it came");
    cli_signal(cli, SIGINT);
    assert_int_equal(cli_finish(cli), 130);
    assert_string_equal(cli->out, "As far as it came\n");
}

/* The command that prints the key runs in its own process group, which does not receive the Ctrl-C
 * of a terminal. */
static void a_command_that_gives_the_key_ends_with_ctrl_c(void **state)
{
    cli_process *cli = *state;
    char path[128], option[256], said[16] = "";
    snprintf(path, sizeof path, "%s/pipe", cli->home);
    snprintf(option, sizeof option, "api_key=command:exec 3>%s; echo here >&3; sleep 1000", path);
    assert_int_equal(mkfifo(path, 0600), 0);
    cli_start(cli, "-m", "openai/any", "-o", option, "Hello", NULL);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(read(fd, said, sizeof said), 5);
    cli_signal(cli, SIGINT);
    assert_int_equal(cli_finish(cli), 130);
    struct pollfd p = {.fd = fd, .events = POLLIN};
    /* the pipe ends when no process has it open any longer */
    assert_int_equal(poll(&p, 1, 60000), 1);
    assert_int_equal(read(fd, said, sizeof said), 0);
    close(fd);
}

static void an_answer_cut_by_its_limit_is_0_with_a_note(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    reply_with(p, "And so it", "length");
    assert_int_equal(ask(cli), 0);
    assert_contains(cli->err, "token limit");
    reply_with(p, "And so it", "length");
    expect_in_out(cli, "\"finish_reason\":\"length\"", "--json", "-q", "-m", "openai/any", "Hello");
    assert_string_equal(cli->err, "");
}

static void that_an_answer_was_cut_is_told_with_quiet_too(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    reply_with(p, "And so it", "length");
    expect_out(cli, "And so it\n", "-q", "-u", "-m", "openai/any", "Hello");
    assert_contains(cli->err, "the answer was cut at its token limit");
    assert_contains(cli->err, "finish: length");
}

static void an_answer_that_is_cut_is_8_when_strict_and_what_came_is_printed(void **state)
{
    static const char *const ways[] = {"-q", "--no-stream"};
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(cli_run(cli, "--strict", ways[i], "-m", "mock/any", "-o",
                                 "mock.finish_reason=length", "Hello", NULL),
                         8);
        assert_string_equal(cli->out, "This is a mock response.\n");
        assert_contains(cli->err, "beluga: incomplete: the answer was cut at its token limit");
    }
    reply_with(p, "And so it", "length");
    expect_exit(cli, 8, "--strict", "--json", "-m", "openai/any", "Hello");
    assert_contains(cli->out, "\"error\":{\"code\":\"incomplete\",\"exit_code\":8");
    assert_contains(cli->out, "\"text\":\"And so it\"");
}

static void a_cut_turn_ends_a_strict_chat_in_a_pipe(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    reply_with(p, "And so it", "length");
    give(cli, "Hello\nAgain\n");
    expect_exit(cli, 8, "chat", "--strict", "-m", "openai/any");
    assert_int_equal(peer_requests(p), 1);
}

static void a_closed_pipe_ends_it_quietly(void **state)
{
    cli_process *cli = *state;
    cli->out_is_closed = true;
    cli_run(cli, "-m", "mock/any", "Hello", NULL);
    assert_int_equal(cli->signal, SIGPIPE);
    assert_string_equal(cli->err, "");
}

static void a_full_disk_is_1_and_says_so(void **state)
{
    cli_process *cli = *state;
    if (access("/dev/full", W_OK) != 0) {
        print_message("# there is no /dev/full\n");
        skip();
    }
    cli->out_path = "/dev/full";
    expect_error(cli, 1, "No space left", "-m", "mock/any", "Hello");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, cli_setup, cli_teardown)
        TEST(without_a_model_it_is_3_and_says_what_to_set),
        TEST(what_to_set_stands_in_the_order_of_use_and_in_columns),
        TEST(a_key_in_the_environment_chooses_its_provider_and_says_so),
        TEST(an_unknown_option_is_2_with_a_hint),
        TEST(an_option_of_another_program_is_told_how_it_is_done_here),
        TEST(help_is_asked_of_the_command_that_was_named),
        TEST(an_option_that_the_command_takes_is_meant_first),
        TEST(an_option_of_the_model_is_told_to_go_after_o),
        TEST(a_word_that_is_nearly_a_command_is_told_and_not_sent),
        TEST(a_text_is_sent_though_a_word_of_it_is_nearly_a_command),
        TEST(help_about_a_misspelt_command_is_2_with_a_hint),
        TEST(a_text_that_begins_with_a_command_is_shown_whole),
        TEST(an_error_in_json_says_all_of_it_where_no_model_is_named),
        TEST(an_option_of_another_command_is_2),
        TEST(a_value_that_is_missing_or_too_much_is_2),
        TEST(a_file_that_is_not_there_has_one_exit_code),
        TEST(an_empty_prompt_is_2),
        TEST(bytes_that_are_not_utf8_are_2),
        TEST(an_unknown_key_of_an_option_is_3_as_a_bad_value_is),
        TEST(a_value_out_of_range_is_3_and_names_the_range),
        TEST(an_unknown_provider_is_3_and_lists_those_there_are),
        TEST(a_broken_configuration_is_3_with_its_place),
        TEST(a_configuration_that_is_not_there_is_3),
        TEST(a_missing_key_is_4_and_names_the_variable),
        TEST(a_refused_key_is_4_and_is_not_shown),
        TEST(a_rate_limit_is_5),
        TEST(a_server_that_never_answers_is_6),
        TEST(a_dead_port_is_7),
        TEST(an_answer_that_is_a_web_page_is_8),
        TEST(an_answer_that_is_nested_too_deeply_is_8),
        TEST(a_truncated_answer_is_8_and_what_arrived_stays),
        TEST(filtered_content_is_9),
        TEST(a_failing_server_is_1),
        TEST(ctrl_c_is_130_and_what_arrived_stays),
        TEST(a_command_that_gives_the_key_ends_with_ctrl_c),
        TEST(an_answer_cut_by_its_limit_is_0_with_a_note),
        TEST(that_an_answer_was_cut_is_told_with_quiet_too),
        TEST(an_answer_that_is_cut_is_8_when_strict_and_what_came_is_printed),
        TEST(a_cut_turn_ends_a_strict_chat_in_a_pipe),
        TEST(a_closed_pipe_ends_it_quietly),
        TEST(a_full_disk_is_1_and_says_so),
    };
    return cmocka_run_group_tests_name("cli", tests, NULL, NULL);
}
