/* The layers around calls about batch jobs: fallbacks, breaker, limits, hooks, telemetry,
 * recordings, and the timeout of an upload. */
#include "../support/tape.h"
#include "batch_scene.h"
#include "client/chat_model.h"
#include "model/watchdog.h"

#include <stdio.h>

#define GOOD(id, text) "{\"id\":\"" id "\",\"body\":{\"a\":\"" text "\"}}\n"

static int get(scene *s)
{
    beluga_batch_job *job;
    int status = beluga_batch_job_get(s->model, s->ctx, "j", &job, &s->err);
    beluga_free(job);
    return status;
}

static int create(scene *s)
{
    beluga_batch_requests *requests = make_requests(s, 1);
    int status = beluga_batch_job_create(s->model, s->ctx, requests, "n", NULL, &s->err);
    beluga_batch_requests_free(requests);
    return status;
}

static void script_create(scene *s)
{
    script(s->peer, JSON("{\"file\":\"f\"}"));
    script(s->peer, JSON("{\"id\":\"j\",\"state\":1}"));
}

/* --- fallbacks -------------------------------------------------------------------------------- */

static void no_other_model_is_asked_about_a_job(scene *s)
{
    open_acme(s, beluga_with_fallback("mock/echo"), beluga_with_max_retries(0));
    script(s->peer, FAILS(503, NULL));
    assert_int_equal(get(s), BELUGA_ERROR_OVERLOADED);
    script(s->peer, FAILS(400, NULL));
    assert_int_equal(create(s), BELUGA_ERROR_INVALID_REQUEST);
    assert_string_equal(s->err.provider, "acme");
    expect_requests(s, 2);
}

/* After a timeout the request is sent again. A call for an answer would use the fallback model
 * instead. */
static void a_job_that_was_silent_is_asked_about_again(scene *s)
{
    open_acme(s, beluga_with_fallback("mock/echo"), beluga_with_timeout_ms(2000));
    script(s->peer, HANGS);
    script(s->peer, JSON("{\"id\":\"j\",\"state\":1}"));
    assert_int_equal(get(s), 0);
    expect_requests(s, 2);
}

/* ---- breaker and limits ---------------------------------------------------------------------- */

static void a_breaker_that_is_open_refuses_jobs(scene *s)
{
    open_acme(s, beluga_with_breaker_failures(1), beluga_with_max_retries(0));
    script(s->peer, FAILS(503, NULL));
    assert_int_equal(get(s), BELUGA_ERROR_OVERLOADED);
    assert_int_equal(get(s), BELUGA_ERROR_CIRCUIT_OPEN);
    assert_int_equal(create(s), BELUGA_ERROR_CIRCUIT_OPEN);
    expect_requests(s, 1);
}

static void a_call_about_jobs_is_one_of_the_limits(scene *s)
{
    open_acme(s, beluga_with_requests_per_minute(1), beluga_with_limit_wait_ms(0));
    script_create(s);
    assert_int_equal(create(s), 0); /* a job of two requests */
    assert_int_equal(get(s), BELUGA_ERROR_RATE_LIMIT);
    expect_requests(s, 2);
}

/* --- hooks ------------------------------------------------------------------------------------ */

typedef struct witness {
    beluga_kind_of_call kind;
    size_t jobs, results, after;
    int refuse;
} witness;

static int before(void *payload, const beluga_call *call, beluga_error *err)
{
    witness *w = payload;
    w->kind = beluga_call_kind(call);
    return w->refuse ? beluga_error_set(err, w->refuse, "not at night") : 0;
}

static int see(void *payload, const beluga_call *call, const beluga_event *event, beluga_error *err)
{
    witness *w = payload;
    (void)call;
    (void)err;
    w->jobs += event->kind == BELUGA_EVENT_BATCH_JOB;
    w->results += event->kind == BELUGA_EVENT_BATCH_RESULT;
    return 0;
}

static void after(void *payload, const beluga_call *call, beluga_finish_reason reason,
                  const beluga_usage *usage)
{
    (void)call;
    (void)reason;
    (void)usage;
    ((witness *)payload)->after++;
}

static void hooks_see_jobs_and_may_refuse_them(scene *s)
{
    witness w = {.refuse = 0};
    const beluga_hooks hooks = {
        .size = sizeof hooks, .payload = &w, .before = before, .event = see, .after = after};
    open_acme(s, beluga_with_hooks(&hooks));
    script_results(s->peer, GOOD("a", "1") GOOD("b", "2"));
    expect_results(s, 0, "a=[1] b=[2] ");
    assert_int_equal(w.kind, BELUGA_CALL_BATCH_RESULTS);
    assert_int_equal(w.jobs, 1);
    assert_int_equal(w.results, 2);
    assert_int_equal(w.after, 1);
    w.refuse = BELUGA_ERROR_AUTHORIZATION;
    assert_int_equal(create(s), BELUGA_ERROR_AUTHORIZATION);
    assert_int_equal(w.kind, BELUGA_CALL_BATCH_CREATE);
    expect_requests(s, 2);
}

/* --- telemetry -------------------------------------------------------------------------------- */

typedef struct spans {
    char story[512];
    size_t open;
} spans;

static void *begin_span(void *payload, void *parent, const beluga_span_start *start)
{
    spans *t = payload;
    size_t at = strlen(t->story);
    snprintf(t->story + at, sizeof t->story - at, "%s%s ", parent ? "/" : "", start->operation);
    t->open++;
    return (void *)(uintptr_t)start->operation;
}

static void end_span(void *payload, void *span, const beluga_span_end *end)
{
    (void)span;
    (void)end;
    ((spans *)payload)->open--;
}

static void each_function_has_a_span_of_its_name(scene *s)
{
    spans t = {.open = 0};
    const beluga_telemetry_sink sink = {
        .size = sizeof sink, .payload = &t, .begin = begin_span, .end = end_span};
    const beluga_client_settings settings = {.size = sizeof settings, .telemetry = &sink};
    beluga_client *client;
    beluga_batch_job *jobs;
    size_t n;
    assert_int_equal(beluga_client_new(&settings, &client), 0);
    use_model(s, open_acme_n(client, peer_url(s->peer), NULL, 0));
    script_create(s);
    assert_int_equal(create(s), 0);
    script(s->peer, REPEATS(2), JSON("{\"id\":\"j\",\"state\":3}"));
    assert_int_equal(get(s), 0);
    assert_int_equal(beluga_batch_job_cancel(s->model, NULL, "j", NULL, &s->err), 0);
    script(s->peer, JSON("{\"jobs\":[]}"));
    assert_int_equal(beluga_batch_job_list(s->model, NULL, 0, &jobs, &n, &s->err), 0);
    beluga_free(jobs);
    script_results(s->peer, GOOD("a", "1"));
    expect_results(s, 0, "a=[1] ");
    script(s->peer, FAILS(404, NULL));
    assert_int_equal(beluga_batch_job_delete(s->model, NULL, "j", &s->err), 0);
    assert_string_equal(t.story, "batch_create /batch_create /batch_create batch_get /batch_get "
                                 "batch_cancel /batch_cancel batch_list /batch_list "
                                 "batch_results /batch_results /batch_results "
                                 "batch_delete /batch_delete ");
    assert_int_equal(t.open, 0);
    RELEASE(beluga_chat_model_unref, s->model);
    assert_int_equal(beluga_client_close(client, PATIENCE_MS, NULL), 0);
}

/* --- recordings ------------------------------------------------------------------------------- */

static void play_a_whole_job(scene *s)
{
    beluga_batch_job *jobs;
    size_t n;
    assert_int_equal(create(s), 0);
    assert_int_equal(get(s), 0);
    assert_int_equal(beluga_batch_job_list(s->model, NULL, 0, &jobs, &n, &s->err), 0);
    assert_int_equal(n, 2);
    assert_string_equal(jobs[1].id, "i");
    beluga_free(jobs);
    expect_results(s, 0, "a=[1] b=!quota_exceeded ");
    assert_int_equal(beluga_batch_job_delete(s->model, NULL, "j", &s->err), 0);
}

static void a_recording_of_a_job_is_replayed(void **state)
{
    tape *t = *state;
    scene s = {.peer = t->peer};
    s.model = open_acme_n(beluga_client_default(), t->url, NULL, 0);
    tape_record(t);
    script_create(&s);
    script(t->peer, JSON("{\"id\":\"j\",\"state\":1}"));
    script(t->peer, JSON("{\"jobs\":[{\"id\":\"j\"}],\"after\":\"j\"}"));
    script(t->peer, JSON("{\"jobs\":[{\"id\":\"i\"}]}"));
    script_results(t->peer, GOOD("a", "1") "{\"id\":\"b\",\"status\":429,\"body\":{\"e\":\"no "
                                           "credit\"}}\n");
    script(t->peer, FAILS(404, NULL));
    play_a_whole_job(&s);
    tape_stop();
    tape_silence(t);
    tape_replay(t);
    play_a_whole_job(&s);
    tape_stop();
    beluga_chat_model_unref(s.model);
}

/* ---- the timeout of an upload ---------------------------------------------------------------- */

static void barked(beluga__watchdog *dog, const beluga_error *err)
{
    (void)dog;
    (void)err;
}

/* Return the watchdog of a call that creates a job whose requests have this many bytes. */
static beluga__watchdog dog_of(scene *s, size_t bytes)
{
    beluga__watchdog dog;
    beluga_call *call;
    const beluga__job_question about = {.requests = "", .length = bytes};
    const beluga__call_spec spec = {.target = s->model->target,
                                    .loop = s->loop,
                                    .kind = BELUGA_CALL_BATCH_CREATE,
                                    .job = &about};
    assert_int_equal(beluga__call_new(&spec, &call, &s->err), 0);
    beluga__watchdog_init(&dog, call, barked);
    beluga__call_unref(call);
    return dog;
}

static void the_timeout_grows_with_what_is_sent(scene *s)
{
    enum { MIB = 1024 * 1024 };
    open_acme(s, beluga_with_timeout_ms(5000), beluga_with_first_event_timeout_ms(1000));
    assert_int_equal(dog_of(s, 0).total_ms, 5000);
    assert_int_equal(dog_of(s, MIB).total_ms, 5000 + MIB / 256);
    assert_int_equal(dog_of(s, MIB).first_ms, 1000 + MIB / 256);
    open_acme(s, beluga_with_total_timeout_ms(9000));
    assert_int_equal(dog_of(s, MIB).total_ms, 9000); /* the caller set this timeout */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ACME(no_other_model_is_asked_about_a_job), ACME(a_job_that_was_silent_is_asked_about_again),
        ACME(a_breaker_that_is_open_refuses_jobs), ACME(a_call_about_jobs_is_one_of_the_limits),
        ACME(hooks_see_jobs_and_may_refuse_them),  ACME(each_function_has_a_span_of_its_name),
        ON_TAPE(a_recording_of_a_job_is_replayed), ACME(the_timeout_grows_with_what_is_sent),
    };
    return cmocka_run_group_tests_name("layers around batch jobs", tests, NULL, NULL);
}
