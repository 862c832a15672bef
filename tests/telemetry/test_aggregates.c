/* How spans and measurements are aggregated before they are exported, and the settings that control
 * this. */
#include "../support/threads.h"
#include "../support/torture.h"
#include "exporting.h"

#include <pthread.h>
#include <stdatomic.h>

/* ---- spans ----------------------------------------------------------------------------------- */

static void a_ratio_samples_about_that_many_traces_whole(void **state)
{
    scene *s = *state;
    static const char *const quarter[] = {
        "OTEL_TRACES_SAMPLER=parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG=0.25",
        "OTEL_BSP_MAX_QUEUE_SIZE=8192", "OTEL_BSP_SCHEDULE_DELAY=3600000", NULL};
    enum { TRACES = 1000, LEAST = 150, MOST = 350 };
    reply(s, 200, NULL, PEER_FOR_EVER);
    open_client(s, quarter);
    for (int i = 0; i < TRACES; i++) invoke(s->mock);
    assert_int_equal(beluga_telemetry_shutdown(s->telemetry, PATIENCE_MS), 0);
    size_t spans = spans_from(s, 0);
    assert_int_equal(spans % SPANS_A_CALL, 0);
    assert_in_range(spans / SPANS_A_CALL, LEAST, MOST);
}

static void a_batch_links_to_so_many_of_its_inputs_and_counts_the_rest(void **state)
{
    scene *s = *state;
    enum { INPUTS = 5, LINKS = 2 };
    static const char *const few[] = {"OTEL_SPAN_LINK_COUNT_LIMIT=2", NULL};
    beluga_input inputs[INPUTS];
    beluga_batch_result results[INPUTS];
    reply(s, 200, NULL, PEER_FOR_EVER);
    open_client(s, few);
    for (int i = 0; i < INPUTS; i++) inputs[i] = beluga_input_text("Hi");
    assert_int_equal(beluga_batch(s->mock, NULL, inputs, INPUTS, results, NULL), 0);
    beluga_batch_results_clear(results, INPUTS);
    assert_int_equal(beluga_telemetry_shutdown(s->telemetry, PATIENCE_MS), 0);
    size_t batches = 0;
    for (size_t i = 0; i < peer_requests(s->peer); i++) {
        Otlp__TraceRequest *request = request_at(s, i);
        const Otlp__ScopeSpans *scope = request->resource_spans[0]->scope_spans[0];
        for (size_t k = 0; k < scope->n_spans; k++) {
            const Otlp__Span *span = scope->spans[k];
            if (strcmp(span->name, "batch any") != 0) continue;
            batches++;
            assert_int_equal(span->n_links, LINKS);
            assert_int_equal(span->dropped_links_count, INPUTS - LINKS);
            assert_memory_equal(span->links[0]->trace_id.data, span->trace_id.data, 16);
        }
        otlp__trace_request__free_unpacked(request, NULL);
    }
    assert_int_equal(batches, 1);
}

/* ---- aggregation of metrics ------------------------------------------------------------------ */

static void a_value_falls_into_the_first_bucket_whose_bound_is_not_below_it(void **state)
{
    (void)state;
    double bounds[BELUGA__BUCKETS - 1];
    for (int seconds = 0; seconds < 2; seconds++) {
        beluga__bounds_read(seconds, bounds);
        double scale = seconds ? 1e9 : 1;
        for (int i = 0; i < BELUGA__BUCKETS - 1; i++)
            for (int by = -1; by <= 1; by++) {
                beluga__distribution d = {.min = INT64_MAX, .max = INT64_MIN};
                int64_t value = (int64_t)(bounds[i] * scale + 0.5) + by;
                int expected = 0;
                while (expected < BELUGA__BUCKETS - 1 &&
                       (double)value > bounds[expected] * scale + 0.25)
                    expected++;
                beluga__distribution_add(&d, seconds ? BELUGA__DURATION : BELUGA__INPUT, value);
                assert_int_equal(d.buckets[expected], 1);
                assert_int_equal(beluga__distribution_count(&d), 1);
                assert_int_equal(d.sum, value);
            }
    }
}

typedef struct numbers {
    pthread_mutex_t lock;
    beluga__subjects subjects;
    beluga__subject *subject;
} numbers;

static beluga_span_start start_of(const char *model)
{
    return (beluga_span_start){.size = sizeof(beluga_span_start),
                               .kind = BELUGA_SPAN_OPERATION,
                               .operation = "chat",
                               .provider = "acme",
                               .metric_prefix = "beluga.acme",
                               .model = model,
                               .base_url = "https://me@[::1]:8443/v1"};
}

static int set_up_numbers(void **state)
{
    numbers *n = calloc(1, sizeof *n);
    if (!n) return -1;
    pthread_mutex_init(&n->lock, NULL);
    beluga__subjects_init(&n->subjects, beluga_allocator_default(), &n->lock);
    beluga_span_start start = start_of("m");
    n->subject = beluga__subject_find(&n->subjects, &start);
    *state = n;
    return n->subject ? 0 : -1;
}

static int tear_down_numbers(void **state)
{
    numbers *n = *state;
    beluga__subjects_free(&n->subjects);
    pthread_mutex_destroy(&n->lock);
    free(n);
    return 0;
}

static void a_subject_is_found_again_by_what_it_says(void **state)
{
    numbers *n = *state;
    /* the same name in another array, so that the library must compare the text */
    char model[] = "m";
    beluga_span_start again = start_of(model), other = start_of("n");
    assert_ptr_equal(beluga__subject_find(&n->subjects, &again), n->subject);
    assert_ptr_not_equal(beluga__subject_find(&n->subjects, &other), n->subject);
    assert_string_equal(n->subject->host, "::1");
    assert_int_equal(n->subject->port, 8443);
}

static void models_past_the_maximum_share_a_name(void **state)
{
    numbers *n = *state;
    beluga__subject *first = NULL, *last = NULL;
    for (unsigned i = 0; i < BELUGA__MAX_SUBJECTS + 20; i++) {
        char name[32];
        snprintf(name, sizeof name, "model-%u", i);
        beluga_span_start start = start_of(name);
        last = beluga__subject_find(&n->subjects, &start);
        assert_non_null(last);
        if (!first && strcmp(last->model, "_OTHER") == 0) first = last;
    }
    assert_non_null(first);
    assert_ptr_equal(first, last);
}

static uint64_t durations_of(const beluga__subject *subject, bool overflow)
{
    uint64_t count = 0;
    for (unsigned i = 0; i < BELUGA__MAX_SERIES + BELUGA__RESTS; i++) {
        beluga__series *series = atomic_load(&subject->series[i]);
        beluga__totals totals;
        if (!series || series->overflow != overflow) continue;
        beluga__series_read(subject, series, &totals);
        count += beluga__distribution_count(&totals.distributions[BELUGA__DURATION]);
    }
    return count;
}

static void series_past_the_maximum_are_counted_together(void **state)
{
    numbers *n = *state;
    enum { MODELS = 100 };
    for (int i = 0; i < MODELS; i++) {
        char name[32];
        snprintf(name, sizeof name, "answers-%d", i);
        const beluga__outcome outcome = {
            .response_model = name, .duration_ns = 5, .first_chunk_ns = -1};
        beluga__subject_record(&n->subjects, n->subject, &outcome);
    }
    assert_int_equal(durations_of(n->subject, false), BELUGA__MAX_SERIES);
    assert_int_equal(durations_of(n->subject, true), MODELS - BELUGA__MAX_SERIES);
}

static void *record_many(void *argument)
{
    numbers *n = argument;
    for (int i = 0; i < 1000; i++) {
        const beluga_usage usage = {.input_total = 3, .output_total = i % 5};
        const beluga__outcome outcome = {
            .code = -(i % 3), .duration_ns = i, .first_chunk_ns = -1, .usage = &usage};
        const beluga_measurement m = {
            .name = "acme.x", .unit = "", .kind = BELUGA_MEASUREMENT_COUNTER, .value = 0.5};
        beluga__subject_record(&n->subjects, n->subject, &outcome);
        beluga__subject_measure(&n->subjects, n->subject, &m);
    }
    return NULL;
}

static void what_threads_record_adds_up(void **state)
{
    numbers *n = *state;
    threads_run(THREADS, record_many, n);
    assert_int_equal(durations_of(n->subject, false), THREADS * 1000);
    assert_int_equal(atomic_load(&n->subject->n_series), 3);
    int64_t input = 0, output = 0;
    for (unsigned i = 0; i < 3; i++) {
        beluga__totals totals;
        beluga__series_read(n->subject, atomic_load(&n->subject->series[i]), &totals);
        input += totals.distributions[BELUGA__INPUT].sum;
        output += totals.distributions[BELUGA__OUTPUT].sum;
        assert_int_equal(totals.distributions[BELUGA__INPUT].min, 3);
        assert_int_equal(totals.distributions[BELUGA__INPUT].max, 3);
    }
    assert_int_equal(input, THREADS * 1000 * 3);
    assert_int_equal(output, THREADS * 1000 * 2);
    uint64_t bits = atomic_load(&atomic_load(&n->subject->instruments)->sum);
    double sum;
    memcpy(&sum, &bits, sizeof sum);
    assert_true(sum == THREADS * 1000 * 0.5);
}

/* ---- memory ---------------------------------------------------------------------------------- */

static void print_nothing(void *payload, const char *text, size_t length)
{
    (void)payload;
    (void)text;
    (void)length;
}

/* If memory is missing, telemetry is dropped, and the call itself must not fail because of it. */
static int observe_a_call(void *argument)
{
    static const char *const variables[] = {
        "OTEL_TRACES_EXPORTER=console",
        "OTEL_METRICS_EXPORTER=console",
        "OTEL_RESOURCE_ATTRIBUTES=a=b,c=d",
        "OTEL_EXPORTER_OTLP_HEADERS=e=f",
        "OTEL_BSP_SCHEDULE_DELAY=3600000",
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true",
        NULL};
    const beluga_telemetry_settings settings = {.size = sizeof settings,
                                                .variables = variables,
                                                .without_environment = true,
                                                .print = print_nothing};
    beluga_client *client = NULL;
    beluga_telemetry *telemetry = NULL;
    beluga_chat_model *model = NULL;
    beluga_response *response = NULL;
    beluga_config *config = NULL;
    (void)argument;
    int status = beluga_client_new(NULL, &client);
    if (!status) status = beluga_telemetry_init(client, &settings, &telemetry, NULL);
    if (!status && !(config = beluga_config_new(beluga_with_model_name("any"))))
        status = BELUGA_ERROR_NO_MEMORY;
    if (!status)
        status = beluga_registry_open(beluga_client_registry(client), "mock", config, &model, NULL);
    if (!status) status = beluga_invoke(model, NULL, beluga_input_text("Hi"), &response, NULL);
    beluga_response_free(response);
    beluga_config_free(config);
    beluga_chat_model_unref(model);
    beluga_telemetry_shutdown(telemetry, PATIENCE_MS);
    beluga_telemetry_unref(telemetry);
    beluga_client_unref(client);
    return status;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    assert_true(torture_run(observe_a_call, NULL) > 30);
}

/* ---- settings -------------------------------------------------------------------------------- */

static void what_nobody_asked_for_is_not_made(void **state)
{
    scene *s = *state;
    static const char *const disabled[] = {"OTEL_SDK_DISABLED=true", NULL};
    const beluga_telemetry_settings
        unasked = {.size = sizeof unasked, .without_environment = true, .only_if_asked = true},
        off = {.size = sizeof off, .without_environment = true, .variables = disabled},
        unreachable = {.size = sizeof off, .file = "/nowhere/at/all.jsonl"}, unsized = {.size = 1};
    beluga_telemetry *t = NULL;
    beluga_error err = {0};
    assert_int_equal(beluga_client_new(NULL, &s->client), 0);
    assert_int_equal(beluga_telemetry_init(s->client, &unasked, &t, &err), 0);
    assert_null(t);
    assert_int_equal(beluga_telemetry_init(s->client, &off, &t, &err), 0);
    assert_null(t);
    assert_int_equal(beluga_telemetry_init(s->client, &unreachable, &t, &err),
                     BELUGA_ERROR_INVALID_CONFIG);
    assert_non_null(strstr(err.message, "/nowhere/at/all.jsonl"));
    assert_int_equal(beluga_telemetry_init(s->client, &unsized, &t, &err),
                     BELUGA_ERROR_INVALID_INPUT);
    assert_null(t);
}

typedef struct pairs {
    char text[256];
} pairs;

static bool join(void *payload, const char *name, const char *value)
{
    pairs *p = payload;
    size_t at = strlen(p->text);
    snprintf(p->text + at, sizeof p->text - at, "<%s|%s>", name, value);
    return true;
}

static void pairs_are_decoded_or_refused_whole(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected; /* NULL: refused */
    } cases[] = {{"a=b", "<a|b>"},
                 {" a = b , c=d ", "<a|b><c|d>"},
                 {"a=b%2Cc%3D", "<a|b,c=>"},
                 {"a=", "<a|>"},
                 {"a=b=c", "<a|b=c>"},
                 {"", ""},
                 {",a=b,,", "<a|b>"},
                 {"a", NULL},
                 {"=b", NULL},
                 {"a=%2", NULL},
                 {"a=%zz", NULL},
                 {"a=%00", NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        beluga__arena arena;
        pairs p = {""};
        beluga__arena_init(&arena, beluga_allocator_default(), NULL, 0, 65536);
        assert_int_equal(beluga__pairs_read(&arena, cases[i].text, join, &p),
                         cases[i].expected != NULL);
        if (cases[i].expected) assert_string_equal(p.text, cases[i].expected);
        beluga__arena_free(&arena);
    }
}

#define NUMBERS(test) cmocka_unit_test_setup_teardown(test, set_up_numbers, tear_down_numbers)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_ratio_samples_about_that_many_traces_whole),
        TEST(a_batch_links_to_so_many_of_its_inputs_and_counts_the_rest),
        cmocka_unit_test(a_value_falls_into_the_first_bucket_whose_bound_is_not_below_it),
        NUMBERS(a_subject_is_found_again_by_what_it_says),
        NUMBERS(models_past_the_maximum_share_a_name),
        NUMBERS(series_past_the_maximum_are_counted_together),
        NUMBERS(what_threads_record_adds_up),
        cmocka_unit_test(every_allocation_may_fail),
        TEST(what_nobody_asked_for_is_not_made),
        cmocka_unit_test(pairs_are_decoded_or_refused_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
