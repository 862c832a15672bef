/* Batch jobs of `anthropic`. The bodies marked "reference" are the examples of Anthropic's own
 * pages: platform.claude.com/docs/en/api/messages/batches (create, retrieve, results, list, delete)
 * and docs.anthropic.com/en/api/messages-batch-examples; other bodies are variants of these. */
#include "batch_scene.h"

static int set_anthropic(void **state)
{
    int status = set_scene(state);
    if (!status) use_provider_at(*state, "anthropic", "");
    return status;
}

#define BATCH(test) SCENE_WITH(test, set_anthropic, strike_scene)

/* ---- jobs ------------------------------------------------------------------------------------ */

/* From the reference, section "create a message batch". */
#define CREATED                                                                                   \
    "{\"id\":\"msgbatch_013Zva2CMHLNnXjNJJKqJ2EF\",\"type\":\"message_batch\","                   \
    "\"processing_status\":\"in_progress\",\"request_counts\":{\"processing\":2,\"succeeded\":0," \
    "\"errored\":0,\"canceled\":0,\"expired\":0},\"ended_at\":null,\"created_at\":"               \
    "\"2024-09-24T18:37:24.100435Z\",\"expires_at\":\"2024-09-25T18:37:24.100435Z\","             \
    "\"cancel_initiated_at\":null,\"results_url\":null}"

#define ONE_REQUEST(id)                                                                   \
    "{\"custom_id\":\"" id "\",\"params\":{\"model\":\"the-model\",\"max_tokens\":16384," \
    "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}}"

static void requests_are_sent_by_the_call_that_creates_a_job(scene *s)
{
    script(s->peer, JSON(CREATED));
    beluga_batch_job *job = create_job(s, "seven");
    assert_job(job, "msgbatch_013Zva2CMHLNnXjNJJKqJ2EF||running|in_progress||2 0 0|"
                    "1727203044 0 1727289444");
    beluga_free(job);
    expect_sent(s, 0, "POST /v1/messages/batches");
    assert_string_equal(peer_request_body(s->peer, 0, NULL),
                        "{\"requests\":[" ONE_REQUEST("r-0") "," ONE_REQUEST("r-1") "]}");
    assert_string_equal(peer_request_header(s->peer, 0, "x-api-key"), "the-key");
    assert_string_equal(peer_request_header(s->peer, 0, "anthropic-version"), "2023-06-01");
    assert_string_equal(peer_request_header(s->peer, 0, "content-type"), "application/json");
}

static void features_are_asked_for_with_the_job(scene *s)
{
    beluga_batch_requests *requests = make_requests(s, 1);
    script(s->peer, JSON(CREATED));
    assert_int_equal(
        beluga_batch_job_create(s->model, NULL, requests, NULL, NULL, &s->err,
                                beluga_with_provider_specific("anthropic.beta", "a-1,b-2")),
        0);
    assert_string_equal(peer_request_header(s->peer, 0, "anthropic-beta"), "a-1,b-2");
    beluga_batch_requests_free(requests);
}

static void a_job_whose_requests_are_refused_is_not_there(scene *s)
{
    /* this error is from anthropic-sdk-python, issue 984 */
    script(s->peer, HEAD(400, "Content-Type: application/json\r\n"),
           BODY("{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":"
                "\"requests.0.custom_id: String should have at most 64 characters\"}}"));
    assert_null(create_job(s, NULL));
    assert_int_equal(s->err.code, BELUGA_ERROR_INVALID_REQUEST);
    assert_int_equal(s->err.http_status, 400);
    assert_string_equal(s->err.provider_code, "invalid_request_error");
}

#define JOB(status, counts, more)                                              \
    "{\"id\":\"b\",\"type\":\"message_batch\",\"processing_status\":\"" status \
    "\",\"request_counts\":{" counts "},\"created_at\":\"2024-09-24T18:37:24Z\"" more "}"
#define COUNTS(processing, succeeded, errored, canceled, expired)                       \
    "\"processing\":" #processing ",\"succeeded\":" #succeeded ",\"errored\":" #errored \
    ",\"canceled\":" #canceled ",\"expired\":" #expired
#define WHEN "|1727203044 0 0"

static void what_became_of_the_requests_tells_how_a_job_ended(scene *s)
{
    expect_job(s, JOB("ended", COUNTS(0, 3, 1, 0, 0), ",\"ended_at\":\"2024-09-24T19:37:24Z\""),
               "b||completed|ended||4 3 1|1727203044 1727206644 0");
    expect_job(s, JOB("canceling", COUNTS(4, 0, 0, 0, 0), ""),
               "b||cancelling|canceling||4 0 0" WHEN);
    expect_job(s,
               JOB("ended", COUNTS(0, 1, 0, 3, 0),
                   ",\"cancel_initiated_at\":\"2024-09-24T18:39:03.114875Z\""),
               "b||cancelled|ended||4 1 3" WHEN);
    expect_job(s, JOB("ended", COUNTS(0, 1, 1, 0, 2), ",\"cancel_initiated_at\":null"),
               "b||expired|ended||4 1 3" WHEN);
    expect_job(s, JOB("paused", COUNTS(4, 0, 0, 0, 0), ""), "b||unknown|paused||4 0 0" WHEN);
    expect_job(s, "{\"id\":\"b\"}", "b||unknown|||-1 -1 -1|0 0 0");
    expect_sent(s, 0, "GET /v1/messages/batches/the-job");
}

static void a_job_is_cancelled(scene *s)
{
    beluga_batch_job *job;
    script(s->peer, JSON(JOB("canceling", COUNTS(2, 0, 0, 0, 0), "")));
    assert_int_equal(beluga_batch_job_cancel(s->model, NULL, "b", &job, &s->err), 0);
    assert_int_equal(job->state, BELUGA_BATCH_STATE_CANCELLING);
    beluga_free(job);
    expect_sent(s, 0, "POST /v1/messages/batches/b/cancel");
    assert_string_equal(peer_request_header(s->peer, 0, "content-length"), "0");
    /* by default libcurl would send the type of a form */
    assert_null(peer_request_header(s->peer, 0, "content-type"));
}

static void a_job_is_deleted(scene *s)
{
    /* from the reference, section "delete a message batch" */
    script(s->peer, JSON("{\"id\":\"msgbatch_013Zva2CMHLNnXjNJJKqJ2EF\",\"type\":"
                         "\"message_batch_deleted\"}"));
    assert_int_equal(beluga_batch_job_delete(s->model, NULL, "b", &s->err), 0);
    expect_sent(s, 0, "DELETE /v1/messages/batches/b");
}

static void an_id_stays_in_its_place_of_the_path(scene *s)
{
    beluga_batch_job *job;
    assert_int_equal(beluga_batch_job_get(s->model, NULL, "../models", &job, &s->err),
                     BELUGA_ERROR_INVALID_INPUT);
    script(s->peer, JSON("{\"id\":\"b\"}"));
    assert_int_equal(beluga_batch_job_get(s->model, NULL, "a/b?c", &job, &s->err), 0);
    beluga_free(job);
    expect_sent(s, 0, "GET /v1/messages/batches/a%2Fb%3Fc");
}

static void jobs_are_listed_page_by_page(scene *s)
{
    beluga_batch_job *jobs;
    size_t n;
    script(s->peer, JSON("{\"data\":[{\"id\":\"b-1\"},{\"id\":\"b-2\"}],\"first_id\":\"b-1\","
                         "\"last_id\":\"b-2\",\"has_more\":true}"));
    script(s->peer, JSON("{\"data\":[{\"id\":\"b-3\"}],\"first_id\":\"b-3\",\"last_id\":\"b-3\","
                         "\"has_more\":false}"));
    assert_int_equal(beluga_batch_job_list(s->model, NULL, 0, &jobs, &n, &s->err), 0);
    assert_int_equal(n, 3);
    assert_string_equal(jobs[2].id, "b-3");
    beluga_free(jobs);
    expect_sent(s, 0, "GET /v1/messages/batches?limit=1000");
    expect_sent(s, 1, "GET /v1/messages/batches?limit=1000&after_id=b-2");
}

static void what_is_no_job_is_no_answer(scene *s)
{
    beluga_batch_job *job, *jobs;
    size_t n;
    script(s->peer, JSON("[]"));
    assert_int_equal(beluga_batch_job_get(s->model, NULL, "b", &job, &s->err),
                     BELUGA_ERROR_INVALID_RESPONSE);
    script(s->peer, JSON("{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\"}}"));
    assert_int_equal(beluga_batch_job_get(s->model, NULL, "b", &job, &s->err),
                     BELUGA_ERROR_OVERLOADED);
    script(s->peer, JSON("{\"id\":\"b\"}"));
    assert_int_equal(beluga_batch_job_list(s->model, NULL, 0, &jobs, &n, &s->err),
                     BELUGA_ERROR_INVALID_RESPONSE);
}

/* ---- results --------------------------------------------------------------------------------- */

/* Script a job that has ended, and whose results are at this URL. */
static void end_job(scene *s, const char *url)
{
    char answer[512];
    snprintf(answer, sizeof answer, JOB("ended", COUNTS(0, 1, 1, 1, 1), ",\"results_url\":\"%s\""),
             url);
    script(s->peer, JSON(answer));
}

static void end_job_here(scene *s)
{
    char url[128];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/v1/messages/batches/b/results?x=1",
             peer_port(s->peer));
    end_job(s, url);
}

#define JSONL HEAD(200, "Content-Type: application/x-jsonl\r\n")

/* From the reference, section "retrieve message batch results", except for the id. */
#define SUCCEEDED(id)                                                                             \
    "{\"custom_id\":\"" id "\",\"result\":{\"message\":{\"content\":[{\"text\":\"Hi! My name is " \
    "Claude.\",\"type\":\"text\"}],\"id\":\"msg_013Zva2CMHLNnXjNJJKqJ2EF\",\"model\":"            \
    "\"claude-sonnet-4-20250514\",\"role\":\"assistant\",\"stop_reason\":\"end_turn\","           \
    "\"stop_sequence\":null,\"type\":\"message\",\"usage\":{\"input_tokens\":2095,"               \
    "\"output_tokens\":503}},\"type\":\"succeeded\"}}\n"
#define ERRORED(id, type)                                                                       \
    "{\"custom_id\":\"" id "\",\"result\":{\"type\":\"errored\",\"error\":{\"type\":\"error\"," \
    "\"error\":{\"type\":\"" type "\",\"message\":\"no\"},\"request_id\":null}}}\n"
#define ENDED(id, how) "{\"custom_id\":\"" id "\",\"result\":{\"type\":\"" how "\"}}\n"

static void results_are_lines_of_the_url_that_is_told(scene *s)
{
    end_job_here(s);
    script(s->peer, JSONL,
           BODY(SUCCEEDED("r-1") ERRORED("r-0", "invalid_request_error") ENDED("r-3", "canceled")
                    ENDED("r-2", "expired") ENDED("r-4", "lost")));
    expect_results(s, 0,
                   "r-1=[Hi! My name is Claude.] r-0=!invalid_request/invalid_request_error "
                   "r-3=!context_canceled/cancelled r-2=!timeout/expired+ "
                   "r-4=!invalid_response/lost ");
    expect_sent(s, 0, "GET /v1/messages/batches/the-job");
    expect_sent(s, 1, "GET /v1/messages/batches/b/results?x=1");
    assert_string_equal(peer_request_header(s->peer, 1, "x-api-key"), "the-key");
    assert_string_equal(peer_request_header(s->peer, 1, "anthropic-version"), "2023-06-01");
}

/* The types of errors and their statuses are from platform.claude.com/docs/en/api/errors. */
static void errors_of_lines_are_what_they_are_outside_of_a_job(scene *s)
{
    end_job_here(s);
    script(s->peer, JSONL,
           BODY(ERRORED("a", "authentication_error") ERRORED("b", "billing_error")
                    ERRORED("c", "permission_error") ERRORED("d", "request_too_large")
                        ERRORED("e", "rate_limit_error") ERRORED("f", "api_error")
                            ERRORED("g", "timeout_error") ERRORED("h", "overloaded_error")
                                ERRORED("i", "new_error")));
    expect_results(s, 0,
                   "a=!authentication_error/authentication_error b=!quota_exceeded/billing_error "
                   "c=!authorization_error/permission_error d=!limit_exceeded/request_too_large "
                   "e=!rate_limit/rate_limit_error+ f=!internal_error/api_error+ "
                   "g=!timeout/timeout_error+ h=!overloaded/overloaded_error+ "
                   "i=!internal_error/new_error+ ");
}

/* The gateway's answer has a URL at Anthropic, but the gateway's key is not valid there. */
static void a_gateway_is_asked_for_the_results_itself(scene *s)
{
    use_provider_at(s, "anthropic", "/gw/v1");
    end_job(s, "https://api.anthropic.com/v1/messages/batches/b/results");
    script(s->peer, JSONL, BODY(SUCCEEDED("r-0")));
    expect_results(s, 0, "r-0=[Hi! My name is Claude.] ");
    expect_sent(s, 1, "GET /gw/v1/messages/batches/the-job/results");
    assert_string_equal(peer_request_header(s->peer, 1, "x-api-key"), "the-key");
}

static void a_job_that_has_not_ended_has_no_results(scene *s)
{
    script(s->peer, JSON(CREATED));
    expect_results(s, BELUGA_ERROR_INVALID_INPUT, "");
    assert_string_equal(s->err.message,
                        "the batch job has not ended: its results are available when it has ended");
    script(s->peer, JSON(JOB("ended", COUNTS(0, 1, 0, 0, 0),
                             ",\"archived_at\":\"2024-10-24T18:37:24Z\",\"results_url\":null")));
    expect_results(s, BELUGA_ERROR_NOT_FOUND, "");
    assert_int_equal(peer_requests(s->peer), 2);
}

static void results_that_are_cut_are_no_results(scene *s)
{
    end_job_here(s);
    script(s->peer, JSONL, BODY(SUCCEEDED("r-0") "{\"custom_id\":\"r-1\",\"res"), CLOSES);
    expect_results(s, BELUGA_ERROR_MALFORMED_RESPONSE, "r-0=[Hi! My name is Claude.] ");
}

static void lines_that_are_no_results_leave_the_others(scene *s)
{
    end_job_here(s);
    script(s->peer, JSONL, BODY(SUCCEEDED("r-0") "what?\n" SUCCEEDED("r-1")));
    expect_results(s, 0, "r-0=[Hi! My name is Claude.] r-1=[Hi! My name is Claude.] ");
    end_job_here(s);
    script(s->peer, JSONL, BODY("{\"result\":{\"type\":\"expired\"}}\n"));
    expect_results(s, BELUGA_ERROR_MALFORMED_RESPONSE, "");
}

static void a_result_may_be_a_tool_call(scene *s)
{
    end_job_here(s);
    script(s->peer, JSONL,
           BODY("{\"custom_id\":\"r-0\",\"result\":{\"type\":\"succeeded\",\"message\":{"
                "\"type\":\"message\",\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\","
                "\"id\":\"t\",\"name\":\"look\",\"input\":{\"a\":1}}],\"stop_reason\":"
                "\"tool_use\"}}}\n"
                "{\"custom_id\":\"r-1\",\"result\":{\"type\":\"succeeded\",\"message\":7}}\n"));
    expect_results(s, 0, "r-0=[] r-1=!invalid_response/succeeded ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BATCH(requests_are_sent_by_the_call_that_creates_a_job),
        BATCH(features_are_asked_for_with_the_job),
        BATCH(a_job_whose_requests_are_refused_is_not_there),
        BATCH(what_became_of_the_requests_tells_how_a_job_ended),
        BATCH(a_job_is_cancelled),
        BATCH(a_job_is_deleted),
        BATCH(an_id_stays_in_its_place_of_the_path),
        BATCH(jobs_are_listed_page_by_page),
        BATCH(what_is_no_job_is_no_answer),
        BATCH(results_are_lines_of_the_url_that_is_told),
        BATCH(errors_of_lines_are_what_they_are_outside_of_a_job),
        BATCH(a_gateway_is_asked_for_the_results_itself),
        BATCH(a_job_that_has_not_ended_has_no_results),
        BATCH(results_that_are_cut_are_no_results),
        BATCH(lines_that_are_no_results_leave_the_others),
        BATCH(a_result_may_be_a_tool_call),
    };
    return cmocka_run_group_tests_name("anthropic_batch", tests, NULL, NULL);
}
