/* Every allocation of a call about batch jobs fails in turn, alone and with all later ones. */
#include "../support/script.h"
#include "../torture/bench.h"
#include "acme.h"

#include <beluga/batch_job.h>

static void open_acme(bench *b)
{
    beluga_error err = {0};
    beluga_registry *registry = beluga_client_registry(b->client);
    beluga_config *config =
        beluga_config_new(beluga_with_base_url(peer_url(b->peer)), beluga_with_retry_delay_ms(100),
                          beluga_with_timeout_ms(PATIENCE_MS));
    assert_int_equal(beluga_registry_register(registry, acme_provider(), NULL), 0);
    if (beluga_registry_open(registry, "acme", config, &b->model, &err))
        fail_msg("open: %s", err.message);
    beluga_config_free(config);
}

static void play(bench *b, call_fn call)
{
    torture(b, call, 0);
    beluga_chat_model_unref(b->model);
    b->model = NULL;
    assert_int_equal(peer_unscripted(b->peer), 0);
}

/* --- requests --------------------------------------------------------------------------------- */

static int add(beluga_batch_requests *requests, const char *id)
{
    beluga_error err = {0};
    return beluga_batch_requests_add(requests, NULL, id, beluga_input_text("Hi"), &err,
                                     beluga_with_top_k(3),
                                     beluga_with_response_schema("{\"type\":\n\"object\"}"));
}

/* If there is no memory for a further request, the list stays unchanged. */
static int add_two(bench *b)
{
    beluga_batch_requests *requests;
    int status = beluga_batch_requests_new(b->model, &requests, NULL);
    if (status) {
        assert_null(requests);
        return status;
    }
    status = add(requests, "a");
    assert_int_equal(beluga_batch_requests_count(requests), status == 0);
    uint64_t bytes = beluga_batch_requests_bytes(requests);
    int second = status ? 0 : add(requests, "b");
    if (second) assert_int_equal(beluga_batch_requests_bytes(requests), bytes);
    beluga_batch_requests_free(requests);
    return status ? status : second;
}

static void adding_requests(void **state)
{
    bench *b = *state;
    open_acme(b);
    play(b, add_two);
}

/* --- jobs ------------------------------------------------------------------------------------- */

static beluga_batch_requests *requests;

static int create(bench *b)
{
    /* The initial value is not NULL, so that the test sees whether the call sets the pointer. */
    beluga_batch_job *job = (beluga_batch_job *)b;
    int status = beluga_batch_job_create(b->model, b->context, requests, "seven", &job, NULL);
    assert_int_equal(!job, status != 0);
    if (job) assert_string_equal(job->id, "j");
    beluga_free(job);
    return status;
}

static void creating_a_job(void **state)
{
    bench *b = *state;
    open_acme(b);
    assert_int_equal(beluga_batch_requests_new(b->model, &requests, NULL), 0);
    assert_int_equal(add(requests, "a"), 0);
    script(b->peer, FOR_EVER, MATCHES("/files"), JSON("{\"file\":\"f\"}"));
    script(b->peer, FOR_EVER, JSON("{\"id\":\"j\",\"name\":\"seven\",\"state\":1}"));
    torture(b, create, 0);
    beluga_batch_requests_free(requests);
    beluga_chat_model_unref(b->model);
}

static int list(bench *b)
{
    beluga_batch_job *jobs = (beluga_batch_job *)b;
    size_t n = 77;
    int status = beluga_batch_job_list(b->model, b->context, 0, &jobs, &n, NULL);
    assert_int_equal(n, status ? 0 : 3);
    assert_int_equal(!jobs, status != 0);
    if (!status) assert_string_equal(jobs[2].name, "z");
    beluga_free(jobs);
    return status;
}

static void listing_jobs(void **state)
{
    bench *b = *state;
    open_acme(b);
    script(b->peer, FOR_EVER, MATCHES("after=b"),
           JSON("{\"jobs\":[{\"id\":\"c\",\"name\":\"z\"}]}"));
    script(b->peer, FOR_EVER,
           JSON("{\"jobs\":[{\"id\":\"a\",\"name\":\"x\"},{\"id\":\"b\"}],\"after\":\"b\"}"));
    play(b, list);
}

static int get_on_a_loop(bench *b);

static void asking_on_a_loop(void **state)
{
    bench *b = *state;
    open_acme(b);
    script(b->peer, FOR_EVER, JSON("{\"id\":\"j\",\"state\":2}"));
    play(b, get_on_a_loop);
}

typedef struct heard {
    bool ended;
    int status;
} heard;

static void hear(void *payload, beluga_batch_job *jobs, size_t count, const beluga_error *error)
{
    heard *h = payload;
    assert_false(h->ended);
    h->ended = true;
    h->status = error ? error->code : 0;
    assert_int_equal(count, !error);
    beluga_free(jobs);
}

static int get_on_a_loop(bench *b)
{
    beluga_loop *loop;
    heard h = {.ended = false};
    int status = beluga_loop_new(b->client, &loop);
    if (status) return status;
    status = beluga_batch_job_get_start(b->model, loop, b->context, "j", hear, &h, NULL, NULL);
    while (!status && !h.ended) status = beluga_loop_wait(loop, 1000);
    beluga_loop_free(loop);
    return status ? status : h.status;
}

/* --- results ---------------------------------------------------------------------------------- */

typedef struct got {
    size_t n;
    int status; /* the status of a result for which there was no memory */
} got;

static int take(void *payload, const char *id, beluga_batch_result *result)
{
    got *g = payload;
    g->n++;
    if (result->error.code == BELUGA_ERROR_NO_MEMORY) {
        assert_null(result->response);
        g->status = result->error.code;
    } else if (strcmp(id, "a") == 0) {
        assert_string_equal(beluga_response_text(result->response, NULL), "one");
    } else if (strcmp(id, "b") == 0) {
        /* if memory runs out for the body of an error, the library knows only its HTTP status */
        bool vague = result->error.code == BELUGA_ERROR_RATE_LIMIT;
        if (vague) g->status = BELUGA_ERROR_NO_MEMORY;
        if (!vague) assert_int_equal(result->error.code, BELUGA_ERROR_QUOTA_EXCEEDED);
    } else {
        assert_int_equal(result->error.code, BELUGA_ERROR_TIMEOUT);
    }
    return 0;
}

static int fetch(bench *b)
{
    got g = {.n = 0};
    int status = beluga_batch_job_results(b->model, b->context, "j", take, &g, NULL);
    if (!status) assert_int_equal(g.n, 3);
    return status ? status : g.status;
}

static void fetching_results(void **state)
{
    bench *b = *state;
    static const char out[] = "{\"id\":\"a\",\"body\":{\"a\":\"one\"}}\n";
    static const char errors[] = "{\"id\":\"b\",\"status\":429,\"body\":{\"e\":\"no credit\"}}\n"
                                 "{\"id\":\"c\"}\n";
    open_acme(b);
    script(b->peer, FOR_EVER, MATCHES("/jobs/j"),
           JSON("{\"id\":\"j\",\"state\":4,\"results\":\"out\",\"errors\":\"err\"}"));
    script(b->peer, FOR_EVER, MATCHES("/files/out"), JSON(out));
    script(b->peer, FOR_EVER, MATCHES("/files/err"), JSON(errors));
    play(b, fetch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_BENCH(adding_requests),  IN_BENCH(creating_a_job),   IN_BENCH(listing_jobs),
        IN_BENCH(asking_on_a_loop), IN_BENCH(fetching_results),
    };
    return cmocka_run_group_tests_name("tortured batch jobs", tests, NULL, NULL);
}
