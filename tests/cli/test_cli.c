/* The command as scripts use it: which texts go to stdout and which to stderr, and every exit
 * code. */
#include "../support/scoped.h"
#include "../support/words.h"
#include "answers.h"

#include <stdio.h>
#include <unistd.h>

/* ---- answers --------------------------------------------------------------------------------- */

static void an_answer_is_all_there_is_on_stdout_and_nothing_on_stderr(void **state)
{
    cli_process *cli = *state;
    expect_out(cli, "This is a mock response.\n", "-m", "mock/any", "Hello");
    assert_string_equal(cli->err, "");
}

static void prompt_is_the_default_and_can_be_named(void **state)
{
    cli_process *cli = *state;
    expect_out(cli, "models\n", "prompt", "-m", "mock/echo", "models");
}

static void texts_are_joined_by_spaces(void **state)
{
    cli_process *cli = *state;
    expect_out(cli, "one two -three\n", "-m", "mock:echo", "one", "two", "--", "-three");
}

/* Assert that this text on stdin and this argument together give this prompt. */
static void echoes(cli_process *cli, const char *input, const char *text, const char *prompt)
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
    cli_process *cli = *state;
    give(cli, "middle\n");
    expect_out(cli, "before middle after\n", "-m", "mock/echo", "before", "-", "after");
}

static void an_answer_without_a_stream_is_the_same(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    peer_openai_answer(peer_reply_new(p), "In one piece");
    expect_out(cli, "In one piece\n", "-m", "openai/any", "--no-stream", "Hello");
    assert_lacks(peer_request_body(p, 0, NULL), "\"stream\":true");
}

static void what_arrives_is_printed_before_the_rest_comes(void **state)
{
    cli_process *cli = *state;
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
    cli_process *cli = *state;
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
    cli_process *cli = *state;
    expect_error(cli, 2, "/nonexistent/a.png", "-m", "mock/any", "-a", "/nonexistent/a.png",
                 "What?");
}

static void a_schema_is_sent(void **state)
{
    static const char schema[] =
        "{\"type\":\"object\",\"properties\":{\"n\":{\"type\":\"integer\"}}}";
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    reply_with(p, "{\"n\":1}", "stop");
    const char *path = cli_write_file(cli, "s.json", schema, sizeof schema - 1);
    expect_exit(cli, 0, "-m", "openai/any", "--schema", path, "One");
    assert_contains(peer_request_body(p, 0, NULL), "json_schema");
}

static void usage_is_told_on_stderr(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    reply_with(p, "Hi", "stop");
    expect_out(cli, "Hi\n", "-u", "-m", "openai/any", "Hello");
    assert_contains(cli->err, "tokens: input 12, output 34, time ");
}

static void the_wire_is_shown_and_the_key_is_not(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    reply_with(p, "Hi", "stop");
    expect_out(cli, "Hi\n", "-v", "-m", "openai/any", "Hello");
    assert_has_all(cli->err, "> POST http://127.0.0.1:", "< status 200", "\"Hello\"",
                   "uthorization");
    assert_lacks(cli->err, SERVED_KEY);
}

/* ---- pictures -------------------------------------------------------------------------------- */

/* Start a peer that answers as gemini does, with a text and one more part. */
static peer *start_gemini(cli_process *cli, const char *part)
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
    cli_process *cli = *state;
    SCOPED(peer) *p = start_gemini(cli, PICTURE);
    expect_out(cli, "Here\n", "-m", "gemini/any", "Draw");
    assert_contains(cli->err, "an image (image/png, 6 bytes); --json prints its bytes in base64\n");
}

static void a_sound_of_an_answer_is_told_as_one(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p =
        start_gemini(cli, "{\"inlineData\":{\"mimeType\":\"audio/wav\",\"data\":\"UE5H\"}}");
    expect_error(cli, 0, "a sound (audio/wav, 3 bytes); --json prints its bytes in base64\n", "-m",
                 "gemini/any", "Sing");
}

static void a_picture_is_in_the_answers_json_and_not_told_beside_it(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = start_gemini(cli, PICTURE);
    expect_in_out(cli, "UE5HUE5H", "--json", "-m", "gemini/any", "Draw");
    assert_lacks(cli->err, "an image");
}

/* ---- a model made of several parts ----------------------------------------------------------- */

/* Write an alias that has a model, one retry, a fallback and a budget. */
static const char *write_smart(cli_process *cli)
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
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    cli_set(cli, "BELUGA_CONFIG", write_smart(cli));
    peer_openai_error(peer_reply_new(p), 503, NULL, NULL, "sick");
    reply_with(p, "after a retry", "stop");
    expect_out(cli, "after a retry\n", "-m", "smart", "Hello");
    assert_int_equal(peer_requests(p), 2);
    for (int i = 0; i < 2; i++) peer_openai_error(peer_reply_new(p), 503, NULL, NULL, "sick");
    expect_out(cli, "Who else?\n", "-m", "smart", "Who else?");
    assert_int_equal(peer_requests(p), 4); /* a second retry would make five */
    /* An answer costs $0.046, more than the budget. So the first call of a conversation is made,
     * and the second is refused. */
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
    cli_process *cli = *state;
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
    cli_process *cli = *state;
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
    cli_process *cli = *state;
    assert_int_equal(cli_run(cli, "--json", "-m", "mock/any", "-o",
                             "mock.tool_calls=[{\"name\":\"add\",\"arguments\":{\"a\":1}}]", "Hi",
                             NULL),
                     0);
    SCOPED(beluga_json_doc) *doc = cli_parse_out(cli);
    const beluga_json *calls = beluga_json_get(beluga_json_doc_root(doc), "tool_calls");
    assert_int_equal(beluga_json_count(calls), 1);
    assert_string_equal(string_at(beluga_json_at(calls, 0), "name"), "add");
}

/* ---- the model ------------------------------------------------------------------------------- */

static void the_environment_names_the_model_and_m_overrides_it(void **state)
{
    cli_process *cli = *state;
    cli_set(cli, "BELUGA_MODEL", "mock/any");
    expect_out(cli, "This is a mock response.\n", "Hello");
    expect_out(cli, "Hello\n", "-m", "mock/echo", "Hello");
}

static void the_file_names_the_default_and_aliases(void **state)
{
    static const char yaml[] = "model: parrot\n"
                               "models:\n"
                               "  parrot: {model: mock/echo}\n";
    cli_process *cli = *state;
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
        TEST(the_environment_names_the_model_and_m_overrides_it),
        TEST(the_file_names_the_default_and_aliases),
    };
    return cmocka_run_group_tests_name("cli", tests, NULL, NULL);
}
