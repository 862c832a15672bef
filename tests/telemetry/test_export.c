/* The exporter with several threads, forks, and receivers that fail; and the aggregation of
 * metrics. Every span must be received or counted as dropped. */
#include "../support/threads.h"
#include "exporting.h"

#include <unistd.h>

/* ---- a client that exports to the peer ------------------------------------------------------- */

static void *call_some(void *argument)
{
    for (int i = 0; i < CALLS; i++) invoke(argument);
    return NULL;
}

/* ---- threads --------------------------------------------------------------------------------- */

static void nothing_is_lost_but_what_the_count_says(void **state)
{
    scene *s = *state;
    static const char *const small[] = {"OTEL_BSP_MAX_QUEUE_SIZE=64",
                                        "OTEL_BSP_MAX_EXPORT_BATCH_SIZE=16",
                                        "OTEL_BSP_SCHEDULE_DELAY=1", NULL};
    enum { REFUSED = 3 };
    reply(s, 400, NULL, 1);
    reply(s, 500, NULL, 1);
    reply(s, 503, "Retry-After: 0\r\n", 1);
    reply(s, 200, NULL, PEER_FOR_EVER);
    open_client(s, small);
    threads callers;
    threads_start(&callers, THREADS, call_some, s->mock);
    peer_wait_requests(s->peer, REFUSED + 1, PATIENCE_MS);
    beluga_telemetry_flush(s->telemetry, PATIENCE_MS);
    threads_join(&callers);
    beluga_telemetry_shutdown(s->telemetry, PATIENCE_MS);
    assert_true(peer_requests(s->peer) > REFUSED);
    size_t there = spans_from(s, REFUSED);
    assert_int_equal(there + beluga_telemetry_dropped(s->telemetry),
                     THREADS * CALLS * SPANS_A_CALL);
    assert_true(there > 0);
}

/* Telemetry is shut down while the threads make calls. Spans that end later are lost, but the calls
 * must succeed. */
static void calls_go_on_while_it_is_shut_down(void **state)
{
    scene *s = *state;
    threads callers;
    reply(s, 200, NULL, PEER_FOR_EVER);
    open_client(s, NULL);
    threads_start(&callers, THREADS, call_some, s->mock);
    beluga_telemetry_shutdown(s->telemetry, PATIENCE_MS);
    /* the second shutdown has no effect */
    assert_int_equal(beluga_telemetry_shutdown(s->telemetry, PATIENCE_MS), 0);
    threads_join(&callers);
    size_t requests = peer_requests(s->peer);
    invoke(s->mock);
    assert_int_equal(peer_requests(s->peer), requests);
    assert_int_equal(beluga_telemetry_flush(s->telemetry, PATIENCE_MS), 0);
}

/* ---- receivers that fail --------------------------------------------------------------------- */

static void a_receiver_that_hangs_costs_calls_nothing_and_the_shutdown_its_time(void **state)
{
    scene *s = *state;
    static const char *const small[] = {"OTEL_BSP_MAX_QUEUE_SIZE=8",
                                        "OTEL_BSP_MAX_EXPORT_BATCH_SIZE=8", NULL};
    peer_step_hang(peer_reply_new(s->peer));
    open_client(s, small);
    for (int i = 0; i < CALLS; i++) invoke(s->mock);
    assert_int_equal(peer_wait_requests(s->peer, 1, PATIENCE_MS), 0);
    /* the queue was full, so spans were dropped */
    assert_true(beluga_telemetry_dropped(s->telemetry) > 0);
    assert_int_not_equal(beluga_telemetry_shutdown(s->telemetry, 50), 0);
    /* On a slow machine the thread may count them only after the shutdown. */
    while (beluga_telemetry_dropped(s->telemetry) != CALLS * SPANS_A_CALL) usleep(1000);
}

static void a_connection_that_breaks_is_tried_again(void **state)
{
    scene *s = *state;
    peer_step_reset(peer_reply_new(s->peer));
    reply(s, 200, NULL, PEER_FOR_EVER);
    open_client(s, NULL);
    invoke(s->mock);
    assert_int_equal(peer_wait_requests(s->peer, 2, PATIENCE_MS), 0);
    assert_int_equal(beluga_telemetry_shutdown(s->telemetry, PATIENCE_MS), 0);
    assert_int_equal(beluga_telemetry_dropped(s->telemetry), 0);
}

static void a_retry_after_that_is_too_long_is_not_waited_for(void **state)
{
    scene *s = *state;
    static const char *const soon[] = {"OTEL_BSP_EXPORT_TIMEOUT=20000", NULL};
    reply(s, 429, "Retry-After: 3600\r\n", 1);
    reply(s, 200, NULL, PEER_FOR_EVER);
    open_client(s, soon);
    invoke(s->mock);
    assert_int_equal(peer_wait_outcome(s->peer, 0, PEER_ANSWERED, PATIENCE_MS), 0);
    while (beluga_telemetry_dropped(s->telemetry) != SPANS_A_CALL) usleep(1000);
    invoke(s->mock); /* after the dropped spans the exporter works */
    assert_int_equal(beluga_telemetry_flush(s->telemetry, PATIENCE_MS), 0);
    assert_int_equal(spans_from(s, 1), SPANS_A_CALL);
}

static void an_answer_that_does_not_end_is_cut_off(void **state)
{
    scene *s = *state;
    enum { PIECE = 256 * 1024, PIECES = 20 };
    char *piece = calloc(1, PIECE);
    peer_reply *r = peer_reply_new(s->peer);
    peer_step_status(r, 200, NULL);
    for (int i = 0; i < PIECES; i++) peer_step_chunk(r, piece, PIECE);
    peer_step_hang(r);
    open_client(s, NULL);
    invoke(s->mock);
    while (beluga_telemetry_dropped(s->telemetry) != SPANS_A_CALL) usleep(1000);
    free(piece);
}

/* ---- fork ------------------------------------------------------------------------------------ */

static int call_in_child(void *argument)
{
    scene *s = argument;
    invoke(s->mock);
    int status = beluga_telemetry_shutdown(s->telemetry, PATIENCE_MS);
    if (status) fprintf(stderr, "# the child's shutdown: %s\n", beluga_error_text(status));
    if (status) return 1;
    return beluga_telemetry_dropped(s->telemetry) ? 2 : 0;
}

static const char *instance_of(const Otlp__TraceRequest *request)
{
    const Otlp__Resource *resource = request->resource_spans[0]->resource;
    for (size_t i = 0; i < resource->n_attributes; i++)
        if (strcmp(resource->attributes[i]->key, "service.instance.id") == 0)
            return resource->attributes[i]->value->string_value;
    return "";
}

static void a_forked_child_exports_its_own_spans_only(void **state)
{
    scene *s = *state;
    static const char *const later[] = {"OTEL_BSP_SCHEDULE_DELAY=3600000", NULL};
    needs_threads_in_a_child();
    reply(s, 200, NULL, PEER_FOR_EVER);
    open_client(s, later);
    invoke(s->mock); /* the span of this call is in the parent's queue */
    in_child(call_in_child, s);
    assert_int_equal(spans_from(s, 0), SPANS_A_CALL);
    assert_int_equal(beluga_telemetry_flush(s->telemetry, PATIENCE_MS), 0);
    assert_int_equal(peer_requests(s->peer), 2);
    Otlp__TraceRequest *its = request_at(s, 0), *mine = request_at(s, 1);
    assert_string_not_equal(instance_of(its), instance_of(mine));
    assert_int_equal(mine->resource_spans[0]->scope_spans[0]->n_spans, SPANS_A_CALL);
    assert_memory_not_equal(its->resource_spans[0]->scope_spans[0]->spans[0]->trace_id.data,
                            mine->resource_spans[0]->scope_spans[0]->spans[0]->trace_id.data, 16);
    otlp__trace_request__free_unpacked(its, NULL);
    otlp__trace_request__free_unpacked(mine, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_lost_but_what_the_count_says),
        TEST(calls_go_on_while_it_is_shut_down),
        TEST(a_receiver_that_hangs_costs_calls_nothing_and_the_shutdown_its_time),
        TEST(a_connection_that_breaks_is_tried_again),
        TEST(a_retry_after_that_is_too_long_is_not_waited_for),
        TEST(an_answer_that_does_not_end_is_cut_off),
        TEST(a_forked_child_exports_its_own_spans_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
