/* Cancelling: before, during and after a call, from any thread, and from a signal handler. */
#include "../support/calls.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>

#include <beluga/providers/mock.h>

/* A reply that begins and then says nothing. */
static void endless(peer *p, int times)
{
    peer_reply *reply = peer_reply_new(p);
    peer_reply_repeat(reply, times);
    peer_openai_begin(reply);
    peer_openai_text(reply, "Hello");
    peer_step_hang(reply);
}

/* --- before and after ------------------------------------------------------------------------- */

static void a_call_under_a_cancelled_context_does_not_start(void **state)
{
    peer *p = *state;
    record r = {0};
    beluga_error err;
    beluga_loop *loop = new_loop();
    beluga_chat_model *model = open_peer(p);
    beluga_context *ctx = beluga_context_new_cancellable(NULL);
    beluga_context_cancel(ctx);
    assert_true(beluga_context_is_cancelled(ctx));
    assert_int_equal(generate_under(model, ctx, NULL, &err), BELUGA_ERROR_CONTEXT_CANCELED);
    assert_false(beluga_error_is_retryable(&err));
    assert_int_equal(stream_whole_n(model, ctx, &r, NULL, 0), BELUGA_ERROR_CONTEXT_CANCELED);
    beluga_messages *messages = beluga_messages_new();
    beluga_messages_add(messages, beluga_human_message("Hi"));
    record_clear(&r);
    assert_int_equal(beluga_stream_start(model, loop, ctx, messages, record_event, &r, NULL, &err),
                     BELUGA_ERROR_CONTEXT_CANCELED);
    beluga_messages_free(messages);
    step_until_quiet(loop);
    assert_int_equal(r.events, 0);
    assert_int_equal(peer_connections(p), 0);
    beluga_context_unref(ctx);
    beluga_chat_model_unref(model);
    beluga_loop_free(loop);
}

static void a_call_that_has_ended_is_not_touched(void **state)
{
    peer *p = *state;
    record r = {0};
    beluga_chat_model *model = open_peer(p);
    beluga_context *ctx = beluga_context_new_cancellable(NULL);
    peer_openai_stream(peer_reply_new(p), "Hello");
    beluga_stream *stream = begin_stream(model, ctx);
    pull_all(stream, &r);
    beluga_context_cancel(ctx);
    beluga_context_cancel(ctx);
    const beluga_event *event;
    assert_int_equal(beluga_stream_next(stream, &event, NULL), 0);
    assert_null(event);
    beluga_stream_free(stream);
    beluga_context_unref(ctx);
    beluga_chat_model_unref(model);
}

static void a_call_without_a_context_cannot_be_cancelled_by_one(void **state)
{
    (void)state;
    beluga_context_cancel(NULL);
    assert_false(beluga_context_is_cancelled(NULL));
    beluga_context *ctx = beluga_context_new_timeout(NULL, 60000);
    beluga_context_cancel(ctx); /* not cancellable, and no parent is */
    assert_false(beluga_context_is_cancelled(ctx));
    beluga_context_unref(ctx);
}

/* --- in the middle ---------------------------------------------------------------------------- */

static void what_had_arrived_is_read_and_then_the_cancellation(void **state)
{
    peer *p = *state;
    record r = {0};
    beluga_chat_model *model = open_peer_with(p, beluga_with_max_retries(3));
    beluga_context *ctx = beluga_context_new_cancellable(NULL);
    endless(p, 1);
    beluga_stream *stream = begin_stream(model, ctx);
    pull_until(stream, &r, BELUGA_EVENT_TEXT);
    beluga_context_cancel(ctx);
    beluga_context_cancel(ctx);
    pull_all(stream, &r);
    assert_story(&r, "start metadata [Hello]");
    assert_int_equal(r.status, BELUGA_ERROR_CONTEXT_CANCELED);
    assert_string_equal(r.error.operation, "stream");
    assert_int_equal(peer_wait_outcome(p, 0, PEER_CANCELLED, PATIENCE_MS), 0);
    assert_int_equal(peer_requests(p), 1);
    beluga_stream_free(stream);
    beluga_context_unref(ctx);
    beluga_chat_model_unref(model);
}

/* Cancels a context when the peer has seen a number of requests. */
typedef struct canceller {
    pthread_t thread;
    peer *p;
    beluga_context *ctx;
    size_t requests;
    pthread_t waits; /* who gets a signal */
} canceller;

static void *cancel_then(void *argument)
{
    canceller *c = argument;
    if (peer_wait_requests(c->p, c->requests, PATIENCE_MS) == 0) beluga_context_cancel(c->ctx);
    return NULL;
}

static void cancel_from_a_thread(canceller *c, peer *p, beluga_context *ctx, size_t requests)
{
    *c = (canceller){.p = p, .ctx = ctx, .requests = requests};
    assert_int_equal(pthread_create(&c->thread, NULL, cancel_then, c), 0);
}

static void another_thread_cancels_a_generate_that_waits(void **state)
{
    peer *p = *state;
    canceller c;
    beluga_error err;
    beluga_chat_model *model = open_peer_with(p, beluga_with_max_retries(3));
    beluga_context *ctx = beluga_context_new_cancellable(NULL);
    peer_step_hang(peer_reply_new(p));
    cancel_from_a_thread(&c, p, ctx, 1);
    assert_int_equal(generate_under(model, ctx, NULL, &err), BELUGA_ERROR_CONTEXT_CANCELED);
    pthread_join(c.thread, NULL);
    assert_int_equal(peer_wait_outcome(p, 0, PEER_CANCELLED, PATIENCE_MS), 0);
    beluga_context_unref(ctx);
    beluga_chat_model_unref(model);
}

static void another_thread_cancels_a_stream_that_waits_in_next(void **state)
{
    peer *p = *state;
    canceller c;
    record r = {0};
    beluga_chat_model *model = open_peer(p);
    beluga_context *ctx = beluga_context_new_cancellable(NULL);
    peer_step_hang(peer_reply_new(p));
    cancel_from_a_thread(&c, p, ctx, 1);
    beluga_stream *stream = begin_stream(model, ctx);
    pull_all(stream, &r);
    assert_int_equal(r.status, BELUGA_ERROR_CONTEXT_CANCELED);
    pthread_join(c.thread, NULL);
    beluga_stream_free(stream);
    beluga_context_unref(ctx);
    beluga_chat_model_unref(model);
}

static void another_thread_cancels_what_runs_on_a_hosts_loop(void **state)
{
    peer *p = *state;
    enum { N = 10 };
    canceller c;
    record r[N] = {0};
    beluga_loop *loop = new_loop();
    beluga_chat_model *model = open_peer(p);
    beluga_context *ctx = beluga_context_new_cancellable(NULL);
    endless(p, N);
    for (int i = 0; i < N; i++) beluga_op_free(push_stream(model, loop, ctx, &r[i]));
    cancel_from_a_thread(&c, p, ctx, N);
    for (int i = 0; i < N; i++) step_until_end(loop, &r[i]); /* by the descriptor alone */
    for (int i = 0; i < N; i++) assert_int_equal(r[i].error.code, BELUGA_ERROR_CONTEXT_CANCELED);
    pthread_join(c.thread, NULL);
    assert_int_equal(peer_wait_all_closed(p, PATIENCE_MS), 0);
    step_until_quiet(loop); /* a cancelled context does not keep it awake */
    beluga_context_unref(ctx);
    beluga_chat_model_unref(model);
    beluga_loop_free(loop);
}

static void a_wait_for_a_retry_is_cancelled_too(void **state)
{
    peer *p = *state;
    canceller c;
    beluga_error err;
    beluga_chat_model *model = open_peer_with(p, beluga_with_max_retries(3));
    beluga_context *ctx = beluga_context_new_cancellable(NULL);
    peer_openai_error(peer_reply_new(p), 503, "Retry-After: 60\r\n", NULL, "later");
    cancel_from_a_thread(&c, p, ctx, 1);
    assert_int_equal(generate_under(model, ctx, NULL, &err), BELUGA_ERROR_CONTEXT_CANCELED);
    pthread_join(c.thread, NULL);
    assert_int_equal(peer_requests(p), 1);
    beluga_context_unref(ctx);
    beluga_chat_model_unref(model);
}

static void a_paused_call_is_cancelled_too(void **state)
{
    peer *p = *state;
    record r = {0};
    beluga_loop *loop = new_loop();
    beluga_chat_model *model = open_peer(p);
    beluga_context *ctx = beluga_context_new_cancellable(NULL);
    endless(p, 1);
    beluga_op *op = push_stream(model, loop, ctx, &r);
    while (!r.texts) poll_and_step(loop);
    beluga_op_pause(op, true);
    beluga_context_cancel(ctx);
    step_until_end(loop, &r);
    assert_story(&r, "start metadata [Hello] error(context_canceled)");
    beluga_op_pause(op, false); /* after the end: nothing */
    beluga_op_cancel(op);
    step_until_quiet(loop);
    beluga_op_free(op);
    beluga_context_unref(ctx);
    beluga_chat_model_unref(model);
    beluga_loop_free(loop);
}

/* --- a signal handler ------------------------------------------------------------------------- */

static beluga_context *interrupted;

static void on_signal(int number)
{
    (void)number;
    beluga_context_cancel(interrupted);
}

static void handle(int number)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(number, &action, NULL);
}

static void *interrupt_when_asked(void *argument)
{
    canceller *c = argument;
    if (peer_wait_requests(c->p, 1, PATIENCE_MS) == 0) pthread_kill(c->waits, SIGUSR1);
    return NULL;
}

static void a_signal_handler_cancels_a_call_that_blocks(void **state)
{
    peer *p = *state;
    canceller c = {.p = p, .waits = pthread_self()};
    beluga_chat_model *model = open_peer(p);
    interrupted = beluga_context_new_cancellable(NULL);
    handle(SIGUSR1);
    peer_step_hang(peer_reply_new(p));
    assert_int_equal(pthread_create(&c.thread, NULL, interrupt_when_asked, &c), 0);
    assert_int_equal(generate_under(model, interrupted, NULL, NULL), BELUGA_ERROR_CONTEXT_CANCELED);
    pthread_join(c.thread, NULL);
    signal(SIGUSR1, SIG_DFL);
    beluga_context_unref(interrupted);
    beluga_chat_model_unref(model);
}

static void raise_at_text(void *payload, const beluga_event *event)
{
    record_event(payload, event);
    if (event->kind == BELUGA_EVENT_TEXT) raise(SIGUSR1);
}

static void a_signal_in_the_middle_of_a_callback_cancels_too(void **state)
{
    (void)state;
    record r = {0};
    beluga_loop *loop = new_loop();
    beluga_chat_model *model = open_mock(beluga_mock_with_word_delay_ms(1));
    interrupted = beluga_context_new_cancellable(NULL);
    handle(SIGUSR1);
    beluga_messages *messages = beluga_messages_new();
    beluga_messages_add(messages, beluga_human_message("Hi"));
    assert_int_equal(
        beluga_stream_start(model, loop, interrupted, messages, raise_at_text, &r, NULL, NULL), 0);
    beluga_messages_free(messages);
    step_until_end(loop, &r);
    assert_int_equal(r.error.code, BELUGA_ERROR_CONTEXT_CANCELED);
    assert_true(r.texts >= 1);
    signal(SIGUSR1, SIG_DFL);
    beluga_context_unref(interrupted);
    beluga_chat_model_unref(model);
    beluga_loop_free(loop);
}

/* A signal that cancels nothing does not disturb a call that waits. */
static void a_signal_alone_ends_nothing(void **state)
{
    peer *p = *state;
    canceller c = {.p = p, .waits = pthread_self()};
    record r;
    beluga_chat_model *model = open_peer(p);
    interrupted = NULL;
    handle(SIGUSR1);
    peer_reply *reply = peer_reply_new(p);
    peer_step_delay_ms(reply, 100);
    peer_openai_stream(reply, "Hello");
    assert_int_equal(pthread_create(&c.thread, NULL, interrupt_when_asked, &c), 0);
    assert_int_equal(stream_whole(model, &r), 0);
    assert_int_equal(r.finishes, 1);
    pthread_join(c.thread, NULL);
    signal(SIGUSR1, SIG_DFL);
    beluga_chat_model_unref(model);
}

/* --- families --------------------------------------------------------------------------------- */

static void a_parent_cancels_its_children_and_a_child_nobody_else(void **state)
{
    peer *p = *state;
    record r[3] = {0};
    beluga_loop *loop = new_loop();
    beluga_chat_model *model = open_peer(p);
    beluga_context *parent = beluga_context_new_cancellable(NULL);
    beluga_context *first = beluga_context_new_cancellable(parent);
    beluga_context *timed = beluga_context_new_timeout(parent, PATIENCE_MS * 2);
    beluga_context *second = beluga_context_new_cancellable(timed);
    beluga_context *of_each[] = {parent, first, second};
    endless(p, 3);
    for (int i = 0; i < 3; i++) beluga_op_free(push_stream(model, loop, of_each[i], &r[i]));
    for (int i = 0; i < 3; i++)
        while (!r[i].texts) poll_and_step(loop);
    beluga_context_cancel(first);
    step_until_end(loop, &r[1]);
    step_until_quiet(loop);
    assert_int_equal(r[0].errors + r[2].errors, 0);
    assert_false(beluga_context_is_cancelled(second));
    beluga_context_cancel(timed); /* not cancellable itself: the nearest parent that is */
    step_until_end(loop, &r[0]);
    step_until_end(loop, &r[2]);
    for (int i = 0; i < 3; i++) assert_int_equal(r[i].error.code, BELUGA_ERROR_CONTEXT_CANCELED);
    beluga_context_unref(parent); /* children keep their parents */
    beluga_context_unref(timed);
    beluga_context_unref(first);
    beluga_context_unref(second);
    beluga_chat_model_unref(model);
    beluga_loop_free(loop);
}

typedef struct waiter {
    pthread_t thread;
    beluga_chat_model *model;
    beluga_context *ctx;
    bool on_loop;
    int status;
} waiter;

static void *wait_for_answer(void *argument)
{
    waiter *w = argument;
    record r = {0};
    if (!w->on_loop) {
        w->status = generate_under(w->model, w->ctx, NULL, NULL);
        return NULL;
    }
    beluga_loop *loop = new_loop();
    beluga_op_free(push_stream(w->model, loop, w->ctx, &r));
    step_until_end(loop, &r);
    w->status = r.error.code;
    beluga_loop_free(loop);
    return NULL;
}

static void all_loops_that_watch_a_context_learn_of_its_end(void **state)
{
    peer *p = *state;
    enum { N = 8 };
    waiter w[N];
    beluga_chat_model *model = open_peer(p);
    beluga_context *ctx = beluga_context_new_cancellable(NULL);
    endless(p, N);
    for (int i = 0; i < N; i++) {
        w[i] = (waiter){.model = model, .ctx = ctx, .on_loop = i % 2};
        assert_int_equal(pthread_create(&w[i].thread, NULL, wait_for_answer, &w[i]), 0);
    }
    assert_int_equal(peer_wait_requests(p, N, PATIENCE_MS), 0);
    beluga_context_cancel(ctx);
    for (int i = 0; i < N; i++) {
        pthread_join(w[i].thread, NULL);
        assert_int_equal(w[i].status, BELUGA_ERROR_CONTEXT_CANCELED);
    }
    assert_int_equal(peer_wait_all_closed(p, PATIENCE_MS), 0);
    beluga_context_unref(ctx);
    beluga_chat_model_unref(model);
}

static void a_context_may_serve_one_call_after_the_other(void **state)
{
    peer *p = *state;
    beluga_chat_model *model = open_peer(p);
    beluga_context *ctx = beluga_context_new_cancellable(NULL);
    peer_reply *reply = peer_reply_new(p);
    peer_reply_repeat(reply, 20);
    peer_openai_answer(reply, "Hello");
    for (int i = 0; i < 20; i++) assert_int_equal(generate_under(model, ctx, "Hello", NULL), 0);
    beluga_context_cancel(ctx);
    assert_int_equal(generate_under(model, ctx, NULL, NULL), BELUGA_ERROR_CONTEXT_CANCELED);
    beluga_context_unref(ctx);
    beluga_chat_model_unref(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_PEER(a_call_under_a_cancelled_context_does_not_start),
        ON_PEER(a_call_that_has_ended_is_not_touched),
        cmocka_unit_test(a_call_without_a_context_cannot_be_cancelled_by_one),
        ON_PEER(what_had_arrived_is_read_and_then_the_cancellation),
        ON_PEER(another_thread_cancels_a_generate_that_waits),
        ON_PEER(another_thread_cancels_a_stream_that_waits_in_next),
        ON_PEER(another_thread_cancels_what_runs_on_a_hosts_loop),
        ON_PEER(a_wait_for_a_retry_is_cancelled_too),
        ON_PEER(a_paused_call_is_cancelled_too),
        ON_PEER(a_signal_handler_cancels_a_call_that_blocks),
        cmocka_unit_test(a_signal_in_the_middle_of_a_callback_cancels_too),
        ON_PEER(a_signal_alone_ends_nothing),
        ON_PEER(a_parent_cancels_its_children_and_a_child_nobody_else),
        ON_PEER(all_loops_that_watch_a_context_learn_of_its_end),
        ON_PEER(a_context_may_serve_one_call_after_the_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
