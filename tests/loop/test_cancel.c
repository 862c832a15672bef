/* Cancelling a call before it starts, while it runs, and after its end; from any thread, and from a
 * signal handler. */
#include "../support/scene.h"

#include <beluga/providers/mock.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>

/* Script replies that begin, but never end. */
static void endless(scene *s, int times)
{
    script(s->peer, REPEATS(times), BEGINS, SAYS("Hello"), HANGS);
}

/* --- before and after ------------------------------------------------------------------------- */

static void a_call_under_a_cancelled_context_does_not_start(scene *s)
{
    s->ctx = beluga_context_new_cancellable(NULL);
    beluga_context_cancel(s->ctx);
    assert_true(beluga_context_is_cancelled(s->ctx));
    expect_failure(s, BELUGA_ERROR_CONTEXT_CANCELED);
    assert_false(beluga_error_is_retryable(&s->err));
    expect_end(s, BELUGA_ERROR_CONTEXT_CANCELED);
    beluga_messages *messages = beluga_messages_new();
    beluga_messages_add(messages, beluga_human_message("Hi"));
    assert_int_equal(beluga_stream_start(s->model, s->loop, s->ctx, messages, record_event, &s->r,
                                         NULL, &s->err),
                     BELUGA_ERROR_CONTEXT_CANCELED);
    beluga_messages_free(messages);
    step_until_quiet(s->loop);
    assert_int_equal(s->r.events, 0);
    assert_int_equal(peer_connections(s->peer), 0);
}

static void a_call_that_has_ended_is_not_touched(scene *s)
{
    s->ctx = beluga_context_new_cancellable(NULL);
    script(s->peer, STREAMS("Hello"));
    pull_to_the_end(s);
    beluga_context_cancel(s->ctx);
    beluga_context_cancel(s->ctx);
    const beluga_event *event;
    assert_int_equal(beluga_stream_next(s->stream, &event, NULL), 0);
    assert_null(event);
}

static void a_call_without_a_context_cannot_be_cancelled_by_one(void **state)
{
    (void)state;
    beluga_context_cancel(NULL);
    assert_false(beluga_context_is_cancelled(NULL));
    beluga_context *ctx = beluga_context_new_timeout(NULL, 60000);
    /* no effect: this context is not cancellable, and it has no parent */
    beluga_context_cancel(ctx);
    assert_false(beluga_context_is_cancelled(ctx));
    beluga_context_unref(ctx);
}

/* ---- in the middle --------------------------------------------------------------------------- */

static void what_had_arrived_is_read_and_then_the_cancellation(scene *s)
{
    open_with(s, beluga_with_max_retries(3));
    s->ctx = beluga_context_new_cancellable(NULL);
    endless(s, 1);
    begin_until(s, BELUGA_EVENT_TEXT);
    beluga_context_cancel(s->ctx);
    beluga_context_cancel(s->ctx);
    pull_to_the_end(s);
    assert_story(&s->r, "start metadata [Hello]");
    assert_int_equal(s->r.status, BELUGA_ERROR_CONTEXT_CANCELED);
    assert_string_equal(s->r.error.operation, "stream");
    wait_cancelled(s, 0);
    expect_requests(s, 1);
}

/* A thread that cancels a context when the peer has received a number of requests. */
typedef struct canceller {
    pthread_t thread;
    peer *p;
    beluga_context *ctx;
    size_t requests;
    pthread_t waits; /* the thread to which the signal is sent */
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

static void another_thread_cancels_a_generate_that_waits(scene *s)
{
    canceller c;
    open_with(s, beluga_with_max_retries(3));
    s->ctx = beluga_context_new_cancellable(NULL);
    script(s->peer, HANGS);
    cancel_from_a_thread(&c, s->peer, s->ctx, 1);
    expect_failure(s, BELUGA_ERROR_CONTEXT_CANCELED);
    pthread_join(c.thread, NULL);
    wait_cancelled(s, 0);
}

static void another_thread_cancels_a_stream_that_waits_in_next(scene *s)
{
    canceller c;
    s->ctx = beluga_context_new_cancellable(NULL);
    script(s->peer, HANGS);
    cancel_from_a_thread(&c, s->peer, s->ctx, 1);
    pull_to_the_end(s);
    assert_int_equal(s->r.status, BELUGA_ERROR_CONTEXT_CANCELED);
    pthread_join(c.thread, NULL);
}

static void another_thread_cancels_what_runs_on_a_hosts_loop(scene *s)
{
    enum { N = 10 };
    canceller c;
    record r[N] = {0};
    s->ctx = beluga_context_new_cancellable(NULL);
    endless(s, N);
    for (int i = 0; i < N; i++) beluga_op_free(push_stream(s->model, s->loop, s->ctx, &r[i]));
    cancel_from_a_thread(&c, s->peer, s->ctx, N);
    /* These steps wait until the loop's descriptor is readable: a cancellation from another thread
     * must make it readable. */
    for (int i = 0; i < N; i++) step_until_end(s->loop, &r[i]);
    for (int i = 0; i < N; i++) assert_int_equal(r[i].error.code, BELUGA_ERROR_CONTEXT_CANCELED);
    pthread_join(c.thread, NULL);
    assert_int_equal(peer_wait_all_closed(s->peer, PATIENCE_MS), 0);
    step_until_quiet(s->loop); /* the cancelled context does not keep the loop awake */
}

static void a_wait_for_a_retry_is_cancelled_too(scene *s)
{
    canceller c;
    open_with(s, beluga_with_max_retries(3));
    s->ctx = beluga_context_new_cancellable(NULL);
    script(s->peer, FAILS(503, "Retry-After: 60\r\n"));
    cancel_from_a_thread(&c, s->peer, s->ctx, 1);
    expect_failure(s, BELUGA_ERROR_CONTEXT_CANCELED);
    pthread_join(c.thread, NULL);
    expect_requests(s, 1);
}

static void a_paused_call_is_cancelled_too(scene *s)
{
    s->ctx = beluga_context_new_cancellable(NULL);
    endless(s, 1);
    push(s);
    step_to_text(s);
    beluga_op_pause(s->op, true);
    beluga_context_cancel(s->ctx);
    step_to_the_end(s);
    assert_story(&s->r, "start metadata [Hello] error(context_canceled)");
    beluga_op_pause(s->op, false); /* no effect, since the call has ended */
    beluga_op_cancel(s->op);
    step_until_quiet(s->loop);
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

static void a_signal_handler_cancels_a_call_that_blocks(scene *s)
{
    canceller c = {.p = s->peer, .waits = pthread_self()};
    interrupted = beluga_context_new_cancellable(NULL);
    handle(SIGUSR1);
    script(s->peer, HANGS);
    assert_int_equal(pthread_create(&c.thread, NULL, interrupt_when_asked, &c), 0);
    assert_int_equal(generate_under(s->model, interrupted, NULL, NULL),
                     BELUGA_ERROR_CONTEXT_CANCELED);
    pthread_join(c.thread, NULL);
    signal(SIGUSR1, SIG_DFL);
    beluga_context_unref(interrupted);
}

static void raise_at_text(void *payload, const beluga_event *event)
{
    record_event(payload, event);
    if (event->kind == BELUGA_EVENT_TEXT) raise(SIGUSR1);
}

static void a_signal_in_the_middle_of_a_callback_cancels_too(scene *s)
{
    open_mock_with(s, beluga_mock_with_word_delay_ms(1));
    interrupted = beluga_context_new_cancellable(NULL);
    handle(SIGUSR1);
    beluga_op_free(push_to(s->model, s->loop, interrupted, raise_at_text, &s->r));
    step_to_the_end(s);
    assert_int_equal(s->r.error.code, BELUGA_ERROR_CONTEXT_CANCELED);
    assert_true(s->r.texts >= 1);
    signal(SIGUSR1, SIG_DFL);
    beluga_context_unref(interrupted);
}

/* A signal whose handler cancels nothing must not disturb a call that waits. */
static void a_signal_alone_ends_nothing(scene *s)
{
    canceller c = {.p = s->peer, .waits = pthread_self()};
    interrupted = NULL;
    handle(SIGUSR1);
    script(s->peer, PAUSES(100), STREAMS("Hello"));
    assert_int_equal(pthread_create(&c.thread, NULL, interrupt_when_asked, &c), 0);
    expect_end(s, 0);
    assert_int_equal(s->r.finishes, 1);
    pthread_join(c.thread, NULL);
    signal(SIGUSR1, SIG_DFL);
}

/* --- families --------------------------------------------------------------------------------- */

static void a_parent_cancels_its_children_and_a_child_nobody_else(scene *s)
{
    record r[3] = {0};
    beluga_context *parent = beluga_context_new_cancellable(NULL);
    beluga_context *first = beluga_context_new_cancellable(parent);
    beluga_context *timed = beluga_context_new_timeout(parent, PATIENCE_MS * 2);
    beluga_context *second = beluga_context_new_cancellable(timed);
    beluga_context *of_each[] = {parent, first, second};
    endless(s, 3);
    for (int i = 0; i < 3; i++) beluga_op_free(push_stream(s->model, s->loop, of_each[i], &r[i]));
    for (int i = 0; i < 3; i++)
        while (!r[i].texts) poll_and_step(s->loop);
    beluga_context_cancel(first);
    step_until_end(s->loop, &r[1]);
    step_until_quiet(s->loop);
    assert_int_equal(r[0].errors + r[2].errors, 0);
    assert_false(beluga_context_is_cancelled(second));
    /* This context is not cancellable itself, so its nearest cancellable parent is cancelled. */
    beluga_context_cancel(timed);
    step_until_end(s->loop, &r[0]);
    step_until_end(s->loop, &r[2]);
    for (int i = 0; i < 3; i++) assert_int_equal(r[i].error.code, BELUGA_ERROR_CONTEXT_CANCELED);
    beluga_context_unref(parent); /* children keep a reference to their parents */
    beluga_context_unref(timed);
    beluga_context_unref(first);
    beluga_context_unref(second);
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

static void all_loops_that_watch_a_context_learn_of_its_end(scene *s)
{
    enum { N = 8 };
    waiter w[N];
    s->ctx = beluga_context_new_cancellable(NULL);
    endless(s, N);
    for (int i = 0; i < N; i++) {
        w[i] = (waiter){.model = s->model, .ctx = s->ctx, .on_loop = i % 2};
        assert_int_equal(pthread_create(&w[i].thread, NULL, wait_for_answer, &w[i]), 0);
    }
    assert_int_equal(peer_wait_requests(s->peer, N, PATIENCE_MS), 0);
    beluga_context_cancel(s->ctx);
    for (int i = 0; i < N; i++) {
        pthread_join(w[i].thread, NULL);
        assert_int_equal(w[i].status, BELUGA_ERROR_CONTEXT_CANCELED);
    }
    assert_int_equal(peer_wait_all_closed(s->peer, PATIENCE_MS), 0);
}

static void a_context_may_serve_one_call_after_the_other(scene *s)
{
    s->ctx = beluga_context_new_cancellable(NULL);
    script(s->peer, REPEATS(20), ANSWERS("Hello"));
    for (int i = 0; i < 20; i++) expect_text(s, "Hello");
    beluga_context_cancel(s->ctx);
    expect_failure(s, BELUGA_ERROR_CONTEXT_CANCELED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(a_call_under_a_cancelled_context_does_not_start),
        SCENE(a_call_that_has_ended_is_not_touched),
        cmocka_unit_test(a_call_without_a_context_cannot_be_cancelled_by_one),
        SCENE(what_had_arrived_is_read_and_then_the_cancellation),
        SCENE(another_thread_cancels_a_generate_that_waits),
        SCENE(another_thread_cancels_a_stream_that_waits_in_next),
        SCENE(another_thread_cancels_what_runs_on_a_hosts_loop),
        SCENE(a_wait_for_a_retry_is_cancelled_too),
        SCENE(a_paused_call_is_cancelled_too),
        SCENE(a_signal_handler_cancels_a_call_that_blocks),
        SCENE(a_signal_in_the_middle_of_a_callback_cancels_too),
        SCENE(a_signal_alone_ends_nothing),
        SCENE(a_parent_cancels_its_children_and_a_child_nobody_else),
        SCENE(all_loops_that_watch_a_context_learn_of_its_end),
        SCENE(a_context_may_serve_one_call_after_the_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
