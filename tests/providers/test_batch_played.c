/* Batch jobs of `anthropic` and `gemini` at a server that plays their APIs: they are created, asked
 * for until they end, read, cancelled, listed and deleted, and fail as jobs fail. */
#include "batch_scene.h"

#include <pthread.h>

enum { MOST_POLLS = 100 };

typedef struct stage {
    scene base;
    const char *provider;
    peer *server;
    pthread_t thread;
    char id[128]; /* of the job that was created last */
} stage;

static void *serve(void *server)
{
    peer_run(server);
    return NULL;
}

/* Begin a server with this fault, or with none, and open the provider at it. */
static void begin(stage *t, const char *provider, const char *fault)
{
    const peer_config config = {.max_body = PEER_BATCH_MAX_BODY_BYTES};
    const peer_batches settings = {
        .polls = 2, .page = 2, .seed = 1, .faults = &fault, .n_faults = fault ? 1 : 0};
    *t = (stage){.provider = provider, .server = peer_new(&config)};
    assert_non_null(t->server);
    assert_null(peer_serve_batches(t->server, &settings));
    assert_int_equal(pthread_create(&t->thread, NULL, serve, t->server), 0);
    t->base.peer = t->server;
    use_provider_at(&t->base, provider, "");
}

static void end(stage *t)
{
    let_go(&t->base);
    peer_quit(t->server);
    pthread_join(t->thread, NULL);
    peer_stop(t->server);
}

/* Play a test with each provider. */
static void play(const char *fault, void (*test)(stage *t))
{
    static const char *const providers[] = {"anthropic", "gemini"};
    for (size_t i = 0; i < sizeof providers / sizeof *providers; i++) {
        stage t;
        begin(&t, providers[i], fault);
        test(&t);
        end(&t);
    }
}

static bool is_gemini(const stage *t)
{
    return strcmp(t->provider, "gemini") == 0;
}

/* ---- what is done with jobs ------------------------------------------------------------------ */

/* Create a job of these texts, with the ids r-0, r-1, …; false with the error. */
static bool create(stage *t, const char *const *texts, size_t n)
{
    scene *s = &t->base;
    beluga_batch_requests *requests;
    beluga_batch_job *job;
    assert_int_equal(beluga_batch_requests_new(s->model, &requests, &s->err), 0);
    for (size_t i = 0; i < n; i++) {
        char id[16];
        snprintf(id, sizeof id, "r-%zu", i);
        assert_int_equal(
            beluga_batch_requests_add(requests, NULL, id, beluga_input_text(texts[i]), &s->err), 0);
    }
    int status = beluga_batch_job_create(s->model, NULL, requests, "a-name", &job, &s->err);
    beluga_batch_requests_free(requests);
    if (status) return false;
    snprintf(t->id, sizeof t->id, "%s", job->id);
    beluga_free(job);
    return true;
}

static void create_four(stage *t)
{
    static const char *const texts[] = {"one", "two", "three", "four"};
    if (!create(t, texts, 4)) fail_msg("create: %s <%s>", t->base.err.message, t->base.err.cause);
}

/* Ask for the job until it has ended. Returns owned (beluga_free). */
static beluga_batch_job *wait_for_end(stage *t)
{
    scene *s = &t->base;
    for (int i = 0; i < MOST_POLLS; i++) {
        beluga_batch_job *job;
        if (beluga_batch_job_get(s->model, NULL, t->id, &job, &s->err))
            fail_msg("get: %s", s->err.message);
        if (beluga_batch_state_is_end(job->state)) return job;
        beluga_free(job);
    }
    fail_msg("the job does not end");
    return NULL;
}

static void expect_ended(stage *t, beluga_batch_state state)
{
    beluga_batch_job *job = wait_for_end(t);
    if (job->state != state) fail_msg("%s: %s", t->provider, beluga_batch_state_name(job->state));
    beluga_free(job);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sort the words of a line of results, which come in any order. */
static void sort(char *line)
{
    char copy[sizeof((results *)0)->line], *words[64];
    size_t n = 0;
    memcpy(copy, line, sizeof copy);
    for (char *word = strtok(copy, ";"); word && n < 64; word = strtok(NULL, ";"))
        words[n++] = word;
    qsort(words, n, sizeof *words, by_text);
    *line = '\0';
    for (size_t i = 0; i < n; i++) strcat(strcat(line, words[i]), ";");
}

static int note_sorted(void *payload, const char *id, beluga_batch_result *result)
{
    results *r = payload;
    note_result(r, id, result);
    r->line[strlen(r->line) - 1] = ';';
    return 0;
}

static int read_results(stage *t, results *r)
{
    *r = (results){""};
    int status = beluga_batch_job_results(t->base.model, NULL, t->id, note_sorted, r, &t->base.err);
    sort(r->line);
    return status;
}

static void expect_sorted(stage *t, const char *expected)
{
    results r;
    if (read_results(t, &r)) fail_msg("results: %s <%s>", t->base.err.message, t->base.err.cause);
    assert_string_equal(r.line, expected);
}

#define FOUR_ANSWERS "r-0=[echo: one];r-1=[echo: two];r-2=[echo: three];r-3=[echo: four];"

/* ---- a job that goes well -------------------------------------------------------------------- */

static void from_begin_to_end(stage *t)
{
    scene *s = &t->base;
    results r;
    create_four(t);
    assert_int_equal(read_results(t, &r), BELUGA_ERROR_INVALID_INPUT);
    beluga_batch_job *job = wait_for_end(t);
    assert_int_equal(job->state, BELUGA_BATCH_STATE_COMPLETED);
    assert_string_equal(job->name, is_gemini(t) ? "a-name" : "");
    assert_int_equal(job->total, 4);
    assert_int_equal(job->succeeded, 4);
    assert_int_equal(job->failed, 0);
    assert_true(job->created > 0 && job->ended >= job->created);
    beluga_free(job);
    expect_sorted(t, FOUR_ANSWERS);
    if (beluga_batch_job_delete(s->model, NULL, t->id, &s->err)) fail_msg("%s", s->err.message);
    assert_int_equal(beluga_batch_job_get(s->model, NULL, t->id, &job, &s->err),
                     BELUGA_ERROR_NOT_FOUND);
    assert_int_equal(beluga_batch_job_delete(s->model, NULL, t->id, &s->err), 0);
}

static void a_job_is_created_polled_read_and_deleted(void **state)
{
    (void)state;
    play(NULL, from_begin_to_end);
}

static void in_chunks(stage *t)
{
    create_four(t);
    expect_ended(t, BELUGA_BATCH_STATE_COMPLETED);
    expect_sorted(t, FOUR_ANSWERS);
}

static void results_may_come_in_chunks(void **state)
{
    (void)state;
    play("chunked", in_chunks);
}

static void five_listed(stage *t)
{
    scene *s = &t->base;
    beluga_batch_job *jobs;
    size_t n;
    for (int i = 0; i < 5; i++) create_four(t);
    assert_int_equal(beluga_batch_job_list(s->model, NULL, 0, &jobs, &n, &s->err), 0);
    assert_int_equal(n, 5);
    bool found = false;
    for (size_t i = 0; i < n; i++) found |= strcmp(jobs[i].id, t->id) == 0;
    assert_true(found);
    beluga_free(jobs);
}

static void all_pages_of_jobs_are_listed(void **state)
{
    (void)state;
    play(NULL, five_listed);
}

/* ---- jobs that do not ------------------------------------------------------------------------ */

static void cancelled(stage *t)
{
    scene *s = &t->base;
    beluga_batch_job *job;
    create_four(t);
    assert_int_equal(beluga_batch_job_cancel(s->model, NULL, t->id, &job, &s->err), 0);
    beluga_free(job);
    expect_ended(t, BELUGA_BATCH_STATE_CANCELLED);
    results r;
    assert_int_equal(read_results(t, &r), 0);
    if (is_gemini(t))
        assert_string_equal(r.line, "");
    else
        assert_non_null(strstr(r.line, "=!context_canceled/cancelled;"));
}

static void a_job_is_cancelled(void **state)
{
    (void)state;
    play(NULL, cancelled);
}

static void expired(stage *t)
{
    create_four(t);
    expect_ended(t, BELUGA_BATCH_STATE_EXPIRED);
    results r;
    assert_int_equal(read_results(t, &r), 0);
    size_t answers = 0, late = 0;
    for (const char *at = r.line; (at = strstr(at, "=[echo: ")) != NULL; at++) answers++;
    for (const char *at = r.line; (at = strstr(at, "=!timeout/expired+;")) != NULL; at++) late++;
    assert_int_equal(answers, is_gemini(t) ? 0 : 2);
    assert_int_equal(late, is_gemini(t) ? 0 : 2);
}

static void a_job_that_expires_has_what_was_answered(void **state)
{
    (void)state;
    play("expire", expired);
}

static void failing_lines(stage *t)
{
    static const char *const texts[] = {"fine", "fail-400", "fail-429", "fail-500"};
    assert_true(create(t, texts, 4));
    expect_ended(t, BELUGA_BATCH_STATE_COMPLETED);
    results r;
    assert_int_equal(read_results(t, &r), 0);
    const char *at = r.line;
    static const char *const parts[] = {"r-0=[echo: fine];", "r-1=!invalid_request/",
                                        "r-2=!rate_limit/", "r-3=!internal_error/"};
    for (size_t i = 0; i < 4; i++)
        if (!(at = strstr(at, parts[i]))) fail_msg("%s: %s", t->provider, r.line);
}

static void lines_fail_as_requests_fail(void **state)
{
    (void)state;
    play(NULL, failing_lines);
}

static void cut(stage *t)
{
    create_four(t);
    expect_ended(t, BELUGA_BATCH_STATE_COMPLETED);
    results r;
    int status = read_results(t, &r);
    if (status != BELUGA_ERROR_STREAM_CLOSED)
        fail_msg("%s: %d %s", t->provider, status, t->base.err.message);
    assert_true(strlen(r.line) < strlen(FOUR_ANSWERS));
}

static void results_that_are_cut_are_not_all(void **state)
{
    (void)state;
    play("cut-results", cut);
}

static void cut_in_chunks(stage *t)
{
    create_four(t);
    expect_ended(t, BELUGA_BATCH_STATE_COMPLETED);
    results r;
    assert_int_equal(read_results(t, &r), BELUGA_ERROR_STREAM_CLOSED);
}

static void results_without_their_last_chunk_are_not_all(void **state)
{
    (void)state;
    play("cut-chunked", cut_in_chunks);
}

static void created_without_an_answer(stage *t)
{
    static const char *const texts[] = {"one"};
    scene *s = &t->base;
    beluga_batch_job *jobs;
    size_t n;
    assert_false(create(t, texts, 1));
    assert_int_equal(s->err.http_status, 0);
    assert_int_equal(beluga_batch_job_list(s->model, NULL, 0, &jobs, &n, &s->err), 0);
    assert_int_equal(n, 1);
    if (is_gemini(t)) assert_string_equal(jobs[0].name, "a-name");
    beluga_free(jobs);
}

static void a_job_whose_answer_was_lost_is_found_in_the_list(void **state)
{
    (void)state;
    play("lost-create", created_without_an_answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_is_created_polled_read_and_deleted),
        cmocka_unit_test(results_may_come_in_chunks),
        cmocka_unit_test(all_pages_of_jobs_are_listed),
        cmocka_unit_test(a_job_is_cancelled),
        cmocka_unit_test(a_job_that_expires_has_what_was_answered),
        cmocka_unit_test(lines_fail_as_requests_fail),
        cmocka_unit_test(results_that_are_cut_are_not_all),
        cmocka_unit_test(results_without_their_last_chunk_are_not_all),
        cmocka_unit_test(a_job_whose_answer_was_lost_is_found_in_the_list),
    };
    return cmocka_run_group_tests_name("batch_played", tests, NULL, NULL);
}
