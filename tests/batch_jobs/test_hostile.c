/* Wrong answers of batch services: each ends the call with an error that names the cause, or spoils
 * one result and leaves the others valid. */
#include "../support/meter.h"
#include "batch_scene.h"

#include <stdio.h>

#define GOOD(id, text) "{\"id\":\"" id "\",\"body\":{\"a\":\"" text "\"}}"
/* A result whose body is this text, even if it is not JSON. */
#define RAW(id, text) "{\"id\":\"" id "\",\"raw\":\"" text "\"}"

/* --- a job ------------------------------------------------------------------------------------ */

static void expect_no_job(scene *s, int code, const char *part)
{
    beluga_batch_job *job = NULL;
    assert_int_equal(beluga_batch_job_get(s->model, NULL, "j", &job, &s->err), code);
    assert_null(job);
    if (!strstr(s->err.message, part)) fail_msg("%s", s->err.message);
}

static void a_job_without_an_id_is_none(scene *s)
{
    script(s->peer, JSON("{\"id\":\"\",\"state\":1}"));
    expect_no_job(s, BELUGA_ERROR_INVALID_RESPONSE, "a batch job without an id");
}

static void an_answer_that_is_no_json_is_no_job(scene *s)
{
    open_acme(s, beluga_with_max_retries(0));
    script(s->peer, JSON("<html>It works!</html>"));
    expect_no_job(s, BELUGA_ERROR_MALFORMED_RESPONSE, "");
    script(s->peer, JSON("{\"id\":\"j\",\"sta"));
    expect_no_job(s, BELUGA_ERROR_MALFORMED_RESPONSE, "");
    script(s->peer, JSON(""));
    expect_no_job(s, BELUGA_ERROR_INVALID_RESPONSE, "has no batch job");
}

static void a_state_that_nobody_knows_is_told(scene *s)
{
    beluga_batch_job *job;
    script(s->peer, JSON("{\"id\":\"j\",\"state\":77,\"total\":-5}"));
    assert_int_equal(beluga_batch_job_get(s->model, NULL, "j", &job, &s->err), 0);
    assert_string_equal(beluga_batch_state_name(job->state), "unknown");
    assert_false(beluga_batch_state_is_end(job->state));
    beluga_free(job);
}

static void an_id_can_not_lead_to_another_path(scene *s)
{
    beluga_batch_job *job;
    assert_int_equal(beluga_batch_job_get(s->model, NULL, "../models", &job, &s->err),
                     BELUGA_ERROR_INVALID_INPUT);
    assert_int_equal(beluga_batch_job_get(s->model, NULL, "a\r\nb", &job, &s->err),
                     BELUGA_ERROR_INVALID_INPUT);
    assert_int_equal(beluga_batch_job_get(s->model, NULL, "", &job, &s->err),
                     BELUGA_ERROR_INVALID_INPUT);
    expect_requests(s, 0);
}

/* --- lists ------------------------------------------------------------------------------------ */

static void pages_that_repeat_for_ever_end(scene *s)
{
    beluga_batch_job *jobs;
    size_t n;
    script(s->peer, FOR_EVER, JSON("{\"jobs\":[{\"id\":\"a\"}],\"after\":\"a\"}"));
    assert_int_equal(beluga_batch_job_list(s->model, NULL, 0, &jobs, &n, &s->err),
                     BELUGA_ERROR_LIMIT_EXCEEDED);
    assert_null(jobs);
    assert_int_equal(n, 0);
    expect_requests(s, 1000);
}

static void a_page_that_begins_anew_is_told_once(scene *s)
{
    beluga_batch_job *jobs;
    size_t n;
    script(s->peer, JSON("{\"jobs\":[{\"id\":\"d\",\"name\":\"x\"}],\"after\":\"d\"}"));
    script(s->peer, JSON("{\"jobs\":[{\"id\":\"c\"},{\"id\":\"b\"}],\"busy\":true}"));
    script(s->peer, JSON("{\"jobs\":[{\"id\":\"c\"},{\"id\":\"b\",\"name\":\"y\"}]}"));
    assert_int_equal(beluga_batch_job_list(s->model, NULL, 0, &jobs, &n, &s->err), 0);
    assert_int_equal(n, 3);
    assert_string_equal(jobs[0].id, "d");
    assert_string_equal(jobs[0].name, "x");
    assert_string_equal(jobs[1].id, "c");
    assert_string_equal(jobs[2].id, "b");
    assert_string_equal(jobs[2].name, "y");
    expect_requests(s, 3);
    beluga_free(jobs);
}

static void a_first_page_that_begins_anew_is_told_once(scene *s)
{
    beluga_batch_job *jobs;
    size_t n;
    script(s->peer, JSON("{\"jobs\":[{\"id\":\"c\"}],\"busy\":true}"));
    script(s->peer, JSON("{\"jobs\":[{\"id\":\"c\"}]}"));
    assert_int_equal(beluga_batch_job_list(s->model, NULL, 0, &jobs, &n, &s->err), 0);
    assert_int_equal(n, 1);
    beluga_free(jobs);
}

/* --- results ---------------------------------------------------------------------------------- */

static void lines_may_end_as_they_like(scene *s)
{
    script_results(s->peer, "\xef\xbb\xbf" GOOD("a", "1") "\r\n\r\n\n   \n" GOOD(
                                "b", "2") "\n\n" GOOD("c", "3"));
    expect_results(s, 0, "a=[1] b=[2] c=[3] ");
}

static void an_empty_file_has_no_results(scene *s)
{
    script_results(s->peer, "");
    expect_results(s, 0, "");
}

static void a_result_that_comes_twice_is_told_twice(scene *s)
{
    script_results(s->peer, GOOD("a", "1") "\n" GOOD("a", "2") "\n");
    expect_results(s, 0, "a=[1] a=[2] ");
}

static void a_result_that_is_no_json_leaves_the_others(scene *s)
{
    script_results(s->peer,
                   RAW("a", "<html>busy</html>") "\n" RAW("b", "{\\\"a\\\":\\\"ha") "\n" RAW(
                       "c", "") "\n" GOOD("d", "4") "\n");
    expect_results(s, 0,
                   "a=!malformed_response b=!malformed_response c=!malformed_response d=[4] ");
}

static void a_result_of_no_status_leaves_the_others(scene *s)
{
    script_results(s->peer, "{\"id\":\"a\",\"status\":0,\"body\":{\"a\":\"1\"}}\n"
                            "{\"id\":\"b\",\"status\":99999999999,\"body\":{\"a\":\"2\"}}\n"
                            "{\"id\":\"c\",\"status\":-200,\"body\":{\"a\":\"3\"}}\n"
                            "{\"id\":\"d\",\"status\":302,\"body\":{\"a\":\"4\"}}\n"
                            "{\"id\":\"e\",\"status\":201,\"body\":{\"a\":\"5\"}}\n");
    expect_results(s, 0,
                   "a=!invalid_response b=!invalid_response c=!invalid_response "
                   "d=!invalid_response e=[5] ");
}

static void an_answer_that_wants_a_request_leaves_the_others(scene *s)
{
    script_results(
        s->peer, "{\"id\":\"a\",\"body\":{\"a\":\"1\",\"next\":\"/more\"}}\n" GOOD("b", "2") "\n");
    expect_results(s, 0, "a=!invalid_response b=[2] ");
}

/* A relative URL is resolved against the URL of a request, which a result does not have. */
static void an_answer_has_no_url_of_its_own(scene *s)
{
    script_results(s->peer, "{\"id\":\"a\",\"body\":{\"url\":\"/more\"}}\n");
    expect_results(s, 0, "a=[not_supported] ");
}

/* The answers after a bad line were paid for, so they must not be lost. */
static void a_line_that_can_not_be_read_leaves_the_others(scene *s)
{
    script_results(s->peer, GOOD("a", "1") "\n{\"body\":{\"a\":\"2\"}}\n" GOOD("c", "3") "\n");
    expect_results(s, 0, "a=[1] c=[3] ");
    script_results(s->peer, "{\"id\":\"a\",\"bo\n" GOOD("b", "2") "\n");
    expect_results(s, 0, "b=[2] ");
}

/* HTTP has delivered the whole file, so another try would bring the same. */
static void a_file_that_was_cut_before_it_was_sent_is_told(scene *s)
{
    open_acme(s, beluga_with_max_retries(0));
    script_results(s->peer, GOOD("b", "2") "\n{\"id\":\"c\"");
    expect_results(s, BELUGA_ERROR_MALFORMED_RESPONSE, "b=[2] ");
    assert_non_null(strstr(s->err.message, "ends within a line"));
    assert_non_null(strstr(s->err.cause, "{\"id\":\"c\""));
    script_results(s->peer, "what?\n" GOOD("b", "2") "\n{\"id\":\"c\"");
    expect_results(s, BELUGA_ERROR_MALFORMED_RESPONSE, "b=[2] ");
    script_results(s->peer, "<html>\n<p>Sign in</p>\n</html>");
    expect_results(s, BELUGA_ERROR_MALFORMED_RESPONSE, "");
    assert_non_null(strstr(s->err.message, "no line of the file of results can be read"));
    assert_non_null(strstr(s->err.cause, "<html>"));
}

static void a_file_of_which_no_line_can_be_read_ends_the_call(scene *s)
{
    open_acme(s, beluga_with_max_retries(0));
    script_results(s->peer, "{\"id\":\"a\",\"bo\nbusy\n");
    expect_results(s, BELUGA_ERROR_MALFORMED_RESPONSE, "");
    assert_non_null(strstr(s->err.message, "no line of the file of results can be read"));
    assert_non_null(strstr(s->err.cause, "{\"id\":\"a\""));
}

static void an_id_that_is_no_utf8_ends_the_call(scene *s)
{
    open_acme(s, beluga_with_max_retries(0));
    script_results(s->peer, GOOD("(latin)", "1") "\n");
    expect_results(s, BELUGA_ERROR_MALFORMED_RESPONSE, "");
}

/* Bytes that are not UTF-8 become U+FFFD, as in every answer, so the id matches no request. */
static void a_line_that_is_no_utf8_has_an_id_of_nobody(scene *s)
{
    script_results(s->peer, "{\"id\":\"\xe4\",\"body\":{\"a\":\"1\"}}\n" GOOD("b", "2") "\n");
    expect_results(s, 0, "\xef\xbf\xbd=[1] b=[2] ");
}

static void a_line_with_a_nul_byte_leaves_the_others(scene *s)
{
    static const char lines[] =
        GOOD("a", "1") "\n{\"id\":\"b\0\",\"body\":{}}\n" GOOD("c", "3") "\n";
    script(s->peer, JSON(ENDED_JOB));
    peer_step_body(script(s->peer, HEAD(200, NULL)), lines, sizeof lines - 1);
    expect_results(s, 0, "a=[1] c=[3] ");
}

static void a_page_in_the_place_of_a_file_ends_the_call(scene *s)
{
    open_acme(s, beluga_with_max_retries(0));
    script_results(s->peer, "<html>Sign in</html>\n");
    expect_results(s, BELUGA_ERROR_MALFORMED_RESPONSE, "");
}

static void a_line_over_the_limit_fails_the_call_and_costs_no_other(scene *s)
{
    char line[4096] = GOOD("a", "1") "\n{\"id\":\"b\",\"body\":{\"a\":\"";
    size_t n = strlen(line);
    memset(line + n, 'x', 2000);
    snprintf(line + n + 2000, sizeof line - n - 2000, "\"}}\n%s\n", GOOD("c", "3"));
    open_acme(s, beluga_with_max_response_bytes(1024));
    script_results(s->peer, line);
    expect_results(s, BELUGA_ERROR_LIMIT_EXCEEDED, "a=[1] c=[3] ");
    assert_non_null(strstr(s->err.message, "max_response_bytes"));
}

static void results_are_told_once_whatever_may_restart(scene *s)
{
    open_acme(s, beluga_with_restart_delivery(true));
    script(s->peer, JSON(ENDED_JOB));
    script_cut_file(s->peer, GOOD("a", "1") "\n");
    expect_results(s, BELUGA_ERROR_STREAM_CLOSED, "a=[1] ");
    expect_requests(s, 2);
}

static void a_file_that_is_not_there_for_now_is_asked_for_again(scene *s)
{
    script(s->peer, JSON(ENDED_JOB));
    script(s->peer, FAILS(503, "Retry-After: 0\r\n"));
    script_file(s->peer, GOOD("a", "1") "\n");
    expect_results(s, 0, "a=[1] ");
    expect_requests(s, 3); /* no further request for the job */
}

/* --- many results ----------------------------------------------------------------------------- */

static int count_result(void *payload, const char *id, beluga_batch_result *result)
{
    size_t *n = payload;
    assert_int_equal(atoi(id), *n);
    assert_non_null(result->response);
    ++*n;
    return 0;
}

static void script_many(peer *p, size_t n)
{
    enum { LINE = 64 };
    char *lines = malloc(n * LINE + 1), *at = lines;
    assert_non_null(lines);
    *at = '\0';
    for (size_t i = 0; i < n; i++)
        at += snprintf(at, LINE, "{\"id\":\"%zu\",\"body\":{\"a\":\"answer %zu\"}}\n", i, i);
    script_results(p, lines);
    free(lines);
}

/* Return the most memory in bytes that a client uses while it fetches this number of results. */
static size_t peak_of(scene *s, size_t n)
{
    meter m = {0};
    beluga_client *client;
    beluga_allocator memory = meter_allocator(&m);
    const beluga_client_settings settings = {.size = sizeof settings, .allocator = &memory};
    size_t got = 0;
    assert_int_equal(beluga_client_new(&settings, &client), 0);
    beluga_chat_model *model = open_acme_n(client, peer_url(s->peer), NULL, 0);
    script_many(s->peer, n);
    assert_int_equal(beluga_batch_job_results(model, NULL, "j", count_result, &got, &s->err), 0);
    assert_int_equal(got, n);
    beluga_chat_model_unref(model);
    assert_int_equal(beluga_client_close(client, PATIENCE_MS, NULL), 0);
    assert_int_equal(atomic_load(&m.live), 0);
    return atomic_load(&m.peak);
}

static void many_results_take_no_more_memory_than_few(scene *s)
{
    size_t few = peak_of(s, 500), many = peak_of(s, UNDER_TSAN ? 10000 : 100000);
    assert_in_range(many, 0, few + few / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ACME(a_job_without_an_id_is_none),
        ACME(an_answer_that_is_no_json_is_no_job),
        ACME(a_state_that_nobody_knows_is_told),
        ACME(an_id_can_not_lead_to_another_path),
        ACME(pages_that_repeat_for_ever_end),
        ACME(a_page_that_begins_anew_is_told_once),
        ACME(a_first_page_that_begins_anew_is_told_once),
        ACME(lines_may_end_as_they_like),
        ACME(an_empty_file_has_no_results),
        ACME(a_result_that_comes_twice_is_told_twice),
        ACME(a_result_that_is_no_json_leaves_the_others),
        ACME(a_result_of_no_status_leaves_the_others),
        ACME(an_answer_that_wants_a_request_leaves_the_others),
        ACME(an_answer_has_no_url_of_its_own),
        ACME(a_line_that_can_not_be_read_leaves_the_others),
        ACME(a_file_that_was_cut_before_it_was_sent_is_told),
        ACME(a_file_of_which_no_line_can_be_read_ends_the_call),
        ACME(an_id_that_is_no_utf8_ends_the_call),
        ACME(a_line_that_is_no_utf8_has_an_id_of_nobody),
        ACME(a_line_with_a_nul_byte_leaves_the_others),
        ACME(a_page_in_the_place_of_a_file_ends_the_call),
        ACME(a_line_over_the_limit_fails_the_call_and_costs_no_other),
        ACME(results_are_told_once_whatever_may_restart),
        ACME(a_file_that_is_not_there_for_now_is_asked_for_again),
        ACME(many_results_take_no_more_memory_than_few),
    };
    return cmocka_run_group_tests_name("hostile batch jobs", tests, NULL, NULL);
}
