/* The circuit breaker: when it opens, which calls it refuses, and how it closes again. */
#include "../support/scene.h"
#include "../support/threads.h"

#include <beluga/providers/mock.h>

#include <unistd.h>

/* Open times: one is so long that no breaker closes during a test, the other so short that it has
 * passed at once. */
enum { LONG_MS = 3600000, SHORT_MS = 1 };

static void open_with_breaker(scene *s, int64_t failures, int64_t open_ms, int64_t probes)
{
    open_with(s, beluga_with_breaker_failures(failures), beluga_with_breaker_open_time_ms(open_ms),
              beluga_with_breaker_probes(probes));
}

static void fail_next(scene *s, int status)
{
    script(s->peer, FAILS(status, NULL));
}

/* Let a first failure open the breaker, and wait until its open time has passed. */
static void open_and_rest(scene *s, int64_t probes)
{
    open_with_breaker(s, 1, SHORT_MS, probes);
    fail_next(s, 503);
    expect_failure(s, BELUGA_ERROR_OVERLOADED);
    usleep(20 * 1000 * SHORT_MS);
}

/* Expect that the next call succeeds. */
static void is_well(scene *s)
{
    script(s->peer, ANSWERS("well"));
    expect_text(s, "well");
}

/* Open a model whose calls may be retried twice, and script six failures. */
static void open_retrying(scene *s, int64_t failures, int64_t open_ms)
{
    open_with(s, beluga_with_breaker_failures(failures), beluga_with_breaker_open_time_ms(open_ms),
              beluga_with_max_retries(2));
    for (int i = 0; i < 6; i++) fail_next(s, 503);
}

static void it_opens_after_so_many_failures_in_a_row(scene *s)
{
    open_with_breaker(s, 3, LONG_MS, 1);
    for (int i = 0; i < 3; i++) {
        fail_next(s, 503);
        expect_failure(s, BELUGA_ERROR_OVERLOADED);
    }
    expect_failure(s, BELUGA_ERROR_CIRCUIT_OPEN);
    assert_in_range(s->err.retry_after_ms, LONG_MS / 2, LONG_MS);
    assert_non_null(strstr(s->err.message, "3 failed calls"));
    expect_requests(s, 3); /* the breaker refused this call, so no request was sent */
}

static void a_success_between_them_starts_the_count_anew(scene *s)
{
    open_with_breaker(s, 2, LONG_MS, 1);
    for (int i = 0; i < 3; i++) {
        fail_next(s, 500);
        expect_failure(s, BELUGA_ERROR_INTERNAL);
        is_well(s);
    }
}

static void what_the_caller_did_wrong_says_nothing_about_the_provider(scene *s)
{
    open_with_breaker(s, 2, LONG_MS, 1);
    for (int i = 0; i < 4; i++) {
        fail_next(s, i % 2 ? 400 : 401);
        assert_int_not_equal(generate(s->model, NULL, NULL), BELUGA_ERROR_CIRCUIT_OPEN);
    }
}

static void a_probe_that_succeeds_closes_it(scene *s)
{
    open_and_rest(s, 1);
    for (int i = 0; i < 3; i++) {
        is_well(s);
    }
}

static void a_probe_that_fails_opens_it_anew(scene *s)
{
    open_with_breaker(s, 1, 200, 1);
    fail_next(s, 503);
    expect_failure(s, BELUGA_ERROR_OVERLOADED);
    usleep(250 * 1000);
    fail_next(s, 503);
    expect_failure(s, BELUGA_ERROR_OVERLOADED);
    size_t asked = peer_requests(s->peer);
    assert_int_equal(asked, 2);
    /* The call is refused, unless this process paused for the 200 ms of the open time. */
    int status = generate(s->model, NULL, NULL);
    assert_true(status == BELUGA_ERROR_CIRCUIT_OPEN || peer_requests(s->peer) > asked);
}

static void while_a_probe_is_out_the_others_are_refused(scene *s)
{
    open_and_rest(s, 1);
    script(s->peer, WAITS_AT(0), STREAMS("well"));
    push(s);
    expect_failure(s, BELUGA_ERROR_CIRCUIT_OPEN);
    peer_open_gate(s->peer, 0);
    step_to_the_end(s);
    assert_int_equal(s->r.finishes, 1);
    is_well(s);
}

static void a_probe_that_is_cancelled_lets_the_next_one_try(scene *s)
{
    open_and_rest(s, 1);
    script(s->peer, HANGS);
    push(s);
    while (peer_requests(s->peer) < 2) assert_int_equal(beluga_loop_wait(s->loop, 1), 0);
    beluga_op_cancel(s->op);
    step_to_the_end(s);
    is_well(s);
    expect_requests(s, 3);
}

static void it_closes_only_after_as_many_probes_as_wanted(scene *s)
{
    open_and_rest(s, 2);
    is_well(s);
    fail_next(s, 503); /* the second probe */
    expect_failure(s, BELUGA_ERROR_OVERLOADED);
}

static void all_retries_are_one_outcome(scene *s)
{
    open_retrying(s, 2, LONG_MS);
    for (int i = 0; i < 2; i++) expect_failure(s, BELUGA_ERROR_OVERLOADED);
    expect_requests(s, 6);
    expect_failure(s, BELUGA_ERROR_CIRCUIT_OPEN);
}

static void a_probe_is_one_attempt(scene *s)
{
    open_retrying(s, 1, SHORT_MS);
    expect_failure(s, BELUGA_ERROR_OVERLOADED);
    expect_requests(s, 3);
    usleep(20 * 1000 * SHORT_MS);
    expect_failure(s, BELUGA_ERROR_OVERLOADED);
    expect_requests(s, 4);
}

static void a_deadline_that_passes_in_silence_is_a_failure(scene *s)
{
    open_with_breaker(s, 1, LONG_MS, 1);
    script(s->peer, HANGS);
    /* A deadline that passed before the call began would say nothing about the provider. */
    s->ctx = beluga_context_new_timeout(NULL, 1000);
    expect_failure(s, BELUGA_ERROR_CONTEXT_TIMEOUT);
    RELEASE(beluga_context_unref, s->ctx);
    expect_failure(s, BELUGA_ERROR_CIRCUIT_OPEN);
}

static void an_open_breaker_leads_to_the_fallback_without_a_request(scene *s)
{
    open_with(s, beluga_with_breaker_failures(1), beluga_with_breaker_open_time_ms(LONG_MS),
              beluga_with_fallback("mock/echo"));
    fail_next(s, 503);
    for (int i = 0; i < 5; i++) expect_text(s, "Hi");
    expect_requests(s, 1);
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

static void threads_share_one_breaker(scene *s)
{
    open_mock_with(s, beluga_mock_with_error("overloaded"),
                   beluga_mock_with_error_count(THREADS * 20), beluga_with_max_retries(0),
                   beluga_with_breaker_failures(3), beluga_with_breaker_open_time_ms(1));
    threads_run(THREADS, call_often, s->model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(it_opens_after_so_many_failures_in_a_row),
        SCENE(a_success_between_them_starts_the_count_anew),
        SCENE(what_the_caller_did_wrong_says_nothing_about_the_provider),
        SCENE(a_probe_that_succeeds_closes_it),
        SCENE(a_probe_that_fails_opens_it_anew),
        SCENE(while_a_probe_is_out_the_others_are_refused),
        SCENE(a_probe_that_is_cancelled_lets_the_next_one_try),
        SCENE(it_closes_only_after_as_many_probes_as_wanted),
        SCENE(all_retries_are_one_outcome),
        SCENE(a_probe_is_one_attempt),
        SCENE(a_deadline_that_passes_in_silence_is_a_failure),
        SCENE(an_open_breaker_leads_to_the_fallback_without_a_request),
        SCENE(threads_share_one_breaker),
    };
    return cmocka_run_group_tests_name("breaker", tests, NULL, NULL);
}
