/* The circuit breaker: when it opens, what it refuses, and how it closes again. */
#include "../support/calls.h"

#include <beluga/providers/mock.h>
#include <pthread.h>
#include <unistd.h>

/* Long enough that no test sees the breaker close by itself, or so short that it does at once. */
enum { LONG_MS = 3600000, SHORT_MS = 1 };

static beluga_chat_model *open_with_breaker(peer *p, int64_t failures, int64_t open_ms,
                                            int64_t probes)
{
    return open_peer_with(p, beluga_with_breaker_failures(failures),
                          beluga_with_breaker_open_time_ms(open_ms),
                          beluga_with_breaker_probes(probes));
}

static void fail_next(peer *p, int status)
{
    peer_openai_error(peer_reply_new(p), status, NULL, NULL, "sick");
}

static void it_opens_after_so_many_failures_in_a_row(void **state)
{
    peer *p = *state;
    beluga_error err;
    beluga_chat_model *model = open_with_breaker(p, 3, LONG_MS, 1);
    for (int i = 0; i < 3; i++) {
        fail_next(p, 503);
        assert_int_equal(generate(model, NULL, NULL), BELUGA_ERROR_OVERLOADED);
    }
    assert_int_equal(generate(model, NULL, &err), BELUGA_ERROR_CIRCUIT_OPEN);
    assert_in_range(err.retry_after_ms, LONG_MS / 2, LONG_MS);
    assert_non_null(strstr(err.message, "3 failed calls"));
    assert_int_equal(peer_requests(p), 3); /* nothing was sent */
    beluga_chat_model_unref(model);
}

static void a_success_between_them_starts_the_count_anew(void **state)
{
    peer *p = *state;
    beluga_chat_model *model = open_with_breaker(p, 2, LONG_MS, 1);
    for (int i = 0; i < 3; i++) {
        fail_next(p, 500);
        assert_int_equal(generate(model, NULL, NULL), BELUGA_ERROR_INTERNAL);
        peer_openai_answer(peer_reply_new(p), "well");
        assert_int_equal(generate(model, "well", NULL), 0);
    }
    beluga_chat_model_unref(model);
}

static void what_the_caller_did_wrong_says_nothing_about_the_provider(void **state)
{
    peer *p = *state;
    beluga_chat_model *model = open_with_breaker(p, 2, LONG_MS, 1);
    for (int i = 0; i < 4; i++) {
        fail_next(p, i % 2 ? 400 : 401);
        assert_int_not_equal(generate(model, NULL, NULL), BELUGA_ERROR_CIRCUIT_OPEN);
    }
    beluga_chat_model_unref(model);
}

static void a_probe_that_succeeds_closes_it(void **state)
{
    peer *p = *state;
    beluga_chat_model *model = open_with_breaker(p, 1, SHORT_MS, 1);
    fail_next(p, 503);
    assert_int_equal(generate(model, NULL, NULL), BELUGA_ERROR_OVERLOADED);
    usleep(20 * 1000 * SHORT_MS);
    for (int i = 0; i < 3; i++) {
        peer_openai_answer(peer_reply_new(p), "well");
        assert_int_equal(generate(model, "well", NULL), 0);
    }
    beluga_chat_model_unref(model);
}

static void a_probe_that_fails_opens_it_anew(void **state)
{
    peer *p = *state;
    beluga_chat_model *model = open_with_breaker(p, 1, 200, 1);
    fail_next(p, 503);
    assert_int_equal(generate(model, NULL, NULL), BELUGA_ERROR_OVERLOADED);
    usleep(250 * 1000);
    fail_next(p, 503);
    assert_int_equal(generate(model, NULL, NULL), BELUGA_ERROR_OVERLOADED);
    size_t asked = peer_requests(p);
    assert_int_equal(asked, 2);
    int status = generate(model, NULL, NULL); /* unless the machine slept for 200 ms */
    assert_true(status == BELUGA_ERROR_CIRCUIT_OPEN || peer_requests(p) > asked);
    beluga_chat_model_unref(model);
}

static void while_a_probe_is_out_the_others_are_refused(void **state)
{
    peer *p = *state;
    record first, second;
    record_clear(&first);
    record_clear(&second);
    beluga_loop *loop = new_loop();
    beluga_chat_model *model = open_with_breaker(p, 1, SHORT_MS, 1);
    fail_next(p, 503);
    assert_int_equal(generate(model, NULL, NULL), BELUGA_ERROR_OVERLOADED);
    usleep(20 * 1000 * SHORT_MS);
    peer_reply *held = peer_reply_new(p);
    peer_step_gate(held, 0);
    peer_openai_stream(held, "well");
    beluga_op *probe = push_stream(model, loop, NULL, &first);
    assert_int_equal(generate(model, NULL, NULL), BELUGA_ERROR_CIRCUIT_OPEN);
    peer_open_gate(p, 0);
    step_until_end(loop, &first);
    assert_int_equal(first.finishes, 1);
    peer_openai_answer(peer_reply_new(p), "well");
    assert_int_equal(generate(model, "well", NULL), 0);
    beluga_op_free(probe);
    beluga_chat_model_unref(model);
    beluga_loop_free(loop);
}

static void a_probe_that_is_cancelled_lets_the_next_one_try(void **state)
{
    peer *p = *state;
    record r;
    record_clear(&r);
    beluga_loop *loop = new_loop();
    beluga_chat_model *model = open_with_breaker(p, 1, SHORT_MS, 1);
    fail_next(p, 503);
    assert_int_equal(generate(model, NULL, NULL), BELUGA_ERROR_OVERLOADED);
    usleep(20 * 1000 * SHORT_MS);
    peer_step_hang(peer_reply_new(p));
    beluga_op *probe = push_stream(model, loop, NULL, &r);
    while (peer_requests(p) < 2) assert_int_equal(beluga_loop_wait(loop, 1), 0);
    beluga_op_cancel(probe);
    step_until_end(loop, &r);
    peer_openai_answer(peer_reply_new(p), "well");
    assert_int_equal(generate(model, "well", NULL), 0);
    assert_int_equal(peer_requests(p), 3);
    beluga_op_free(probe);
    beluga_chat_model_unref(model);
    beluga_loop_free(loop);
}

static void it_closes_only_after_as_many_probes_as_wanted(void **state)
{
    peer *p = *state;
    beluga_chat_model *model = open_with_breaker(p, 1, SHORT_MS, 2);
    fail_next(p, 503);
    assert_int_equal(generate(model, NULL, NULL), BELUGA_ERROR_OVERLOADED);
    usleep(20 * 1000 * SHORT_MS);
    peer_openai_answer(peer_reply_new(p), "well");
    assert_int_equal(generate(model, "well", NULL), 0);
    fail_next(p, 503); /* the second probe */
    assert_int_equal(generate(model, NULL, NULL), BELUGA_ERROR_OVERLOADED);
    beluga_chat_model_unref(model);
}

static void all_retries_are_one_outcome(void **state)
{
    peer *p = *state;
    beluga_chat_model *model =
        open_peer_with(p, beluga_with_breaker_failures(2),
                       beluga_with_breaker_open_time_ms(LONG_MS), beluga_with_max_retries(2));
    for (int i = 0; i < 6; i++) fail_next(p, 503);
    assert_int_equal(generate(model, NULL, NULL), BELUGA_ERROR_OVERLOADED);
    assert_int_equal(generate(model, NULL, NULL), BELUGA_ERROR_OVERLOADED);
    assert_int_equal(peer_requests(p), 6);
    assert_int_equal(generate(model, NULL, NULL), BELUGA_ERROR_CIRCUIT_OPEN);
    beluga_chat_model_unref(model);
}

static void a_probe_is_one_attempt(void **state)
{
    peer *p = *state;
    beluga_chat_model *model =
        open_peer_with(p, beluga_with_breaker_failures(1),
                       beluga_with_breaker_open_time_ms(SHORT_MS), beluga_with_max_retries(2));
    for (int i = 0; i < 4; i++) fail_next(p, 503);
    assert_int_equal(generate(model, NULL, NULL), BELUGA_ERROR_OVERLOADED);
    assert_int_equal(peer_requests(p), 3);
    usleep(20 * 1000 * SHORT_MS);
    assert_int_equal(generate(model, NULL, NULL), BELUGA_ERROR_OVERLOADED);
    assert_int_equal(peer_requests(p), 4);
    beluga_chat_model_unref(model);
}

static void a_deadline_that_passes_in_silence_is_a_failure(void **state)
{
    peer *p = *state;
    beluga_chat_model *model = open_with_breaker(p, 1, LONG_MS, 1);
    peer_step_hang(peer_reply_new(p));
    beluga_context *ctx = beluga_context_new_timeout(NULL, 50);
    assert_int_equal(generate_under(model, ctx, NULL, NULL), BELUGA_ERROR_CONTEXT_TIMEOUT);
    assert_int_equal(generate(model, NULL, NULL), BELUGA_ERROR_CIRCUIT_OPEN);
    beluga_context_unref(ctx);
    beluga_chat_model_unref(model);
}

static void an_open_breaker_leads_to_the_fallback_without_a_request(void **state)
{
    peer *p = *state;
    beluga_chat_model *model = open_peer_with(p, beluga_with_breaker_failures(1),
                                              beluga_with_breaker_open_time_ms(LONG_MS),
                                              beluga_with_fallback("mock/echo"));
    fail_next(p, 503);
    for (int i = 0; i < 5; i++) assert_int_equal(generate(model, "Hi", NULL), 0);
    assert_int_equal(peer_requests(p), 1);
    beluga_chat_model_unref(model);
}

/* --- many threads ----------------------------------------------------------------------------- */

enum { THREADS = 8, CALLS = 200 };

static void *call_often(void *argument)
{
    for (int i = 0; i < CALLS; i++) {
        int status = generate(argument, NULL, NULL);
        assert_true(status == 0 || status == BELUGA_ERROR_OVERLOADED ||
                    status == BELUGA_ERROR_CIRCUIT_OPEN);
    }
    return NULL;
}

static void threads_share_one_breaker(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    beluga_chat_model *model =
        open_mock(beluga_mock_with_error("overloaded"), beluga_mock_with_error_count(THREADS * 20),
                  beluga_with_max_retries(0), beluga_with_breaker_failures(3),
                  beluga_with_breaker_open_time_ms(1));
    for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, call_often, model);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    beluga_chat_model_unref(model);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        ON_PEER(it_opens_after_so_many_failures_in_a_row),
        ON_PEER(a_success_between_them_starts_the_count_anew),
        ON_PEER(what_the_caller_did_wrong_says_nothing_about_the_provider),
        ON_PEER(a_probe_that_succeeds_closes_it),
        ON_PEER(a_probe_that_fails_opens_it_anew),
        ON_PEER(while_a_probe_is_out_the_others_are_refused),
        ON_PEER(a_probe_that_is_cancelled_lets_the_next_one_try),
        ON_PEER(it_closes_only_after_as_many_probes_as_wanted),
        ON_PEER(all_retries_are_one_outcome),
        ON_PEER(a_probe_is_one_attempt),
        ON_PEER(a_deadline_that_passes_in_silence_is_a_failure),
        ON_PEER(an_open_breaker_leads_to_the_fallback_without_a_request),
        cmocka_unit_test(threads_share_one_breaker),
    };
    return cmocka_run_group_tests_name("breaker", tests, NULL, NULL);
}
