/* What the gateway reports about requests: metrics, lines of the journal, and statistics of the
 * last hour. */
#include "../support/files.h"
#include "serve/journal.h"
#include "serve/observe.h"
#include "serve/recent.h"
#include "serve/series.h"
#include "told.h"

#include <beluga/allocator.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* 2026-11-30T23:00:00.123Z */
#define AT_MS       INT64_C(1796079600123)
#define GENEROUS_MS 60000

/* A replacement for the code of clients' keys, so that this test needs no keys. */
bool serve_access_state(const serve_access *access, size_t index, serve_key_state *out)
{
    static const serve_key_state keys[] = {{.name = "alice", .day = 0.5, .budget_per_day = 1}};
    (void)access;
    if (index) return false;
    *out = keys[index];
    return true;
}

bool serve_access_fails(const serve_access *access)
{
    (void)access;
    return false;
}

static serve_record good(void)
{
    return (serve_record){.time_ms = AT_MS,
                          .took_ns = 1500000000,
                          .first_ns = 200000000,
                          .request_id = "req_1",
                          .trace_id = "4bf92f3577b34da6a3ce929d0e0e4736",
                          .peer = "127.0.0.1:5",
                          .method = "POST",
                          .path = "/v1/messages",
                          .protocol = "messages",
                          .key = "alice",
                          .asked = "fast",
                          .provider = "openai",
                          .model = "gpt-5-mini",
                          .status = 200,
                          .message = "",
                          .stream = true,
                          .attempts = 2,
                          .usage = {.input_total = 100,
                                    .input_cache_read = 60,
                                    .input_cache_write = -1,
                                    .output_total = 20,
                                    .output_reasoning = 5},
                          .cost = 0.25,
                          .bytes_in = 1000,
                          .bytes_out = 2000};
}

static serve_record bad(void)
{
    serve_record r = good();
    r.status = 503;
    r.error = BELUGA_ERROR_OVERLOADED;
    r.message = "it is \"overloaded\"\nnow";
    r.first_ns = -1;
    r.usage = (beluga_usage)BELUGA_USAGE_INIT;
    r.cost = -1;
    return r;
}

static serve_observer *open_observer(const char *journal, bool capture)
{
    serve_observer *o;
    serve_settings settings = {.journal = journal, .capture = capture};
    beluga_error err;
    assert_int_equal(serve_observer_new(&settings, &o, &err), 0);
    return o;
}

/* --- metrics ---------------------------------------------------------------------------------- */

static const char *metrics(serve_observer *o, beluga__buf *out)
{
    const serve_gauges gauges = {.connections = 3,
                                 .requests = 2,
                                 .reloads = 1,
                                 .access = (const serve_access *)(const void *)o};
    beluga__buf_init(out, beluga_allocator_default(), 1 << 24);
    assert_int_equal(serve_observer_metrics(o, &gauges, out), 0);
    return out->data;
}

static void has_line(const char *text, const char *line)
{
    size_t n = strlen(line);
    for (const char *at = text; (at = strstr(at, line)); at += n)
        if ((at == text || at[-1] == '\n') && at[n] == '\n') return;
    fail_msg("no line: %s\n%s", line, text);
}

#define OF_MODEL                                                             \
    "gen_ai_operation_name=\"chat\",gen_ai_provider_name=\"openai\",gen_ai_" \
    "response_model=\"gpt-5-mini\""

static void requests_are_counted_by_what_came_of_them(void **state)
{
    (void)state;
    beluga__buf out;
    serve_observer *o = open_observer(NULL, false);
    serve_record g = good(), b = bad();
    serve_observe(o, &g);
    serve_observe(o, &g);
    serve_observe(o, &b);
    const char *text = metrics(o, &out);
    has_line(text, "beluga_requests_total{protocol=\"messages\",provider=\"openai\",model=\"gpt-5-"
                   "mini\",status=\"200\",error=\"\"} 2");
    has_line(text, "beluga_requests_total{protocol=\"messages\",provider=\"openai\",model=\"gpt-5-"
                   "mini\",status=\"503\",error=\"overloaded\"} 1");
    has_line(text, "gen_ai_server_request_duration_seconds_bucket{" OF_MODEL ",le=\"1.28\"} 0");
    has_line(text, "gen_ai_server_request_duration_seconds_bucket{" OF_MODEL ",le=\"2.56\"} 3");
    has_line(text, "gen_ai_server_request_duration_seconds_bucket{" OF_MODEL ",le=\"+Inf\"} 3");
    has_line(text, "gen_ai_server_request_duration_seconds_sum{" OF_MODEL "} 4.5");
    has_line(text, "gen_ai_server_time_to_first_token_seconds_count{" OF_MODEL "} 2");
    has_line(text, "beluga_tokens_total{" OF_MODEL ",gen_ai_token_type=\"input\"} 200");
    has_line(text, "beluga_tokens_total{" OF_MODEL ",gen_ai_token_type=\"cache_read\"} 120");
    has_line(text, "beluga_attempts_total{" OF_MODEL "} 6");
    has_line(text, "beluga_key_cost_usd_total{key=\"alice\"} 0.5");
    has_line(text, "beluga_key_budget_usd{key=\"alice\",period=\"day\"} 1");
    has_line(text, "beluga_key_spent_usd{key=\"alice\",period=\"day\"} 0.5");
    has_line(text, "beluga_requests_in_flight 2");
    has_line(text, "beluga_reloads_total{outcome=\"success\"} 1");
    beluga__buf_free(&out);
    serve_observer_free(o);
}

static void a_value_of_a_label_is_escaped(void **state)
{
    (void)state;
    beluga__buf out;
    serve_record r = good();
    serve_observer *o = open_observer(NULL, false);
    strcpy(r.model, "a\"b\\c\nd");
    serve_observe(o, &r);
    assert_non_null(strstr(metrics(o, &out), "model=\"a\\\"b\\\\c\\nd\",status"));
    beluga__buf_free(&out);
    serve_observer_free(o);
}

static void label_sets_beyond_the_maximum_are_one(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "b", NULL};
    series_table table;
    series_begin(&table, sizeof(int), 10, names);
    for (int i = 0; i < 100; i++) {
        char a[16];
        snprintf(a, sizeof a, "%d", i);
        const char *const values[] = {a, "x"};
        int *n = series_find(&table, values);
        ++*n;
    }
    size_t count = 0;
    int sum = 0;
    for (const series *s = NULL; (s = series_next(&table, s)); count++)
        sum += *(const int *)series_numbers(s);
    assert_int_equal(count, 10);
    assert_int_equal(sum, 100);
    const char *const others[] = {"other", "other"};
    assert_int_equal(*(int *)series_find(&table, others), 91);
    series_free(&table);
}

/* --- the journal ------------------------------------------------------------------------------ */

static const char *read_file(const char *path)
{
    static char text[8192];
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

static serve_journal *open_journal(const char *path)
{
    serve_journal *j;
    beluga_error err;
    assert_int_equal(serve_journal_new(&j, &err), 0);
    assert_int_equal(serve_journal_open(j, path, &err), 0);
    return j;
}

static void a_line_has_all_that_is_known_of_a_request(void **state)
{
    (void)state;
    char path[] = "/tmp/beluga-journal-XXXXXX";
    make_file(path, "");
    serve_journal *j = open_journal(path);
    serve_record g = good(), b = bad();
    serve_journal_take(j, &g);
    serve_journal_take(j, &b);
    serve_journal_free(j);
    assert_string_equal(
        read_file(path),
        "{\"time\":\"2026-11-30T23:00:00.123Z\",\"request_id\":\"req_1\",\"trace_id\":"
        "\"4bf92f3577b34da6a3ce929d0e0e4736\",\"peer\":\"127.0.0.1:5\",\"key\":\"alice\","
        "\"method\":\"POST\",\"path\":\"/v1/messages\",\"protocol\":\"messages\",\"asked\":"
        "\"fast\",\"provider\":\"openai\",\"model\":\"gpt-5-mini\",\"status\":200,\"error\":null,"
        "\"message\":null,\"stream\":true,\"passed_through\":false,\"cached\":false,\"attempts\":2,"
        "\"input_tokens\":100,\"cache_read_tokens\":60,\"cache_write_tokens\":null,"
        "\"output_tokens\":20,\"reasoning_tokens\":5,\"cost_usd\":0.25,\"took_ms\":1500.000,"
        "\"first_ms\":200.000,\"bytes_in\":1000,\"bytes_out\":2000}\n"
        "{\"time\":\"2026-11-30T23:00:00.123Z\",\"request_id\":\"req_1\",\"trace_id\":"
        "\"4bf92f3577b34da6a3ce929d0e0e4736\",\"peer\":\"127.0.0.1:5\",\"key\":\"alice\","
        "\"method\":\"POST\",\"path\":\"/v1/messages\",\"protocol\":\"messages\",\"asked\":"
        "\"fast\",\"provider\":\"openai\",\"model\":\"gpt-5-mini\",\"status\":503,\"error\":"
        "\"overloaded\",\"message\":\"it is \\\"overloaded\\\"\\nnow\",\"stream\":true,"
        "\"passed_through\":false,\"cached\":false,\"attempts\":2,\"input_tokens\":null,"
        "\"cache_read_tokens\":null,\"cache_write_tokens\":null,\"output_tokens\":null,"
        "\"reasoning_tokens\":null,\"cost_usd\":null,\"took_ms\":1500.000,\"first_ms\":null,"
        "\"bytes_in\":1000,\"bytes_out\":2000}\n");
    unlink(path);
}

static void texts_are_in_it_with_capture_alone(void **state)
{
    (void)state;
    char path[] = "/tmp/beluga-journal-XXXXXX";
    make_file(path, "");
    for (int capture = 0; capture < 2; capture++) {
        serve_record r = good();
        serve_observer *o = open_observer(path, capture);
        serve_observe_texts(o, "the \xff question", 14, "an answer", 9);
        serve_observe(o, &r);
        serve_observe(o, &r); /* the second line has no texts */
        serve_observer_free(o);
        const char *text = read_file(path), *found = strstr(text, "question");
        assert_true(capture ? found != NULL : !found);
        if (capture)
            assert_non_null(strstr(text, ",\"bytes_out\":2000,\"request\":\"the \\ufffd question\","
                                         "\"answer\":\"an answer\"}\n{\"time\""));
    }
    unlink(path);
}

static void the_file_is_opened_anew_where_it_was_moved(void **state)
{
    (void)state;
    char path[] = "/tmp/beluga-journal-XXXXXX", moved[64];
    beluga_error err;
    serve_record r = good();
    make_file(path, "");
    snprintf(moved, sizeof moved, "%s.1", path);
    serve_journal *j = open_journal(path);
    serve_journal_take(j, &r);
    serve_journal_wait(j, GENEROUS_MS);
    assert_int_equal(rename(path, moved), 0);
    serve_journal_take(j, &r);
    assert_int_equal(serve_journal_open(j, path, &err), 0);
    serve_journal_wait(j, GENEROUS_MS);
    strcpy(r.request_id, "req_2");
    serve_journal_take(j, &r);
    serve_journal_free(j);
    assert_null(strstr(read_file(moved), "req_2"));
    assert_non_null(strstr(read_file(path), "req_2"));
    assert_null(strstr(read_file(path), "req_1"));
    unlink(path);
    unlink(moved);
}

static void one_that_cant_be_opened_changes_nothing(void **state)
{
    (void)state;
    char path[] = "/tmp/beluga-journal-XXXXXX";
    beluga_error err;
    serve_record r = good();
    make_file(path, "");
    serve_journal *j = open_journal(path);
    assert_int_equal(serve_journal_open(j, "/nowhere/journal", &err), BELUGA_ERROR_INVALID_CONFIG);
    assert_non_null(strstr(err.message, "/nowhere/journal"));
    serve_journal_take(j, &r);
    serve_journal_free(j);
    assert_non_null(strstr(read_file(path), "req_1"));
    unlink(path);
}

/* The pipe has no reader, so it becomes full. Lines are then dropped, and requests do not wait. */
static void a_reader_that_sleeps_costs_lines_and_keeps_nobody(void **state)
{
    (void)state;
    enum { LINES = 20000 };
    char path[] = "/tmp/beluga-journal-XXXXXX";
    serve_record r = good();
    make_file(path, "");
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    int reader = open(path, O_RDONLY | O_NONBLOCK);
    serve_journal *j = open_journal(path);
    for (int i = 0; i < LINES; i++) serve_journal_take(j, &r);
    assert_true(serve_journal_dropped(j) > 0);
    assert_int_equal(serve_journal_trouble(j), 0);
    serve_journal_free(j);
    close(reader);
    unlink(path);
}

static void a_full_disk_is_told_once(void **state)
{
    (void)state;
    serve_record r = good();
    serve_journal *j = open_journal("/dev/full");
    serve_journal_take(j, &r);
    int failure = 0;
    while (!failure) failure = serve_journal_trouble(j);
    assert_int_equal(failure, ENOSPC);
    assert_int_equal(serve_journal_trouble(j), 0);
    serve_journal_free(j);
}

/* --- the last hour ---------------------------------------------------------------------------- */

/* Returns the JSON for the page; the caller frees it. */
static char *page(const serve_recent *recent, int64_t now_ms)
{
    const char *text;
    beluga_json_writer *w = beluga_json_writer_new();
    beluga_json_begin_object(w, NULL);
    serve_recent_put(recent, now_ms, w);
    beluga_json_end_object(w);
    assert_int_equal(beluga_json_writer_text(w, &text, NULL), 0);
    char *copy = strdup(text);
    beluga_json_writer_free(w);
    return copy;
}

static void has(const char *text, const char *part)
{
    if (!strstr(text, part)) fail_msg("no %s in\n%s", part, text);
}

static void the_last_hour_is_told_by_minutes(void **state)
{
    (void)state;
    serve_recent *recent = serve_recent_new();
    serve_record g = good(), b = bad();
    for (int i = 0; i < 90; i++) {
        serve_recent_take(recent, &g);
        g.time_ms += 60000;
    }
    b.time_ms = g.time_ms - 60000;
    serve_recent_take(recent, &b);
    char *text = page(recent, b.time_ms + 2000);
    has(text, "\"hour\":{\"requests\":61,\"errors\":1,\"input_tokens\":6000,\"output_tokens\":1200,"
              "\"cost\":15.0,\"latency_p50_ms\":");
    has(text, "\"requests\":2,\"errors\":1,\"latency_p50_ms\":");
    has(text, "\"providers\":[{\"name\":\"openai\",\"requests\":");
    has(text, "\"last_error\":\"overloaded\"");
    has(text, "\"errors\":[{\"at_ms\":");
    has(text, "\"error\":\"overloaded\",\"message\":\"it is");
    free(text);
    text = page(recent, b.time_ms + 2 * 3600000);
    has(text, "\"hour\":{\"requests\":0,\"errors\":0,");
    has(text, "\"minutes\":[]");
    has(text, "\"errors\":[{\"at_ms\":");
    free(text);
    serve_recent_free(recent);
}

/* Returns a number from the object "hour". */
static double of_hour(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    assert_non_null(at);
    return strtod(at + strlen(name) + 2, NULL);
}

static void times_are_told_within_a_fifth(void **state)
{
    (void)state;
    serve_recent *recent = serve_recent_new();
    serve_record g = good();
    for (int i = 1; i <= 100; i++) {
        g.took_ns = i * INT64_C(10000000);
        g.first_ns = i * INT64_C(1000);
        serve_recent_take(recent, &g);
    }
    char *text = page(recent, AT_MS + 2000);
    assert_in_range((int)of_hour(text, "latency_p50_ms"), 400, 600);
    assert_in_range((int)of_hour(text, "latency_p95_ms"), 760, 1140);
    assert_in_range((int)(of_hour(text, "first_p50_ms") * 1000), 40, 60);
    free(text);
    serve_recent_free(recent);
}

static void a_client_that_goes_or_asks_wrongly_is_no_failure(void **state)
{
    (void)state;
    static const struct {
        int status, error, failures;
    } ends[] = {{200, 0, 0},
                {499, BELUGA_ERROR_CONTEXT_CANCELED, 0},
                {400, BELUGA_ERROR_INVALID_REQUEST, 0},
                {401, BELUGA_ERROR_AUTHENTICATION, 0},
                {429, BELUGA_ERROR_RATE_LIMIT, 1},
                {500, BELUGA_ERROR_INTERNAL, 1},
                {200, BELUGA_ERROR_STREAM_CLOSED, 1}};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        char part[32];
        serve_recent *recent = serve_recent_new();
        serve_record r = good();
        r.status = ends[i].status;
        r.error = ends[i].error;
        serve_recent_take(recent, &r);
        char *text = page(recent, AT_MS + 2000);
        snprintf(part, sizeof part, "\"requests\":1,\"errors\":%d,", ends[i].failures);
        has(text, part);
        free(text);
        serve_recent_free(recent);
    }
}

static void the_last_fifty_errors_are_kept_the_newest_first(void **state)
{
    (void)state;
    serve_recent *recent = serve_recent_new();
    serve_record b = bad();
    for (int i = 0; i < 120; i++) {
        snprintf(b.request_id, sizeof b.request_id, "req_%d", i);
        serve_recent_take(recent, &b);
    }
    char *text = page(recent, AT_MS);
    assert_true(strstr(text, "req_119") < strstr(text, "req_118"));
    has(text, "req_70\"");
    assert_null(strstr(text, "req_69\""));
    free(text);
    serve_recent_free(recent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_counted_by_what_came_of_them),
        cmocka_unit_test(a_value_of_a_label_is_escaped),
        cmocka_unit_test(label_sets_beyond_the_maximum_are_one),
        cmocka_unit_test(a_line_has_all_that_is_known_of_a_request),
        cmocka_unit_test(texts_are_in_it_with_capture_alone),
        cmocka_unit_test(the_file_is_opened_anew_where_it_was_moved),
        cmocka_unit_test(one_that_cant_be_opened_changes_nothing),
        cmocka_unit_test(a_reader_that_sleeps_costs_lines_and_keeps_nobody),
        cmocka_unit_test(a_full_disk_is_told_once),
        cmocka_unit_test(the_last_hour_is_told_by_minutes),
        cmocka_unit_test(times_are_told_within_a_fifth),
        cmocka_unit_test(a_client_that_goes_or_asks_wrongly_is_no_failure),
        cmocka_unit_test(the_last_fifty_errors_are_kept_the_newest_first),
    };
    return cmocka_run_group_tests_name("observe", tests, NULL, NULL);
}
