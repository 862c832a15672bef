/* Retries by policy: which errors, and the budget that all calls of a model share. What retries do
 * otherwise is in streaming/test_retry.c. */
#include "../support/calls.h"

#include <beluga/providers/mock.h>

static void fail_with(peer *p, int status, const char *code)
{
    peer_openai_error(peer_reply_new(p), status, NULL, code, "not now");
}

static void an_error_can_be_added_to_those_retried(void **state)
{
    peer *p = *state;
    beluga_chat_model *model =
        open_peer_with(p, beluga_with_max_retries(1), beluga_with_retry_on("not_found"));
    fail_with(p, 404, NULL);
    peer_openai_answer(peer_reply_new(p), "Hello");
    assert_int_equal(generate(model, "Hello", NULL), 0);
    beluga_chat_model_unref(model);
}

static void an_error_can_be_taken_from_those_retried(void **state)
{
    peer *p = *state;
    beluga_chat_model *model =
        open_peer_with(p, beluga_with_max_retries(3), beluga_with_retry_on("-overloaded"));
    fail_with(p, 503, NULL);
    assert_int_equal(generate(model, NULL, NULL), BELUGA_ERROR_OVERLOADED);
    assert_int_equal(peer_requests(p), 1);
    fail_with(p, 500, NULL);
    peer_openai_answer(peer_reply_new(p), "Hello");
    assert_int_equal(generate(model, "Hello", NULL), 0);
    beluga_chat_model_unref(model);
}

static void a_sick_provider_is_not_hammered(void **state)
{
    enum { CALLS = 400 };
    peer *p = *state;
    beluga_loop *loop = new_loop();
    static record r[CALLS];
    beluga_op *ops[CALLS];
    beluga_chat_model *model =
        open_peer_with(p, beluga_with_max_retries(3), beluga_with_retry_budget(0));
    peer_reply *sick = peer_reply_new(p);
    peer_openai_error(sick, 500, NULL, NULL, "sick");
    peer_reply_repeat(sick, PEER_FOR_EVER);
    for (int i = 0; i < CALLS; i++) {
        record_clear(&r[i]);
        ops[i] = push_stream(model, loop, NULL, &r[i]);
    }
    for (int i = 0; i < CALLS; i++) step_until_end(loop, &r[i]);
    for (int i = 0; i < CALLS; i++) beluga_op_free(ops[i]);
    /* The reserve of a hundred, and one a second: far from three times as many. */
    assert_in_range(peer_requests(p), CALLS + 100, CALLS + 200);
    beluga_chat_model_unref(model);
    beluga_loop_free(loop);
}

static void what_the_provider_gave_a_time_for_costs_nothing(void **state)
{
    enum { CALLS = 150 };
    peer *p = *state;
    beluga_chat_model *model =
        open_peer_with(p, beluga_with_max_retries(1), beluga_with_retry_budget(0));
    peer_reply *busy = peer_reply_new(p);
    peer_openai_error(busy, 429, "retry-after-ms: 1\r\n", NULL, "slow down");
    peer_reply_turn(busy, 0, 2);
    peer_reply_repeat(busy, PEER_FOR_EVER);
    peer_reply *well = peer_reply_new(p);
    peer_openai_answer(well, "Hello");
    peer_reply_repeat(well, PEER_FOR_EVER);
    beluga_loop *loop = new_loop();
    static record r[CALLS];
    for (int i = 0; i < CALLS; i++) {
        record_clear(&r[i]);
        beluga_op_free(push_stream(model, loop, NULL, &r[i]));
    }
    for (int i = 0; i < CALLS; i++) step_until_end(loop, &r[i]);
    for (int i = 0; i < CALLS; i++) assert_true(r[i].finishes || r[i].error.attempts == 2);
    beluga_chat_model_unref(model);
    beluga_loop_free(loop);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        ON_PEER(an_error_can_be_added_to_those_retried),
        ON_PEER(an_error_can_be_taken_from_those_retried),
        ON_PEER(a_sick_provider_is_not_hammered),
        ON_PEER(what_the_provider_gave_a_time_for_costs_nothing),
    };
    return cmocka_run_group_tests_name("retry", tests, NULL, NULL);
}
