/* An HTTP provider that reads the status and the headers of an answer, too, and calls that take
 * several requests. */
#include "jobs.h"

#include <stdio.h>

/* ---- the model's state and the head of an answer --------------------------------------------- */

static void every_function_reaches_the_state_of_its_model(void **state)
{
    jobs *j = *state;
    beluga_error err;
    script(j->peer, HEAD(404, "X-Reason: gone\r\n"), BODY("{}"));
    assert_int_equal(generate(j->model, NULL, &err), BELUGA_ERROR_NOT_FOUND);
    assert_string_equal(err.provider_code, "gone of the-self");
    assert_string_equal(peer_request_header(j->peer, 0, "x-self"), "the-self");
}

static void an_answer_without_a_body_is_decoded_by_its_head(void **state)
{
    jobs *j = *state;
    script(j->peer, HEAD(202, "X-Says: from the head\r\n"), BODY(""));
    assert_int_equal(generate(j->model, "from the head", NULL), 0);
}

static void a_stream_that_was_asked_for_may_be_an_answer_without_a_body(void **state)
{
    jobs *j = *state;
    record r;
    script(j->peer, HEAD(202, "X-Says: from the head\r\n"), BODY(""));
    assert_int_equal(stream_whole(j->model, &r), 0);
    assert_story(&r, "start metadata [from the head] finish(stop)");
}

/* ---- several requests ------------------------------------------------------------------------ */

static void a_job_is_created_and_polled_until_it_is_done(void **state)
{
    jobs *j = *state;
    script(j->peer, JSON("{\"id\":\"7\",\"next\":\"/jobs/7\"}"));
    script(j->peer, REPEATS(2), JSON("{\"next\":\"/jobs/7\",\"wait_ms\":1}"));
    script(j->peer, JSON("{\"text\":\"Hello\",\"finish\":true}"));
    assert_int_equal(generate(j->model, "Hello", NULL), 0);
    assert_int_equal(peer_requests(j->peer), 4);
    jobs_sent(j, 0, "POST", "/v1/jobs");
    for (size_t i = 1; i < 4; i++) jobs_sent(j, i, "GET", "/v1/jobs/7");
    assert_string_equal(peer_request_header(j->peer, 3, "x-answers"), "3");
    assert_string_equal(peer_request_header(j->peer, 3, "authorization"), "Bearer the-key");
}

static void a_job_that_was_created_is_streamed(void **state)
{
    jobs *j = *state;
    record r;
    script(j->peer, JSON("{\"id\":\"7\",\"next\":\"/jobs/7/stream\"}"));
    script(j->peer, EVENT_STREAM, EVENT("{\"text\":\"Hel\"}"), EVENT("{\"text\":\"lo\"}"),
           EVENT("{\"finish\":true}"), ENDS);
    assert_int_equal(stream_whole(j->model, &r), 0);
    assert_story(&r, "start metadata [Hel] [lo] finish(stop)");
}

static void a_stream_may_ask_for_another_and_text_goes_on(void **state)
{
    jobs *j = *state;
    record r;
    script(j->peer, EVENT_STREAM, EVENT("{\"text\":\"a\",\"next\":\"/jobs/b\"}"), EVENT("[DONE]"),
           HANGS);
    script(j->peer, EVENT_STREAM, EVENT("{\"text\":\"b\",\"more_at_end\":true}"), ENDS);
    script(j->peer, MATCHES("/jobs/more"), JSON("{\"text\":\"c\",\"finish\":true}"));
    assert_int_equal(stream_whole(j->model, &r), 0);
    assert_story(&r, "start metadata [a] [b] [c] finish(stop)");
}

static void a_tool_call_ends_with_the_answer_it_began_in(void **state)
{
    jobs *j = *state;
    record r;
    script(j->peer, JSON("{\"tool\":\"look\",\"next\":\"/jobs/7\"}"));
    script(j->peer, JSON("{\"tool\":\"see\",\"finish\":true}"));
    assert_int_equal(stream_whole(j->model, &r), 0);
    assert_story(&r, "start metadata begin(1 look) end(1 {}) begin(2 see) end(2 {}) "
                     "finish(tool_calls)");
}

static void an_answer_finishes_or_asks_but_not_both(void **state)
{
    jobs *j = *state;
    beluga_error err;
    script(j->peer, JSON("{\"next\":\"/jobs/7\",\"finish\":true}"));
    assert_int_equal(generate(j->model, NULL, &err), BELUGA_ERROR_INVALID_RESPONSE);
    assert_non_null(strstr(err.message, "emitted a finish and also asked for another request"));
    assert_int_equal(peer_requests(j->peer), 1);
}

static void a_call_that_asks_for_ever_is_given_up(void **state)
{
    jobs *j = *state;
    beluga_error err;
    script(j->peer, FOR_EVER, JSON("{\"next\":\"/jobs/7\"}"));
    assert_int_equal(generate(j->model, NULL, &err), BELUGA_ERROR_LIMIT_EXCEEDED);
    assert_non_null(strstr(err.message, "the call needs more than 10000 requests"));
    assert_int_equal(peer_requests(j->peer), 10001);
}

static void a_token_has_a_largest_size(void **state)
{
    jobs *j = *state;
    beluga_error err;
    static char answer[20000];
    int n = snprintf(answer, sizeof answer, "{\"next\":\"/%016385d\"}", 7);
    assert_true(n > 0);
    script(j->peer, JSON(answer));
    assert_int_equal(generate(j->model, NULL, &err), BELUGA_ERROR_LIMIT_EXCEEDED);
    assert_non_null(strstr(err.message, "token of the next request is larger than 16 KiB"));
}

static void the_wait_before_a_request_is_not_idleness(void **state)
{
    jobs *j = *state;
    jobs_open(j, beluga_with_timeout_ms(3000), beluga_with_first_event_timeout_ms(3000),
              beluga_with_idle_timeout_ms(3000));
    record r;
    script(j->peer, JSON("{\"next\":\"/jobs/7\",\"wait_ms\":3200}"));
    script(j->peer, JSON("{\"text\":\"late\",\"finish\":true}"));
    assert_int_equal(stream_whole(j->model, &r), 0);
    assert_story(&r, "start metadata [late] finish(stop)");
}

static void each_request_has_its_own_timeouts(void **state)
{
    jobs *j = *state;
    beluga_error err;
    jobs_open(j, beluga_with_timeout_ms(3000));
    script(j->peer, JSON("{\"id\":\"7\",\"next\":\"/jobs/7\"}"));
    script(j->peer, MATCHES("/jobs/7/cancel"), JSON("{}"));
    script(j->peer, HANGS);
    assert_int_equal(generate(j->model, NULL, &err), BELUGA_ERROR_TIMEOUT);
    assert_int_equal(peer_requests(j->peer), 3);
    jobs_sent(j, 2, "POST", "/v1/jobs/7/cancel");
}

/* Expect that the total timeout ends a job that never finishes, with and without a stream. */
static void expect_the_total_timeout(jobs *j, const char *answer)
{
    beluga_error err;
    record r;
    jobs_open(j, beluga_with_total_timeout_ms(300));
    script(j->peer, FOR_EVER, JSON(answer));
    assert_int_equal(generate(j->model, NULL, &err), BELUGA_ERROR_TIMEOUT);
    assert_string_equal(err.message, "no complete answer within 300 ms");
    assert_int_equal(stream_whole(j->model, &r), BELUGA_ERROR_TIMEOUT);
}

static void a_total_timeout_that_is_given_ends_all_requests_together(void **state)
{
    expect_the_total_timeout(*state, "{\"next\":\"/jobs/7\",\"wait_ms\":1}");
}

static void a_total_timeout_that_is_given_ends_a_wait(void **state)
{
    expect_the_total_timeout(*state, "{\"next\":\"/jobs/7\",\"wait_ms\":60000}");
}

static bool told_at_the_deadline(jobs *j, int64_t timeout_ms)
{
    beluga_error err;
    size_t before = peer_requests(j->peer);
    SCOPED(beluga_context) *late = beluga_context_new_timeout(NULL, timeout_ms);
    assert_int_equal(generate_under(j->model, late, NULL, &err), BELUGA_ERROR_CONTEXT_TIMEOUT);
    return peer_requests(j->peer) == before + 2;
}

/* On a slow machine the first answer may arrive too late for the shorter timeouts, so longer ones
 * are tried, too. */
static void the_deadline_ends_a_wait_and_the_service_is_told(void **state)
{
    jobs *j = *state;
    script(j->peer, FOR_EVER, MATCHES("/jobs/7/cancel"), JSON("{}"));
    script(j->peer, FOR_EVER, JSON("{\"id\":\"7\",\"next\":\"/jobs/7\",\"wait_ms\":60000}"));
    int64_t timeout_ms = 200;
    while (!told_at_the_deadline(j, timeout_ms) && timeout_ms < PATIENCE_MS) timeout_ms *= 2;
    size_t last = peer_requests(j->peer) - 1;
    jobs_sent(j, last, "POST", "/v1/jobs/7/cancel");
    assert_string_equal(peer_request_header(j->peer, last, "x-token"), "/jobs/7");
    assert_string_equal(peer_request_header(j->peer, last, "authorization"), "Bearer the-key");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_JOBS(every_function_reaches_the_state_of_its_model),
        WITH_JOBS(an_answer_without_a_body_is_decoded_by_its_head),
        WITH_JOBS(a_stream_that_was_asked_for_may_be_an_answer_without_a_body),
        WITH_JOBS(a_job_is_created_and_polled_until_it_is_done),
        WITH_JOBS(a_job_that_was_created_is_streamed),
        WITH_JOBS(a_stream_may_ask_for_another_and_text_goes_on),
        WITH_JOBS(a_tool_call_ends_with_the_answer_it_began_in),
        WITH_JOBS(an_answer_finishes_or_asks_but_not_both),
        WITH_JOBS(a_call_that_asks_for_ever_is_given_up),
        WITH_JOBS(a_token_has_a_largest_size),
        WITH_JOBS(the_wait_before_a_request_is_not_idleness),
        WITH_JOBS(each_request_has_its_own_timeouts),
        WITH_JOBS(a_total_timeout_that_is_given_ends_all_requests_together),
        WITH_JOBS(a_total_timeout_that_is_given_ends_a_wait),
        WITH_JOBS(the_deadline_ends_a_wait_and_the_service_is_told),
    };
    return cmocka_run_group_tests_name("requests", tests, NULL, NULL);
}
