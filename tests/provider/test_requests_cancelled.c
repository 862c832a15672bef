/* Calls that end before their answer is complete: the library sends a request that cancels the job
 * at the service. */
#include "jobs.h"

#include <stdio.h>

static const char created[] = "{\"id\":\"7\",\"next\":\"/jobs/7\"}";

static void script_cancel(jobs *j)
{
    script(j->peer, MATCHES("/jobs/7/cancel"), JSON("{}"));
}

/* Expect that there are `n` requests, and that the last one cancels the job. */
static void expect_told(jobs *j, size_t n)
{
    assert_int_equal(peer_wait_requests(j->peer, n, PATIENCE_MS), 0);
    assert_int_equal(peer_requests(j->peer), n);
    jobs_sent(j, n - 1, "POST", "/v1/jobs/7/cancel");
}

/* ---- while the host program steps the loop --------------------------------------------------- */

static void step_until_idle(beluga_loop *loop)
{
    while (beluga_loop_active(loop)) poll_and_step(loop);
}

static void a_cancelled_op_tells_the_service_on_its_loop(void **state)
{
    jobs *j = *state;
    record r = {0};
    script_cancel(j);
    script(j->peer, JSON(created));
    script(j->peer, EVENT_STREAM, EVENT("{\"text\":\"a\"}"), HANGS);
    beluga_loop *loop = new_loop();
    beluga_op *op = push_stream(j->model, loop, NULL, &r);
    while (!r.texts) poll_and_step(loop);
    beluga_op_cancel(op);
    step_until_idle(loop);
    assert_story(&r, "start metadata [a] error(context_canceled)");
    expect_told(j, 3);
    beluga_op_free(op);
    beluga_loop_free(loop);
}

static void cancel_now(void *payload, const beluga_event *event)
{
    beluga_op **op = payload;
    if (event->kind == BELUGA_EVENT_TEXT) beluga_op_cancel(*op);
}

static void so_does_one_that_is_cancelled_in_its_callback(void **state)
{
    jobs *j = *state;
    beluga_op *op = NULL;
    script_cancel(j);
    script(j->peer, JSON("{\"id\":\"7\",\"text\":\"a\",\"next\":\"/jobs/7\",\"wait_ms\":60000}"));
    beluga_loop *loop = new_loop();
    op = push_to(j->model, loop, NULL, cancel_now, &op);
    step_until_idle(loop);
    expect_told(j, 2);
    beluga_op_free(op);
    beluga_loop_free(loop);
}

static void so_does_one_that_waits_for_its_next_attempt(void **state)
{
    jobs *j = *state;
    record r = {0};
    jobs_open(j, beluga_with_max_retries(1), beluga_with_retry_delay_ms(30000));
    script_cancel(j);
    script(j->peer, JSON(created));
    script(j->peer, FAILS(503, NULL));
    beluga_loop *loop = new_loop();
    beluga_op *op = push_stream(j->model, loop, NULL, &r);
    while (peer_requests(j->peer) < 2) poll_and_step(loop);
    assert_int_equal(peer_wait_outcome(j->peer, 1, PEER_ANSWERED, PATIENCE_MS), 0);
    step_until_quiet(loop);
    beluga_op_cancel(op);
    step_until_idle(loop);
    expect_told(j, 3);
    beluga_op_free(op);
    beluga_loop_free(loop);
}

static void a_loop_that_is_freed_drops_what_it_would_tell(void **state)
{
    jobs *j = *state;
    record r = {0};
    script(j->peer, JSON(created));
    script(j->peer, HANGS);
    beluga_loop *loop = new_loop();
    beluga_op *op = push_stream(j->model, loop, NULL, &r);
    while (peer_requests(j->peer) < 2) poll_and_step(loop);
    beluga_op_cancel(op);
    beluga_op_free(op);
    beluga_loop_free(loop);
    assert_int_equal(peer_requests(j->peer), 2);
}

/* ---- blocking calls -------------------------------------------------------------------------- */

static void a_stream_that_is_freed_tells_the_service(void **state)
{
    jobs *j = *state;
    record r = {0};
    script_cancel(j);
    script(j->peer, JSON(created));
    script(j->peer, EVENT_STREAM, EVENT("{\"text\":\"a\"}"), HANGS);
    beluga_stream *stream = begin_stream(j->model, NULL);
    pull_until(stream, &r, BELUGA_EVENT_TEXT);
    beluga_stream_free(stream);
    expect_told(j, 3);
}

static void a_call_that_fails_for_good_tells_the_service(void **state)
{
    jobs *j = *state;
    script_cancel(j);
    script(j->peer, JSON(created));
    script(j->peer, FAILS(404, NULL));
    assert_int_equal(generate(j->model, NULL, NULL), BELUGA_ERROR_NOT_FOUND);
    expect_told(j, 3);
}

static void a_service_that_does_not_answer_holds_nobody_for_long(void **state)
{
    jobs *j = *state;
    script(j->peer, MATCHES("/jobs/7/cancel"), HANGS);
    script(j->peer, JSON(created));
    script(j->peer, FAILS(404, NULL));
    assert_int_equal(generate(j->model, NULL, NULL), BELUGA_ERROR_NOT_FOUND);
    expect_told(j, 3);
}

/* ---- calls that send no request for cancelling ----------------------------------------------- */

static void a_call_that_finished_tells_nothing(void **state)
{
    jobs *j = *state;
    script(j->peer, JSON("{\"id\":\"7\",\"text\":\"Hello\",\"finish\":true}"));
    assert_int_equal(generate(j->model, "Hello", NULL), 0);
    assert_int_equal(peer_requests(j->peer), 1);
}

static void nor_does_one_whose_service_said_that_it_failed(void **state)
{
    jobs *j = *state;
    script(j->peer, JSON(created));
    script(j->peer, JSON("{\"fails\":\"content_filter\"}"));
    assert_int_equal(generate(j->model, NULL, NULL), BELUGA_ERROR_CONTENT_FILTER);
    assert_int_equal(peer_requests(j->peer), 2);
}

static void nor_does_one_that_began_nothing(void **state)
{
    jobs *j = *state;
    script(j->peer, FAILS(404, NULL));
    assert_int_equal(generate(j->model, NULL, NULL), BELUGA_ERROR_NOT_FOUND);
    assert_int_equal(peer_requests(j->peer), 1);
}

/* ---- other servers --------------------------------------------------------------------------- */

static void a_request_to_another_server_has_no_key(void **state)
{
    jobs *j = *state;
    beluga_error err;
    char answer[128];
    peer *other = peer_start();
    assert_non_null(other);
    jobs_open(j, beluga_with_api_key("the-key"), beluga_with_header("X-Secret: of the model"));
    snprintf(answer, sizeof answer, "{\"next\":\"%s/stream\"}", peer_url(other));
    script(j->peer, JSON(answer));
    script(other, FAILS(401, NULL));
    assert_int_equal(generate(j->model, NULL, &err), BELUGA_ERROR_AUTHENTICATION);
    assert_non_null(strstr(err.cause, "another server"));
    assert_string_equal(peer_request_header(j->peer, 0, "authorization"), "Bearer the-key");
    assert_string_equal(peer_request_header(j->peer, 0, "x-secret"), "of the model");
    assert_null(peer_request_header(other, 0, "authorization"));
    assert_null(peer_request_header(other, 0, "x-secret"));
    assert_string_equal(peer_request_header(other, 0, "x-self"), "the-self");
    peer_stop(other);
}

static void a_page_that_another_server_has_is_asked_for_without_the_key(void **state)
{
    jobs *j = *state;
    beluga_error err;
    char answer[128], **names;
    size_t n;
    peer *other = peer_start();
    assert_non_null(other);
    snprintf(answer, sizeof answer, "{\"models\":\"a\",\"page\":\"%s/2\"}", peer_url(other));
    script(j->peer, JSON(answer));
    script(other, JSON("{\"models\":\"b\"}"));
    assert_int_equal(beluga_list_models(j->model, NULL, &names, &n, &err), 0);
    assert_int_equal(n, 2);
    free(names);
    assert_string_equal(peer_request_header(j->peer, 0, "authorization"), "Bearer the-key");
    assert_null(peer_request_header(other, 0, "authorization"));
    peer_stop(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_JOBS(a_cancelled_op_tells_the_service_on_its_loop),
        WITH_JOBS(so_does_one_that_is_cancelled_in_its_callback),
        WITH_JOBS(so_does_one_that_waits_for_its_next_attempt),
        WITH_JOBS(a_loop_that_is_freed_drops_what_it_would_tell),
        WITH_JOBS(a_stream_that_is_freed_tells_the_service),
        WITH_JOBS(a_call_that_fails_for_good_tells_the_service),
        WITH_JOBS(a_service_that_does_not_answer_holds_nobody_for_long),
        WITH_JOBS(a_call_that_finished_tells_nothing),
        WITH_JOBS(nor_does_one_whose_service_said_that_it_failed),
        WITH_JOBS(nor_does_one_that_began_nothing),
        WITH_JOBS(a_request_to_another_server_has_no_key),
        WITH_JOBS(a_page_that_another_server_has_is_asked_for_without_the_key),
    };
    return cmocka_run_group_tests_name("requests of calls that end early", tests, NULL, NULL);
}
