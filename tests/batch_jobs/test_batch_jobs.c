/* Batch jobs: the requests for them, the reports about them, and their results; with calls that
 * block and calls that run on a loop. */
#include "base/hint.h"
#include "batch_scene.h"

#include <stdio.h>

/* --- requests --------------------------------------------------------------------------------- */

static void requests_are_encoded_as_they_would_be_sent(scene *s)
{
    beluga_batch_requests *requests = make_requests(s, 1);
    beluga_batch_job *job;
    script(s->peer, JSON("{\"file\":\"f-1\"}"));
    script(s->peer, JSON("{\"id\":\"j-1\",\"name\":\"seven\",\"state\":1,\"total\":1}"));
    assert_int_equal(beluga_batch_job_create(s->model, NULL, requests, "seven", &job, &s->err), 0);
    assert_string_equal(job->id, "j-1");
    assert_string_equal(job->name, "seven");
    assert_int_equal(job->state, BELUGA_BATCH_STATE_QUEUED);
    assert_int_equal(job->total, 1);
    assert_int_equal(job->succeeded, -1);
    assert_string_equal(job->reason, "");
    assert_string_equal(peer_request_path(s->peer, 0), "/v1/files");
    assert_string_equal(
        peer_request_body(s->peer, 0, NULL),
        "{\"id\":\"r-0\",\"path\":\"/ask\",\"body\":{\"model\":\"acme-1\",\"q\":\"Hi\"}}\n");
    assert_string_equal(peer_request_path(s->peer, 1), "/v1/jobs");
    assert_string_equal(peer_request_body(s->peer, 1, NULL),
                        "{\"file\":\"f-1\",\"name\":\"seven\",\"model\":\"acme-1\"}");
    beluga_free(job);
    beluga_batch_requests_free(requests);
}

static void a_job_that_is_full_says_so_and_stays(scene *s)
{
    beluga_batch_requests *requests = make_requests(s, 3);
    uint64_t bytes = beluga_batch_requests_bytes(requests);
    assert_int_equal(
        beluga_batch_requests_add(requests, NULL, "r-3", beluga_input_text("Hi"), &s->err),
        BELUGA_ERROR_LIMIT_EXCEEDED);
    assert_int_equal(beluga_batch_requests_count(requests), 3);
    assert_int_equal(beluga_batch_requests_bytes(requests), bytes);
    beluga_batch_requests_free(requests);
}

static void a_request_that_no_job_could_hold_is_refused(scene *s)
{
    char text[500];
    beluga_batch_requests *requests = make_requests(s, 1);
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_int_equal(
        beluga_batch_requests_add(requests, NULL, "long", beluga_input_text(text), &s->err),
        BELUGA_ERROR_INVALID_INPUT);
    assert_non_null(strstr(s->err.message, "a whole batch job may have only 400"));
    beluga_batch_requests_free(requests);
}

static void requests_of_one_job_ask_one_model(scene *s)
{
    beluga_batch_requests *requests = make_requests(s, 1);
    assert_int_equal(beluga_batch_requests_add(requests, NULL, "other", beluga_input_text("Hi"),
                                               &s->err, beluga_with_model_name("acme-2")),
                     BELUGA_ERROR_NOT_SUPPORTED);
    assert_non_null(strstr(s->err.message, "acme-1, not acme-2"));
    beluga_batch_requests_free(requests);
}

static void the_job_is_of_the_model_that_its_requests_ask(scene *s)
{
    SCOPED(beluga_chat_model) *model = beluga_chat_model_ref(s->model);
    beluga_batch_requests *requests;
    assert_int_equal(beluga_batch_requests_new(model, &requests, &s->err), 0);
    assert_int_equal(beluga_batch_requests_add(requests, NULL, "a", beluga_input_text("Hi"),
                                               &s->err, beluga_with_model_name("acme-2")),
                     0);
    script(s->peer, JSON("{\"file\":\"f-1\"}"));
    script(s->peer, JSON("{\"id\":\"j-1\"}"));
    assert_int_equal(beluga_batch_job_create(model, NULL, requests, "n", NULL, &s->err), 0);
    assert_non_null(strstr(peer_request_body(s->peer, 1, NULL), "\"model\":\"acme-2\""));
    beluga_batch_requests_free(requests);
}

static void ids_have_plain_characters(scene *s)
{
    static const char *const bad[] = {"", "a b", "ä", "x.y", NULL};
    beluga_batch_requests *requests = make_requests(s, 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(
            beluga_batch_requests_add(requests, NULL, bad[i], beluga_input_text("Hi"), &s->err),
            BELUGA_ERROR_INVALID_INPUT);
    beluga_batch_requests_free(requests);
}

static void a_provider_without_the_api_says_so(scene *s)
{
    beluga_batch_requests *requests;
    beluga_batch_limits limits = {.size = sizeof limits};
    SCOPED(beluga_chat_model) *mock = open_mock_n(NULL, 0);
    assert_int_equal(beluga_batch_requests_new(mock, &requests, &s->err),
                     BELUGA_ERROR_NOT_SUPPORTED);
    assert_null(requests);
    assert_int_equal(beluga_batch_job_get(mock, NULL, "j", &(beluga_batch_job *){NULL}, &s->err),
                     BELUGA_ERROR_NOT_SUPPORTED);
    assert_int_equal(beluga_batch_limits_get(mock, &limits, &s->err), BELUGA_ERROR_NOT_SUPPORTED);
    assert_int_equal(beluga_batch_limits_get(s->model, &limits, &s->err), 0);
    assert_int_equal(limits.max_requests, 3);
    assert_true(limits.keeps_names);
}

/* ---- no job is paid for twice ---------------------------------------------------------------- */

static void a_create_that_may_have_arrived_is_not_sent_again(scene *s)
{
    beluga_batch_requests *requests = make_requests(s, 1);
    beluga_batch_job *job;
    script(s->peer, JSON("{\"file\":\"f-1\"}"));
    script(s->peer, FAILS(500, NULL));
    assert_int_not_equal(beluga_batch_job_create(s->model, NULL, requests, "n", &job, &s->err), 0);
    assert_null(job);
    assert_int_equal(s->err.http_status, 500);
    script(s->peer, JSON("{\"file\":\"f-1\"}"));
    script(s->peer, RESETS);
    assert_int_equal(beluga_batch_job_create(s->model, NULL, requests, "n", &job, &s->err),
                     BELUGA_ERROR_NETWORK);
    expect_requests(s, 4);
    beluga_batch_requests_free(requests);
}

static void a_create_that_was_refused_for_now_is_sent_again(scene *s)
{
    beluga_batch_requests *requests = make_requests(s, 1);
    script(s->peer, JSON("{\"file\":\"f-1\"}"));
    script(s->peer, FAILS(429, "Retry-After: 0\r\n"));
    script(s->peer, JSON("{\"id\":\"j-1\"}"));
    assert_int_equal(beluga_batch_job_create(s->model, NULL, requests, "n", NULL, &s->err), 0);
    expect_requests(s, 3);
    /* The file was not uploaded again. */
    assert_string_equal(peer_request_path(s->peer, 2), "/v1/jobs");
    beluga_batch_requests_free(requests);
}

/* Creating a job fails; returns whether it is certain that there is none. */
static bool has_made_none(scene *s)
{
    beluga_batch_requests *requests = make_requests(s, 1);
    assert_int_not_equal(beluga_batch_job_create(s->model, NULL, requests, "n", NULL, &s->err), 0);
    beluga_batch_requests_free(requests);
    return beluga__hint_is_uncreated(&s->err);
}

static void whether_a_job_was_made_is_known_after_a_refusal(scene *s)
{
    const struct {
        int status;
        bool made_none;
    } cases[] = {{400, true}, {408, false}, {404, true}, {500, false}};
    open_acme(s, beluga_with_max_retries(0));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        script(s->peer, JSON("{\"file\":\"f-1\"}"));
        script(s->peer, FAILS(cases[i].status, NULL));
        assert_int_equal(has_made_none(s), cases[i].made_none);
    }
}

/* The answer to the request that creates the job leads to a third request, for the job's state. */
static void a_job_is_made_once_although_its_state_is_asked_for(scene *s)
{
    script(s->peer, JSON("{\"file\":\"f-1\"}"));
    script(s->peer, JSON("{\"file\":\"poll\"}"));
    script(s->peer, FAILS(404, NULL));
    assert_false(has_made_none(s)); /* what is missing was created before */
    expect_requests(s, 3);
    script(s->peer, JSON("{\"file\":\"f-1\"}"));
    script(s->peer, JSON("{\"file\":\"https://host.example/j\"}"));
    script(s->peer, REPEATS(3), FAILS(503, "Retry-After: 0\r\n"));
    assert_false(has_made_none(s));
    expect_requests(s, 8);
}

/* --- lists ------------------------------------------------------------------------------------ */

static void a_list_is_read_page_by_page_until_all_are_older(scene *s)
{
    beluga_batch_job *jobs;
    size_t n;
    script(s->peer, JSON("{\"jobs\":[{\"id\":\"c\",\"name\":\"x\",\"created\":30},"
                         "{\"id\":\"b\",\"created\":20}],\"after\":\"b\"}"));
    script(s->peer, JSON("{\"jobs\":[{\"id\":\"a\",\"created\":10}],\"after\":\"a\"}"));
    assert_int_equal(beluga_batch_job_list(s->model, NULL, 15, &jobs, &n, &s->err), 0);
    assert_int_equal(n, 3);
    assert_string_equal(jobs[0].id, "c");
    assert_string_equal(jobs[0].name, "x");
    assert_string_equal(jobs[2].id, "a");
    assert_int_equal(jobs[2].created, 10);
    expect_requests(s, 2);
    assert_string_equal(peer_request_path(s->peer, 1), "/v1/jobs?after=b");
    beluga_free(jobs);
}

static void an_empty_list_is_no_failure(scene *s)
{
    beluga_batch_job *jobs;
    size_t n = 7;
    script(s->peer, JSON("{\"jobs\":[]}"));
    assert_int_equal(beluga_batch_job_list(s->model, NULL, 0, &jobs, &n, &s->err), 0);
    assert_int_equal(n, 0);
    beluga_free(jobs);
}

/* --- results ---------------------------------------------------------------------------------- */

static void results_of_both_files_are_answers_and_errors(scene *s)
{
    script(s->peer, JSON("{\"id\":\"j\",\"state\":4,\"results\":\"out\",\"errors\":\"err\"}"));
    script_file(s->peer, "{\"id\":\"r-2\",\"body\":{\"a\":\"two\"}}\n"
                         "{\"id\":\"r-0\",\"body\":{\"a\":\"zero\"}}\n"
                         "{\"id\":\"r-3\",\"body\":{\"a\":\"half\",\"cut\":1}}\n");
    script_file(s->peer, "{\"id\":\"r-1\",\"status\":429,\"body\":{\"e\":\"no credit\"}}\n"
                         "{\"id\":\"r-4\"}\n");
    expect_results(s, 0,
                   "r-2=[two] r-0=[zero] r-3=!invalid_response "
                   "r-1=!quota_exceeded r-4=!timeout/expired ");
    assert_string_equal(peer_request_path(s->peer, 1), "/v1/files/out");
    assert_string_equal(peer_request_path(s->peer, 2), "/v1/files/err");
    assert_string_equal(peer_request_header(s->peer, 1, "accept"), "*/*");
}

static void a_file_that_was_cut_is_a_failure(scene *s)
{
    script(s->peer, JSON(ENDED_JOB));
    script_cut_file(s->peer, "{\"id\":\"r-2\",\"body\":{\"a\":\"two\"}}\n{\"id\":\"r-0\",\"bo");
    expect_results(s, BELUGA_ERROR_STREAM_CLOSED, "r-2=[two] ");
    script(s->peer, JSON(ENDED_JOB));
    script_cut_file(s->peer, "{\"id\":\"r-2\",\"body\":{\"a\":\"two\"}}\n");
    expect_results(s, BELUGA_ERROR_STREAM_CLOSED, "r-2=[two] ");
}

#define TWO "{\"id\":\"r-2\",\"body\":{\"a\":\"two\"}}\n"

/* Script a file without a length, which ends with its connection. */
static void script_unbounded(scene *s, const char *lines)
{
    peer_reply *file = script(s->peer, HEAD(200, "Connection: close\r\n"));
    peer_step_raw(file, lines, strlen(lines));
    script_more(file, CLOSES);
}

static void a_file_whose_end_nobody_tells_is_a_failure(scene *s)
{
    script(s->peer, JSON(ENDED_JOB));
    script_unbounded(s, TWO);
    expect_results(s, BELUGA_ERROR_STREAM_CLOSED, "r-2=[two] ");
}

static void a_file_that_may_have_been_cut_is_not_left_for_the_next(scene *s)
{
    script(s->peer, JSON("{\"id\":\"j\",\"state\":4,\"results\":\"out\",\"errors\":\"err\"}"));
    script_unbounded(s, TWO);
    script_file(s->peer, "{\"id\":\"r-4\"}\n");
    expect_results(s, BELUGA_ERROR_STREAM_CLOSED, "r-2=[two] ");
    expect_requests(s, 2);
}

static void whoever_has_enough_results_gets_no_more(scene *s)
{
    results r = {.stop_at = 1};
    script_results(s->peer, TWO "{\"id\":\"r-0\",\"body\":{\"a\":\"zero\"}}\n");
    assert_int_equal(beluga_batch_job_results(s->model, NULL, "j", note_result, &r, &s->err),
                     BELUGA_ERROR_CONTEXT_CANCELED);
    assert_string_equal(r.line, "r-2=[two] ");
}

static void whoever_has_enough_with_the_last_result_hears_so_too(scene *s)
{
    results r = {.stop_at = 1};
    script_results(s->peer, TWO);
    assert_int_equal(beluga_batch_job_results(s->model, NULL, "j", note_result, &r, &s->err),
                     BELUGA_ERROR_CONTEXT_CANCELED);
}

static void a_job_without_results_has_none(scene *s)
{
    script(s->peer, JSON("{\"id\":\"j\",\"state\":5}"));
    expect_results(s, 0, "");
}

static void a_job_that_has_not_ended_has_no_results_yet(scene *s)
{
    script(s->peer, JSON("{\"id\":\"j\",\"state\":2}"));
    expect_results(s, BELUGA_ERROR_INVALID_INPUT, "");
    assert_non_null(strstr(s->err.message, "has not ended"));
    assert_non_null(strstr(s->err.message, "running"));
}

/* ---- cancelling and deleting ----------------------------------------------------------------- */

static void what_is_gone_needs_no_deletion(scene *s)
{
    script(s->peer, FAILS(404, NULL));
    assert_int_equal(beluga_batch_job_delete(s->model, NULL, "j", &s->err), 0);
    assert_string_equal(peer_request_method(s->peer, 0), "DELETE");
    script(s->peer, FAILS(404, NULL));
    assert_int_equal(
        beluga_batch_job_get(s->model, NULL, "j", &(beluga_batch_job *){NULL}, &s->err),
        BELUGA_ERROR_NOT_FOUND);
}

static void a_job_that_is_cancelled_tells_its_state(scene *s)
{
    beluga_batch_job *job;
    script(s->peer, JSON("{\"id\":\"j\",\"state\":3}"));
    assert_int_equal(beluga_batch_job_cancel(s->model, NULL, "j", &job, &s->err), 0);
    assert_string_equal(beluga_batch_state_name(job->state), "cancelling");
    assert_false(beluga_batch_state_is_end(job->state));
    assert_string_equal(peer_request_path(s->peer, 0), "/v1/jobs/j/cancel");
    beluga_free(job);
}

static void an_answer_that_tells_of_no_job_is_a_failure(scene *s)
{
    beluga_batch_job *job;
    script(s->peer, JSON("{\"hello\":1}"));
    assert_int_equal(beluga_batch_job_get(s->model, NULL, "j", &job, &s->err),
                     BELUGA_ERROR_INVALID_RESPONSE);
    assert_null(job);
}

/* --- on a loop -------------------------------------------------------------------------------- */

static void jobs_are_made_and_fetched_on_a_loop(scene *s)
{
    pushed made = {.ended = false}, fetched = {.ended = false};
    beluga_batch_requests *requests = make_requests(s, 1);
    script(s->peer, JSON("{\"file\":\"f-1\"}"));
    script(s->peer, JSON("{\"id\":\"j-1\"}"));
    assert_int_equal(beluga_batch_job_create_start_n(s->model, s->loop, NULL, requests, "n",
                                                     push_end, &made, NULL, &s->err, NULL, 0),
                     0);
    assert_false(made.ended);
    step_to(s, &made.ended);
    assert_int_equal(made.status, 0);
    assert_string_equal(made.id, "j-1");
    script_results(s->peer, "{\"id\":\"r-0\",\"body\":{\"a\":\"zero\"}}\n");
    assert_int_equal(beluga_batch_job_results_start(s->model, s->loop, NULL, "j-1", push_result,
                                                    push_end, &fetched, NULL, &s->err),
                     0);
    step_to(s, &fetched.ended);
    assert_int_equal(fetched.status, 0);
    assert_string_equal(fetched.results.line, "r-0=[zero] ");
    beluga_batch_requests_free(requests);
}

static void a_handle_cancels_what_is_asked(scene *s)
{
    pushed asked = {.ended = false};
    beluga_job *handle;
    script(s->peer, HANGS);
    assert_int_equal(beluga_batch_job_get_start(s->model, s->loop, NULL, "j", push_end, &asked,
                                                &handle, &s->err),
                     0);
    beluga_job_cancel(handle);
    step_to(s, &asked.ended);
    assert_int_equal(asked.status, BELUGA_ERROR_CONTEXT_CANCELED);
    beluga_job_free(handle);
}

static void a_loop_that_is_freed_ends_the_work(scene *s)
{
    pushed asked = {.ended = false};
    script(s->peer, HANGS);
    assert_int_equal(
        beluga_batch_job_list_start(s->model, s->loop, NULL, 0, push_end, &asked, NULL, &s->err),
        0);
    RELEASE(beluga_loop_free, s->loop);
    assert_false(asked.ended);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ACME(requests_are_encoded_as_they_would_be_sent),
        ACME(a_job_that_is_full_says_so_and_stays),
        ACME(a_request_that_no_job_could_hold_is_refused),
        ACME(requests_of_one_job_ask_one_model),
        ACME(the_job_is_of_the_model_that_its_requests_ask),
        ACME(ids_have_plain_characters),
        ACME(a_provider_without_the_api_says_so),
        ACME(a_create_that_may_have_arrived_is_not_sent_again),
        ACME(a_create_that_was_refused_for_now_is_sent_again),
        ACME(whether_a_job_was_made_is_known_after_a_refusal),
        ACME(a_job_is_made_once_although_its_state_is_asked_for),
        ACME(a_list_is_read_page_by_page_until_all_are_older),
        ACME(an_empty_list_is_no_failure),
        ACME(results_of_both_files_are_answers_and_errors),
        ACME(a_file_that_was_cut_is_a_failure),
        ACME(a_file_whose_end_nobody_tells_is_a_failure),
        ACME(a_file_that_may_have_been_cut_is_not_left_for_the_next),
        ACME(whoever_has_enough_results_gets_no_more),
        ACME(whoever_has_enough_with_the_last_result_hears_so_too),
        ACME(a_job_without_results_has_none),
        ACME(a_job_that_has_not_ended_has_no_results_yet),
        ACME(what_is_gone_needs_no_deletion),
        ACME(a_job_that_is_cancelled_tells_its_state),
        ACME(an_answer_that_tells_of_no_job_is_a_failure),
        ACME(jobs_are_made_and_fetched_on_a_loop),
        ACME(a_handle_cancels_what_is_asked),
        ACME(a_loop_that_is_freed_ends_the_work),
    };
    return cmocka_run_group_tests_name("batch_jobs", tests, NULL, NULL);
}
