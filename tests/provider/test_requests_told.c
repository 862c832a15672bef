/* The URL or path of a call's next request, which is in the service's answer. It may be invalid. */
#include "jobs.h"

#include <beluga/beluga.h>

#include <stdio.h>

/* ---- invalid places -------------------------------------------------------------------------- */

static void expect_bad_place(jobs *j, const char *place, const char *problem, const char *cause)
{
    beluga_error err;
    char answer[256];
    size_t before = peer_requests(j->peer);
    snprintf(answer, sizeof answer, "{\"next\":\"%s\"}", place);
    script(j->peer, JSON(answer));
    int status = generate(j->model, NULL, &err);
    if (status != BELUGA_ERROR_INVALID_RESPONSE) fail_msg("%s: %s", place, err.message);
    assert_string_equal(err.message, problem);
    assert_non_null(strstr(err.cause, cause));
    assert_false(beluga_error_is_retryable(&err));
    assert_int_equal(peer_requests(j->peer), before + 1);
}

#define TOLD "the service's URL for the next request "

static void a_place_that_is_no_url_is_the_fault_of_the_service(void **state)
{
    jobs *j = *state;
    static const char no_http[] = TOLD "must start with http:// or https://";
    jobs_open(j, beluga_with_api_key("the-key"), beluga_with_max_retries(3));
    expect_bad_place(j, "ftp://files.example/7", no_http, "ftp://files.example/7");
    expect_bad_place(j, "@evil.example/7", no_http, "@evil.example/7");
    expect_bad_place(j, "jobs/7", no_http, "jobs/7");
    expect_bad_place(j, "http://a.example/7\\r\\nX: y",
                     TOLD "has \\r at byte 18, which a URL can't contain", "a.example");
    expect_bad_place(j, "http://a.example/../7",
                     TOLD "has \".\" or \"..\" as a segment of its path", "a.example");
    expect_bad_place(j, "/jobs/../../7", TOLD "has \".\" or \"..\" as a segment of its path",
                     "127.0.0.1");
    expect_bad_place(j, "http://a.example:99999/7",
                     "the service gave a text that is not a URL for the next request", "");
    expect_bad_place(j, "http:///7", TOLD "has no host", "http:///7");
}

static void a_place_that_redirects_is_not_blamed_on_base_url(void **state)
{
    jobs *j = *state;
    beluga_error err;
    script(j->peer, JSON("{\"next\":\"/jobs/7\"}"));
    script(j->peer, HEAD(302, "Location: /elsewhere\r\n"), BODY(""));
    assert_int_equal(generate(j->model, NULL, &err), BELUGA_ERROR_INVALID_RESPONSE);
    assert_non_null(strstr(err.message, "the server redirected the next request"));
    assert_string_equal(err.cause, "/elsewhere");
}

static void a_secret_in_a_place_that_is_none_is_not_shown(void **state)
{
    jobs *j = *state;
    beluga_error err;
    jobs_open(j, beluga_with_api_key("the-key-of-the-model"));
    script(j->peer, JSON("{\"next\":\"ftp://me:secret@a.example/?key=secret&"
                         "x=the-key-of-the-model\"}"));
    assert_int_equal(generate(j->model, NULL, &err), BELUGA_ERROR_INVALID_RESPONSE);
    assert_non_null(strstr(err.cause, "ftp://"));
    assert_null(strstr(err.cause, "secret"));
    assert_null(strstr(err.cause, "of-the-model"));
}

static void a_page_that_is_none_is_the_fault_of_the_service(void **state)
{
    jobs *j = *state;
    beluga_error err;
    char **names;
    size_t n;
    script(j->peer, JSON("{\"models\":\"a\",\"page\":\"ftp://files.example/2\"}"));
    assert_int_equal(beluga_list_models(j->model, NULL, &names, &n, &err),
                     BELUGA_ERROR_INVALID_RESPONSE);
    assert_string_equal(err.message, TOLD "must start with http:// or https://");
}

static void a_base_url_that_is_none_is_still_the_configuration(void **state)
{
    jobs *j = *state;
    beluga_error err;
    jobs_open(j, beluga_with_api_key("the-key"), beluga_with_base_url("http://127.0.0.1:99999"));
    assert_int_equal(generate(j->model, NULL, &err), BELUGA_ERROR_INVALID_CONFIG);
}

/* ---- relative places ------------------------------------------------------------------------- */

static void a_location_is_resolved_against_the_request_that_it_answers(void **state)
{
    jobs *j = *state;
    static const char *const places[][2] = {{"/v2/jobs/7?x=1#top", "/v2/jobs/7?x=1"},
                                            {"8", "/v2/jobs/8"},
                                            {"../runs/9/", "/v2/runs/9/"},
                                            {"?wait=1", "/v2/runs/9/?wait=1"}};
    char head[128];
    for (size_t i = 0; i < 4; i++) {
        snprintf(head, sizeof head, "Location: %s\r\n", places[i][0]);
        script(j->peer, HEAD(201, head), BODY(""));
    }
    script(j->peer, JSON("{\"text\":\"Hello\",\"finish\":true}"));
    assert_int_equal(generate(j->model, "Hello", NULL), 0);
    for (size_t i = 0; i < 4; i++) {
        jobs_sent(j, i + 1, "GET", places[i][1]);
        assert_string_equal(peer_request_header(j->peer, i + 1, "authorization"), "Bearer the-key");
    }
}

static void a_location_on_another_server_gets_no_key(void **state)
{
    jobs *j = *state;
    char head[128];
    peer *other = peer_start();
    assert_non_null(other);
    snprintf(head, sizeof head, "Location: %s/stream\r\n", peer_url(other) + strlen("http:"));
    script(j->peer, HEAD(201, head), BODY(""));
    script(other, JSON("{\"text\":\"Hello\",\"finish\":true}"));
    assert_int_equal(generate(j->model, "Hello", NULL), 0);
    assert_int_equal(peer_requests(other), 1);
    assert_null(peer_request_header(other, 0, "authorization"));
    peer_stop(other);
}

static void another_server_gets_nothing_of_the_callers(void **state)
{
    jobs *j = *state;
    char answer[128];
    peer *other = peer_start();
    assert_non_null(other);
    jobs_open(j, beluga_with_api_key("the-key"), beluga_with_extra_body("{\"secret\":1}"),
              beluga_with_extra_header("X-Secret: 1"));
    script(j->peer, JSON("{\"next\":\"/posted\"}"));
    snprintf(answer, sizeof answer, "{\"next\":\"%s/posted\"}", peer_url(other));
    script(j->peer, JSON(answer));
    script(other, JSON("{\"text\":\"Hello\",\"finish\":true}"));
    assert_int_equal(generate(j->model, "Hello", NULL), 0);
    assert_string_equal(peer_request_body(j->peer, 1, NULL), "{\"secret\":1}");
    assert_string_equal(peer_request_header(j->peer, 1, "x-secret"), "1");
    assert_string_equal(peer_request_body(other, 0, NULL), "{}");
    assert_null(peer_request_header(other, 0, "x-secret"));
    peer_stop(other);
}

static void an_answer_that_should_say_where_and_does_not_is_invalid(void **state)
{
    jobs *j = *state;
    beluga_error err;
    static char long_head[400];
    script(j->peer, HEAD(201, "X-Other: 1\r\n"), BODY(""));
    assert_int_equal(generate(j->model, NULL, &err), BELUGA_ERROR_INVALID_RESPONSE);
    assert_string_equal(err.message, "the answer has no URL for the next request");
    snprintf(long_head, sizeof long_head, "Location: /%0300d\r\n", 7);
    script(j->peer, HEAD(201, long_head), BODY(""));
    assert_int_equal(generate(j->model, NULL, &err), BELUGA_ERROR_LIMIT_EXCEEDED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_JOBS(a_place_that_is_no_url_is_the_fault_of_the_service),
        WITH_JOBS(a_place_that_redirects_is_not_blamed_on_base_url),
        WITH_JOBS(a_secret_in_a_place_that_is_none_is_not_shown),
        WITH_JOBS(a_page_that_is_none_is_the_fault_of_the_service),
        WITH_JOBS(a_base_url_that_is_none_is_still_the_configuration),
        WITH_JOBS(a_location_is_resolved_against_the_request_that_it_answers),
        WITH_JOBS(a_location_on_another_server_gets_no_key),
        WITH_JOBS(another_server_gets_nothing_of_the_callers),
        WITH_JOBS(an_answer_that_should_say_where_and_does_not_is_invalid),
    };
    return cmocka_run_group_tests_name("requests that are told", tests, NULL, NULL);
}
