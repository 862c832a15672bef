/* beluga trace and --trace, which show how the time of calls was spent. */
#include "../support/scoped.h"
#include "../support/words.h"
#include "traced.h"

static const char *prices(void)
{
    static char path[PATH_BYTES], option[PATH_BYTES + 8];
    snprintf(option, sizeof option, "prices=%s", in_root(path, "/data/prices.yaml"));
    return option;
}

/* ---- spans for tests ------------------------------------------------------------------------- */

typedef struct trace_lines {
    char *text;
    size_t length;
    FILE *file;
    bool begun;
} trace_lines;

static void begin_line(trace_lines *lines)
{
    *lines = (trace_lines){0};
    lines->file = open_memstream(&lines->text, &lines->length);
    assert_non_null(lines->file);
    fprintf(lines->file, "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[");
}

/* Add a span. Times are in milliseconds. If the parent is 0, the span has none. */
static void add(trace_lines *lines, int trace, int id, int parent, const char *name, int from,
                int to)
{
    fprintf(
        lines->file,
        "%s{\"traceId\":\"%032x\",\"spanId\":\"%016x\",\"parentSpanId\":\"%.*x\",\"name\":\"%s\","
        "\"startTimeUnixNano\":\"%lld\",\"endTimeUnixNano\":\"%lld\"}",
        lines->begun ? "," : "", (unsigned)trace, (unsigned)id, parent ? 16 : 0, (unsigned)parent,
        name, 1790000000000000000 + from * 1000000LL, 1790000000000000000 + to * 1000000LL);
    lines->begun = true;
}

static const char *end_line(trace_lines *lines)
{
    fprintf(lines->file, "]}]}]}\n");
    fclose(lines->file);
    return lines->text;
}

/* ---- numbers that overflow ------------------------------------------------------------------- */

/* Sums of these numbers would overflow, which the sanitizers report. */
static void times_and_counts_at_the_end_of_the_numbers_are_drawn(void **state)
{
    static const char most[] = "9223372036854775807";
    cli_process *cli = *state;
    char line[1024];
    snprintf(line, sizeof line,
             "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":\"%032x\","
             "\"spanId\":\"%016x\",\"name\":\"chat\",\"startTimeUnixNano\":\"1\","
             "\"endTimeUnixNano\":\"%s\",\"attributes\":["
             "{\"key\":\"gen_ai.operation.name\",\"value\":{\"stringValue\":\"chat\"}}]},"
             "{\"traceId\":\"%032x\",\"spanId\":\"%016x\",\"parentSpanId\":\"%016x\","
             "\"name\":\"POST\",\"startTimeUnixNano\":\"2\",\"endTimeUnixNano\":\"%s\","
             "\"attributes\":[{\"key\":\"gen_ai.provider.name\",\"value\":"
             "{\"stringValue\":\"x\"}},{\"key\":\"http.request.resend_count\",\"value\":"
             "{\"intValue\":\"%s\"}}]}]}]}]}\n",
             1, 1, most, 1, 2, 1, most, most);
    assert_int_equal(trace_text(cli, line, NULL), 0);
    assert_contains(cli->out, "2555555h33m");
    assert_contains(cli->out, "attempt 9223372036854775807");
    assert_int_equal(trace_text(cli, line, "--json"), 0);
}

/* ---- the drawing ----------------------------------------------------------------------------- */

static void attempts_waits_tools_tokens_and_costs_are_drawn(void **state)
{
    cli_process *cli = *state;
    size_t n;
    char *expected = read_file(fixture("agent.txt"), &n);
    cli_set(cli, "LANG", "C.UTF-8");
    expect_out(cli, expected, "trace", "-o", prices(), fixture("agent.jsonl"));
    assert_string_equal(cli->err, "");
    free(expected);
}

static void the_guide_shows_what_is_drawn(void **state)
{
    (void)state;
    size_t n;
    char path[PATH_BYTES];
    char *drawing = read_file(fixture("agent.txt"), &n);
    char *guide = read_file(in_root(path, "/docs/guides/observability-tracing.md"), &n);
    assert_contains(guide, drawing);
    free(drawing);
    free(guide);
}

static void without_utf8_it_is_drawn_in_ascii(void **state)
{
    cli_process *cli = *state;
    cli_set(cli, "LANG", "C");
    expect_exit(cli, 0, "trace", fixture("agent.jsonl"));
    for (size_t i = 0; i < cli->out_length; i++) assert_true((unsigned char)cli->out[i] < 0x80);
    assert_contains(cli->out, "|-attempt 1");
    assert_contains(cli->out, ": waiting  # receiving  x failed");
}

/* Return the length of the longest line in characters; colour sequences do not count. */
static size_t longest_line(const char *text)
{
    size_t longest = 0, width = 0;
    for (; *text; text++) {
        if (*text == '\033')
            text += strcspn(text, "m");
        else if (*text == '\n')
            width = 0;
        else if (*text != '\r')
            width += ((unsigned char)*text & 0xc0) != 0x80;
        if (width > longest) longest = width;
    }
    return longest;
}

static void it_fits_terminals_of_every_width(void **state)
{
    cli_process *cli = *state;
    static const unsigned short widths[] = {40, 41, 60, 79, 80, 99, 100, 120, 200, 400};
    cli_set(cli, "LANG", "C.UTF-8");
    cli_set(cli, "TERM", "xterm");
    cli->terminal = true;
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        cli->width = widths[i];
        expect_exit(cli, 0, "trace", fixture("agent.jsonl"));
        assert_in_range(longest_line(cli->out), 38, widths[i]);
        expect_exit(cli, 0, "trace", fixture("python_sdk.jsonl"));
        assert_in_range(longest_line(cli->out), 38, widths[i]);
    }
}

static void colours_are_for_terminals_that_want_them(void **state)
{
    cli_process *cli = *state;
    cli_set(cli, "TERM", "xterm");
    expect_exit(cli, 0, "trace", fixture("agent.jsonl"));
    assert_lacks(cli->out, "\033");
    cli->terminal = true;
    expect_in_out(cli, "\033[31m", "trace", fixture("agent.jsonl"));
    cli_set(cli, "NO_COLOR", "1");
    expect_exit(cli, 0, "trace", fixture("agent.jsonl"));
    assert_lacks(cli->out, "\033");
}

static void names_can_not_move_the_cursor(void **state)
{
    cli_process *cli = *state;
    trace_lines lines;
    begin_line(&lines);
    add(&lines, 1, 1, 0, "a\\u001b[2Jb\\nc\\u009b31md", 0, 10);
    cli_set(cli, "LANG", "C.UTF-8");
    assert_int_equal(trace_text(cli, end_line(&lines), NULL), 0);
    assert_contains(cli->out, "a\\x1b[2Jb\\nc");
    assert_lacks(cli->out, "\033");
    assert_lacks(cli->out, "\xc2\x9b");
    free(lines.text);
}

static void a_thousand_spans_are_cut_to_a_screen(void **state)
{
    cli_process *cli = *state;
    trace_lines lines;
    begin_line(&lines);
    add(&lines, 1, 1, 0, "batch", 0, 5000);
    for (int i = 0; i < 1000; i++)
        add(&lines, 1, i + 2, 1, i == 500 ? "slow" : "quick", i, i + (i == 500 ? 900 : 3));
    end_line(&lines);
    assert_int_equal(trace_text(cli, lines.text, NULL), 0);
    assert_contains(cli->out, "slow");
    assert_contains(cli->out, "... 941 more, each at most 3.00 ms (--all)");
    assert_int_equal(trace_text(cli, lines.text, "--all"), 0);
    assert_lacks(cli->out, "more,");
    size_t rows = 0;
    for (const char *c = cli->out; *c; c++) rows += *c == '\n';
    assert_in_range(rows, 1001, 1020);
    free(lines.text);
}

/* ---- which traces ---------------------------------------------------------------------------- */

static void traces_stand_in_the_order_of_their_start(void **state)
{
    cli_process *cli = *state;
    trace_lines lines;
    begin_line(&lines);
    for (int i = 1; i <= 12; i++) add(&lines, i, 1, 0, "call", 1000 - 10 * i, 1000);
    end_line(&lines);
    assert_int_equal(trace_text(cli, lines.text, NULL), 0);
    assert_contains(cli->out, "... 2 earlier traces (--all, --trace-id)");
    const char *tenth = strstr(cli->out, "trace 0000000000000000000000000000000a");
    const char *first = strstr(cli->out, "trace 00000000000000000000000000000001");
    assert_true(tenth && first && tenth < first);
    assert_null(strstr(cli->out, "trace 0000000000000000000000000000000c"));
    assert_int_equal(trace_text(cli, lines.text, "--trace-id=0000000000000000000000000000000C"), 0);
    assert_contains(cli->out, "trace 0000000000000000000000000000000c");
    assert_int_equal(trace_text(cli, lines.text, "--trace-id=ff"), 2);
    assert_contains(cli->err, "there is no trace whose id begins with ff");
    free(lines.text);
}

/* ---- reading traces -------------------------------------------------------------------------- */

static const beluga_json *trace_of(beluga_json_doc *doc)
{
    const beluga_json *trace =
        beluga_json_first(beluga_json_get(beluga_json_doc_root(doc), "traces"));
    assert_non_null(trace);
    return trace;
}

static double number(const beluga_json *object, const char *key)
{
    return beluga_json_double(beluga_json_get(object, key), -1);
}

static void every_moment_counts_once(void **state)
{
    cli_process *cli = *state;
    expect_exit(cli, 0, "trace", "--json", "-o", prices(), fixture("agent.jsonl"));
    SCOPED(beluga_json_doc) *doc = cli_parse_out(cli);
    const beluga_json *trace = trace_of(doc), *where = beluga_json_get(trace, "where_ms");
    double sum = 0;
    for (const beluga_json *v = beluga_json_first(where); v; v = beluga_json_next(where, v))
        sum += beluga_json_double(v, -1);
    assert_float_equal(sum, 3000, 0.001);
    assert_float_equal(number(where, "first_token"), 1300, 0.001);
    assert_float_equal(number(where, "receiving"), 700, 0.001);
    assert_float_equal(number(where, "retry_wait"), 400, 0.001);
    assert_float_equal(number(where, "tools"), 400, 0.001);
    assert_float_equal(number(where, "failed_attempts"), 200, 0.001);
    assert_float_equal(number(trace, "cost_usd"), 0.000668, 1e-9);
    assert_int_equal(beluga_json_get_int(trace, "retries", -1), 1);
    assert_int_equal(beluga_json_count(beluga_json_get(trace, "spans")), 7);
}

static void spans_of_another_sdk_are_a_tree(void **state)
{
    cli_process *cli = *state;
    expect_exit(cli, 0, "trace", "--json", fixture("python_sdk.jsonl"));
    static const char *const names[] = {"POST /ask",       "SELECT orders", "invoke_agent helper",
                                        "chat gpt-5-mini", "POST",          "execute_tool weather",
                                        "chat gpt-5-mini"};
    static const int depths[] = {0, 1, 1, 2, 3, 2, 2};
    SCOPED(beluga_json_doc) *doc = cli_parse_out(cli);
    const beluga_json *spans = beluga_json_get(trace_of(doc), "spans");
    assert_int_equal(beluga_json_count(spans), 7);
    for (size_t i = 0; i < 7; i++) {
        const beluga_json *span = beluga_json_at(spans, i);
        assert_string_equal(beluga_json_get_string(span, "name", NULL), names[i]);
        assert_int_equal(beluga_json_get_int(span, "depth", -1), depths[i]);
    }
    assert_string_equal(beluga_json_get_string(beluga_json_at(spans, 4), "kind", NULL), "attempt");
}

static void times_and_counts_may_be_numbers(void **state)
{
    cli_process *cli = *state;
    static const char line[] =
        "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":\"01\",\"spanId\":\"02\","
        "\"name\":"
        "\"chat "
        "x\",\"startTimeUnixNano\":1790000000000000000,\"endTimeUnixNano\":1790000000250000000,"
        "\"attributes\":[{\"key\":\"gen_ai.operation.name\",\"value\":{\"stringValue\":\"chat\"}},{"
        "\"key\":"
        "\"gen_ai.usage.output_tokens\",\"value\":{\"intValue\":7}}],\"unknown\":[1]}]}]}],\"x\":{}"
        "}\n";
    assert_int_equal(trace_text(cli, line, NULL), 0);
    assert_contains(cli->out, "250 ms: 250 ms waiting for the answer");
    assert_contains(cli->out, "7 tokens out, cost unknown");
}

static void prices_are_found_by_the_names_of_the_conventions(void **state)
{
    cli_process *cli = *state;
    static const char line[] =
        "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":\"01\",\"spanId\":\"02\","
        "\"name\":"
        "\"chat x\",\"startTimeUnixNano\":\"1\",\"endTimeUnixNano\":\"2\",\"attributes\":[{\"key\":"
        "\"gen_ai.operation.name\",\"value\":{\"stringValue\":\"chat\"}},{\"key\":"
        "\"gen_ai.provider.name\",\"value\":{\"stringValue\":\"gcp.gemini\"}},{\"key\":"
        "\"gen_ai.request.model\",\"value\":{\"stringValue\":\"some\"}},{\"key\":"
        "\"gen_ai.usage.input_tokens\",\"value\":{\"intValue\":\"1000000\"}}]}]}]}]}\n";
    static const char list[] = "prices:\n  gemini/some: {input: 0.5, output: 3}\n";
    char option[PATH_BYTES];
    snprintf(option, sizeof option, "-oprices=%s",
             cli_write_file(cli, "prices.yaml", list, strlen(list)));
    assert_int_equal(trace_text(cli, line, option), 0);
    assert_contains(cli->out, "1000000 tokens in, $0.5000");
    assert_int_equal(trace_text(cli, line, NULL), 0);
    assert_contains(cli->out, "1000000 tokens in, cost unknown");
}

static void lines_of_metrics_are_passed_over(void **state)
{
    cli_process *cli = *state;
    assert_int_equal(trace_text(cli, "{\"resourceMetrics\":[]}\n\n", NULL), 2);
    assert_contains(cli->err, "stdin: there are no spans, only metrics or logs");
    assert_int_equal(trace_text(cli, "", NULL), 2);
    assert_contains(cli->err, "stdin: there are no spans\n");
}

static void a_line_that_was_cut_off_at_the_end_is_left_out(void **state)
{
    cli_process *cli = *state;
    trace_lines lines;
    char text[2048];
    begin_line(&lines);
    add(&lines, 1, 1, 0, "whole", 0, 10);
    snprintf(text, sizeof text, "%s{\"resourceSpans\":[{\"sco", end_line(&lines));
    assert_int_equal(trace_text(cli, text, NULL), 0);
    assert_contains(cli->out, "whole");
    assert_contains(cli->err, "stdin:2: the last line is incomplete, and was left out");
    free(lines.text);
}

static void what_is_wrong_is_told_with_its_line(void **state)
{
    cli_process *cli = *state;
    assert_int_equal(trace_text(cli, "{\"resourceMetrics\":[]}\n{\"resourceSpans\":[\n{}\n", NULL),
                     2);
    assert_contains(cli->err, "stdin:2: not valid JSON");
    assert_int_equal(trace_text(cli, "\n{\"hello\":1}\n", NULL), 2);
    assert_contains(cli->err, "stdin:2: not a line of OTLP/JSON: it has no resourceSpans");
    assert_int_equal(
        trace_text(cli, "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{}]}]}]}\n", NULL), 2);
    assert_contains(cli->err, "stdin:1: a span has no traceId or no spanId");
    expect_exit(cli, 2, "trace", "-o", "nonsense", fixture("agent.jsonl"));
    assert_string_equal(cli->out, "");
    expect_error(cli, 0, "the cost is unknown, since the prices can't be read: ", "trace", "-o",
                 "prices=/nowhere", fixture("agent.jsonl"));
    assert_contains(cli->out, "cost unknown");
    expect_error(cli, 2, "name the file, or - for stdin", "trace");
    expect_error(cli, 2, "/nowhere can't be read", "trace", "/nowhere");
}

static void damaged_files_end_in_a_drawing_or_an_error(void **state)
{
    cli_process *cli = *state;
    size_t n;
    char *text = read_file(fixture("agent.jsonl"), &n);
    for (size_t i = 1; i <= 24; i++) {
        size_t at = n * i / 25;
        char kept = text[at];
        text[at] = "\"}]{0:\0\x80"[i % 8];
        cli->input = text;
        cli->input_length = i % 3 ? n : at + 1;
        int code = cli_run(cli, "trace", "-", i % 2 ? "--json" : NULL, NULL);
        assert_true(code == 0 || code == 2);
        assert_int_equal(cli->signal, 0);
        assert_true(cli->out_length || cli->err_length);
        text[at] = kept;
    }
    cli->input = NULL;
    free(text);
}

static void rings_twins_orphans_and_depths_are_drawn(void **state)
{
    cli_process *cli = *state;
    trace_lines lines;
    begin_line(&lines);
    add(&lines, 1, 1, 3, "ring", 0, 9);
    add(&lines, 1, 2, 1, "ring", 1, 9);
    add(&lines, 1, 3, 2, "ring", 2, 9);
    add(&lines, 1, 4, 4, "own parent", 3, 9);
    add(&lines, 1, 5, 99, "orphan", 4, 9);
    add(&lines, 1, 6, 0, "twin", 5, 9);
    add(&lines, 1, 6, 0, "twin", 5, 9);
    add(&lines, 1, 7, 0, "backwards", 9, 5);
    for (int i = 0; i < 3000; i++) add(&lines, 2, i + 1, i, "deep", 100 + i, 9000 - i);
    end_line(&lines);
    assert_int_equal(trace_text(cli, lines.text, "--all"), 0);
    assert_has_all(cli->out, "own parent", "orphan", "\n7 spans", "\n3000 spans");
    assert_int_equal(trace_text(cli, lines.text, "--json"), 0);
    beluga_json_doc_free(cli_parse_out(cli));
    free(lines.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, cli_setup, cli_teardown)
        TEST(times_and_counts_at_the_end_of_the_numbers_are_drawn),
        TEST(attempts_waits_tools_tokens_and_costs_are_drawn),
        TEST(the_guide_shows_what_is_drawn),
        TEST(without_utf8_it_is_drawn_in_ascii),
        TEST(it_fits_terminals_of_every_width),
        TEST(colours_are_for_terminals_that_want_them),
        TEST(names_can_not_move_the_cursor),
        TEST(a_thousand_spans_are_cut_to_a_screen),
        TEST(traces_stand_in_the_order_of_their_start),
        TEST(every_moment_counts_once),
        TEST(spans_of_another_sdk_are_a_tree),
        TEST(times_and_counts_may_be_numbers),
        TEST(prices_are_found_by_the_names_of_the_conventions),
        TEST(lines_of_metrics_are_passed_over),
        TEST(a_line_that_was_cut_off_at_the_end_is_left_out),
        TEST(what_is_wrong_is_told_with_its_line),
        TEST(damaged_files_end_in_a_drawing_or_an_error),
        TEST(rings_twins_orphans_and_depths_are_drawn),
    };
    return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
