/* The scene of the tests for batch APIs: a model of the provider at the scripted peer, and
 * functions that write jobs and results as text. */
#ifndef TESTS_BATCH_SCENE_H
#define TESTS_BATCH_SCENE_H

#include "../support/scene.h"

#include <beluga/batch_job.h>
#include <beluga/registry.h>

#include <stdio.h>

/* Put a model of this provider into the scene. Its base URL is the peer's address followed by
 * `below`. */
static inline void use_provider_at(scene *s, const char *name, const char *below)
{
    char url[128];
    beluga_chat_model *model = NULL;
    snprintf(url, sizeof url, "http://127.0.0.1:%d%s", peer_port(s->peer), below);
    beluga_config *config =
        beluga_config_new(beluga_with_base_url(url), beluga_with_api_key("the-key"),
                          beluga_with_model_name("the-model"), beluga_with_max_retries(0),
                          beluga_with_timeout_ms(PATIENCE_MS));
    if (beluga_registry_open(beluga_registry_default(), name, config, &model, &s->err))
        fail_msg("open: %s", s->err.message);
    beluga_config_free(config);
    use_model(s, model);
}

/* Make the requests of a job, "Hi" with the ids r-0, r-1, … */
static inline beluga_batch_requests *make_requests(scene *s, size_t n)
{
    beluga_batch_requests *requests;
    assert_int_equal(beluga_batch_requests_new(s->model, &requests, &s->err), 0);
    for (size_t i = 0; i < n; i++) {
        char id[16];
        snprintf(id, sizeof id, "r-%zu", i);
        if (beluga_batch_requests_add(requests, NULL, id, beluga_input_text("Hi"), &s->err))
            fail_msg("add: %s", s->err.message);
    }
    return requests;
}

/* Create a job with two requests. Returns owned (beluga_free), or NULL and fills s->err. */
static inline beluga_batch_job *create_job(scene *s, const char *name)
{
    beluga_batch_job *job;
    beluga_batch_requests *requests = make_requests(s, 2);
    beluga_batch_job_create(s->model, NULL, requests, name, &job, &s->err);
    beluga_batch_requests_free(requests);
    return job;
}

/* Compare a job with a text: "ID|NAME|STATE|RAW STATE|REASON|TOTAL SUCCEEDED FAILED|CREATED ENDED
 * EXPIRES". */
static inline void assert_job(const beluga_batch_job *job, const char *expected)
{
    char line[512];
    assert_non_null(job);
    snprintf(line, sizeof line, "%s|%s|%s|%s|%s|%lld %lld %lld|%lld %lld %lld", job->id, job->name,
             beluga_batch_state_name(job->state), job->raw_state, job->reason,
             (long long)job->total, (long long)job->succeeded, (long long)job->failed,
             (long long)job->created, (long long)job->ended, (long long)job->expires);
    assert_string_equal(line, expected);
}

/* Script this answer, and compare the job that is read from it. */
static inline void expect_job(scene *s, const char *answer, const char *expected)
{
    beluga_batch_job *job;
    script(s->peer, JSON(answer));
    if (beluga_batch_job_get(s->model, NULL, "the-job", &job, &s->err))
        fail_msg("get: %s", s->err.message);
    assert_job(job, expected);
    beluga_free(job);
}

/* The results that a test has received, in one line: "r-0=[text] r-1=!error/provider's code ". */
typedef struct results {
    char line[1024];
} results;

static inline int note_result(void *payload, const char *id, beluga_batch_result *result)
{
    results *r = payload;
    size_t at = strlen(r->line);
    const beluga_error *err = &result->error;
    if (result->response)
        snprintf(r->line + at, sizeof r->line - at, "%s=[%s] ", id,
                 beluga_response_text(result->response, NULL));
    else
        snprintf(r->line + at, sizeof r->line - at, "%s=!%s/%s%s ", id,
                 beluga_error_name(err->code), err->provider_code, err->retryable ? "+" : "");
    return 0;
}

/* Expect that reading the results ends with this status, and that the results are this line. */
static inline void expect_results(scene *s, int status, const char *expected)
{
    results r = {""};
    int ended = beluga_batch_job_results(s->model, NULL, "the-job", note_result, &r, &s->err);
    if (ended != status) fail_msg("results: %d %s <%s>", ended, s->err.message, s->err.cause);
    assert_string_equal(r.line, expected);
}

/* Expect that request `i` was "METHOD PATH". */
static inline void expect_sent(scene *s, size_t i, const char *expected)
{
    char line[1024];
    snprintf(line, sizeof line, "%s %s", peer_request_method(s->peer, i),
             peer_request_path(s->peer, i));
    assert_string_equal(line, expected);
}

#endif
