/* The command as scripts use it: what goes where, and every exit code. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <beluga/error.h>
#include <beluga/provider/json.h>

#include "../support/scoped.h"
#include "../support/words.h"
#include "expect.h"
#include "served.h"

/* ---- a server and its replies ---------------------------------------------------------------- */

static void reply_with(peer *p, const char *text, const char *reason)
{
    serve_answer(p, text, reason, 12, 34);
}

static int ask(struct cli *cli)
{
    return cli_run(cli, "-m", "openai/any", "-o", "max_retries=0", "Hello", NULL);
}

/* It ends with this code, and stdout has this. */
static void asks(struct cli *cli, int code, const char *out)
{
    assert_int_equal(ask(cli), code);
    assert_string_equal(cli->out, out);
}

/* ---- answers --------------------------------------------------------------------------------- */

static void an_answer_is_all_there_is_on_stdout_and_nothing_on_stderr(void **state)
{
    struct cli *cli = *state;
    expect_out(cli, "This is a mock response.\n", "-m", "mock/any", "Hello");
    assert_string_equal(cli->err, "");
}

static void prompt_is_the_default_and_can_be_named(void **state)
{
    struct cli *cli = *state;
    expect_out(cli, "models\n", "prompt", "-m", "mock/echo", "models");
}

static void texts_are_joined_by_spaces(void **state)
{
    struct cli *cli = *state;
    expect_out(cli, "one two -three\n", "-m", "mock:echo", "one", "two", "--", "-three");
}

/* With this input and this argument, the prompt is this. */
static void echoes(struct cli *cli, const char *input, const char *text, const char *prompt)
{
    give(cli, input);
    expect_out(cli, prompt, "-m", "mock/echo", text);
}

static void stdin_is_the_prompt(void **state)
{
    echoes(*state, "Say hello\n", NULL, "Say hello\n");
}

static void stdin_follows_the_text_after_an_empty_line(void **state)
{
    echoes(*state, "a\nb\n\n", "Explain this", "Explain this\n\na\nb\n");
}

static void a_dash_puts_stdin_elsewhere(void **state)
{
    struct cli *cli = *state;
    give(cli, "middle\n");
    expect_out(cli, "before middle after\n", "-m", "mock/echo", "before", "-", "after");
}

static void an_answer_without_a_stream_is_the_same(void **state)
{
    struct cli *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    peer_openai_answer(peer_reply_new(p), "In one piece");
    expect_out(cli, "In one piece\n", "-m", "openai/any", "--no-stream", "Hello");
    assert_lacks(peer_request_body(p, 0, NULL), "\"stream\":true");
}

static void what_arrives_is_printed_before_the_rest_comes(void **state)
{
    struct cli *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    peer_reply *r = serve_begin(p, "first");
    peer_step_gate(r, 0);
    peer_openai_text(r, " second");
    peer_openai_finish(r, "stop");
    peer_openai_done(r);
    cli_start(cli, "-m", "openai/any", "Hello", NULL);
    cli_wait_for(cli, "first");
    peer_open_gate(p, 0);
    assert_int_equal(cli_finish(cli), 0);
    assert_string_equal(cli->out, "first second\n");
}

static void bytes_in_a_pipe_are_untouched(void **state)
{
    echoes(*state, "\033[31mred\r\n\a\x7f end", NULL, "\033[31mred\r\n\a\x7f end\n");
}

static void system_text_and_attachments_are_sent(void **state)
{
    struct cli *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    reply_with(p, "a picture", "stop");
    const char *path = cli_write_file(cli, "a.png", "\x89PNG\r\n\x1a\n1234", 12);
    assert_int_equal(cli_run(cli, "-m", "openai/any", "-s", "Be brief", "-a", path, "-a",
                             "https://example.org/b.jpg", "What?", NULL),
                     0);
    const char *body = peer_request_body(p, 0, NULL);
    assert_has_all(body, "Be brief", "data:image/png;base64,", "https://example.org/b.jpg");
}

static void an_attachment_that_is_not_there_is_2(void **state)
{
    struct cli *cli = *state;
    expect_error(cli, 2, "/nonexistent/a.png", "-m", "mock/any", "-a", "/nonexistent/a.png",
                 "What?");
}

static void a_schema_is_sent(void **state)
{
    static const char schema[] =
        "{\"type\":\"object\",\"properties\":{\"n\":{\"type\":\"integer\"}}}";
    struct cli *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    reply_with(p, "{\"n\":1}", "stop");
    const char *path = cli_write_file(cli, "s.json", schema, sizeof schema - 1);
    expect_exit(cli, 0, "-m", "openai/any", "--schema", path, "One");
    assert_contains(peer_request_body(p, 0, NULL), "json_schema");
}

static void usage_is_told_on_stderr(void **state)
{
    struct cli *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    reply_with(p, "Hi", "stop");
    expect_out(cli, "Hi\n", "-u", "-m", "openai/any", "Hello");
    assert_contains(cli->err, "tokens: input 12, output 34, time ");
}

static void the_wire_is_shown_and_the_key_is_not(void **state)
{
    struct cli *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    reply_with(p, "Hi", "stop");
    expect_out(cli, "Hi\n", "-v", "-m", "openai/any", "Hello");
    assert_has_all(cli->err, "> POST http://127.0.0.1:", "< status 200", "\"Hello\"",
                   "uthorization");
    assert_lacks(cli->err, SERVED_KEY);
}

/* ---- pictures -------------------------------------------------------------------------------- */

/* Let gemini answer with a text and one more part. */
static peer *start_gemini(struct cli *cli, const char *part)
{
    char body[512];
    peer *p = serve(cli, "GOOGLE_GEMINI_BASE_URL", "GEMINI_API_KEY");
    snprintf(
        body, sizeof body,
        "{\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"Here\"},%s]},"
        "\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":1}}",
        part);
    peer_reply *reply = peer_reply_new(p);
    peer_step_status(reply, 200, "Content-Type: text/event-stream\r\n");
    peer_step_sse(reply, body);
    peer_step_end(reply);
    return p;
}

#define PICTURE "{\"inlineData\":{\"mimeType\":\"image/png\",\"data\":\"UE5HUE5H\"}}"

static void a_picture_of_an_answer_is_told_on_stderr(void **state)
{
    struct cli *cli = *state;
    SCOPED(peer) *p = start_gemini(cli, PICTURE);
    expect_out(cli, "Here\n", "-m", "gemini/any", "Draw");
    assert_contains(cli->err, "an image (image/png, 6 bytes), which --json prints in base64\n");
}

static void a_sound_of_an_answer_is_told_as_one(void **state)
{
    struct cli *cli = *state;
    SCOPED(peer) *p =
        start_gemini(cli, "{\"inlineData\":{\"mimeType\":\"audio/wav\",\"data\":\"UE5H\"}}");
    expect_error(cli, 0, "a sound (audio/wav, 3 bytes), which --json prints in base64\n", "-m",
                 "gemini/any", "Sing");
}

static void a_picture_is_in_the_answers_json_and_not_told_beside_it(void **state)
{
    struct cli *cli = *state;
    SCOPED(peer) *p = start_gemini(cli, PICTURE);
    expect_in_out(cli, "UE5HUE5H", "--json", "-m", "gemini/any", "Draw");
    assert_lacks(cli->err, "an image");
}

/* ---- a model of several parts ---------------------------------------------------------------- */

/* An alias that means: this model, one retry, that fallback, this budget. */
static const char *write_smart(struct cli *cli)
{
    static const char prices[] =
        "prices:\n  openai/*: {input: 1000, output: 1000}\n  mock/*: {input: 0, output: 0}\n";
    char yaml[1024], path[256];
    snprintf(path, sizeof path, "%s",
             cli_write_file(cli, "prices.yaml", prices, sizeof prices - 1));
    int n = snprintf(yaml, sizeof yaml,
                     "models:\n"
                     "  smart:\n"
                     "    model: openai/any\n"
                     "    max_retries: 1\n"
                     "    retry_delay: 100ms\n"
                     "    fallback: [spare]\n"
                     "    budget: 0.04\n"
                     "    prices: %s\n"
                     "  spare: {model: mock/echo}\n",
                     path);
    return cli_write_file(cli, "smart.yaml", yaml, (size_t)n);
}

static void an_alias_can_mean_retries_a_fallback_and_a_budget(void **state)
{
    struct cli *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    cli_set(cli, "BELUGA_CONFIG", write_smart(cli));
    peer_openai_error(peer_reply_new(p), 503, NULL, NULL, "sick");
    reply_with(p, "after a retry", "stop");
    expect_out(cli, "after a retry\n", "-m", "smart", "Hello");
    assert_int_equal(peer_requests(p), 2);
    for (int i = 0; i < 2; i++) peer_openai_error(peer_reply_new(p), 503, NULL, NULL, "sick");
    expect_out(cli, "Who else?\n", "-m", "smart", "Who else?");
    assert_int_equal(peer_requests(p), 4); /* two retries would be one more */
    /* An answer costs $0.046: a conversation has one, and then the budget is spent. */
    reply_with(p, "one", "stop");
    give(cli, "Hello\nAgain\n");
    expect_exit(cli, 5, "chat", "-m", "smart");
    assert_contains(cli->out, "one\n");
    assert_contains(cli->err, "budget_exceeded");
    assert_int_equal(peer_requests(p), 5);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void json_is_one_object_with_all_of_the_answer(void **state)
{
    struct cli *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    reply_with(p, "Hi \"you\"", "stop");
    expect_exit(cli, 0, "--json", "-m", "openai/any", "Hello");
    beluga_json_doc *doc = cli_parse_out(cli);
    const beluga_json *root = beluga_json_doc_root(doc);
    const beluga_json *usage = beluga_json_get(root, "usage");
    assert_string_equal(string_at(root, "text"), "Hi \"you\"");
    assert_string_equal(string_at(root, "finish_reason"), "stop");
    assert_string_equal(string_at(root, "provider"), "openai");
    assert_int_equal(beluga_json_get_int(usage, "input_total", 0), 12);
    assert_int_equal(beluga_json_get_int(usage, "output_total", 0), 34);
    const beluga_json *timing = beluga_json_get(root, "timing");
    assert_true(beluga_json_is_number(beluga_json_get(timing, "duration_ms")));
    assert_true(beluga_json_is_number(beluga_json_get(timing, "first_content_ms")));
    beluga_json_doc_free(doc);
}

static void json_of_a_failure_has_the_error_and_what_arrived(void **state)
{
    struct cli *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    peer_reply *r = serve_begin(p, "Half");
    peer_step_close(r);
    expect_exit(cli, 8, "--json", "-m", "openai/any", "-o", "max_retries=0", "Hi");
    beluga_json_doc *doc = cli_parse_out(cli);
    const beluga_json *root = beluga_json_doc_root(doc), *error = beluga_json_get(root, "error");
    assert_int_equal(beluga_json_get_int(error, "exit_code", 0), 8);
    assert_string_equal(string_at(error, "code"), "stream_closed");
    assert_string_equal(string_at(beluga_json_get(root, "partial"), "text"), "Half");
    assert_contains(cli->err, "stream_closed");
    beluga_json_doc_free(doc);
}

static void json_has_the_tool_calls(void **state)
{
    struct cli *cli = *state;
    assert_int_equal(cli_run(cli, "--json", "-m", "mock/any", "-o",
                             "mock.tool_calls=[{\"name\":\"add\",\"arguments\":{\"a\":1}}]", "Hi",
                             NULL),
                     0);
    SCOPED(beluga_json_doc) *doc = cli_parse_out(cli);
    const beluga_json *calls = beluga_json_get(beluga_json_doc_root(doc), "tool_calls");
    assert_int_equal(beluga_json_count(calls), 1);
    assert_string_equal(string_at(beluga_json_at(calls, 0), "name"), "add");
}

/* ---- exit codes ------------------------------------------------------------------------------ */

static void without_a_model_it_is_3_and_says_what_to_set(void **state)
{
    struct cli *cli = *state;
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
        "\n  beluga -m mock/any \"Hello\"              a try",
        "\n  beluga -m ollama/MODEL \"Hello\"          a model on this machine",
        "\n  export OPENAI_API_KEY=...               asks openai/",
        "\n  export ANTHROPIC_API_KEY=...            asks anthropic/",
        "\n  export BELUGA_MODEL=PROVIDER/MODEL      any other",
        "\n  model: PROVIDER/MODEL                   the same, in "};
    struct cli *cli = *state;
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
    struct cli *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    reply_with(p, "Hi", "stop");
    expect_out(cli, "Hi\n", "Hello");
    assert_contains(cli->err, "OPENAI_API_KEY is set");
    assert_contains(cli->err, "openai/");
    assert_lacks(cli->err, SERVED_KEY);
}

static void an_unknown_option_is_2_with_a_hint(void **state)
{
    struct cli *cli = *state;
    expect_error(cli, 2, "did you mean --model?", "--modle", "mock/any", "Hello");
    expect_error(cli, 2, "unknown option -Z", "-Z", "Hello");
}

static void help_is_asked_of_the_command_that_was_named(void **state)
{
    struct cli *cli = *state;
    expect_error(cli, 2, "did you mean --out?\nSee: beluga batch --help\n", "batch", "lines.txt",
                 "--output", "x");
}

static void an_option_that_the_command_takes_is_meant_first(void **state)
{
    struct cli *cli = *state;
    expect_error(cli, 2, "did you mean --continue?", "--cont", "Hello");
    expect_error(cli, 2, "did you mean --count?", "logs", "--cont", "3");
}

static void an_option_of_the_model_is_told_to_go_after_o(void **state)
{
    struct cli *cli = *state;
    expect_exit(cli, 2, "--max-tokens=3", "Hello");
    assert_contains(cli->err, "unknown option --max-tokens; an option of the model is set with -o "
                              "max_tokens=VALUE\n");
    expect_exit(cli, 2, "logs", "--temperature", "3");
    assert_lacks(cli->err, "temperature=");
}

static void a_misspelt_command_is_a_prompt_and_told(void **state)
{
    struct cli *cli = *state;
    expect_out(cli, "modles\n", "-m", "mock/echo", "modles");
    assert_string_equal(cli->err,
                        "beluga: \"modles\" is taken for a prompt; the command is called models\n");
    expect_exit(cli, 0, "-m", "mock/echo", "--", "modles");
    assert_string_equal(cli->err, "");
    expect_exit(cli, 0, "-m", "mock/echo", "model", "the", "sea");
    assert_string_equal(cli->err, "");
    expect_error(cli, 2, "did you mean beluga batch?", "bacth", "lines.txt", "--out", "x");
    expect_exit(cli, 2, "help", "chta");
    assert_string_equal(cli->err, "beluga: there is no command \"chta\"; did you mean chat?\n");
}

static void a_text_that_begins_with_a_command_is_shown_whole(void **state)
{
    struct cli *cli = *state;
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
    struct cli *cli = *state;
    expect_exit(cli, 3, "--json", "Hello");
    assert_contains(cli->out, "no model is named: name one with -m PROVIDER/MODEL\"");
}

static void an_option_of_another_command_is_2(void **state)
{
    struct cli *cli = *state;
    expect_error(cli, 2, "beluga providers takes no option --schema", "providers", "--schema", "x");
    expect_error(cli, 2, "beluga prompt", "version", "now");
}

static void a_value_that_is_missing_or_too_much_is_2(void **state)
{
    struct cli *cli = *state;
    expect_error(cli, 2, "-m needs a value", "Hello", "-m");
    expect_error(cli, 2, "--json takes no value", "--json=yes", "Hello");
}

static void a_file_that_is_not_there_has_one_exit_code(void **state)
{
    static const struct {
        const char *option;
        int code;
    } rows[] = {{"--attach", 2}, {"--plugin", 2}, {"--replay", 2}, {"--config", 3}};
    struct cli *cli = *state;
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
    struct cli *cli = *state;
    expect_error(cli, 2, "the prompt is empty", "-m", "mock/any");
}

static void bytes_that_are_not_utf8_are_2(void **state)
{
    struct cli *cli = *state;
    expect_error(cli, 2, "UTF-8", "-m", "mock/any", "caf\xe9");
}

static void an_unknown_key_of_an_option_is_2(void **state)
{
    struct cli *cli = *state;
    expect_error(cli, 2, "temprature", "-m", "mock/any", "-o", "temprature=1", "Hi");
}

static void a_value_out_of_range_is_3_and_names_the_range(void **state)
{
    struct cli *cli = *state;
    expect_error(cli, 3, "temperature", "-m", "mock/any", "-o", "temperature=9", "-o", "top_p=7",
                 "Hi");
    assert_contains(cli->err, "top_p");
}

static void an_unknown_provider_is_3_and_lists_those_there_are(void **state)
{
    struct cli *cli = *state;
    expect_error(cli, 3, "mock", "-m", "nobody/any", "Hi");
    assert_contains(cli->err, "openai");
}

static void a_broken_configuration_is_3_with_its_place(void **state)
{
    static const char broken[] = "model: mock/any\nproviders: [\n";
    struct cli *cli = *state;
    cli_set(cli, "BELUGA_CONFIG", cli_write_file(cli, "c.yaml", broken, sizeof broken - 1));
    expect_error(cli, 3, "c.yaml:", "Hi");
}

static void a_configuration_that_is_not_there_is_3(void **state)
{
    struct cli *cli = *state;
    expect_error(cli, 3, "/nonexistent.yaml", "--config", "/nonexistent.yaml", "-m", "mock/any",
                 "Hi");
}

static void a_missing_key_is_4_and_names_the_variable(void **state)
{
    struct cli *cli = *state;
    expect_error(cli, 4, "OPENAI_API_KEY", "-m", "openai/any", "Hi");
}

static void a_refused_key_is_4_and_is_not_shown(void **state)
{
    struct cli *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    peer_openai_error(peer_reply_new(p), 401, NULL, "invalid_api_key",
                      "Incorrect API key: " SERVED_KEY);
    asks(cli, 4, "");
    assert_contains(cli->err, "authentication_error");
    assert_lacks(cli->err, SERVED_KEY);
}

static void a_rate_limit_is_5(void **state)
{
    struct cli *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    peer_openai_error(peer_reply_new(p), 429, NULL, "rate_limit_exceeded", "Slow down");
    assert_int_equal(ask(cli), 5);
    assert_contains(cli->err, "rate_limit");
}

static void a_server_that_never_answers_is_6(void **state)
{
    struct cli *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    peer_step_gate(peer_reply_new(p), 0);
    expect_exit(cli, 6, "-m", "openai/any", "-o", "max_retries=0", "--timeout", "0.2", "Hello");
}

static void a_dead_port_is_7(void **state)
{
    struct cli *cli = *state;
    peer *p = serve_openai(cli);
    peer_stop(p);
    asks(cli, 7, "");
}

static void an_answer_that_is_a_web_page_is_8(void **state)
{
    static const char page[] = "<!DOCTYPE html><html><body>Welcome</body></html>";
    struct cli *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    peer_reply *r = peer_reply_new(p);
    peer_step_status(r, 200, "Content-Type: text/html\r\n");
    peer_step_body(r, page, sizeof page - 1);
    asks(cli, 8, "");
}

static void an_answer_that_is_nested_too_deeply_is_8(void **state)
{
    char deep[2048];
    struct cli *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    memset(deep, '[', sizeof deep - 1);
    deep[sizeof deep - 1] = '\0';
    peer_step_json(peer_reply_new(p), 200, deep);
    assert_int_equal(ask(cli), 8);
    assert_contains(cli->err, "limit_exceeded");
}

static void a_truncated_answer_is_8_and_what_arrived_stays(void **state)
{
    struct cli *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    peer_reply *r = serve_begin(p, "Only the first half");
    peer_step_close(r);
    asks(cli, 8, "Only the first half\n");
    assert_contains(cli->err, "stream_closed");
}

static void filtered_content_is_9(void **state)
{
    struct cli *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    reply_with(p, "I was about to", "content_filter");
    asks(cli, 9, "I was about to\n");
    peer_openai_error(peer_reply_new(p), 400, NULL, "content_policy_violation", "No");
    assert_int_equal(ask(cli), 9);
}

static void a_failing_server_is_1(void **state)
{
    struct cli *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    peer_openai_error(peer_reply_new(p), 500, NULL, NULL, "Broken");
    assert_int_equal(ask(cli), 1);
}

static void ctrl_c_is_130_and_what_arrived_stays(void **state)
{
    struct cli *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    peer_reply *r = serve_begin(p, "As far as it came");
    peer_step_gate(r, 0);
    cli_start(cli, "-m", "openai/any", "Hello", NULL);
    cli_wait_for(cli, "As far as it came");
    cli_signal(cli, SIGINT);
    assert_int_equal(cli_finish(cli), 130);
    assert_string_equal(cli->out, "As far as it came\n");
}

/* It is in a process group of its own, which a terminal's Ctrl-C does not reach. */
static void a_command_that_gives_the_key_ends_with_ctrl_c(void **state)
{
    struct cli *cli = *state;
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
    assert_int_equal(poll(&p, 1, 20000), 1); /* nobody has it open any more */
    assert_int_equal(read(fd, said, sizeof said), 0);
    close(fd);
}

static void an_answer_cut_by_its_limit_is_0_with_a_note(void **state)
{
    struct cli *cli = *state;
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
    struct cli *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    reply_with(p, "And so it", "length");
    expect_out(cli, "And so it\n", "-q", "-u", "-m", "openai/any", "Hello");
    assert_contains(cli->err, "the answer was cut at its token limit");
    assert_contains(cli->err, "finish: length");
}

static void an_answer_that_is_cut_is_8_when_strict_and_what_came_is_printed(void **state)
{
    static const char *const ways[] = {"-q", "--no-stream"};
    struct cli *cli = *state;
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
    struct cli *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    reply_with(p, "And so it", "length");
    give(cli, "Hello\nAgain\n");
    expect_exit(cli, 8, "chat", "--strict", "-m", "openai/any");
    assert_int_equal(peer_requests(p), 1);
}

static void a_closed_pipe_ends_it_quietly(void **state)
{
    struct cli *cli = *state;
    cli->out_is_closed = true;
    cli_run(cli, "-m", "mock/any", "Hello", NULL);
    assert_int_equal(cli->signal, SIGPIPE);
    assert_string_equal(cli->err, "");
}

static void a_full_disk_is_1_and_says_so(void **state)
{
    struct cli *cli = *state;
    if (access("/dev/full", W_OK) != 0) {
        print_message("# there is no /dev/full\n");
        skip();
    }
    cli->out_path = "/dev/full";
    expect_error(cli, 1, "No space left", "-m", "mock/any", "Hello");
}

/* ---- the model ------------------------------------------------------------------------------- */

static void the_environment_names_the_model_and_m_overrides_it(void **state)
{
    struct cli *cli = *state;
    cli_set(cli, "BELUGA_MODEL", "mock/any");
    expect_out(cli, "This is a mock response.\n", "Hello");
    expect_out(cli, "Hello\n", "-m", "mock/echo", "Hello");
}

static void the_file_names_the_default_and_aliases(void **state)
{
    static const char yaml[] = "model: parrot\n"
                               "models:\n"
                               "  parrot: {model: mock/echo}\n";
    struct cli *cli = *state;
    const char *path = cli_write_file(cli, "c.yaml", yaml, sizeof yaml - 1);
    expect_out(cli, "Polly\n", "--config", path, "Polly");
    expect_out(cli, "This is a mock response.\n", "--config", path, "-m", "mock/any", "Polly");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, cli_setup, cli_teardown)
        TEST(an_answer_is_all_there_is_on_stdout_and_nothing_on_stderr),
        TEST(prompt_is_the_default_and_can_be_named),
        TEST(texts_are_joined_by_spaces),
        TEST(stdin_is_the_prompt),
        TEST(stdin_follows_the_text_after_an_empty_line),
        TEST(a_dash_puts_stdin_elsewhere),
        TEST(an_answer_without_a_stream_is_the_same),
        TEST(what_arrives_is_printed_before_the_rest_comes),
        TEST(bytes_in_a_pipe_are_untouched),
        TEST(system_text_and_attachments_are_sent),
        TEST(an_attachment_that_is_not_there_is_2),
        TEST(a_schema_is_sent),
        TEST(usage_is_told_on_stderr),
        TEST(the_wire_is_shown_and_the_key_is_not),
        TEST(a_picture_of_an_answer_is_told_on_stderr),
        TEST(a_sound_of_an_answer_is_told_as_one),
        TEST(a_picture_is_in_the_answers_json_and_not_told_beside_it),
        TEST(an_alias_can_mean_retries_a_fallback_and_a_budget),
        TEST(json_is_one_object_with_all_of_the_answer),
        TEST(json_of_a_failure_has_the_error_and_what_arrived),
        TEST(json_has_the_tool_calls),
        TEST(without_a_model_it_is_3_and_says_what_to_set),
        TEST(what_to_set_stands_in_the_order_of_use_and_in_columns),
        TEST(a_key_in_the_environment_chooses_its_provider_and_says_so),
        TEST(an_unknown_option_is_2_with_a_hint),
        TEST(help_is_asked_of_the_command_that_was_named),
        TEST(an_option_that_the_command_takes_is_meant_first),
        TEST(an_option_of_the_model_is_told_to_go_after_o),
        TEST(a_misspelt_command_is_a_prompt_and_told),
        TEST(a_text_that_begins_with_a_command_is_shown_whole),
        TEST(an_error_in_json_says_all_of_it_where_no_model_is_named),
        TEST(an_option_of_another_command_is_2),
        TEST(a_value_that_is_missing_or_too_much_is_2),
        TEST(a_file_that_is_not_there_has_one_exit_code),
        TEST(an_empty_prompt_is_2),
        TEST(bytes_that_are_not_utf8_are_2),
        TEST(an_unknown_key_of_an_option_is_2),
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
        TEST(the_environment_names_the_model_and_m_overrides_it),
        TEST(the_file_names_the_default_and_aliases),
    };
    return cmocka_run_group_tests_name("cli", tests, NULL, NULL);
}
