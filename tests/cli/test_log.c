/* The library's log as the command prints it, with BELUGA_LOG_LEVEL and BELUGA_LOG_FORMAT. */
#include "../support/scoped.h"
#include "expect.h"
#include "served.h"

#include <stdio.h>
#include <string.h>

/* Make a call with this level and this format of the log. */
static void ask_logged(cli_process *cli, const char *level, const char *format)
{
    cli_set(cli, "BELUGA_LOG_LEVEL", level);
    cli_set(cli, "BELUGA_LOG_FORMAT", format);
    expect_out(cli, "This is a mock response.\n", "-m", "mock/any", "Hello");
}

/* Make a call that fails once and is retried. */
static void fail_once(cli_process *cli, const char *level)
{
    cli_set(cli, "BELUGA_LOG_LEVEL", level);
    assert_int_not_equal(cli_run(cli, "-m", "mock/any", "-o", "mock.error=rate_limit", "-o",
                                 "max_retries=1", "-o", "retry_delay=100ms", "Hello", NULL),
                         0);
}

/* Parse the JSON line on stderr that reports this event. Owned. */
static beluga_json_doc *parse_line(const cli_process *cli, const char *event)
{
    char name[64];
    beluga_json_doc *doc = NULL;
    snprintf(name, sizeof name, "\"event\":\"%s\"", event);
    const char *found = strstr(cli->err, name);
    assert_non_null(found);
    const char *begin = found, *end = strchr(found, '\n');
    while (begin > cli->err && begin[-1] != '\n') begin--;
    assert_non_null(end);
    assert_int_equal(beluga_json_parse(begin, (size_t)(end - begin), &doc, NULL), 0);
    return doc;
}

static void nothing_is_logged_unless_it_is_asked_for(void **state)
{
    cli_process *cli = *state;
    ask_logged(cli, "", "json");
    assert_string_equal(cli->err, "");
}

static void a_call_is_a_line_of_words_and_numbers(void **state)
{
    cli_process *cli = *state;
    ask_logged(cli, "INFO", "");
    assert_contains(cli->err, "Z info call.finished operation=stream provider=mock model=any "
                              "reason=stop duration_us=");
    assert_contains(cli->err, " input_tokens=1 output_tokens=5\n");
}

static void a_call_is_an_object_where_json_is_asked_for(void **state)
{
    cli_process *cli = *state;
    ask_logged(cli, "info", "JSON");
    SCOPED(beluga_json_doc) *doc = parse_line(cli, "call.finished");
    const beluga_json *line = beluga_json_doc_root(doc);
    assert_string_equal(beluga_json_get_string(line, "level", NULL), "info");
    assert_string_equal(beluga_json_get_string(line, "provider", NULL), "mock");
    assert_string_equal(beluga_json_get_string(line, "reason", NULL), "stop");
    assert_int_equal(strlen(beluga_json_get_string(line, "time", NULL)),
                     strlen("2026-01-01T00:00:00.000Z"));
    assert_int_equal(beluga_json_get_int(line, "input_tokens", -1), 1);
    assert_int_equal(beluga_json_get_int(line, "output_tokens", -1), 5);
}

static void a_retry_and_the_failure_after_it_are_logged_without_what_is_not_known(void **state)
{
    cli_process *cli = *state;
    fail_once(cli, "info");
    assert_contains(cli->err, " info retry provider=mock model=any error=rate_limit attempt=1 ");
    assert_contains(cli->err, " warn call.failed operation=stream provider=mock model=any "
                              "error=rate_limit duration_us=");
    assert_lacks(cli->err, "_tokens=");
}

static void what_is_below_the_level_is_left_out(void **state)
{
    cli_process *cli = *state;
    fail_once(cli, "warn");
    assert_contains(cli->err, " warn call.failed ");
    assert_lacks(cli->err, " info ");
    fail_once(cli, "error");
    assert_lacks(cli->err, "call.failed");
}

static void a_level_that_there_is_not_is_named_and_the_call_is_made(void **state)
{
    cli_process *cli = *state;
    ask_logged(cli, "loud", "");
    assert_string_equal(
        cli->err, "beluga: BELUGA_LOG_LEVEL must be error, warn, info, debug or trace, not loud\n");
}

static void a_format_that_there_is_not_is_named_and_text_is_taken(void **state)
{
    cli_process *cli = *state;
    ask_logged(cli, "info", "xml");
    assert_contains(cli->err, "BELUGA_LOG_FORMAT must be text or json, not xml; using text\n");
    assert_contains(cli->err, " info call.finished operation=stream ");
}

/* Make a call over HTTP with the level "trace". `capture` says whether the log may contain
 * texts. */
static void trace_call(cli_process *cli, const char *capture)
{
    peer *p = serve_openai(cli);
    cli_set(cli, "BELUGA_LOG_LEVEL", "trace");
    cli_set(cli, "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", capture);
    peer_openai_stream(peer_reply_new(p), "Greetings");
    expect_exit(cli, 0, "-m", "openai/any", "A secret question");
    peer_stop(p);
    assert_contains(cli->err, " trace http.request method=POST url=http://127.0.0.1:");
    assert_contains(cli->err, " trace http.response status=200 ");
    assert_lacks(cli->err, SERVED_KEY);
}

static void a_variable_of_telemetry_that_is_wrong_is_told_with_its_value(void **state)
{
    cli_process *cli = *state;
    cli_set(cli, "OTEL_TRACES_EXPORTER", "consle");
    expect_exit(cli, 0, "-m", "mock/any", "Hello");
    assert_string_equal(cli->err, "beluga: telemetry: OTEL_TRACES_EXPORTER: consle must be otlp, "
                                  "console or none; it is ignored\n");
    cli_set(cli, "OTEL_TRACES_EXPORTER", "");
    cli_set(cli, "BELUGA_TELEMETRY_FILE", "/no/such/folder/x");
    expect_error(cli, 0, "/no/such/folder/x can't be written: No such file or directory\n", "-m",
                 "mock/any", "Hello");
}

static void texts_are_logged_only_where_opentelemetrys_variable_wants_them(void **state)
{
    cli_process *cli = *state;
    trace_call(cli, "false");
    assert_lacks(cli->err, "A secret question");
    assert_lacks(cli->err, "Greetings");
    trace_call(cli, "SPAN_ONLY");
    assert_contains(cli->err, "A secret question");
    assert_contains(cli->err, "Greetings");
}

static void what_has_blanks_stands_in_quotes_on_one_line(void **state)
{
    cli_process *cli = *state;
    trace_call(cli, "true");
    const char *data = strstr(cli->err, " data=\"");
    assert_non_null(data);
    const char *end = strchr(data, '\n'), *quote = end - 1;
    assert_int_equal(*quote, '"');
    for (const char *c = data; c < end; c++) assert_true((unsigned char)*c >= ' ');
}

#define WITH_CLI(test) cmocka_unit_test_setup_teardown(test, cli_setup, cli_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CLI(nothing_is_logged_unless_it_is_asked_for),
        WITH_CLI(a_call_is_a_line_of_words_and_numbers),
        WITH_CLI(a_call_is_an_object_where_json_is_asked_for),
        WITH_CLI(a_retry_and_the_failure_after_it_are_logged_without_what_is_not_known),
        WITH_CLI(what_is_below_the_level_is_left_out),
        WITH_CLI(a_level_that_there_is_not_is_named_and_the_call_is_made),
        WITH_CLI(a_format_that_there_is_not_is_named_and_text_is_taken),
        WITH_CLI(a_variable_of_telemetry_that_is_wrong_is_told_with_its_value),
        WITH_CLI(texts_are_logged_only_where_opentelemetrys_variable_wants_them),
        WITH_CLI(what_has_blanks_stands_in_quotes_on_one_line),
    };
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
