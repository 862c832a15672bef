/* Batch jobs on a loop: what callbacks may do, and work that ends early. */
#include "../support/in_child.h"
#include "batch_scene.h"

#include <stdio.h>

#define GOOD(id, text) "{\"id\":\"" id "\",\"body\":{\"a\":\"" text "\"}}\n"

/* What a callback does while the results of a job arrive, and the outcome. */
typedef struct deed {
    pushed pushed; /* payload of the callbacks that record results */
    scene *scene;
    beluga_job *handle;
    bool cancels, frees_handle, asks;
    pushed asked;
} deed;

static int start_get(scene *s, pushed *p, beluga_job **handle)
{
    return beluga_batch_job_get_start(s->model, s->loop, s->ctx, "j", push_end, p, handle, &s->err);
}

static int do_deed(void *payload, const char *id, beluga_batch_result *result)
{
    deed *d = payload;
    push_result(&d->pushed, id, result);
    if (d->pushed.results.n > 1) return 0;
    if (d->cancels) beluga_job_cancel(d->handle);
    if (d->frees_handle) RELEASE(beluga_job_free, d->handle);
    if (d->asks) assert_int_equal(start_get(d->scene, &d->asked, NULL), 0);
    return 0;
}

static void end_deed(void *payload, beluga_batch_job *jobs, size_t count, const beluga_error *error)
{
    push_end(&((deed *)payload)->pushed, jobs, count, error);
}

static void fetch(scene *s, deed *d)
{
    d->scene = s;
    assert_int_equal(beluga_batch_job_results_start(s->model, s->loop, s->ctx, "j", do_deed,
                                                    end_deed, d, &d->handle, &s->err),
                     0);
}

static void fetch_all(scene *s, deed *d)
{
    script_results(s->peer, GOOD("a", "1") GOOD("b", "2") GOOD("c", "3"));
    fetch(s, d);
    step_to(s, &d->pushed.ended);
    beluga_job_free(d->handle);
}

/* --- callbacks -------------------------------------------------------------------------------- */

static void a_receiver_may_cancel_its_own_job(scene *s)
{
    deed d = {.cancels = true};
    fetch_all(s, &d);
    assert_int_equal(d.pushed.status, BELUGA_ERROR_CONTEXT_CANCELED);
    assert_string_equal(d.pushed.results.line, "a=[1] ");
}

static void a_receiver_may_free_its_handle(scene *s)
{
    deed d = {.frees_handle = true};
    fetch_all(s, &d);
    assert_int_equal(d.pushed.status, 0);
    assert_string_equal(d.pushed.results.line, "a=[1] b=[2] c=[3] ");
}

static void a_receiver_may_ask_for_something_else(scene *s)
{
    deed d = {.asks = true};
    script(s->peer, REPEATS(2), MATCHES("/jobs/j"), JSON(ENDED_JOB));
    script_file(s->peer, GOOD("a", "1") GOOD("b", "2"));
    fetch(s, &d);
    step_to(s, &d.pushed.ended);
    step_to(s, &d.asked.ended);
    assert_string_equal(d.pushed.results.line, "a=[1] b=[2] ");
    assert_int_equal(d.pushed.status, 0);
    assert_int_equal(d.asked.status, 0);
    assert_string_equal(d.asked.id, "j");
    beluga_job_free(d.handle);
}

typedef struct chain {
    scene *scene;
    beluga_job *handle;
    size_t left;
    bool ended;
} chain;

static void ask_once_more(void *payload, beluga_batch_job *jobs, size_t count,
                          const beluga_error *error)
{
    chain *c = payload;
    scene *s = c->scene;
    assert_null(error);
    assert_int_equal(count, 1);
    beluga_free(jobs);
    beluga_job_cancel(c->handle); /* this has no effect: the job has ended */
    RELEASE(beluga_job_free, c->handle);
    c->ended = !c->left;
    if (!c->left--) return;
    assert_int_equal(beluga_batch_job_get_start(s->model, s->loop, NULL, "j", ask_once_more, c,
                                                &c->handle, &s->err),
                     0);
}

static void the_end_of_one_job_may_begin_the_next(scene *s)
{
    chain c = {.scene = s, .left = 3};
    script(s->peer, REPEATS(4), JSON("{\"id\":\"j\",\"state\":2}"));
    assert_int_equal(beluga_batch_job_get_start(s->model, s->loop, NULL, "j", ask_once_more, &c,
                                                &c.handle, &s->err),
                     0);
    step_to(s, &c.ended);
    expect_requests(s, 4);
}

/* ---- work that ends early -------------------------------------------------------------------- */

/* Begin to fetch two results, while the peer holds the second one back. */
static void fetch_half(scene *s, deed *d)
{
    script(s->peer, JSON(ENDED_JOB));
    peer_reply *file = script(s->peer, HEAD(200, NULL));
    peer_step_chunk(file, GOOD("a", "1"), sizeof GOOD("a", "1") - 1);
    script_more(file, WAITS_AT(0), ENDS);
    fetch(s, d);
    while (!d->pushed.results.n) poll_and_step(s->loop);
}

static void a_loop_that_is_freed_ends_results_without_a_word(scene *s)
{
    deed d = {.asks = false};
    fetch_half(s, &d);
    RELEASE(beluga_loop_free, s->loop);
    assert_false(d.pushed.ended);
    beluga_job_cancel(d.handle);
    beluga_job_free(d.handle);
}

static void a_context_that_is_cancelled_ends_results(scene *s)
{
    deed d = {.asks = false};
    s->ctx = beluga_context_new_cancellable(NULL);
    fetch_half(s, &d);
    beluga_context_cancel(s->ctx);
    step_to(s, &d.pushed.ended);
    assert_int_equal(d.pushed.status, BELUGA_ERROR_CONTEXT_CANCELED);
    assert_string_equal(d.pushed.results.line, "a=[1] ");
    wait_cancelled(s, 1);
    beluga_job_free(d.handle);
}

static void an_upload_that_is_cancelled_creates_nothing(scene *s)
{
    pushed made = {.ended = false};
    beluga_batch_requests *requests = make_requests(s, 1);
    s->ctx = beluga_context_new_cancellable(NULL);
    script(s->peer, HANGS);
    assert_int_equal(beluga_batch_job_create_start_n(s->model, s->loop, s->ctx, requests, "n",
                                                     push_end, &made, NULL, &s->err, NULL, 0),
                     0);
    step_to_requests(s, 1);
    beluga_context_cancel(s->ctx);
    step_to(s, &made.ended);
    assert_int_equal(made.status, BELUGA_ERROR_CONTEXT_CANCELED);
    assert_int_equal(made.count, 0);
    expect_requests(s, 1);
    beluga_batch_requests_free(requests);
}

static void a_list_that_is_cancelled_between_its_pages_ends(scene *s)
{
    pushed listed = {.ended = false};
    beluga_job *handle;
    script(s->peer, JSON("{\"jobs\":[{\"id\":\"a\"}],\"after\":\"a\"}"));
    script(s->peer, HANGS);
    assert_int_equal(beluga_batch_job_list_start(s->model, s->loop, NULL, 0, push_end, &listed,
                                                 &handle, &s->err),
                     0);
    step_to_requests(s, 2);
    beluga_job_cancel(handle);
    step_to(s, &listed.ended);
    assert_int_equal(listed.status, BELUGA_ERROR_CONTEXT_CANCELED);
    assert_int_equal(listed.count, 0);
    beluga_job_free(handle);
}

static void what_is_known_before_the_start_calls_nobody(scene *s)
{
    pushed p = {.ended = false};
    beluga_job *handle = (beluga_job *)&p;
    s->ctx = beluga_context_new_cancellable(NULL);
    beluga_context_cancel(s->ctx);
    assert_int_equal(start_get(s, &p, &handle), BELUGA_ERROR_CONTEXT_CANCELED);
    assert_null(handle);
    beluga_context_unref(s->ctx);
    s->ctx = beluga_context_new_timeout(NULL, 0);
    assert_int_equal(start_get(s, &p, NULL), BELUGA_ERROR_CONTEXT_TIMEOUT);
    step_until_quiet(s->loop);
    assert_false(p.ended);
    expect_requests(s, 0);
}

/* --- fork ------------------------------------------------------------------------------------- */

static int leave_job(void *argument)
{
    deed *d = argument;
    scene *s = d->scene;
    pushed p = {.ended = false};
    beluga_batch_job *job;
    CHECK(1, start_get(s, &p, NULL) == BELUGA_ERROR_FORKED);
    CHECK(2, beluga_batch_job_list_start(s->model, s->loop, NULL, 0, push_end, &p, NULL, NULL) ==
                 BELUGA_ERROR_FORKED);
    beluga_job_cancel(d->handle);
    beluga_job_free(d->handle);
    CHECK(3, !p.ended && !d->pushed.ended);
    CHECK(4, beluga_batch_job_get(s->model, NULL, "j", &job, NULL) == 0);
    CHECK(5, strcmp(job->id, "j") == 0);
    beluga_free(job);
    return 0;
}

static void a_child_leaves_its_parents_job_alone(scene *s)
{
    deed d = {.asks = false};
    fetch_half(s, &d);
    script(s->peer, JSON("{\"id\":\"j\",\"state\":4}"));
    in_child(leave_job, &d);
    peer_open_gate(s->peer, 0);
    step_to(s, &d.pushed.ended);
    assert_int_equal(d.pushed.status, 0);
    assert_string_equal(d.pushed.results.line, "a=[1] ");
    beluga_job_free(d.handle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ACME(a_receiver_may_cancel_its_own_job),
        ACME(a_receiver_may_free_its_handle),
        ACME(a_receiver_may_ask_for_something_else),
        ACME(the_end_of_one_job_may_begin_the_next),
        ACME(a_loop_that_is_freed_ends_results_without_a_word),
        ACME(a_context_that_is_cancelled_ends_results),
        ACME(an_upload_that_is_cancelled_creates_nothing),
        ACME(a_list_that_is_cancelled_between_its_pages_ends),
        ACME(what_is_known_before_the_start_calls_nobody),
        ACME(a_child_leaves_its_parents_job_alone),
    };
    return cmocka_run_group_tests_name("batch jobs on loops", tests, NULL, NULL);
}
