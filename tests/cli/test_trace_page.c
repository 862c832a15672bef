/* The HTML page of beluga trace, and the option --trace of other commands. */
#include "../support/words.h"
#include "traced.h"

#include <signal.h>
#include <sys/stat.h>

/* ---- the page -------------------------------------------------------------------------------- */

#define EVIL "\\\"'><script>alert(1)</script><img src=http://x/ onerror=y>&amp;"

static void the_page_escapes_all_and_loads_nothing(void **state)
{
    cli_process *cli = *state;
    static const char line[] =
        "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":\"01" EVIL
        "\",\"spanId\":\"02" EVIL "\",\"name\":\"" EVIL
        "\",\"startTimeUnixNano\":1790000000000000000,\"endTimeUnixNano\":"
        "1790000000250000000,\"attributes\":[{\"key\":\"gen_ai.operation.name\",\"value\":{"
        "\"stringValue\":"
        "\"chat\"}},{\"key\":\"gen_ai.request.model\",\"value\":{\"stringValue\":\"" EVIL
        "\"}},{\"key\":\"" EVIL "\",\"value\":{\"arrayValue\":{\"values\":[{\"stringValue\":\"" EVIL
        "\"}]}}},{\"key\":\"error.type\","
        "\"value\":{\"stringValue\":\"" EVIL "\"}}],\"status\":{\"code\":2,\"message\":\"" EVIL
        "\"}}]}]}]}\n";
    assert_int_equal(trace_text(cli, line, "--html=-"), 0);
    assert_has_none(cli->out, "<script", "<img", "src=\"", "href", "url(", "@import");
    assert_has_all(cli->out, "default-src 'none'", "&quot;&#39;&gt;&lt;script&gt;", "&amp;amp;",
                   "</html>\n");
}

static void the_page_is_for_its_owner_only(void **state)
{
    cli_process *cli = *state;
    struct stat info;
    char path[PATH_BYTES];
    size_t n;
    snprintf(path, sizeof path, "%s/page.html", cli->home);
    expect_out(cli, "", "trace", fixture("agent.jsonl"), "--html", path);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    char *page = read_file(path, &n);
    assert_contains(page, "1.30 s waiting for the first token");
    assert_contains(page, "retry wait, rate_limit");
    free(page);
    expect_error(cli, 1, "/nowhere/page can't be written", "trace", fixture("agent.jsonl"),
                 "--html", "/nowhere/page");
}

/* ---- --trace --------------------------------------------------------------------------------- */

static void a_command_draws_itself_when_it_ends(void **state)
{
    cli_process *cli = *state;
    cli_set(cli, "LANG", "C.UTF-8");
    expect_in_out(cli, "Hello", "-m", "mock/echo", "--trace", "Hello");
    assert_lacks(cli->out, "trace ");
    assert_contains(cli->err, "2 spans, 1 call");
    assert_contains(cli->err, "\u2514 attempt 1");
    expect_error(cli, 0, "\u2514 attempt 1", "health", "--probe", "--trace", "mock/echo");
    const char *input = cli_write_file(cli, "in.txt", "one\ntwo\n", 8);
    expect_error(cli, 0, "--trace: no model was called, so there is nothing to draw", "batch",
                 input, "--dry-run", "-m", "mock/echo", "--trace");
    char out[PATH_BYTES];
    snprintf(out, sizeof out, "%s/out.jsonl", cli->home);
    expect_error(cli, 0, "5 spans, 2 calls", "batch", input, "--out", out, "-m", "mock/echo",
                 "--trace");
    cli_run(cli, "models", "mock", "--trace", NULL);
    assert_contains(cli->err, "--trace: no model was called, so there is nothing to draw");
}

static void it_draws_failures_and_retries(void **state)
{
    cli_process *cli = *state;
    cli_set(cli, "LANG", "C.UTF-8");
    assert_int_equal(cli_run(cli, "-m", "mock/echo", "-o", "mock.error=rate_limit", "-o",
                             "max_retries=1", "-o", "retry_delay=100ms", "--trace", "Hello", NULL),
                     5);
    assert_has_all(cli->err, "1 of them failed, 1 retry", "retry wait",
                   "\u2514 attempt 2  rate_limit");
}

static void it_draws_what_was_interrupted(void **state)
{
    cli_process *cli = *state;
    char words[1024] = "";
    for (size_t i = 0; i + 6 < sizeof words; i += 5) strcpy(words + i, "word ");
    cli_start(cli, "-m", "mock/echo", "-o", "mock.word_delay_ms=500", "--trace", words, NULL);
    cli_wait_for(cli, "word");
    cli_signal(cli, SIGINT);
    assert_int_equal(cli_finish(cli), 130);
    assert_contains(cli->err, "context_canceled");
    assert_contains(cli->err, "2 spans, 1 call, 1 of them failed");
}

static size_t count_lines(const char *path, const char *part)
{
    size_t length, n = 0;
    char *text = read_file(path, &length);
    for (const char *at = text; (at = strstr(at, part)) != NULL; at++) n++;
    free(text);
    return n;
}

static void it_keeps_the_lines_where_it_is_told(void **state)
{
    cli_process *cli = *state;
    char option[PATH_BYTES + 16], path[PATH_BYTES];
    struct stat info;
    snprintf(path, sizeof path, "%s/kept.jsonl", cli->home);
    snprintf(option, sizeof option, "--trace=%s", path);
    expect_exit(cli, 0, "-m", "mock/echo", option, "Hello");
    expect_exit(cli, 0, "-m", "mock/echo", option, "Hello");
    assert_int_equal(count_lines(path, "\"resourceSpans\""), 2);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    expect_in_out(cli, "chat echo", "trace", path);
    expect_error(cli, 1, "/nowhere/x can't be written", "-m", "mock/echo", "--trace=/nowhere/x",
                 "Hello");
    assert_contains(cli->err, "chat echo");
}

static void other_exporters_get_the_trace_too(void **state)
{
    cli_process *cli = *state;
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/telemetry.jsonl", cli->home);
    cli_set(cli, "BELUGA_TELEMETRY_FILE", path);
    cli_set(cli, "OTEL_TRACES_EXPORTER", "console");
    expect_error(cli, 0, "2 spans, 1 call", "-m", "mock/echo", "--trace", "Hello");
    assert_contains(cli->err, "gen_ai.request.model");
    assert_int_equal(count_lines(path, "\"resourceSpans\""), 1);
}

static void it_draws_where_telemetry_is_off(void **state)
{
    cli_process *cli = *state;
    char path[PATH_BYTES];
    struct stat info;
    snprintf(path, sizeof path, "%s/telemetry.jsonl", cli->home);
    cli_set(cli, "OTEL_TRACES_SAMPLER", "always_off");
    expect_error(cli, 0, "2 spans, 1 call", "-m", "mock/echo", "--trace", "Hello");
    cli_set(cli, "OTEL_SDK_DISABLED", "true");
    cli_set(cli, "OTEL_TRACES_EXPORTER", "console");
    cli_set(cli, "BELUGA_TELEMETRY_FILE", path);
    expect_error(cli, 0, "2 spans, 1 call", "-m", "mock/echo", "--trace", "Hello");
    assert_lacks(cli->err, "gen_ai.request.model");
    assert_int_not_equal(stat(path, &info), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, cli_setup, cli_teardown)
        TEST(the_page_escapes_all_and_loads_nothing), TEST(the_page_is_for_its_owner_only),
        TEST(a_command_draws_itself_when_it_ends),    TEST(it_draws_failures_and_retries),
        TEST(it_draws_what_was_interrupted),          TEST(it_keeps_the_lines_where_it_is_told),
        TEST(other_exporters_get_the_trace_too),      TEST(it_draws_where_telemetry_is_off),
    };
    return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
