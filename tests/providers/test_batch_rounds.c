/* Batch jobs from their creation to their deletion, with every provider that has a batch API,
 * against a server that plays these APIs and their faults. */
#include "support/calls.h"
#include "support/scoped.h"

#include <beluga/batch_job.h>
#include <beluga/registry.h>

#include <stdio.h>

enum { N_REQUESTS = 8 };

/* A provider, and where its API is at the server. */
typedef struct host {
    const char *name, *path;
    bool has_pages;   /* its list of jobs has */
    bool has_half;    /* of a job that expires half is there */
    bool tells_early; /* that a job has a fault is told by the call that creates it */
} host;

static const host hosts[] = {
    {"anthropic", "", true, true, true},       {"azure", "", true, true, false},
    {"gemini", "/v1beta", true, false, false}, {"groq", "/openai/v1", false, true, false},
    {"mistral", "/v1", true, true, false},     {"moonshot", "/v1", true, true, false},
    {"openai", "/v1", true, true, false},      {"openai-responses", "/v1", true, true, false},
    {"qwen", "/v1", true, true, false},        {"together", "/together/v1", false, true, false},
};
#define EACH_HOST(h) for (const host *h = hosts; h < hosts + sizeof hosts / sizeof *hosts; h++)

/* ---- the stand ------------------------------------------------------------------------------- */

/* A server whose jobs go on with each look at them, and with this fault, or NULL. */
static peer *serve(const char *fault, unsigned polls, size_t page)
{
    const char *const faults[] = {fault};
    const peer_config config = {.kept_requests = 4096, .max_body = PEER_BATCH_MAX_BODY_BYTES};
    const peer_batches batches = {
        .polls = polls, .page = page, .seed = 1, .faults = faults, .n_faults = fault ? 1 : 0};
    peer *p = peer_start_with(&config);
    assert_non_null(p);
    assert_null(peer_serve_batches(p, &batches));
    return p;
}

static beluga_chat_model *open_host(peer *p, const host *h, const char *key)
{
    char url[128];
    beluga_chat_model *model = NULL;
    beluga_error problem;
    snprintf(url, sizeof url, "http://127.0.0.1:%d%s", peer_port(p), h->path);
    beluga_config *config = beluga_config_new(
        beluga_with_base_url(url), beluga_with_api_key(key), beluga_with_model_name("the-model"),
        beluga_with_max_retries(0), beluga_with_timeout_ms(PATIENCE_MS));
    if (beluga_registry_open(beluga_registry_default(), h->name, config, &model, &problem))
        fail_msg("%s: %s", h->name, problem.message);
    beluga_config_free(config);
    return model;
}

#define must(h, call)                                                         \
    do {                                                                      \
        beluga_error err;                                                     \
        if (call) fail_msg("%s: %s (%s)", (h)->name, err.message, err.cause); \
    } while (0)

static beluga_batch_requests *make_requests(const host *h, beluga_chat_model *model)
{
    beluga_batch_requests *requests;
    must(h, beluga_batch_requests_new(model, &requests, &err));
    for (int i = 0; i < N_REQUESTS; i++) {
        char id[16], text[32];
        snprintf(id, sizeof id, "r-%d", i);
        snprintf(text, sizeof text, "question %d", i);
        must(h, beluga_batch_requests_add(requests, NULL, id, beluga_input_text(text), &err));
    }
    return requests;
}

/* Create a job; its id is to be freed. */
static char *create(const host *h, beluga_chat_model *model, const char *name)
{
    beluga_batch_requests *requests = make_requests(h, model);
    beluga_batch_job *job;
    must(h, beluga_batch_job_create(model, NULL, requests, name, &job, &err));
    char *id = strdup(job->id);
    beluga_free(job);
    beluga_batch_requests_free(requests);
    return id;
}

/* Look at a job until it has ended; each look brings its end nearer. */
static beluga_batch_job *wait_for(const host *h, beluga_chat_model *model, const char *id)
{
    beluga_batch_job *job;
    for (int looks = 0; looks < 50; looks++) {
        must(h, beluga_batch_job_get(model, NULL, id, &job, &err));
        if (beluga_batch_state_is_end(job->state)) return job;
        beluga_free(job);
    }
    fail_msg("%s: the job does not end", h->name);
    return NULL;
}

static uint32_t end_of(const host *h, beluga_chat_model *model, const char *id)
{
    beluga_batch_job *job = wait_for(h, model, id);
    uint32_t state = job->state;
    beluga_free(job);
    return state;
}

/* What came for each request, and how often. */
typedef struct results {
    const host *host;
    int seen[N_REQUESTS];
    int answers, expired, cancelled, others;
} results;

static int take(void *payload, const char *id, beluga_batch_result *result)
{
    results *r = payload;
    char expected[40];
    int i = -1;
    assert_int_equal(sscanf(id, "r-%d", &i), 1);
    assert_true(i >= 0 && i < N_REQUESTS);
    r->seen[i]++;
    if (result->response) {
        snprintf(expected, sizeof expected, "echo: question %d", i);
        assert_string_equal(beluga_response_text(result->response, NULL), expected);
        r->answers++;
    } else if (result->error.code == BELUGA_ERROR_TIMEOUT) {
        assert_string_equal(result->error.provider_code, "expired");
        r->expired++;
    } else if (result->error.code == BELUGA_ERROR_CONTEXT_CANCELED) {
        assert_string_equal(result->error.provider_code, "cancelled");
        r->cancelled++;
    } else {
        r->others++;
    }
    return 0;
}

static results results_of(const host *h, beluga_chat_model *model, const char *id)
{
    results r = {.host = h};
    must(h, beluga_batch_job_results(model, NULL, id, take, &r, &err));
    for (int i = 0; i < N_REQUESTS; i++)
        if (r.seen[i] > 1) fail_msg("%s: r-%d came %d times", h->name, i, r.seen[i]);
    return r;
}

/* ---- whole rounds ---------------------------------------------------------------------------- */

static void round_of(const host *h, const char *fault)
{
    peer *p = serve(fault, 2, 0);
    SCOPED(beluga_chat_model) *model = open_host(p, h, "k");
    char *id = create(h, model, "a-name");
    beluga_batch_job *job = wait_for(h, model, id);
    beluga_batch_limits limits = {.size = sizeof limits};
    must(h, beluga_batch_limits_get(model, &limits, &err));
    assert_string_equal(job->id, id);
    assert_int_equal(job->state, BELUGA_BATCH_STATE_COMPLETED);
    if (limits.keeps_names) assert_string_equal(job->name, "a-name");
    if (job->total >= 0) assert_int_equal(job->total, N_REQUESTS);
    if (job->total >= 0) assert_int_equal(job->succeeded, N_REQUESTS);
    beluga_free(job);
    assert_int_equal(results_of(h, model, id).answers, N_REQUESTS);
    must(h, beluga_batch_job_delete(model, NULL, id, &err));
    must(h, beluga_batch_job_delete(model, NULL, id, &err)); /* what is gone is no failure */
    free(id);
    peer_stop(p);
}

static void a_job_is_created_answered_and_deleted(void **state)
{
    (void)state;
    EACH_HOST(h) round_of(h, NULL);
}

static void results_may_come_in_chunks(void **state)
{
    (void)state;
    EACH_HOST(h) round_of(h, "chunked");
}

static void files_that_are_not_there_may_have_empty_ids(void **state)
{
    (void)state;
    EACH_HOST(h) round_of(h, "empty-ids");
}

/* ---- other ends ------------------------------------------------------------------------------ */

static void a_job_that_is_cancelled_ends(void **state)
{
    (void)state;
    EACH_HOST(h)
    {
        peer *p = serve(NULL, 20, 0);
        SCOPED(beluga_chat_model) *model = open_host(p, h, "k");
        char *id = create(h, model, NULL);
        beluga_batch_job *job;
        must(h, beluga_batch_job_cancel(model, NULL, id, &job, &err));
        beluga_free(job);
        assert_int_equal(end_of(h, model, id), BELUGA_BATCH_STATE_CANCELLED);
        results r = results_of(h, model, id);
        assert_int_equal(r.others + r.expired, 0);
        must(h, beluga_batch_job_cancel(model, NULL, id, &job, &err)); /* it has ended before */
        assert_int_equal(job->state, BELUGA_BATCH_STATE_CANCELLED);
        beluga_free(job);
        free(id);
        peer_stop(p);
    }
}

static void of_a_job_that_expires_what_was_answered_is_there(void **state)
{
    (void)state;
    EACH_HOST(h)
    {
        peer *p = serve("expire", 2, 0);
        SCOPED(beluga_chat_model) *model = open_host(p, h, "k");
        char *id = create(h, model, NULL);
        uint32_t end = end_of(h, model, id);
        /* Anthropic's jobs end, and only their requests have expired */
        assert_true(end == BELUGA_BATCH_STATE_EXPIRED || end == BELUGA_BATCH_STATE_COMPLETED);
        results r = results_of(h, model, id);
        assert_int_equal(r.answers, h->has_half ? N_REQUESTS / 2 : 0);
        assert_int_equal(r.others + r.cancelled, 0);
        free(id);
        peer_stop(p);
    }
}

static void all_requests_may_fail(void **state)
{
    (void)state;
    EACH_HOST(h)
    {
        peer *p = serve("errors-only", 2, 0);
        SCOPED(beluga_chat_model) *model = open_host(p, h, "k");
        char *id = create(h, model, NULL);
        end_of(h, model, id);
        results r = results_of(h, model, id);
        assert_int_equal(r.answers, 0);
        assert_int_equal(r.others, N_REQUESTS);
        free(id);
        peer_stop(p);
    }
}

static void a_job_with_a_fault_fails_as_a_whole(void **state)
{
    (void)state;
    EACH_HOST(h)
    {
        if (h->tells_early) continue;
        peer *p = serve("invalid", 2, 0);
        SCOPED(beluga_chat_model) *model = open_host(p, h, "k");
        char *id = create(h, model, NULL);
        beluga_batch_job *job = wait_for(h, model, id);
        assert_int_equal(job->state, BELUGA_BATCH_STATE_FAILED);
        if (!*job->reason) fail_msg("%s: no reason", h->name);
        beluga_free(job);
        assert_int_equal(results_of(h, model, id).answers, 0);
        free(id);
        peer_stop(p);
    }
}

static void results_that_are_cut_are_told(void **state)
{
    static const char *const faults[] = {"cut-results", "cut-chunked"};
    (void)state;
    EACH_HOST(h)
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        peer *p = serve(faults[i], 2, 0);
        SCOPED(beluga_chat_model) *model = open_host(p, h, "k");
        char *id = create(h, model, NULL);
        results r = {.host = h};
        beluga_error err;
        end_of(h, model, id);
        int status = beluga_batch_job_results(model, NULL, id, take, &r, &err);
        if (status != BELUGA_ERROR_STREAM_CLOSED)
            fail_msg("%s, %s: %s (%s)", h->name, faults[i], status ? err.message : "no error",
                     status ? err.cause : "");
        free(id);
        peer_stop(p);
    }
}

/* ---- before the end, and others' jobs -------------------------------------------------------- */

static void results_are_not_there_before_the_end(void **state)
{
    (void)state;
    EACH_HOST(h)
    {
        peer *p = serve(NULL, 20, 0);
        SCOPED(beluga_chat_model) *model = open_host(p, h, "k");
        char *id = create(h, model, NULL);
        results r = {.host = h};
        beluga_error err;
        assert_int_equal(beluga_batch_job_results(model, NULL, id, take, &r, &err),
                         BELUGA_ERROR_INVALID_INPUT);
        free(id);
        peer_stop(p);
    }
}

static void a_key_sees_its_own_jobs(void **state)
{
    (void)state;
    EACH_HOST(h)
    {
        peer *p = serve(NULL, 2, 0);
        SCOPED(beluga_chat_model) *model = open_host(p, h, "k");
        SCOPED(beluga_chat_model) *other = open_host(p, h, "another");
        char *id = create(h, model, "a-name");
        beluga_batch_job *job = NULL, *jobs = NULL;
        size_t count = 1;
        assert_int_equal(beluga_batch_job_get(other, NULL, id, &job, NULL), BELUGA_ERROR_NOT_FOUND);
        must(h, beluga_batch_job_list(other, NULL, 0, &jobs, &count, &err));
        assert_int_equal(count, 0);
        beluga_free(jobs);
        free(id);
        peer_stop(p);
    }
}

static void a_list_has_all_jobs(void **state)
{
    enum { N_JOBS = 5 };
    (void)state;
    EACH_HOST(h)
    {
        peer *p = serve(NULL, 2, h->has_pages ? 2 : 0);
        SCOPED(beluga_chat_model) *model = open_host(p, h, "k");
        beluga_batch_job *jobs = NULL;
        size_t count = 0;
        for (int i = 0; i < N_JOBS; i++) {
            char name[16];
            snprintf(name, sizeof name, "name-%d", i);
            free(create(h, model, name));
        }
        must(h, beluga_batch_job_list(model, NULL, 0, &jobs, &count, &err));
        if (count != N_JOBS) fail_msg("%s: %zu jobs", h->name, count);
        for (size_t i = 0; i < count; i++)
            for (size_t k = 0; k < i; k++) assert_string_not_equal(jobs[i].id, jobs[k].id);
        beluga_free(jobs);
        peer_stop(p);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_is_created_answered_and_deleted),
        cmocka_unit_test(results_may_come_in_chunks),
        cmocka_unit_test(files_that_are_not_there_may_have_empty_ids),
        cmocka_unit_test(a_job_that_is_cancelled_ends),
        cmocka_unit_test(of_a_job_that_expires_what_was_answered_is_there),
        cmocka_unit_test(all_requests_may_fail),
        cmocka_unit_test(a_job_with_a_fault_fails_as_a_whole),
        cmocka_unit_test(results_that_are_cut_are_told),
        cmocka_unit_test(results_are_not_there_before_the_end),
        cmocka_unit_test(a_key_sees_its_own_jobs),
        cmocka_unit_test(a_list_has_all_jobs),
    };
    return cmocka_run_group_tests_name("batch_rounds", tests, NULL, NULL);
}
