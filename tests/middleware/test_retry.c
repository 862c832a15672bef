/* The policy of retries: which errors are retried, and the retry budget that all calls of a model
 * share. streaming/test_retry.c tests other behaviour of retries. */
#include "../support/scene.h"

#include <beluga/providers/mock.h>

static void an_error_can_be_added_to_those_retried(scene *s)
{
    open_with(s, beluga_with_max_retries(1), beluga_with_retry_on("not_found"));
    script(s->peer, FAILS(404, NULL));
    script(s->peer, ANSWERS("Hello"));
    expect_text(s, "Hello");
}

static void an_error_can_be_taken_from_those_retried(scene *s)
{
    open_with(s, beluga_with_max_retries(3), beluga_with_retry_on("-overloaded"));
    script(s->peer, FAILS(503, NULL));
    expect_failure(s, BELUGA_ERROR_OVERLOADED);
    expect_requests(s, 1);
    script(s->peer, FAILS(500, NULL));
    script(s->peer, ANSWERS("Hello"));
    expect_text(s, "Hello");
}

static void a_sick_provider_is_not_hammered(scene *s)
{
    enum { CALLS = 400 };
    static record r[CALLS];
    beluga_op *ops[CALLS];
    open_with(s, beluga_with_max_retries(3), beluga_with_retry_budget(0));
    script(s->peer, FOR_EVER, FAILS(500, NULL));
    for (int i = 0; i < CALLS; i++) {
        record_clear(&r[i]);
        ops[i] = push_stream(s->model, s->loop, NULL, &r[i]);
    }
    for (int i = 0; i < CALLS; i++) step_until_end(s->loop, &r[i]);
    for (int i = 0; i < CALLS; i++) beluga_op_free(ops[i]);
    /* The budget allows a hundred retries, and one more each second. Without it, each call would
     * make four attempts. */
    assert_in_range(peer_requests(s->peer), CALLS + 100, CALLS + 200);
}

static void what_the_provider_gave_a_time_for_costs_nothing(scene *s)
{
    enum { CALLS = 150 };
    open_with(s, beluga_with_max_retries(1), beluga_with_retry_budget(0));
    peer_reply_turn(script(s->peer, FOR_EVER, FAILS(429, "retry-after-ms: 1\r\n")), 0, 2);
    script(s->peer, FOR_EVER, ANSWERS("Hello"));
    static record r[CALLS];
    for (int i = 0; i < CALLS; i++) {
        record_clear(&r[i]);
        beluga_op_free(push_stream(s->model, s->loop, NULL, &r[i]));
    }
    for (int i = 0; i < CALLS; i++) step_until_end(s->loop, &r[i]);
    for (int i = 0; i < CALLS; i++) assert_true(r[i].finishes || r[i].error.attempts == 2);
}

/* Step until the call waits for another attempt, and give it up. */
static void expect_given_up(scene *s)
{
    script(s->peer, FAILS(429, "Retry-After: 50\r\n"));
    push(s);
    while (!beluga_loop_cancel_waiting(s->loop)) {
        assert_int_equal(s->r.errors, 0);
        assert_int_equal(beluga_loop_wait(s->loop, 10), 0);
    }
    step_to_the_end(s);
    assert_story(&s->r, "error(context_canceled)");
    expect_requests(s, 1);
}

static void who_waits_for_another_attempt_can_be_given_up(scene *s)
{
    open_with(s, beluga_with_max_retries(1));
    expect_given_up(s);
}

static void so_can_who_waits_beneath_other_layers(scene *s)
{
    open_with(s, beluga_with_max_retries(1), beluga_with_fallback("mock/echo"),
              beluga_with_max_concurrent_calls(9), beluga_with_breaker_failures(5));
    expect_given_up(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(an_error_can_be_added_to_those_retried),
        SCENE(an_error_can_be_taken_from_those_retried),
        SCENE(a_sick_provider_is_not_hammered),
        SCENE(what_the_provider_gave_a_time_for_costs_nothing),
        SCENE(who_waits_for_another_attempt_can_be_given_up),
        SCENE(so_can_who_waits_beneath_other_layers),
    };
    return cmocka_run_group_tests_name("retry", tests, NULL, NULL);
}
