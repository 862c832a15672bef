/* What a telemetry sink is called with: one operation for each call, and one attempt for each
 * request of the call, with their results. Each span must end exactly once, however the call
 * ends. */
#include "../support/parts.h"
#include "recorder.h"

/* ---- assertions ------------------------------------------------------------------------------ */

/* Assert that one operation and one attempt were reported, and that both ended with this code. */
static void assert_both(const scene *s, int code)
{
    const span *operation = the(s, 0, 2), *attempt = the(s, 1, 2);
    assert_int_equal(operation->start.kind, BELUGA_SPAN_OPERATION);
    assert_int_equal(attempt->start.kind, BELUGA_SPAN_ATTEMPT);
    assert_ptr_equal(attempt->parent, operation);
    assert_int_equal(operation->end.status, code);
    assert_int_equal(attempt->end.status, code);
    assert_int_equal(operation->error.code, code);
}

/* ---- reported spans -------------------------------------------------------------------------- */

static void a_call_is_an_operation_and_one_attempt(void **state)
{
    scene *s = *state;
    peer_openai_answer(peer_reply_new(s->peer), "Hello there.");
    beluga_context *context = beluga_context_new_traced(NULL, TRACEPARENT);
    const beluga_option name = beluga_with_model_name("peer-chat");
    assert_int_equal(invoke_on(s->openai, context, &name, 1), 0);
    beluga_context_unref(context);
    assert_both(s, 0);
    const span *operation = the(s, 0, 2), *attempt = the(s, 1, 2);
    assert_null(operation->parent);
    assert_int_equal(operation->start.attempt, 0);
    assert_int_equal(attempt->start.attempt, 1);
    assert_string_equal(operation->traceparent, TRACEPARENT);
    for (const span *x = operation; x <= attempt; x++) {
        assert_int_equal(x->start.size, sizeof x->start);
        assert_string_equal(x->start.operation, "chat");
        assert_string_equal(x->start.provider, "openai");
        assert_string_equal(x->start.metric_prefix, "beluga.openai");
        assert_string_equal(x->model, "peer-chat");
        assert_string_equal(x->base_url, peer_url(s->peer));
        assert_false(x->start.streaming);
        assert_int_equal(x->messages, 1);
        assert_int_equal(x->end.size, sizeof x->end);
        assert_null(x->end.error);
        assert_true(x->end.usage.input_total > 0 && x->end.usage.output_total > 0);
        assert_int_equal(x->end.finish_reason, BELUGA_FINISH_STOP);
        assert_true(*x->response_id);
        assert_string_equal(x->response_model, "peer-chat");
        assert_true(x->end.duration_ns > 0);
        assert_int_equal(x->retries, 0);
    }
    assert_true(operation->end.duration_ns >= attempt->end.duration_ns);
}

static void a_provider_without_http_is_told_of_alike(void **state)
{
    scene *s = *state;
    assert_int_equal(invoke_on(s->mock, NULL, NULL, 0), 0);
    assert_both(s, 0);
    assert_string_equal(the(s, 0, 2)->start.provider, "mock");
    assert_string_equal(the(s, 0, 2)->start.metric_prefix, "beluga.mock");
    assert_string_equal(the(s, 0, 2)->base_url, "");
    assert_true(the(s, 1, 2)->end.usage.output_total > 0);
}

static void a_stream_tells_its_first_content_and_the_others(void **state)
{
    scene *s = *state;
    pulled got;
    peer_openai_stream(peer_reply_new(s->peer), "one two three");
    stream_all(s->openai, &got);
    assert_int_equal(got.status, 0);
    assert_both(s, 0);
    const span *operation = the(s, 0, 2);
    assert_true(operation->start.streaming);
    assert_int_equal(operation->first, 1);
    assert_int_equal(operation->contents, got.texts - 1);
    assert_int_equal(operation->end.usage.output_total, got.usage.output_total);
    assert_true(got.usage.output_total > 0);
}

static void tool_calls_are_counted(void **state)
{
    scene *s = *state;
    pulled got;
    peer_reply *r = peer_reply_new(s->peer);
    peer_openai_begin(r);
    peer_openai_tool(r, 0, "call_1", "weather", "{}");
    peer_openai_tool(r, 1, "call_2", "weather", "{}");
    peer_openai_finish(r, "tool_calls");
    peer_openai_usage(r, 3, 4);
    peer_openai_done(r);
    stream_all(s->openai, &got);
    assert_both(s, 0);
    assert_int_equal(the(s, 0, 2)->end.tool_calls, 2);
    assert_int_equal(the(s, 1, 2)->end.tool_calls, 2);
    assert_int_equal(the(s, 0, 2)->end.finish_reason, BELUGA_FINISH_TOOL_CALLS);
}

static void every_attempt_has_a_span_and_every_retry_its_reason(void **state)
{
    scene *s = *state;
    peer_openai_error(peer_reply_new(s->peer), 429, "Retry-After: 0\r\n", NULL, "slow down");
    peer_openai_error(peer_reply_new(s->peer), 500, "Retry-After: 0\r\n", NULL, "broken");
    peer_openai_answer(peer_reply_new(s->peer), "Hello.");
    assert_int_equal(invoke_on(s->openai, NULL, NULL, 0), 0);
    const span *operation = the(s, 0, 4);
    assert_int_equal(operation->end.status, 0);
    assert_int_equal(operation->retries, 2);
    assert_int_equal(operation->retry_code, BELUGA_ERROR_INTERNAL);
    static const int codes[] = {BELUGA_ERROR_RATE_LIMIT, BELUGA_ERROR_INTERNAL, 0};
    for (unsigned i = 0; i < 3; i++) {
        const span *attempt = the(s, i + 1, 4);
        assert_ptr_equal(attempt->parent, operation);
        assert_int_equal(attempt->start.attempt, i + 1);
        assert_int_equal(attempt->end.status, codes[i]);
    }
    assert_int_equal(the(s, 1, 4)->end.http_status, 429);
}

static void the_last_failure_is_the_operations(void **state)
{
    scene *s = *state;
    peer_reply *r = peer_reply_new(s->peer);
    peer_reply_repeat(r, 2);
    peer_openai_error(r, 503, "Retry-After: 0\r\n", "overloaded", "later");
    const beluga_option once = beluga_with_max_retries(1);
    assert_int_equal(invoke_on(s->openai, NULL, &once, 1), BELUGA_ERROR_OVERLOADED);
    const span *operation = the(s, 0, 3);
    assert_int_equal(operation->end.status, BELUGA_ERROR_OVERLOADED);
    assert_int_equal(operation->end.http_status, 503);
    assert_string_equal(operation->error.provider_code, "overloaded");
    assert_int_equal(operation->error.attempts, 2);
    assert_int_equal(operation->retries, 1);
    assert_int_equal(the(s, 2, 3)->end.status, BELUGA_ERROR_OVERLOADED);
}

static void usage_is_told_of_a_stream_that_breaks(void **state)
{
    scene *s = *state;
    pulled got;
    peer_reply *r = peer_reply_new(s->peer);
    peer_openai_begin(r);
    peer_openai_text(r, "Half");
    peer_openai_usage(r, 11, 7);
    peer_step_close(r);
    stream_all(s->openai, &got);
    assert_int_equal(got.status, BELUGA_ERROR_STREAM_CLOSED);
    assert_both(s, BELUGA_ERROR_STREAM_CLOSED);
    assert_int_equal(the(s, 0, 2)->end.usage.input_total, 11);
    assert_int_equal(the(s, 0, 2)->end.usage.output_total, 7);
    assert_int_equal(the(s, 1, 2)->end.usage.output_total, 7);
    assert_int_equal(the(s, 0, 2)->first, 1);
}

/* ---- every way in which a call can end ------------------------------------------------------- */

/* Script a stream that has a word and its usage, but never ends. */
static void say_a_word_and_hang(peer *p)
{
    peer_reply *r = peer_reply_new(p);
    peer_openai_begin(r);
    peer_openai_text(r, "Half");
    peer_openai_usage(r, 11, 7);
    peer_step_hang(r);
}

static void on_event(void *payload, const beluga_event *event)
{
    scene *s = payload;
    s->usages += event->kind == BELUGA_EVENT_USAGE;
    if (event->kind == BELUGA_EVENT_FINISH || event->kind == BELUGA_EVENT_ERROR) s->terminal++;
}

/* Begin a pushed stream whose answer never ends, and run it until its usage has arrived. */
static beluga_op *waiting_stream(scene *s, beluga_context *context)
{
    beluga_op *op = NULL;
    beluga_messages *messages = beluga_messages_new();
    beluga_messages_add(messages, beluga_human_message("Hi"));
    say_a_word_and_hang(s->peer);
    assert_int_equal(
        beluga_stream_start(s->openai, s->loop, context, messages, on_event, s, &op, NULL), 0);
    beluga_messages_free(messages);
    while (!s->usages) assert_int_equal(beluga_loop_wait(s->loop, PATIENCE_MS), 0);
    return op;
}

static void step_to_the_end(scene *s)
{
    while (!s->terminal) assert_int_equal(beluga_loop_wait(s->loop, PATIENCE_MS), 0);
    assert_int_equal(s->terminal, 1);
}

static void an_op_that_is_cancelled_ends_its_spans_with_its_usage(void **state)
{
    scene *s = *state;
    beluga_op *op = waiting_stream(s, NULL);
    beluga_op_cancel(op);
    beluga_op_cancel(op);
    step_to_the_end(s);
    beluga_op_cancel(op);
    beluga_op_free(op);
    assert_both(s, BELUGA_ERROR_CONTEXT_CANCELED);
    assert_int_equal(the(s, 0, 2)->end.usage.output_total, 7);
    assert_int_equal(the(s, 1, 2)->end.usage.output_total, 7);
}

static void a_context_that_is_cancelled_ends_its_spans(void **state)
{
    scene *s = *state;
    beluga_context *context = beluga_context_new_cancellable(NULL);
    beluga_op *op = waiting_stream(s, context);
    beluga_context_cancel(context);
    step_to_the_end(s);
    beluga_op_free(op);
    beluga_context_unref(context);
    assert_both(s, BELUGA_ERROR_CONTEXT_CANCELED);
    assert_int_equal(the(s, 0, 2)->end.usage.input_total, 11);
}

static void a_deadline_ends_both_spans_as_what_it_is(void **state)
{
    scene *s = *state;
    /* If the deadline passed before the attempt began, there would be no second span. */
    beluga_context *context = beluga_context_new_timeout(NULL, 1000);
    peer_step_hang(peer_reply_new(s->peer));
    assert_int_equal(invoke_on(s->openai, context, NULL, 0), BELUGA_ERROR_CONTEXT_TIMEOUT);
    beluga_context_unref(context);
    assert_both(s, BELUGA_ERROR_CONTEXT_TIMEOUT);
}

static void a_timeout_ends_both_spans(void **state)
{
    scene *s = *state;
    const beluga_option soon[] = {beluga_with_timeout_ms(50), beluga_with_max_retries(0)};
    peer_step_hang(peer_reply_new(s->peer));
    assert_int_equal(invoke_on(s->openai, NULL, soon, 2), BELUGA_ERROR_TIMEOUT);
    assert_both(s, BELUGA_ERROR_TIMEOUT);
}

static void a_loop_that_is_freed_ends_its_spans(void **state)
{
    scene *s = *state;
    beluga_op *op = waiting_stream(s, NULL);
    beluga_loop_free(s->loop);
    s->loop = NULL;
    beluga_op_free(op);
    assert_int_equal(s->terminal, 0);
    assert_both(s, BELUGA_ERROR_CONTEXT_CANCELED);
}

static void a_stream_that_is_freed_ends_its_spans(void **state)
{
    scene *s = *state;
    beluga_stream *stream = NULL;
    const beluga_event *event = NULL;
    say_a_word_and_hang(s->peer);
    assert_int_equal(beluga_stream_input(s->openai, NULL, beluga_input_text("Hi"), &stream, NULL),
                     0);
    do assert_int_equal(beluga_stream_next(stream, &event, NULL), 0);
    while (event->kind != BELUGA_EVENT_TEXT);
    beluga_stream_free(stream);
    assert_both(s, BELUGA_ERROR_CONTEXT_CANCELED);
}

static void a_stream_that_is_freed_before_its_first_event_ends_its_spans(void **state)
{
    scene *s = *state;
    beluga_stream *stream = NULL;
    assert_int_equal(beluga_stream_input(s->openai, NULL, beluga_input_text("Hi"), &stream, NULL),
                     0);
    beluga_stream_free(stream);
    assert_both(s, BELUGA_ERROR_CONTEXT_CANCELED);
}

static void a_cancel_while_a_retry_waits_begins_no_attempt(void **state)
{
    scene *s = *state;
    beluga_op *op = NULL;
    beluga_messages *messages = beluga_messages_new();
    beluga_messages_add(messages, beluga_human_message("Hi"));
    peer_openai_error(peer_reply_new(s->peer), 429, "Retry-After: 50\r\n", NULL, "slow down");
    assert_int_equal(
        beluga_stream_start(s->openai, s->loop, NULL, messages, on_event, s, &op, NULL), 0);
    beluga_messages_free(messages);
    while (!s->recorder.spans[0].retries)
        assert_int_equal(beluga_loop_wait(s->loop, PATIENCE_MS), 0);
    beluga_op_cancel(op);
    step_to_the_end(s);
    beluga_op_free(op);
    assert_int_equal(the(s, 0, 2)->end.status, BELUGA_ERROR_CONTEXT_CANCELED);
    assert_int_equal(the(s, 1, 2)->end.status, BELUGA_ERROR_RATE_LIMIT);
}

static int one_input(void *payload, uint64_t index, beluga_input *input)
{
    (void)payload;
    *input = beluga_input_text("Hi");
    return index == 0;
}

static void no_result(void *payload, uint64_t index, beluga_batch_result *result)
{
    (void)index;
    (void)result;
    ((scene *)payload)->terminal++;
}

static void a_batch_that_is_freed_ends_its_spans(void **state)
{
    scene *s = *state;
    beluga_batch_op *batch = NULL;
    peer_step_hang(peer_reply_new(s->peer));
    assert_int_equal(beluga_batch_start_n(s->openai, s->loop, NULL, one_input, no_result, NULL, s,
                                          &batch, NULL, NULL, 0),
                     0);
    while (!beluga_loop_active(s->loop)) assert_int_equal(beluga_loop_step(s->loop), 0);
    beluga_batch_op_free(batch);
    assert_int_equal(s->terminal, 0);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(the(s, i, 3)->end.status, BELUGA_ERROR_CONTEXT_CANCELED);
    assert_int_equal(the(s, 0, 3)->start.kind, BELUGA_SPAN_BATCH);
    assert_ptr_equal(the(s, 1, 3)->parent, the(s, 0, 3));
}

static void a_batch_is_the_parent_of_its_inputs(void **state)
{
    scene *s = *state;
    const beluga_input inputs[] = {beluga_input_text("1"), beluga_input_text("2"), {0}};
    beluga_batch_result results[3];
    assert_int_not_equal(beluga_batch(s->mock, NULL, inputs, 3, results, NULL), 0);
    beluga_batch_results_clear(results, 3);
    const span *batch = the(s, 0, 5);
    assert_int_equal(batch->start.kind, BELUGA_SPAN_BATCH);
    assert_string_equal(batch->start.operation, "batch");
    assert_int_equal(batch->end.succeeded, 2);
    assert_int_equal(batch->end.failed, 1);
    size_t below = 0;
    for (size_t i = 1; i < 5; i++) below += the(s, i, 5)->parent == batch;
    assert_int_equal(below, 2);
}

static void a_batch_outlives_its_loop(void **state)
{
    scene *s = *state;
    beluga_batch_op *batch = NULL;
    assert_int_equal(beluga_batch_start_n(s->openai, s->loop, NULL, one_input, no_result, NULL, s,
                                          &batch, NULL, NULL, 0),
                     0);
    beluga_loop_free(s->loop);
    s->loop = NULL;
    beluga_batch_op_free(batch);
    assert_int_equal(s->terminal, 0);
    assert_int_equal(the(s, 0, 1)->end.status, BELUGA_ERROR_CONTEXT_CANCELED);
}

static const char *const three[] = {"a", "b", "c"};

static void embeddings_in_parts_have_a_parent(void **state)
{
    needs_part("embeddings");
    scene *s = *state;
    beluga_embeddings *e;
    assert_int_equal(
        beluga_embed(s->mock, NULL, three, NULL, 3, &e, NULL, beluga_with_max_inputs(2)), 0);
    beluga_embeddings_free(e);
    const span *whole = the(s, 0, 5);
    assert_int_equal(whole->start.kind, BELUGA_SPAN_BATCH);
    assert_int_equal(whole->ends, 1);
    assert_int_equal(whole->end.status, 0);
    assert_int_equal(whole->end.succeeded, 2);
    size_t below = 0;
    for (size_t i = 1; i < 5; i++) below += the(s, i, 5)->parent == whole;
    assert_int_equal(below, 2);
}

static void embeddings_in_one_part_have_none(void **state)
{
    needs_part("embeddings");
    scene *s = *state;
    beluga_embeddings *e;
    assert_int_equal(beluga_embed(s->mock, NULL, three, NULL, 3, &e, NULL), 0);
    beluga_embeddings_free(e);
    assert_int_equal(the(s, 0, 2)->start.kind, BELUGA_SPAN_OPERATION);
    assert_string_equal(the(s, 0, 2)->start.operation, "embeddings");
}

static void a_part_that_fails_ends_all_spans(void **state)
{
    needs_part("embeddings");
    scene *s = *state;
    beluga_embeddings *e;
    peer_openai_error(peer_reply_new(s->peer), 404, NULL, NULL, "no");
    assert_int_equal(beluga_embed(s->openai, NULL, three, NULL, 3, &e, NULL,
                                  beluga_with_max_inputs(1), beluga_with_max_concurrent_batches(1)),
                     BELUGA_ERROR_NOT_FOUND);
    const span *whole = the(s, 0, 3);
    assert_int_equal(whole->start.kind, BELUGA_SPAN_BATCH);
    assert_int_equal(whole->end.status, BELUGA_ERROR_NOT_FOUND);
    assert_int_equal(whole->end.failed, 1);
    for (size_t i = 0; i < 3; i++) assert_int_equal(the(s, i, 3)->ends, 1);
}

static void never(void *payload, beluga_embeddings *e, const beluga_error *error)
{
    (void)e;
    (void)error;
    ((scene *)payload)->terminal++;
}

static void embeddings_on_a_loop_that_is_freed_end_their_spans(void **state)
{
    needs_part("embeddings");
    scene *s = *state;
    for (int i = 0; i < 3; i++) peer_step_hang(peer_reply_new(s->peer));
    assert_int_equal(beluga_embed_start(s->openai, s->loop, NULL, three, NULL, 3, never, s, NULL,
                                        NULL, beluga_with_max_inputs(1)),
                     0);
    beluga_loop_free(s->loop);
    s->loop = NULL;
    assert_int_equal(s->terminal, 0);
    assert_int_equal(the(s, 0, 7)->start.kind, BELUGA_SPAN_BATCH);
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(the(s, i, 7)->end.status, BELUGA_ERROR_CONTEXT_CANCELED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_call_is_an_operation_and_one_attempt),
        TEST(a_provider_without_http_is_told_of_alike),
        TEST(a_stream_tells_its_first_content_and_the_others),
        TEST(tool_calls_are_counted),
        TEST(every_attempt_has_a_span_and_every_retry_its_reason),
        TEST(the_last_failure_is_the_operations),
        TEST(usage_is_told_of_a_stream_that_breaks),
        TEST(an_op_that_is_cancelled_ends_its_spans_with_its_usage),
        TEST(a_context_that_is_cancelled_ends_its_spans),
        TEST(a_deadline_ends_both_spans_as_what_it_is),
        TEST(a_timeout_ends_both_spans),
        TEST(a_loop_that_is_freed_ends_its_spans),
        TEST(a_stream_that_is_freed_ends_its_spans),
        TEST(a_stream_that_is_freed_before_its_first_event_ends_its_spans),
        TEST(a_cancel_while_a_retry_waits_begins_no_attempt),
        TEST(a_batch_that_is_freed_ends_its_spans),
        TEST(a_batch_is_the_parent_of_its_inputs),
        TEST(a_batch_outlives_its_loop),
        TEST(embeddings_in_parts_have_a_parent),
        TEST(embeddings_in_one_part_have_none),
        TEST(a_part_that_fails_ends_all_spans),
        TEST(embeddings_on_a_loop_that_is_freed_end_their_spans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
