/* Limits: requests and tokens per minute, and concurrent calls. A call beyond a limit waits, or is
 * refused. */
#include "../support/scene.h"
#include "../support/threads.h"

#include <beluga/providers/mock.h>

#include <stdatomic.h>
#include <time.h>

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- requests a minute ------------------------------------------------------------------------ */

static void calls_beyond_the_rate_are_refused_when_nobody_may_wait(scene *s)
{
    open_mock_with(s, beluga_with_requests_per_minute(1), beluga_with_limit_wait_ms(0));
    expect_text(s, NULL);
    expect_failure(s, BELUGA_ERROR_RATE_LIMIT);
    assert_string_equal(s->err.provider_code, "local_limit");
    assert_in_range(s->err.retry_after_ms, 50000, 60001);
    assert_string_equal(s->err.provider, "mock");
}

static void calls_beyond_the_rate_wait_for_their_turn(scene *s)
{
    open_mock_with(s, beluga_with_requests_per_minute(600)); /* one in 100 ms */
    int64_t start = now_ms();
    for (int i = 0; i < 14; i++) expect_text(s, NULL);
    /* Ten calls, those of one second, may start at once. The others start about 100 ms apart. */
    assert_true(now_ms() - start >= 290);
}

static void who_is_refused_takes_no_turn(scene *s)
{
    beluga_error first, last;
    open_mock_with(s, beluga_with_requests_per_minute(1), beluga_with_limit_wait_ms(0));
    expect_text(s, NULL);
    assert_int_equal(generate(s->model, NULL, &first), BELUGA_ERROR_RATE_LIMIT);
    for (int i = 0; i < 50; i++)
        assert_int_equal(generate(s->model, NULL, &last), BELUGA_ERROR_RATE_LIMIT);
    assert_true(last.retry_after_ms <= first.retry_after_ms);
}

static void waiting_ends_with_the_contexts_deadline(scene *s)
{
    open_mock_with(s, beluga_with_requests_per_minute(1));
    expect_text(s, NULL);
    s->ctx = beluga_context_new_timeout(NULL, 30);
    expect_failure(s, BELUGA_ERROR_CONTEXT_TIMEOUT);
}

/* --- tokens a minute -------------------------------------------------------------------------- */

static void tokens_are_settled_when_the_usage_is_known(scene *s)
{
    open_with(s, beluga_with_tokens_per_minute(60), beluga_with_limit_wait_ms(0));
    /* 5 tokens were estimated before the call, which then used 252. */
    script(
        s->peer,
        JSON("{\"choices\":[{\"message\":{\"content\":\"x\"},\"finish_reason\":\"stop\"}],"
             "\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":240,\"total_tokens\":252}}"));
    expect_text(s, "x");
    expect_failure(s, BELUGA_ERROR_RATE_LIMIT);
    assert_in_range(s->err.retry_after_ms, 240000, 252001);
}

/* ---- limits that the provider reports -------------------------------------------------------- */

/* Make a call whose answer has these headers, and expect that they make the library refuse the next
 * call. */
static void is_held_by(scene *s, const char *headers)
{
    open_with(s, beluga_with_max_concurrent_calls(9), beluga_with_limit_wait_ms(0));
    script(s->peer, HEAD(200, headers),
           BODY("{\"choices\":[{\"message\":{\"content\":\"x\"},\"finish_reason\":\"stop\"}]}"));
    expect_text(s, "x");
    expect_failure(s, BELUGA_ERROR_RATE_LIMIT);
    expect_requests(s, 1);
}

#define NONE_LEFT "Content-Type: application/json\r\nx-ratelimit-remaining-requests: 0\r\n"

static void the_providers_own_headers_hold_the_next_call(scene *s)
{
    is_held_by(s, NONE_LEFT "x-ratelimit-limit-requests: 100\r\n"
                            "x-ratelimit-reset-requests: 1h0m0s\r\n");
    assert_in_range(s->err.retry_after_ms, 3000000, 3600001);
}

static void a_time_beyond_all_times_holds_and_does_not_wrap(scene *s)
{
    is_held_by(s, NONE_LEFT "x-ratelimit-limit-requests: 1\r\n"
                            "x-ratelimit-reset-requests: 10000000d\r\n");
    assert_true(s->err.retry_after_ms > 3600000);
}

static void a_retry_after_holds_the_calls_of_others_too(scene *s)
{
    open_with(s, beluga_with_max_concurrent_calls(9), beluga_with_limit_wait_ms(0));
    script(s->peer, FAILS(429, "Retry-After: 3600\r\n"));
    expect_failure(s, BELUGA_ERROR_RATE_LIMIT);
    expect_failure(s, BELUGA_ERROR_RATE_LIMIT);
    expect_requests(s, 1);
}

/* ---- concurrent calls ------------------------------------------------------------------------ */

static void so_many_run_at_once_and_the_others_follow(scene *s)
{
    enum { CALLS = 6 };
    record r[CALLS];
    beluga_op *ops[CALLS];
    open_with(s, beluga_with_max_concurrent_calls(2));
    for (int i = 0; i < CALLS; i++) {
        peer_reply *reply = peer_reply_new(s->peer);
        if (i < 2) peer_step_gate(reply, 0);
        peer_openai_stream(reply, "Hello");
        record_clear(&r[i]);
        ops[i] = push_stream(s->model, s->loop, NULL, &r[i]);
    }
    while (peer_requests(s->peer) < 2) assert_int_equal(beluga_loop_wait(s->loop, 1), 0);
    step_until_quiet(s->loop);
    expect_requests(s, 2);
    peer_open_gate(s->peer, 0);
    for (int i = 0; i < CALLS; i++) step_until_end(s->loop, &r[i]);
    for (int i = 0; i < CALLS; i++) {
        assert_int_equal(r[i].finishes, 1);
        beluga_op_free(ops[i]);
    }
}

static void who_is_cancelled_while_waiting_leaves_the_queue(scene *s)
{
    record r[3];
    beluga_op *ops[3];
    open_with(s, beluga_with_max_concurrent_calls(1));
    script(s->peer, WAITS_AT(0), STREAMS("first"));
    script(s->peer, STREAMS("third"));
    for (int i = 0; i < 3; i++) {
        record_clear(&r[i]);
        ops[i] = push_stream(s->model, s->loop, NULL, &r[i]);
    }
    beluga_op_cancel(ops[1]);
    step_until_end(s->loop, &r[1]);
    assert_story(&r[1], "error(context_canceled)");
    peer_open_gate(s->peer, 0);
    step_until_end(s->loop, &r[2]);
    assert_int_equal(r[0].finishes, 1);
    assert_int_equal(r[2].finishes, 1);
    expect_requests(s, 2);
    for (int i = 0; i < 3; i++) beluga_op_free(ops[i]);
}

static void who_only_waits_for_a_place_can_be_given_up(scene *s)
{
    record r[3];
    beluga_op *ops[3];
    open_with(s, beluga_with_max_concurrent_calls(1));
    script(s->peer, WAITS_AT(0), STREAMS("first"));
    for (int i = 0; i < 3; i++) {
        record_clear(&r[i]);
        ops[i] = push_stream(s->model, s->loop, NULL, &r[i]);
    }
    assert_int_equal(beluga_loop_cancel_waiting(s->loop), 2);
    assert_int_equal(beluga_loop_cancel_waiting(s->loop), 0);
    for (int i = 1; i < 3; i++) {
        step_until_end(s->loop, &r[i]);
        assert_story(&r[i], "error(context_canceled)");
    }
    peer_open_gate(s->peer, 0);
    step_until_end(s->loop, &r[0]);
    assert_int_equal(r[0].finishes, 1);
    expect_requests(s, 1);
    for (int i = 0; i < 3; i++) beluga_op_free(ops[i]);
}

static void who_only_waits_for_a_turn_can_be_given_up(scene *s)
{
    open_mock_with(s, beluga_with_requests_per_minute(1));
    expect_text(s, NULL);
    push(s);
    assert_int_equal(beluga_loop_cancel_waiting(s->loop), 1);
    step_to_the_end(s);
    assert_story(&s->r, "error(context_canceled)");
}

static void who_is_cancelled_while_waiting_gives_back_the_turn(scene *s)
{
    open_mock_with(s, beluga_with_requests_per_minute(2), beluga_with_limit_wait_ms(50000));
    expect_text(s, NULL);
    /* One call in 30 s is allowed. If a cancelled call counted, the second call would have to wait
     * too long and be refused. */
    for (int i = 0; i < 5; i++) {
        record_clear(&s->r);
        beluga_op *op = push_stream(s->model, s->loop, NULL, &s->r);
        step_until_quiet(s->loop);
        beluga_op_cancel(op);
        step_to_the_end(s);
        assert_story(&s->r, "error(context_canceled)");
        beluga_op_free(op);
    }
}

static void what_an_open_breaker_refuses_takes_no_turn(scene *s)
{
    open_mock_with(s, beluga_with_model_name("error-internal_error"), beluga_with_max_retries(0),
                   beluga_with_breaker_failures(1), beluga_with_requests_per_minute(120),
                   beluga_with_limit_wait_ms(0));
    expect_failure(s, BELUGA_ERROR_INTERNAL);
    for (int i = 0; i < 50; i++) expect_failure(s, BELUGA_ERROR_CIRCUIT_OPEN);
}

static void waiting_for_a_place_has_an_end(scene *s)
{
    open_with(s, beluga_with_max_concurrent_calls(1), beluga_with_limit_wait_ms(50));
    script(s->peer, HANGS);
    push(s);
    step_to_requests(s, 1);
    expect_failure(s, BELUGA_ERROR_RATE_LIMIT);
    assert_non_null(strstr(s->err.message, "max_concurrent_calls"));
    RELEASE(beluga_op_free, s->op);
    RELEASE(beluga_loop_free, s->loop); /* this ends the call whose answer never ends */
    script(s->peer, ANSWERS("free"));
    expect_text(s, NULL);
}

enum { THREADS = 8, EACH = 25 };

typedef struct crowd {
    beluga_chat_model *model;
    atomic_int failed;
} crowd;

static void *call_in_a_crowd(void *argument)
{
    crowd *c = argument;
    for (int i = 0; i < EACH; i++) {
        beluga_context *ctx = i % 5 ? NULL : beluga_context_new_timeout(NULL, 1);
        int status = generate_under(c->model, ctx, NULL, NULL);
        if (status && status != BELUGA_ERROR_CONTEXT_TIMEOUT) atomic_fetch_add(&c->failed, 1);
        beluga_context_unref(ctx);
    }
    return NULL;
}

static void ignore_event(void *payload, const beluga_event *event)
{
    (void)payload;
    (void)event;
}

/* Begin some calls on a new loop, step a few times, and free the loop in whatever state the calls
 * are. */
static void *leave_in_a_crowd(void *argument)
{
    crowd *c = argument;
    beluga_messages *messages = beluga_messages_new();
    beluga_messages_add(messages, beluga_human_message("Hi"));
    for (int i = 0; i < EACH; i++) {
        beluga_loop *loop = NULL;
        beluga_op *ops[3] = {NULL, NULL, NULL};
        if (beluga_loop_new(NULL, &loop)) atomic_fetch_add(&c->failed, 1);
        for (int k = 0; k < 3; k++)
            if (beluga_stream_start_n(c->model, loop, NULL, messages, ignore_event, NULL, &ops[k],
                                      NULL, NULL, 0))
                atomic_fetch_add(&c->failed, 1);
        for (int k = 0; k < i % 7; k++) beluga_loop_step(loop);
        if (i % 3 == 0) beluga_op_cancel(ops[1]);
        for (int k = 0; k < 3; k++) beluga_op_free(ops[k]);
        beluga_loop_free(loop);
    }
    beluga_messages_free(messages);
    return NULL;
}

/* Two calls may run at once. When a loop is freed just as one of its calls may start, another
 * waiting call must start in its place. */
static void loops_that_go_leave_no_place_taken(void **state)
{
    (void)state;
    crowd c = {
        .model = open_mock(beluga_with_max_concurrent_calls(2), beluga_mock_with_word_delay_ms(1)),
        .failed = 0};
    threads_run(THREADS, leave_in_a_crowd, &c);
    assert_int_equal(c.failed, 0);
    beluga_loop *loop = new_loop();
    record r[2];
    beluga_op *ops[2];
    for (int i = 0; i < 2; i++) { /* two calls can run at once again */
        record_clear(&r[i]);
        ops[i] = push_stream(c.model, loop, NULL, &r[i]);
    }
    for (int i = 0; i < 2; i++) {
        step_until_end(loop, &r[i]);
        assert_int_equal(r[i].finishes, 1);
        beluga_op_free(ops[i]);
    }
    beluga_loop_free(loop);
    beluga_chat_model_unref(c.model);
}

static void threads_wait_for_each_other(void **state)
{
    (void)state;
    crowd c = {.model =
                   open_mock(beluga_with_max_concurrent_calls(2), beluga_mock_with_latency_ms(1))};
    threads_run(THREADS, call_in_a_crowd, &c);
    assert_int_equal(atomic_load(&c.failed), 0);
    /* no call that has ended counts against the limit */
    assert_int_equal(generate(c.model, NULL, NULL), 0);
    assert_int_equal(generate(c.model, NULL, NULL), 0);
    beluga_chat_model_unref(c.model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(calls_beyond_the_rate_are_refused_when_nobody_may_wait),
        SCENE(calls_beyond_the_rate_wait_for_their_turn),
        SCENE(who_is_refused_takes_no_turn),
        SCENE(waiting_ends_with_the_contexts_deadline),
        SCENE(tokens_are_settled_when_the_usage_is_known),
        SCENE(the_providers_own_headers_hold_the_next_call),
        SCENE(a_time_beyond_all_times_holds_and_does_not_wrap),
        SCENE(a_retry_after_holds_the_calls_of_others_too),
        SCENE(so_many_run_at_once_and_the_others_follow),
        SCENE(who_is_cancelled_while_waiting_leaves_the_queue),
        SCENE(waiting_for_a_place_has_an_end),
        SCENE(who_only_waits_for_a_place_can_be_given_up),
        SCENE(who_only_waits_for_a_turn_can_be_given_up),
        cmocka_unit_test(threads_wait_for_each_other),
        SCENE(who_is_cancelled_while_waiting_gives_back_the_turn),
        SCENE(what_an_open_breaker_refuses_takes_no_turn),
        cmocka_unit_test(loops_that_go_leave_no_place_taken),
    };
    return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
