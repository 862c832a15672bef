/* Calls on a host's own event loop. The tests wait with poll(2) on the loop's descriptor and step
 * only when it is readable: so every test here proves that the descriptor tells of all there is to
 * do. */
#include "../support/calls.h"

#include "model/operation.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <beluga/providers/mock.h>

/* --- when callbacks come ---------------------------------------------------------------------- */

static void callbacks_come_only_from_step(void **state)
{
    (void)state;
    record r = {0};
    beluga_loop *loop = new_loop();
    beluga_chat_model *model = open_mock_n(NULL, 0);
    assert_false(is_readable(loop));
    beluga_op *op = push_stream(model, loop, NULL, &r);
    assert_int_equal(r.events, 0);
    assert_int_equal(beluga_loop_active(loop), 1);
    step_until_end(loop, &r);
    assert_story(&r,
                 "start metadata [This ] [is ] [a ] [mock ] [response.] usage(1,5) finish(stop)");
    assert_int_equal(beluga_loop_active(loop), 0);
    beluga_op_free(op);
    beluga_chat_model_unref(model);
    beluga_loop_free(loop);
}

static void a_stream_over_http_comes_to_its_end_by_its_descriptor_alone(void **state)
{
    peer *p = *state;
    record r = {0};
    beluga_loop *loop = new_loop();
    beluga_chat_model *model = open_peer(p);
    peer_openai_stream(peer_reply_new(p), "Hello world");
    beluga_op *op = push_stream(model, loop, NULL, &r);
    step_until_end(loop, &r);
    assert_story(&r, "start metadata [Hello] [ world] usage(12,2) finish(stop)");
    beluga_op_free(op);
    beluga_chat_model_unref(model);
    beluga_loop_free(loop);
}

static void a_start_that_fails_never_calls_back(void **state)
{
    peer *p = *state;
    record r = {0};
    beluga_error err = {0};
    beluga_loop *loop = new_loop();
    beluga_chat_model *model = open_peer(p);
    beluga_messages *none = beluga_messages_new(), *one = beluga_messages_new();
    beluga_op *op = (beluga_op *)&r; /* not NULL: it has to be set */
    beluga_messages_add(one, beluga_human_message("Hi"));
    assert_int_equal(beluga_stream_start(model, loop, NULL, none, record_event, &r, &op, &err),
                     BELUGA_ERROR_INVALID_INPUT);
    assert_null(op);
    assert_int_equal(beluga_stream_start(model, loop, NULL, one, record_event, &r, &op, &err,
                                         beluga_with_temperature(9)),
                     BELUGA_ERROR_INVALID_INPUT);
    assert_int_equal(beluga_generate_start(model, loop, NULL, none, record_event, &r, &op, &err),
                     BELUGA_ERROR_INVALID_INPUT);
    assert_int_equal(beluga_loop_active(loop), 0);
    for (int i = 0; i < 3; i++) assert_int_equal(beluga_loop_step(loop), 0);
    assert_int_equal(r.events, 0);
    assert_int_equal(peer_connections(p), 0);
    beluga_messages_free(none);
    beluga_messages_free(one);
    beluga_chat_model_unref(model);
    beluga_loop_free(loop);
}

static void a_call_whose_handle_was_given_back_goes_on(void **state)
{
    peer *p = *state;
    record r = {0};
    beluga_loop *loop = new_loop();
    beluga_chat_model *model = open_peer(p);
    peer_openai_stream(peer_reply_new(p), "Hello");
    beluga_op_free(push_stream(model, loop, NULL, &r));
    beluga_chat_model_unref(model);
    step_until_end(loop, &r);
    assert_story(&r, "start metadata [Hello] usage(12,1) finish(stop)");
    beluga_loop_free(loop);
}

/* --- what a callback may do ------------------------------------------------------------------- */

typedef struct actor {
    record r; /* first: record_event gets it */
    beluga_loop *loop;
    beluga_op *op;
    beluga_chat_model *model;
    uint32_t cancel_at; /* kind of event */
    record *started;    /* of the stream that it starts */
    int step_status;
} actor;

static void act(void *payload, const beluga_event *event)
{
    actor *a = payload;
    record_event(&a->r, event);
    if (a->cancel_at == event->kind) beluga_op_cancel(a->op);
    if (event->kind != BELUGA_EVENT_TEXT) return;
    a->step_status = beluga_loop_step(a->loop);
    if (a->started && !a->op) a->op = push_stream(a->model, a->loop, NULL, a->started);
}

static void start_actor(actor *a, beluga_chat_model *model, beluga_op **op)
{
    beluga_messages *messages = beluga_messages_new();
    beluga_messages_add(messages, beluga_human_message("Hi"));
    assert_int_equal(beluga_stream_start(model, a->loop, NULL, messages, act, a, op, NULL), 0);
    beluga_messages_free(messages);
}

static void a_callback_that_cancels_gets_one_more_event(void **state)
{
    peer *p = *state;
    static const uint32_t kinds[] = {BELUGA_EVENT_START, BELUGA_EVENT_METADATA, BELUGA_EVENT_TEXT,
                                     BELUGA_EVENT_USAGE};
    static const char *const stories[] = {
        "start error(context_canceled)", "start metadata error(context_canceled)",
        "start metadata [Hello] error(context_canceled)",
        "start metadata [Hello] [ world] usage(12,2) error(context_canceled)"};
    beluga_chat_model *model = open_peer(p);
    peer_reply *reply = peer_reply_new(p);
    peer_reply_repeat(reply, PEER_FOR_EVER);
    peer_openai_stream(reply, "Hello world");
    for (size_t i = 0; i < 4; i++) {
        actor a = {.loop = new_loop(), .cancel_at = kinds[i]};
        start_actor(&a, model, &a.op);
        step_until_end(a.loop, &a.r);
        assert_story(&a.r, stories[i]);
        assert_string_equal(a.r.error.operation, "stream");
        beluga_op_free(a.op);
        beluga_loop_free(a.loop);
    }
    beluga_chat_model_unref(model);
}

static void a_cancel_at_the_end_comes_too_late(void **state)
{
    (void)state;
    beluga_chat_model *model = open_mock_n(NULL, 0);
    actor a = {.loop = new_loop(), .cancel_at = BELUGA_EVENT_FINISH};
    start_actor(&a, model, &a.op);
    step_until_end(a.loop, &a.r);
    assert_int_equal(a.r.finishes, 1);
    for (int i = 0; i < 3; i++) assert_int_equal(beluga_loop_step(a.loop), 0);
    beluga_op_cancel(a.op);
    assert_int_equal(beluga_loop_step(a.loop), 0);
    assert_int_equal(a.r.errors, 0);
    beluga_op_free(a.op);
    beluga_chat_model_unref(model);
    beluga_loop_free(a.loop);
}

static void a_callback_may_start_another_stream_on_the_same_loop(void **state)
{
    peer *p = *state;
    record second = {0};
    actor a = {.loop = new_loop(), .model = open_peer(p), .started = &second};
    peer_reply *reply = peer_reply_new(p);
    peer_reply_repeat(reply, 2);
    peer_openai_stream(reply, "Hello");
    start_actor(&a, a.model, NULL);
    step_until_end(a.loop, &a.r);
    step_until_end(a.loop, &second);
    assert_int_equal(a.r.finishes, 1);
    assert_story(&second, "start metadata [Hello] usage(12,1) finish(stop)");
    beluga_op_free(a.op);
    beluga_chat_model_unref(a.model);
    beluga_loop_free(a.loop);
}

static void a_step_from_inside_a_callback_is_recursive(void **state)
{
    (void)state;
    beluga_chat_model *model = open_mock_n(NULL, 0);
    actor a = {.loop = new_loop()};
    start_actor(&a, model, NULL);
    step_until_end(a.loop, &a.r);
    assert_int_equal(a.step_status, BELUGA_ERROR_RECURSIVE);
    assert_int_equal(a.r.finishes, 1); /* and does no harm */
    beluga_chat_model_unref(model);
    beluga_loop_free(a.loop);
}

/* --- pause ------------------------------------------------------------------------------------ */

enum { BIG_EVENTS = 40, BIG_EVENT = 1 << 20 }; /* more than any socket's buffers hold */

static void big_stream(peer *p)
{
    peer_reply *reply = peer_reply_new(p);
    char *text = malloc(BIG_EVENT + 1);
    assert_non_null(text);
    memset(text, 'x', BIG_EVENT);
    text[BIG_EVENT] = '\0';
    peer_openai_begin(reply);
    for (int i = 0; i < BIG_EVENTS; i++) peer_openai_text(reply, text);
    peer_openai_finish(reply, "stop");
    peer_openai_done(reply);
    free(text);
}

static void what_a_paused_call_does_not_read_stays_with_the_server(void **state)
{
    peer *p = *state;
    record r = {0};
    beluga_loop *loop = new_loop();
    beluga_chat_model *model = open_peer(p);
    big_stream(p);
    beluga_op *op = push_stream(model, loop, NULL, &r);
    while (!r.texts) poll_and_step(loop);
    beluga_op_pause(op, true);
    step_until_quiet(loop);
    size_t events = r.events;
    assert_int_equal(peer_wait_outcome(p, 0, PEER_ANSWERED, 300), -1);
    assert_int_equal(beluga_loop_step(loop), 0);
    assert_int_equal(r.events, events);
    beluga_op_pause(op, false);
    step_until_end(loop, &r);
    assert_int_equal(r.finishes, 1);
    assert_int_equal(r.bytes, (size_t)BIG_EVENTS * BIG_EVENT);
    beluga_op_free(op);
    beluga_chat_model_unref(model);
    beluga_loop_free(loop);
}

static void a_call_paused_before_its_first_event_waits(void **state)
{
    peer *p = *state;
    record r = {0};
    beluga_loop *loop = new_loop();
    beluga_chat_model *model = open_peer(p);
    peer_openai_stream(peer_reply_new(p), "Hello");
    beluga_op *op = push_stream(model, loop, NULL, &r);
    beluga_op_pause(op, true);
    while (peer_requests(p) == 0) poll_and_step(loop);
    assert_int_equal(peer_wait_outcome(p, 0, PEER_ANSWERED, PATIENCE_MS), 0);
    step_until_quiet(loop);
    assert_int_equal(r.events, 0);
    beluga_op_pause(op, false);
    step_until_end(loop, &r);
    assert_int_equal(r.finishes, 1);
    beluga_op_free(op);
    beluga_chat_model_unref(model);
    beluga_loop_free(loop);
}

/* Paused while it waits to try again: the next attempt is paused, too. */
static void a_call_paused_between_two_attempts_stays_paused(void **state)
{
    peer *p = *state;
    record r = {0};
    beluga_loop *loop = new_loop();
    beluga_chat_model *model = open_peer_with(p, beluga_with_max_retries(1));
    peer_openai_error(peer_reply_new(p), 500, "Retry-After: 1\r\n", NULL, "oops");
    peer_openai_stream(peer_reply_new(p), "Hello");
    beluga_op *op = push_stream(model, loop, NULL, &r);
    while (peer_requests(p) == 0) poll_and_step(loop);
    assert_int_equal(peer_wait_outcome(p, 0, PEER_ANSWERED, PATIENCE_MS), 0);
    step_until_quiet(loop); /* the answer was read: now it waits for a second */
    beluga_op_pause(op, true);
    while (peer_requests(p) < 2) poll_and_step(loop);
    assert_int_equal(peer_wait_outcome(p, 1, PEER_ANSWERED, PATIENCE_MS), 0);
    step_until_quiet(loop);
    assert_int_equal(r.events, 0);
    beluga_op_pause(op, false);
    step_until_end(loop, &r);
    assert_int_equal(r.finishes, 1);
    beluga_op_free(op);
    beluga_chat_model_unref(model);
    beluga_loop_free(loop);
}

static void a_finish_that_waits_for_its_usage_waits_while_paused(void **state)
{
    peer *p = *state;
    record r = {0};
    beluga_loop *loop = new_loop();
    beluga_chat_model *model = open_peer(p);
    peer_reply *reply = peer_reply_new(p);
    peer_openai_begin(reply);
    peer_openai_text(reply, "Hello");
    peer_openai_finish(reply, "stop");
    peer_step_gate(reply, 0);
    peer_openai_usage(reply, 7, 1);
    peer_openai_done(reply);
    beluga_op *op = push_stream(model, loop, NULL, &r);
    while (beluga_loop_timeout_ms(loop) < 0 || beluga_loop_timeout_ms(loop) > 2000 || !r.texts)
        poll_and_step(loop); /* until the grace is what it waits for */
    beluga_op_pause(op, true);
    struct timespec grace = {.tv_sec = 2, .tv_nsec = 100000000};
    nanosleep(&grace, NULL);
    step_until_quiet(loop);
    assert_int_equal(r.finishes, 0);
    peer_open_gate(p, 0);
    assert_int_equal(peer_wait_outcome(p, 0, PEER_ANSWERED, PATIENCE_MS), 0);
    beluga_op_pause(op, false);
    step_until_end(loop, &r);
    assert_story(&r, "start metadata [Hello] usage(7,1) finish(stop)");
    beluga_op_free(op);
    beluga_chat_model_unref(model);
    beluga_loop_free(loop);
}

/* --- the end of a loop ------------------------------------------------------------------------ */

static void a_loop_that_is_freed_ends_its_calls_silently(void **state)
{
    peer *p = *state;
    enum { N = 20 };
    record http[N] = {0}, mock = {0}, waiting = {0};
    beluga_loop *loop = new_loop();
    beluga_context *ctx = beluga_context_new_cancellable(NULL);
    beluga_chat_model *model = open_peer(p),
                      *slow = open_mock(beluga_mock_with_word_delay_ms(60000));
    peer_reply *reply = peer_reply_new(p);
    peer_reply_repeat(reply, N);
    peer_openai_begin(reply);
    peer_openai_text(reply, "Hello");
    peer_step_hang(reply);
    for (int i = 0; i < N; i++)
        beluga_op_free(push_stream(model, loop, i % 2 ? ctx : NULL, &http[i]));
    beluga_op_free(push_stream(slow, loop, ctx, &mock));
    for (int i = 0; i < N; i++)
        while (!http[i].texts) poll_and_step(loop);
    beluga_op_free(push_stream(model, loop, NULL, &waiting)); /* it has not even connected */
    assert_int_equal(beluga_loop_active(loop), N + 2);
    beluga_loop_free(loop);
    for (int i = 0; i < N; i++) assert_story(&http[i], "start metadata [Hello]");
    assert_story(&mock, "");
    assert_story(&waiting, "");
    assert_int_equal(peer_wait_all_closed(p, PATIENCE_MS), 0);
    beluga_context_unref(ctx);
    beluga_chat_model_unref(model);
    beluga_chat_model_unref(slow);
}

static int endless_source(void *payload, uint64_t index, beluga_input *input)
{
    (void)payload;
    (void)index;
    *input = beluga_input_text("Hi");
    return 1;
}

static void count_result(void *payload, uint64_t index, beluga_batch_result *result)
{
    (void)index;
    (void)result;
    ++*(size_t *)payload;
}

/* Its handle may be given back before the loop or after it, whatever waits at that time. */
static void a_loop_may_go_before_the_batch_that_ran_on_it(void **state)
{
    (void)state;
    for (int order = 0; order < 2; order++)
        for (int steps = 0; steps < 3; steps++) {
            size_t results = 0;
            beluga_batch_op *batch;
            beluga_loop *loop = new_loop();
            beluga_chat_model *model = open_mock(beluga_mock_with_word_delay_ms(1));
            assert_int_equal(beluga_batch_start_n(model, loop, NULL, endless_source, count_result,
                                                  NULL, &results, &batch, NULL, NULL, 0),
                             0);
            for (int i = 0; i < 4 * steps; i++) poll_and_step(loop);
            if (order) beluga_batch_op_free(batch);
            beluga_loop_free(loop);
            size_t before = results;
            if (!order) beluga_batch_op_free(batch);
            assert_int_equal(results, before);
            beluga_chat_model_unref(model);
        }
}

static void a_loop_without_calls_is_quiet(void **state)
{
    (void)state;
    beluga_loop *loop = new_loop();
    assert_int_equal(beluga_loop_timeout_ms(loop), -1);
    for (int i = 0; i < 3; i++) assert_int_equal(beluga_loop_step(loop), 0);
    assert_int_equal(beluga_loop_wait(loop, 0), 0);
    assert_false(is_readable(loop));
    assert_int_equal(beluga_loop_active(loop), 0);
    beluga_loop_free(loop);
    beluga_loop_free(NULL);
}

/* --- what makes the descriptor readable ------------------------------------------------------- */

static void delays_make_the_descriptor_readable(void **state)
{
    (void)state;
    record r = {0};
    beluga_loop *loop = new_loop();
    beluga_chat_model *model =
        open_mock(beluga_mock_with_word_delay_ms(2), beluga_mock_with_latency_ms(3));
    beluga_op_free(push_stream(model, loop, NULL, &r));
    step_until_end(loop, &r);
    assert_int_equal(r.texts, 5);
    beluga_chat_model_unref(model);
    beluga_loop_free(loop);
}

static void the_wait_for_a_retry_makes_the_descriptor_readable(void **state)
{
    peer *p = *state;
    record r = {0};
    beluga_loop *loop = new_loop();
    beluga_chat_model *model = open_peer_with(p, beluga_with_max_retries(2));
    peer_openai_error(peer_reply_new(p), 500, NULL, NULL, "oops");
    peer_step_reset(peer_reply_new(p));
    peer_openai_stream(peer_reply_new(p), "Hello");
    beluga_op_free(push_stream(model, loop, NULL, &r));
    step_until_end(loop, &r);
    assert_story(&r, "start metadata [Hello] usage(12,1) finish(stop)");
    assert_int_equal(peer_requests(p), 3);
    beluga_chat_model_unref(model);
    beluga_loop_free(loop);
}

static void a_timeout_makes_the_descriptor_readable(void **state)
{
    peer *p = *state;
    record r = {0};
    beluga_loop *loop = new_loop();
    beluga_chat_model *model = open_peer_with(p, beluga_with_first_event_timeout_ms(50));
    peer_step_hang(peer_reply_new(p));
    beluga_op_free(push_stream(model, loop, NULL, &r));
    step_until_end(loop, &r);
    assert_story(&r, "error(timeout)");
    beluga_chat_model_unref(model);
    beluga_loop_free(loop);
}

static void a_deadline_makes_the_descriptor_readable(void **state)
{
    (void)state;
    record r = {0};
    beluga_loop *loop = new_loop();
    beluga_context *ctx = beluga_context_new_timeout(NULL, 50);
    beluga_chat_model *model = open_mock(beluga_mock_with_latency_ms(PATIENCE_MS * 2));
    beluga_op_free(push_stream(model, loop, ctx, &r));
    step_until_end(loop, &r);
    assert_story(&r, "error(context_timeout)");
    beluga_context_unref(ctx);
    beluga_chat_model_unref(model);
    beluga_loop_free(loop);
}

/* Of tokens that were told before any text. */
static void a_cancel_before_the_first_content_gets_nothing_but_the_error(void **state)
{
    peer *p = *state;
    record r = {0};
    beluga_loop *loop = new_loop();
    beluga_chat_model *model = open_peer(p);
    peer_reply *reply = peer_reply_new(p);
    peer_openai_begin(reply);
    peer_openai_usage(reply, 12, 0);
    peer_step_hang(reply);
    beluga_op *op = push_stream(model, loop, NULL, &r);
    while (!op->usage_pending) assert_int_equal(beluga_loop_wait(loop, PATIENCE_MS), 0);
    assert_int_equal(r.events, 0);
    beluga_op_cancel(op);
    step_until_end(loop, &r);
    assert_story(&r, "error(context_canceled)");
    beluga_op_free(op);
    beluga_chat_model_unref(model);
    beluga_loop_free(loop);
}

static void an_op_that_is_cancelled_outside_a_step_makes_the_descriptor_readable(void **state)
{
    peer *p = *state;
    record r = {0};
    beluga_loop *loop = new_loop();
    beluga_chat_model *model = open_peer(p);
    peer_step_hang(peer_reply_new(p));
    beluga_op *op = push_stream(model, loop, NULL, &r);
    while (peer_requests(p) == 0) poll_and_step(loop);
    step_until_quiet(loop);
    beluga_op_cancel(op);
    beluga_op_cancel(op);
    assert_int_equal(r.events, 0);
    step_until_end(loop, &r);
    assert_story(&r, "error(context_canceled)");
    assert_int_equal(peer_wait_all_closed(p, PATIENCE_MS), 0);
    beluga_op_free(op);
    beluga_chat_model_unref(model);
    beluga_loop_free(loop);
}

static void a_resumed_call_makes_the_descriptor_readable(void **state)
{
    peer *p = *state;
    record r = {0};
    beluga_loop *loop = new_loop();
    beluga_chat_model *model = open_peer(p);
    peer_reply *reply = peer_reply_new(p);
    peer_openai_begin(reply);
    peer_openai_text(reply, "Hello");
    peer_step_gate(reply, 0);
    peer_openai_text(reply, " world");
    peer_openai_finish(reply, "stop");
    peer_openai_done(reply);
    beluga_op *op = push_stream(model, loop, NULL, &r);
    while (!r.texts) poll_and_step(loop);
    for (int i = 0; i < 3; i++) { /* more often than needed */
        beluga_op_pause(op, true);
        beluga_op_pause(op, false);
        beluga_op_pause(op, true);
    }
    peer_open_gate(p, 0);
    assert_int_equal(peer_wait_outcome(p, 0, PEER_ANSWERED, PATIENCE_MS), 0);
    step_until_quiet(loop);
    assert_int_equal(r.texts, 1);
    beluga_op_pause(op, false);
    step_until_end(loop, &r);
    assert_story(&r, "start metadata [Hello] [ world] finish(stop)");
    beluga_op_free(op);
    beluga_chat_model_unref(model);
    beluga_loop_free(loop);
}

static void the_timeout_tells_a_polling_host_when_to_step(void **state)
{
    (void)state;
    record r = {0};
    beluga_loop *loop = new_loop();
    beluga_chat_model *model = open_mock(beluga_mock_with_word_delay_ms(2));
    beluga_op_free(push_stream(model, loop, NULL, &r));
    assert_int_equal(beluga_loop_timeout_ms(loop), 0);
    while (!record_ended(&r)) {
        int64_t wait = beluga_loop_timeout_ms(loop);
        assert_in_range(wait, 0, 60000);
        struct timespec t = {.tv_sec = wait / 1000, .tv_nsec = wait % 1000 * 1000000};
        nanosleep(&t, NULL);
        assert_int_equal(beluga_loop_step(loop), 0);
    }
    assert_int_equal(r.finishes, 1);
    beluga_chat_model_unref(model);
    beluga_loop_free(loop);
}

static void a_program_without_a_loop_of_its_own_may_wait(void **state)
{
    peer *p = *state;
    record r = {0};
    beluga_loop *loop = new_loop();
    beluga_chat_model *model = open_peer(p);
    peer_openai_stream(peer_reply_new(p), "Hello");
    beluga_op_free(push_stream(model, loop, NULL, &r));
    while (beluga_loop_active(loop)) assert_int_equal(beluga_loop_wait(loop, PATIENCE_MS), 0);
    assert_int_equal(r.finishes, 1);
    beluga_chat_model_unref(model);
    beluga_loop_free(loop);
}

/* --- whole answers, pushed -------------------------------------------------------------------- */

static void generate_on(beluga_loop *loop, beluga_chat_model *model, record *r, bool streamed)
{
    beluga_messages *messages = beluga_messages_new();
    beluga_messages_add(messages, beluga_human_message("Hi"));
    assert_int_equal(beluga_generate_start(model, loop, NULL, messages, record_event, r, NULL, NULL,
                                           beluga_with_wire_streaming(streamed)),
                     0);
    beluga_messages_free(messages);
}

static void a_whole_answer_is_pushed_at_once_and_its_retries_stay_unseen(void **state)
{
    peer *p = *state;
    record r = {0};
    beluga_loop *loop = new_loop();
    beluga_chat_model *model = open_peer_with(p, beluga_with_max_retries(2));
    peer_reply *cut = peer_reply_new(p);
    peer_openai_begin(cut);
    peer_openai_text(cut, "never seen");
    peer_step_close(cut);
    peer_reply *whole = peer_reply_new(p);
    peer_openai_begin(whole);
    peer_openai_text(whole, "Hello");
    peer_step_gate(whole, 0);
    peer_openai_finish(whole, "stop");
    peer_openai_done(whole);
    generate_on(loop, model, &r, true);
    while (peer_requests(p) < 2) poll_and_step(loop);
    assert_int_equal(r.events, 0);
    peer_open_gate(p, 0);
    step_until_end(loop, &r);
    assert_story(&r, "start metadata [Hello] finish(stop)");
    beluga_chat_model_unref(model);
    beluga_loop_free(loop);
}

static void a_whole_answer_that_fails_gives_no_content(void **state)
{
    peer *p = *state;
    record r = {0};
    beluga_loop *loop = new_loop();
    beluga_chat_model *model = open_peer(p);
    peer_reply *cut = peer_reply_new(p);
    peer_openai_begin(cut);
    peer_openai_text(cut, "never seen");
    peer_openai_usage(cut, 7, 2);
    peer_step_close(cut);
    generate_on(loop, model, &r, true);
    step_until_end(loop, &r);
    assert_story(&r, "usage(7,2) error(stream_closed)");
    beluga_chat_model_unref(model);
    beluga_loop_free(loop);
}

static void a_loop_may_go_while_a_whole_answer_is_held(void **state)
{
    peer *p = *state;
    record r = {0};
    beluga_loop *loop = new_loop();
    beluga_chat_model *model = open_peer(p);
    peer_reply *reply = peer_reply_new(p);
    peer_openai_begin(reply);
    peer_openai_text(reply, "Hello");
    peer_step_hang(reply);
    generate_on(loop, model, &r, true);
    while (peer_requests(p) == 0) poll_and_step(loop);
    poll_and_step(loop);
    beluga_loop_free(loop);
    assert_story(&r, "");
    beluga_chat_model_unref(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(callbacks_come_only_from_step),
        ON_PEER(a_stream_over_http_comes_to_its_end_by_its_descriptor_alone),
        ON_PEER(a_start_that_fails_never_calls_back),
        ON_PEER(a_call_whose_handle_was_given_back_goes_on),
        ON_PEER(a_callback_that_cancels_gets_one_more_event),
        cmocka_unit_test(a_cancel_at_the_end_comes_too_late),
        ON_PEER(a_callback_may_start_another_stream_on_the_same_loop),
        cmocka_unit_test(a_step_from_inside_a_callback_is_recursive),
        ON_PEER(what_a_paused_call_does_not_read_stays_with_the_server),
        ON_PEER(a_call_paused_before_its_first_event_waits),
        ON_PEER(a_call_paused_between_two_attempts_stays_paused),
        ON_PEER(a_finish_that_waits_for_its_usage_waits_while_paused),
        ON_PEER(a_loop_that_is_freed_ends_its_calls_silently),
        cmocka_unit_test(a_loop_may_go_before_the_batch_that_ran_on_it),
        cmocka_unit_test(a_loop_without_calls_is_quiet),
        cmocka_unit_test(delays_make_the_descriptor_readable),
        ON_PEER(the_wait_for_a_retry_makes_the_descriptor_readable),
        ON_PEER(a_timeout_makes_the_descriptor_readable),
        cmocka_unit_test(a_deadline_makes_the_descriptor_readable),
        ON_PEER(a_cancel_before_the_first_content_gets_nothing_but_the_error),
        ON_PEER(an_op_that_is_cancelled_outside_a_step_makes_the_descriptor_readable),
        ON_PEER(a_resumed_call_makes_the_descriptor_readable),
        cmocka_unit_test(the_timeout_tells_a_polling_host_when_to_step),
        ON_PEER(a_program_without_a_loop_of_its_own_may_wait),
        ON_PEER(a_whole_answer_is_pushed_at_once_and_its_retries_stay_unseen),
        ON_PEER(a_whole_answer_that_fails_gives_no_content),
        ON_PEER(a_loop_may_go_while_a_whole_answer_is_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
