/* A request of a call fails and is sent again, while the earlier requests of the call are not
 * repeated. */
#include "jobs.h"

#include <stdatomic.h>
#include <stdio.h>

static const char created[] = "{\"id\":\"7\",\"next\":\"/jobs/7\"}";
static const char done[] = "{\"text\":\"Hello\",\"finish\":true}";

/* ---- resuming -------------------------------------------------------------------------------- */

static void expect_resumed(jobs *j)
{
    assert_int_equal(generate(j->model, "Hello", NULL), 0);
    jobs_sent(j, 0, "POST", "/v1/jobs");
    jobs_sent(j, 1, "GET", "/v1/jobs/7");
    jobs_sent(j, 2, "GET", "/v1/jobs/7");
    assert_int_equal(peer_requests(j->peer), 3);
    /* the decoder has the state that it had before the failed request */
    assert_string_equal(peer_request_header(j->peer, 2, "x-answers"), "1");
}

static void a_poll_that_is_refused_for_now_creates_nothing_twice(void **state)
{
    jobs *j = *state;
    jobs_open(j, beluga_with_max_retries(1));
    script(j->peer, JSON(created));
    script(j->peer, FAILS(503, "retry-after-ms: 1\r\n"));
    script(j->peer, JSON(done));
    expect_resumed(j);
}

static void neither_does_one_whose_connection_is_lost(void **state)
{
    jobs *j = *state;
    jobs_open(j, beluga_with_max_retries(1));
    script(j->peer, JSON(created));
    script(j->peer, RESETS);
    script(j->peer, JSON(done));
    expect_resumed(j);
}

static void neither_does_one_that_is_not_understood(void **state)
{
    jobs *j = *state;
    jobs_open(j, beluga_with_max_retries(1));
    script(j->peer, JSON(created));
    script(j->peer, JSON("{\"text\":"));
    script(j->peer, JSON(done));
    expect_resumed(j);
}

static int give_key(void *payload, char *buffer, size_t n, int64_t *expires, beluga_error *err)
{
    (void)expires;
    (void)err;
    snprintf(buffer, n, "key-%d", atomic_fetch_add((atomic_int *)payload, 1));
    return 0;
}

static void a_key_that_expires_between_two_requests_is_renewed(void **state)
{
    jobs *j = *state;
    static atomic_int fetched;
    static const beluga_key_source source = {
        .size = sizeof source, .get = give_key, .payload = &fetched};
    atomic_store(&fetched, 0);
    jobs_open(j, beluga_with_max_retries(1), beluga_with_key_source(&source));
    script(j->peer, JSON(created));
    script(j->peer, FAILS(401, NULL));
    script(j->peer, JSON(done));
    expect_resumed(j);
    assert_string_equal(peer_request_header(j->peer, 1, "authorization"), "Bearer key-0");
    assert_string_equal(peer_request_header(j->peer, 2, "authorization"), "Bearer key-1");
}

static void each_request_has_its_own_retries(void **state)
{
    jobs *j = *state;
    jobs_open(j, beluga_with_max_retries(1));
    script(j->peer, JSON(created));
    for (int i = 0; i < 3; i++) {
        script(j->peer, FAILS(503, "retry-after-ms: 1\r\n"));
        script(j->peer, JSON("{\"next\":\"/jobs/7\"}"));
    }
    script(j->peer, JSON(done));
    assert_int_equal(generate(j->model, "Hello", NULL), 0);
    assert_int_equal(peer_requests(j->peer), 8);
}

/* ---- delivered content ----------------------------------------------------------------------- */

static void text_before_the_failed_request_stays(void **state)
{
    jobs *j = *state;
    record r;
    jobs_open(j, beluga_with_max_retries(1));
    script(j->peer, EVENT_STREAM, EVENT("{\"id\":\"7\",\"text\":\"a\",\"next\":\"/jobs/7\"}"),
           ENDS);
    script(j->peer, FAILS(503, "retry-after-ms: 1\r\n"));
    script(j->peer, EVENT_STREAM, EVENT("{\"text\":\"b\",\"finish\":true}"), ENDS);
    assert_int_equal(stream_whole(j->model, &r), 0);
    assert_story(&r, "start metadata [a] [b] finish(stop)");
}

static void text_of_the_failed_request_can_not_be_taken_back(void **state)
{
    jobs *j = *state;
    record r;
    jobs_open(j, beluga_with_max_retries(1));
    script(j->peer, MATCHES("/cancel"), JSON("{}"));
    script(j->peer, JSON(created));
    script(j->peer, EVENT_STREAM, EVENT("{\"text\":\"a\"}"), CLOSES);
    assert_int_equal(stream_whole(j->model, &r), BELUGA_ERROR_STREAM_CLOSED);
    assert_int_equal(peer_requests(j->peer), 3);
    jobs_sent(j, 2, "POST", "/v1/jobs/7/cancel");
}

static void a_restart_begins_with_the_first_request(void **state)
{
    jobs *j = *state;
    record r;
    jobs_open(j, beluga_with_max_retries(1), beluga_with_restart_delivery(true));
    script(j->peer, MATCHES("/jobs/7/cancel"), JSON("{}"));
    script(j->peer, JSON(created));
    script(j->peer, EVENT_STREAM, EVENT("{\"text\":\"a\"}"), CLOSES);
    script(j->peer, JSON("{\"id\":\"8\",\"next\":\"/jobs/8\"}"));
    script(j->peer, EVENT_STREAM, EVENT("{\"text\":\"b\",\"finish\":true}"), ENDS);
    assert_int_equal(stream_whole(j->model, &r), 0);
    assert_story(&r, "start metadata [a] restart start metadata [b] finish(stop)");
    assert_int_equal(peer_requests(j->peer), 5);
    jobs_sent(j, 2, "POST", "/v1/jobs/7/cancel");
    jobs_sent(j, 3, "POST", "/v1/jobs");
    assert_string_equal(peer_request_header(j->peer, 3, "x-answers"), "0");
}

static void a_tool_call_of_the_failed_request_is_forgotten(void **state)
{
    jobs *j = *state;
    record r;
    jobs_open(j, beluga_with_max_retries(1), beluga_with_restart_delivery(true));
    script(j->peer, JSON("{\"tool\":\"look\",\"next\":\"/jobs/7\"}"));
    script(j->peer, FAILS(503, "retry-after-ms: 1\r\n"));
    script(j->peer, EVENT_STREAM, EVENT("{\"tool\":\"see\"}"), EVENT("{\"finish\":true}"), ENDS);
    assert_int_equal(stream_whole(j->model, &r), 0);
    assert_story(&r, "start metadata begin(1 look) end(1 {}) begin(2 see) end(2 {}) "
                     "finish(tool_calls)");
}

/* ---- restarts -------------------------------------------------------------------------------- */

static void a_job_that_fails_is_begun_anew_no_more_often_than_retries_allow(void **state)
{
    jobs *j = *state;
    beluga_error err;
    jobs_open(j, beluga_with_max_retries(2));
    for (int i = 0; i < 4; i++) {
        script(j->peer, JSON(created));
        script(j->peer, JSON("{\"next\":\"/jobs/7\"}"));
        script(j->peer, JSON("{\"fails\":\"overloaded\"}"));
    }
    assert_int_equal(generate(j->model, NULL, &err), BELUGA_ERROR_OVERLOADED);
    assert_int_equal(peer_requests(j->peer), 9);
    assert_int_equal(err.attempts, 3);
}

static void text_of_earlier_requests_is_not_repeated_by_beginning_anew(void **state)
{
    jobs *j = *state;
    record r;
    jobs_open(j, beluga_with_max_retries(1));
    script(j->peer, FOR_EVER, MATCHES("/jobs/7"), JSON("{\"fails\":\"overloaded\"}"));
    script(j->peer, FOR_EVER, EVENT_STREAM, EVENT("{\"text\":\"a\",\"next\":\"/jobs/7\"}"), ENDS);
    assert_int_equal(stream_whole(j->model, &r), BELUGA_ERROR_OVERLOADED);
    assert_story(&r, "start metadata [a]");
    assert_int_equal(peer_requests(j->peer), 2);
}

static void a_job_that_failed_is_created_again(void **state)
{
    jobs *j = *state;
    jobs_open(j, beluga_with_max_retries(1));
    script(j->peer, JSON(created));
    script(j->peer, JSON("{\"fails\":\"overloaded\"}"));
    script(j->peer, JSON(done));
    assert_int_equal(generate(j->model, "Hello", NULL), 0);
    assert_int_equal(peer_requests(j->peer), 3);
    jobs_sent(j, 2, "POST", "/v1/jobs");
}

static void another_target_begins_anew_and_the_first_service_is_told(void **state)
{
    jobs *j = *state;
    beluga_error err;
    setenv("JOBS_BASE_URL", peer_url(j->peer), 1);
    jobs_open(j, beluga_with_env(), beluga_with_fallback("jobs/other"));
    unsetenv("JOBS_BASE_URL");
    script(j->peer, MATCHES("/jobs/7/cancel"), JSON("{}"));
    script(j->peer, JSON(created));
    script(j->peer, FAILS(503, NULL));
    script(j->peer, JSON(done));
    if (generate(j->model, "Hello", &err)) fail_msg("%s", err.message);
    jobs_sent(j, 0, "POST", "/v1/jobs");
    jobs_sent(j, 1, "GET", "/v1/jobs/7");
    assert_int_equal(peer_requests(j->peer), 4);
    bool first = strcmp(peer_request_path(j->peer, 2), "/v1/jobs") == 0;
    jobs_sent(j, first ? 2 : 3, "POST", "/v1/jobs");
    jobs_sent(j, first ? 3 : 2, "POST", "/v1/jobs/7/cancel");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_JOBS(a_poll_that_is_refused_for_now_creates_nothing_twice),
        WITH_JOBS(neither_does_one_whose_connection_is_lost),
        WITH_JOBS(neither_does_one_that_is_not_understood),
        WITH_JOBS(a_key_that_expires_between_two_requests_is_renewed),
        WITH_JOBS(each_request_has_its_own_retries),
        WITH_JOBS(text_before_the_failed_request_stays),
        WITH_JOBS(text_of_the_failed_request_can_not_be_taken_back),
        WITH_JOBS(a_restart_begins_with_the_first_request),
        WITH_JOBS(a_tool_call_of_the_failed_request_is_forgotten),
        WITH_JOBS(a_job_that_failed_is_created_again),
        WITH_JOBS(another_target_begins_anew_and_the_first_service_is_told),
        WITH_JOBS(a_job_that_fails_is_begun_anew_no_more_often_than_retries_allow),
        WITH_JOBS(text_of_earlier_requests_is_not_repeated_by_beginning_anew),
    };
    return cmocka_run_group_tests_name("requests that are retried", tests, NULL, NULL);
}
