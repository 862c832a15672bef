/* Batch jobs from creation to deletion, with every provider that has a batch API, against a server
 * that plays these APIs and their faults. */
#include "support/calls.h"

#include <beluga/batch_job.h>
#include <beluga/registry.h>

#include <stdio.h>

enum { N_REQUESTS = 8 };

/* Differences between the services. */
enum {
    PAGES = 1,    /* the list of jobs has pages */
    HALF = 2,     /* an expired job keeps the answers that it had */
    UNTRIED = 4,  /* requests that were not tried also have results */
    EARLY = 8,    /* faults of a job are reported by the call that creates it */
    FORGETS = 16, /* a deleted job is not found later; elsewhere only its files are deleted */
    DATED = 32,   /* Azure's API with a date */
    EMBEDS = 64   /* jobs can embed texts */
};

/* A provider, and the path of its API on the server. */
typedef struct host {
    const char *name, *path;
    unsigned has;
} host;

static const host hosts[] = {
    {"anthropic", "", PAGES | HALF | UNTRIED | EARLY | FORGETS},
    {"azure", "", PAGES | HALF | UNTRIED},
    {"azure", "", PAGES | HALF | UNTRIED | DATED},
    {"gemini", "/v1beta", PAGES | FORGETS | EMBEDS},
    {"groq", "/openai/v1", PAGES | HALF | UNTRIED},
    {"mistral", "/v1", PAGES | HALF | FORGETS | EMBEDS},
    {"moonshot", "/v1", PAGES | HALF | UNTRIED},
    {"openai", "/v1", PAGES | HALF | UNTRIED | EMBEDS},
    {"openai-responses", "/v1", PAGES | HALF | UNTRIED | EMBEDS},
    {"qwen", "/v1", PAGES | HALF | UNTRIED | EMBEDS},
    {"together", "/together/v1", HALF | UNTRIED},
};

/* ---- the stand ------------------------------------------------------------------------------- */

/* A provider, its server and its newest job. */
typedef struct stand {
    const host *host;
    const char *fault; /* the fault that the server makes, or NULL */
    peer *peer;
    beluga_chat_model *model;
    char *id; /* id of the newest job */
} stand;

/* Start a server whose jobs end after this many polls. */
static peer *serve(const char *fault, unsigned polls, size_t page)
{
    const peer_config config = {.kept_requests = 4096, .max_body = PEER_BATCH_MAX_BODY_BYTES};
    const peer_batches batches = {
        .polls = polls, .page = page, .seed = 1, .faults = &fault, .n_faults = fault ? 1 : 0};
    peer *p = peer_start_with(&config);
    assert_non_null(p);
    assert_null(peer_serve_batches(p, &batches));
    return p;
}

static beluga_chat_model *open_host_with(const stand *s, const char *key, int64_t retries)
{
    char url[128];
    beluga_chat_model *model = NULL;
    beluga_error problem;
    snprintf(url, sizeof url, "http://127.0.0.1:%d%s", peer_port(s->peer), s->host->path);
    beluga_config *config =
        beluga_config_new(beluga_with_base_url(url), beluga_with_api_key(key),
                          beluga_with_model_name("the-model"), beluga_with_max_retries(retries),
                          beluga_with_retry_delay_ms(100), beluga_with_timeout_ms(PATIENCE_MS));
    const beluga_option date = beluga_with_provider_specific("azure.api_version", "2024-10-21");
    assert_int_equal(beluga_config_set_n(config, &date, s->host->has & DATED ? 1 : 0), 0);
    if (beluga_registry_open(beluga_registry_default(), s->host->name, config, &model, &problem))
        fail_msg("%s: %s", s->host->name, problem.message);
    beluga_config_free(config);
    return model;
}

static beluga_chat_model *open_host(const stand *s, const char *key)
{
    return open_host_with(s, key, 0);
}

/* Run a test with this provider, at a server whose jobs end after this many polls. */
static void play_host(const host *h, const char *fault, unsigned polls, void (*test)(stand *s))
{
    stand s = {.host = h, .fault = fault};
    s.peer = serve(fault, polls, h->has & PAGES ? 2 : 0);
    s.model = open_host(&s, "k");
    test(&s);
    free(s.id);
    beluga_chat_model_unref(s.model);
    peer_stop(s.peer);
}

/* Run a test with each provider. */
static void play_slowly(const char *fault, unsigned polls, void (*test)(stand *s))
{
    for (const host *h = hosts; h < hosts + sizeof hosts / sizeof *hosts; h++)
        play_host(h, fault, polls, test);
}

static void play(const char *fault, void (*test)(stand *s))
{
    play_slowly(fault, 2, test);
}

#define must(s, call)                                                               \
    do {                                                                            \
        beluga_error err;                                                           \
        if (call) fail_msg("%s: %s (%s)", (s)->host->name, err.message, err.cause); \
    } while (0)

static const char *const questions[N_REQUESTS] = {"question 0", "question 1", "question 2",
                                                  "question 3", "question 4", "question 5",
                                                  "question 6", "question 7"};

static beluga_batch_requests *make_requests(const stand *s, const char *const *texts)
{
    beluga_batch_requests *requests;
    must(s, beluga_batch_requests_new(s->model, &requests, &err));
    for (int i = 0; i < N_REQUESTS; i++) {
        char id[16];
        snprintf(id, sizeof id, "r-%d", i);
        must(s, beluga_batch_requests_add(requests, NULL, id, beluga_input_text(texts[i]), &err));
    }
    return requests;
}

static void create_of(stand *s, const char *const *texts, const char *name)
{
    beluga_batch_requests *requests = make_requests(s, texts);
    beluga_batch_job *job;
    must(s, beluga_batch_job_create(s->model, NULL, requests, name, &job, &err));
    free(s->id);
    s->id = strdup(job->id);
    beluga_free(job);
    beluga_batch_requests_free(requests);
}

static void create(stand *s, const char *name)
{
    create_of(s, questions, name);
}

/* Poll the job until it has ended. */
static beluga_batch_job *wait_for(const stand *s)
{
    beluga_batch_job *job;
    for (int looks = 0; looks < 50; looks++) {
        must(s, beluga_batch_job_get(s->model, NULL, s->id, &job, &err));
        if (beluga_batch_state_is_end(job->state)) return job;
        beluga_free(job);
    }
    fail_msg("%s: the job does not end", s->host->name);
    return NULL;
}

static void expect_end(const stand *s, uint32_t state)
{
    beluga_batch_job *job = wait_for(s);
    if (job->state != state) fail_msg("%s: %s", s->host->name, beluga_batch_state_name(job->state));
    beluga_free(job);
}

/* Return all jobs, and assert their number; owned (beluga_free). */
static beluga_batch_job *list(const stand *s, size_t expected)
{
    beluga_batch_job *jobs;
    size_t n;
    must(s, beluga_batch_job_list(s->model, NULL, 0, &jobs, &n, &err));
    if (n != expected) fail_msg("%s: %zu jobs", s->host->name, n);
    return jobs;
}

static bool keeps_names(const stand *s)
{
    beluga_batch_limits limits = {.size = sizeof limits};
    must(s, beluga_batch_limits_get(s->model, &limits, &err));
    return limits.keeps_names;
}

/* ---- results --------------------------------------------------------------------------------- */

/* The results of a job: how often there was one for each request, its error code, and the sums. */
typedef struct results {
    const char *const *texts;
    int seen[N_REQUESTS], codes[N_REQUESTS];
    int answers, expired, cancelled, others;
} results;

static void take_failure(results *r, const beluga_error *error)
{
    if (error->code == BELUGA_ERROR_TIMEOUT) {
        assert_string_equal(error->provider_code, "expired");
        assert_true(error->retryable);
        r->expired++;
    } else if (error->code == BELUGA_ERROR_CONTEXT_CANCELED) {
        assert_string_equal(error->provider_code, "cancelled");
        assert_false(error->retryable);
        r->cancelled++;
    } else {
        r->others++;
    }
}

static int take(void *payload, const char *id, beluga_batch_result *result)
{
    results *r = payload;
    char expected[40];
    int i = -1;
    assert_int_equal(sscanf(id, "r-%d", &i), 1);
    assert_true(i >= 0 && i < N_REQUESTS);
    assert_int_equal(r->seen[i]++, 0);
    r->codes[i] = result->response ? 0 : (int)result->error.code;
    if (result->response) {
        snprintf(expected, sizeof expected, "echo: %s", r->texts[i]);
        assert_string_equal(beluga_response_text(result->response, NULL), expected);
        r->answers++;
    } else {
        take_failure(r, &result->error);
    }
    return 0;
}

static results results_of(const stand *s, const char *const *texts)
{
    results r = {.texts = texts};
    must(s, beluga_batch_job_results(s->model, NULL, s->id, take, &r, &err));
    return r;
}

/* ---- whole rounds ---------------------------------------------------------------------------- */

static void check_whole(const stand *s, const beluga_batch_job *job)
{
    assert_string_equal(job->id, s->id);
    assert_int_equal(job->state, BELUGA_BATCH_STATE_COMPLETED);
    assert_string_equal(job->name, keeps_names(s) ? "a-name" : "");
    assert_true(job->created > 0 && job->ended >= job->created);
    if (job->total < 0) return;
    assert_int_equal(job->total, N_REQUESTS);
    assert_int_equal(job->succeeded, N_REQUESTS);
    assert_int_equal(job->failed, 0);
}

static void round_of(stand *s)
{
    create(s, "a-name");
    beluga_batch_job *job = wait_for(s);
    check_whole(s, job);
    beluga_free(job);
    assert_int_equal(results_of(s, questions).answers, N_REQUESTS);
    must(s, beluga_batch_job_delete(s->model, NULL, s->id, &err));
    if (s->host->has & FORGETS)
        assert_int_equal(beluga_batch_job_get(s->model, NULL, s->id, &job, NULL),
                         BELUGA_ERROR_NOT_FOUND);
    /* Deleting the job again is not a failure. */
    must(s, beluga_batch_job_delete(s->model, NULL, s->id, &err));
}

static void a_job_is_created_answered_and_deleted(void **state)
{
    (void)state;
    play(NULL, round_of);
}

static void results_may_come_in_chunks(void **state)
{
    (void)state;
    play("chunked", round_of);
}

static void files_that_are_not_there_may_have_empty_ids(void **state)
{
    (void)state;
    play("empty-ids", round_of);
}

/* Only Azure reads a file before a job can be created from it. */
static void a_file_may_not_be_ready(void **state)
{
    (void)state;
    for (const host *h = hosts; h < hosts + sizeof hosts / sizeof *hosts; h++)
        if (strcmp(h->name, "azure") == 0) play_host(h, "pending-file", 2, round_of);
}

/* ---- vectors --------------------------------------------------------------------------------- */

static const char *const embedded[] = {"abc", "de"};
static const char *const ids[] = {"r-0", "r-1"};

/* Assert that the result is the server's vector of a text, which has the text's bytes / 128. */
static int take_vector(void *payload, const char *id, beluga_batch_result *result)
{
    int *n = payload;
    const char *text = embedded[strcmp(id, ids[0]) != 0];
    if (!result->response) fail_msg("%s: %s", id, result->error.message);
    const beluga_embeddings *e = beluga_response_embeddings(result->response);
    assert_non_null(e);
    assert_int_equal(beluga_embeddings_count(e), 1);
    assert_int_equal(beluga_embeddings_dimensions(e), 4);
    for (size_t i = 0; i < 4; i++)
        assert_true(beluga_embeddings_vector(e, 0)[i] == (float)text[i % strlen(text)] / 128);
    assert_int_equal(beluga_embeddings_usage(e)->input_total, 1);
    ++*n;
    return 0;
}

static void embed(stand *s)
{
    beluga_batch_requests *requests;
    beluga_batch_job *job;
    int n = 0;
    must(s, beluga_batch_requests_new(s->model, &requests, &err));
    for (int i = 0; i < 2; i++)
        must(s, beluga_batch_requests_add_embedding(requests, ids[i], &embedded[i], NULL, 1, &err,
                                                    beluga_with_dimensions(4)));
    must(s, beluga_batch_job_create(s->model, NULL, requests, "vectors", &job, &err));
    s->id = strdup(job->id);
    beluga_free(job);
    beluga_batch_requests_free(requests);
    expect_end(s, BELUGA_BATCH_STATE_COMPLETED);
    must(s, beluga_batch_job_results(s->model, NULL, s->id, take_vector, &n, &err));
    assert_int_equal(n, 2);
    must(s, beluga_batch_job_delete(s->model, NULL, s->id, &err));
}

static void embed_nothing(stand *s)
{
    beluga_batch_requests *requests;
    beluga_error problem;
    must(s, beluga_batch_requests_new(s->model, &requests, &err));
    assert_int_equal(
        beluga_batch_requests_add_embedding(requests, "r", embedded, NULL, 1, &problem),
        BELUGA_ERROR_NOT_SUPPORTED);
    beluga_batch_requests_free(requests);
}

static void embed_or_refuse(stand *s)
{
    (s->host->has & EMBEDS ? embed : embed_nothing)(s);
}

static void a_job_may_embed_texts(void **state)
{
    (void)state;
    play(NULL, embed_or_refuse);
}

/* ---- other ends ------------------------------------------------------------------------------ */

/* Cancel the job, and return the state that the answer reports. */
static uint32_t cancel(const stand *s)
{
    beluga_batch_job *job;
    must(s, beluga_batch_job_cancel(s->model, NULL, s->id, &job, &err));
    uint32_t state = job->state;
    beluga_free(job);
    return state;
}

static void cancelled(stand *s)
{
    create(s, NULL);
    cancel(s);
    expect_end(s, BELUGA_BATCH_STATE_CANCELLED);
    results r = results_of(s, questions);
    assert_int_equal(r.others + r.expired, 0);
    assert_int_equal(r.cancelled > 0, (s->host->has & UNTRIED) != 0);
    if (!(s->host->has & HALF)) assert_int_equal(r.answers, 0);
    assert_int_equal(cancel(s), BELUGA_BATCH_STATE_CANCELLED); /* the job had ended before */
}

static void a_job_that_is_cancelled_ends(void **state)
{
    (void)state;
    play_slowly(NULL, 20, cancelled);
}

static void expired(stand *s)
{
    create(s, NULL);
    expect_end(s, BELUGA_BATCH_STATE_EXPIRED);
    results r = results_of(s, questions);
    assert_int_equal(r.answers, s->host->has & HALF ? N_REQUESTS / 2 : 0);
    assert_int_equal(r.expired, s->host->has & UNTRIED ? N_REQUESTS / 2 : 0);
    assert_int_equal(r.others + r.cancelled, 0);
}

static void of_a_job_that_expires_what_was_answered_is_there(void **state)
{
    (void)state;
    play("expire", expired);
}

static void failing(stand *s)
{
    create(s, NULL);
    beluga_free(wait_for(s));
    results r = results_of(s, questions);
    assert_int_equal(r.answers, 0);
    assert_int_equal(r.others, N_REQUESTS);
}

static void all_requests_may_fail(void **state)
{
    (void)state;
    play("errors-only", failing);
}

static void failing_alone(stand *s)
{
    static const char *const texts[N_REQUESTS] = {"fail-400", "fail-429", "fail-500", "a",
                                                  "b",        "c",        "d",        "e"};
    create_of(s, texts, NULL);
    expect_end(s, BELUGA_BATCH_STATE_COMPLETED);
    results r = results_of(s, texts);
    assert_int_equal(r.codes[0], BELUGA_ERROR_INVALID_REQUEST);
    assert_int_equal(r.codes[1], BELUGA_ERROR_RATE_LIMIT);
    assert_int_equal(r.codes[2], BELUGA_ERROR_INTERNAL);
    assert_int_equal(r.answers, N_REQUESTS - 3);
}

static void requests_fail_as_they_do_alone(void **state)
{
    (void)state;
    play(NULL, failing_alone);
}

static void invalid(stand *s)
{
    if (s->host->has & EARLY) return;
    create(s, NULL);
    beluga_batch_job *job = wait_for(s);
    assert_int_equal(job->state, BELUGA_BATCH_STATE_FAILED);
    if (!*job->reason) fail_msg("%s: no reason", s->host->name);
    beluga_free(job);
    assert_int_equal(results_of(s, questions).answers, 0);
}

static void a_job_with_a_fault_fails_as_a_whole(void **state)
{
    (void)state;
    play("invalid", invalid);
}

static void cut(stand *s)
{
    results r = {.texts = questions};
    beluga_error err;
    create(s, NULL);
    beluga_free(wait_for(s));
    int status = beluga_batch_job_results(s->model, NULL, s->id, take, &r, &err);
    if (status != BELUGA_ERROR_STREAM_CLOSED)
        fail_msg("%s, %s: %s (%s)", s->host->name, s->fault, status ? err.message : "no error",
                 status ? err.cause : "");
    assert_true(r.answers < N_REQUESTS);
}

static void results_that_are_cut_are_told(void **state)
{
    (void)state;
    play("cut-results", cut);
    play("cut-chunked", cut);
}

/* ---- results of a job that has not ended, and lists of jobs ---------------------------------- */

static void too_early(stand *s)
{
    results r = {.texts = questions};
    create(s, NULL);
    assert_int_equal(beluga_batch_job_results(s->model, NULL, s->id, take, &r, NULL),
                     BELUGA_ERROR_INVALID_INPUT);
}

static void results_are_not_there_before_the_end(void **state)
{
    (void)state;
    play_slowly(NULL, 20, too_early);
}

static void with_another_key(stand *s)
{
    beluga_batch_job *job = NULL;
    stand other = *s;
    create(s, "a-name");
    other.model = open_host(s, "another");
    assert_int_equal(beluga_batch_job_get(other.model, NULL, s->id, &job, NULL),
                     BELUGA_ERROR_NOT_FOUND);
    beluga_free(list(&other, 0));
    beluga_chat_model_unref(other.model);
}

static void a_key_sees_its_own_jobs(void **state)
{
    (void)state;
    play(NULL, with_another_key);
}

static void five_listed(stand *s)
{
    enum { N_JOBS = 5 };
    bool found = false;
    for (int i = 0; i < N_JOBS; i++) {
        char name[16];
        snprintf(name, sizeof name, "name-%d", i);
        create(s, name);
    }
    beluga_batch_job *jobs = list(s, N_JOBS);
    for (size_t i = 0; i < N_JOBS; i++) {
        found |= strcmp(jobs[i].id, s->id) == 0;
        for (size_t k = 0; k < i; k++) assert_string_not_equal(jobs[i].id, jobs[k].id);
    }
    assert_true(found);
    beluga_free(jobs);
}

static void a_list_has_all_jobs(void **state)
{
    (void)state;
    play(NULL, five_listed);
}

static void created_without_an_answer(stand *s)
{
    beluga_batch_requests *requests = make_requests(s, questions);
    beluga_batch_job *job;
    beluga_error err;
    assert_int_not_equal(beluga_batch_job_create(s->model, NULL, requests, "a-name", &job, &err),
                         0);
    assert_int_equal(err.http_status, 0);
    beluga_batch_requests_free(requests);
    job = list(s, 1);
    assert_string_equal(job->name, keeps_names(s) ? "a-name" : "");
    beluga_free(job);
}

static void a_job_whose_answer_was_lost_is_found_in_the_list(void **state)
{
    (void)state;
    play("lost-create", created_without_an_answer);
}

/* ---- uploads --------------------------------------------------------------------------------- */

/* Every second upload gets no answer. */
static void uploaded_again(stand *s)
{
    beluga_chat_model_unref(s->model);
    s->model = open_host_with(s, "k", 1);
    create(s, "first");
    create(s, "second");
    beluga_free(list(s, 2));
    expect_end(s, BELUGA_BATCH_STATE_COMPLETED);
}

static void an_upload_without_an_answer_is_repeated(void **state)
{
    (void)state;
    play("lost-upload:2", uploaded_again);
}

/* Sweep, and return the number of requests that this took. */
static size_t sweep(const stand *s, const char *name)
{
    size_t before = peer_requests(s->peer);
    must(s, beluga_batch_job_sweep(s->model, NULL, name, &err));
    return peer_requests(s->peer) - before;
}

/* The server refuses to create a job, after its file was uploaded. */
static void swept(stand *s)
{
    beluga_error err;
    beluga_batch_requests *requests = make_requests(s, questions);
    int rc = beluga_batch_job_create(s->model, NULL, requests, "refused", NULL, &err);
    assert_int_equal(rc, BELUGA_ERROR_RATE_LIMIT);
    beluga_batch_requests_free(requests);
    if (strcmp(s->host->name, "anthropic") == 0) {
        assert_int_equal(beluga_batch_job_sweep(s->model, NULL, "refused", &err),
                         BELUGA_ERROR_NOT_SUPPORTED);
        return;
    }
    assert_int_equal(sweep(s, "another"), 1);
    assert_int_equal(sweep(s, "refused"), 3);
    assert_string_equal(peer_request_method(s->peer, peer_requests(s->peer) - 2), "DELETE");
    assert_int_equal(sweep(s, "refused"), 1);
    assert_int_equal(beluga_batch_job_sweep(s->model, NULL, NULL, &err),
                     BELUGA_ERROR_INVALID_INPUT);
}

static void files_of_a_job_that_was_not_created_are_swept(void **state)
{
    (void)state;
    play("busy-create", swept);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_is_created_answered_and_deleted),
        cmocka_unit_test(results_may_come_in_chunks),
        cmocka_unit_test(files_that_are_not_there_may_have_empty_ids),
        cmocka_unit_test(a_file_may_not_be_ready),
        cmocka_unit_test(a_job_may_embed_texts),
        cmocka_unit_test(a_job_that_is_cancelled_ends),
        cmocka_unit_test(of_a_job_that_expires_what_was_answered_is_there),
        cmocka_unit_test(all_requests_may_fail),
        cmocka_unit_test(requests_fail_as_they_do_alone),
        cmocka_unit_test(a_job_with_a_fault_fails_as_a_whole),
        cmocka_unit_test(results_that_are_cut_are_told),
        cmocka_unit_test(results_are_not_there_before_the_end),
        cmocka_unit_test(a_key_sees_its_own_jobs),
        cmocka_unit_test(a_list_has_all_jobs),
        cmocka_unit_test(a_job_whose_answer_was_lost_is_found_in_the_list),
        cmocka_unit_test(an_upload_without_an_answer_is_repeated),
        cmocka_unit_test(files_of_a_job_that_was_not_created_are_swept),
    };
    return cmocka_run_group_tests_name("batch_rounds", tests, NULL, NULL);
}
