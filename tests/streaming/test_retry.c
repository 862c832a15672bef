/* Retries: after which errors they are made, how often, after which delay, and what the caller sees
 * of them. */
#include "../support/scene.h"

#include <beluga/providers/mock.h>

#include <stdio.h>

enum { MS = 1000000 };

static void open_retrying(scene *s, int retries)
{
    open_with(s, beluga_with_max_retries(retries));
}

static uint64_t gap_ms(const scene *s, size_t i)
{
    return (peer_request_time_ns(s->peer, i + 1) - peer_request_time_ns(s->peer, i)) / MS;
}

/* ---- temporary faults ------------------------------------------------------------------------ */

static void a_rate_limit_is_waited_for_as_long_as_the_provider_asks(scene *s)
{
    open_retrying(s, 2);
    script(s->peer, FAILS(429, "Retry-After: 2\r\n")); /* S01 */
    script(s->peer, STREAMS("Hello"));
    expect_stream(s, 0, "start metadata [Hello] usage(12,1) finish(stop)");
    expect_requests(s, 2);
    /* the wait was at least about two seconds; a slow machine only waits longer */
    assert_true(gap_ms(s, 0) >= 1990);
}

static void retry_after_ms_is_understood_too(scene *s)
{
    open_retrying(s, 2);
    script(s->peer, FAILS(429, "retry-after-ms: 700\r\n"));
    script(s->peer, ANSWERS("Hello"));
    expect_text(s, "Hello");
    assert_true(gap_ms(s, 0) >= 690);
}

static void a_server_error_is_tried_again(scene *s)
{
    static const int statuses[] = {500, 502, 503, 504, 529, 408, 409}; /* S03 */
    open_retrying(s, 1);
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        script(s->peer, FAILS(statuses[i], NULL));
        script(s->peer, ANSWERS("Hello"));
        if (generate(s->model, "Hello", NULL)) fail_msg("%d was not tried again", statuses[i]);
    }
    expect_requests(s, 14);
}

static void a_reset_before_the_first_byte_is_tried_again(scene *s)
{
    open_retrying(s, 2);
    script(s->peer, RESETS); /* S05 */
    script(s->peer, STREAMS("Hello"));
    expect_end(s, 0);
    assert_int_equal(s->r.finishes, 1);
    expect_requests(s, 2);
}

static void a_connection_that_is_refused_at_once_is_tried_again(scene *s)
{
    open_retrying(s, 2);
    peer_fail_accepts(s->peer, PEER_ACCEPT_RESET, 1);
    script(s->peer, ANSWERS("Hello"));
    expect_text(s, "Hello");
    expect_requests(s, 1);
}

static void a_timeout_is_tried_again(scene *s)
{
    open_retrying(s, 1);
    script(s->peer, HANGS);
    script(s->peer, STREAMS("Hello"));
    expect_stream_with(s, 0, beluga_with_first_event_timeout_ms(2000));
    expect_requests(s, 2);
}

/* The server closed a kept connection while a request was sent on it. Such a request is sent again,
 * and does not count as an attempt. */
static void a_stale_kept_connection_is_not_the_callers_business(scene *s)
{
    open_retrying(s, 0);
    for (int reset = 0; reset < 2; reset++) {
        script(s->peer, ANSWERS("one"), AWAITS_BYTES, reset ? RESETS : CLOSES);
        script(s->peer, ANSWERS("two"));
        expect_text(s, "one");
        expect_text(s, "two");
    }
}

/* ---- permanent faults ------------------------------------------------------------------------ */

static void what_the_provider_refuses_is_asked_once(scene *s)
{
    static const int statuses[] = {400, 401, 402, 403, 404, 413, 422};
    open_retrying(s, 3);
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        beluga_error err;
        script(s->peer, FAILS(statuses[i], NULL));
        assert_int_not_equal(generate(s->model, NULL, &err), 0);
        assert_int_equal(err.http_status, statuses[i]);
        assert_int_equal(err.attempts, 1);
        assert_false(beluga_error_is_retryable(&err));
    }
    expect_requests(s, sizeof statuses / sizeof *statuses);
}

static void a_used_up_quota_is_asked_once(scene *s)
{
    open_retrying(s, 3);
    peer_openai_error(peer_reply_new(s->peer), 429, NULL, "insufficient_quota", "pay first");
    expect_failure(s, BELUGA_ERROR_QUOTA_EXCEEDED);
    expect_requests(s, 1);
}

static void attempts_are_counted_in_the_last_error(scene *s)
{
    open_retrying(s, 2);
    for (int i = 0; i < 3; i++) script(s->peer, FAILS(503, NULL)); /* S04 */
    expect_stream(s, BELUGA_ERROR_OVERLOADED, "");
    assert_int_equal(s->r.error.attempts, 3);
    assert_int_equal(s->r.error.http_status, 503);
    assert_non_null(strstr(s->r.error.cause, "not now"));
    expect_requests(s, 3);
}

static void no_retries_means_one_attempt(scene *s)
{
    open_retrying(s, 0);
    script(s->peer, FAILS(500, NULL));
    expect_failure(s, BELUGA_ERROR_INTERNAL);
    assert_int_equal(s->err.attempts, 1);
    assert_true(beluga_error_is_retryable(&s->err)); /* the caller may try again */
    expect_requests(s, 1);
}

static void the_provider_may_say_whether_to_try_again(scene *s)
{
    open_retrying(s, 2);
    script(s->peer, FAILS(500, "x-should-retry: false\r\n"));
    assert_int_not_equal(generate(s->model, NULL, &s->err), 0);
    expect_requests(s, 1);
    script(s->peer, FAILS(400, "x-should-retry: true\r\n"));
    script(s->peer, ANSWERS("Hello"));
    expect_text(s, "Hello");
    expect_requests(s, 3);
}

static void a_wait_beyond_all_patience_is_told_and_not_waited_for(scene *s)
{
    open_retrying(s, 3);
    script(s->peer, FAILS(429, "Retry-After: 3600\r\n"));
    expect_failure(s, BELUGA_ERROR_RATE_LIMIT);
    assert_int_equal(s->err.retry_after_ms, 3600000);
    expect_requests(s, 1);
}

static void a_wait_beyond_the_deadline_is_not_waited_for_and_the_error_stays(scene *s)
{
    open_retrying(s, 3);
    s->ctx = beluga_context_new_timeout(NULL, 20000);
    script(s->peer, FAILS(429, "Retry-After: 30\r\n"));
    expect_failure(s, BELUGA_ERROR_RATE_LIMIT);
    assert_int_equal(s->err.retry_after_ms, 30000);
}

static void waits_grow_and_are_shortened_by_a_quarter_at_most(scene *s)
{
    open_with(s, beluga_with_max_retries(3), beluga_with_retry_delay_ms(200),
              beluga_with_retry_backoff(2));
    for (int i = 0; i < 4; i++) script(s->peer, FAILS(503, NULL));
    expect_failure(s, BELUGA_ERROR_OVERLOADED);
    assert_true(gap_ms(s, 0) >= 149);
    assert_true(gap_ms(s, 1) >= 299);
    assert_true(gap_ms(s, 2) >= 599);
}

/* ---- faults in the middle of an answer ------------------------------------------------------- */

static void cut_after(peer *p, const char *text)
{
    peer_reply *reply = script(p, BEGINS);
    if (text) peer_openai_text(reply, text);
    peer_step_close(reply);
}

static void a_stream_cut_before_its_first_content_is_tried_again(scene *s)
{
    open_retrying(s, 1);
    cut_after(s->peer, NULL);
    script(s->peer, STREAMS("Hello"));
    expect_stream(s, 0, "start metadata [Hello] usage(12,1) finish(stop)");
}

static void a_stream_that_gave_content_is_not_tried_again(scene *s)
{
    open_retrying(s, 3);
    cut_after(s->peer, "Hel");
    expect_stream(s, BELUGA_ERROR_STREAM_CLOSED, "start metadata [Hel]");
    assert_int_equal(s->r.error.attempts, 1);
    expect_requests(s, 1);
}

static void a_stream_restarts_when_the_caller_takes_restarts(scene *s)
{
    open_retrying(s, 2);
    cut_after(s->peer, "Hel");
    cut_after(s->peer, NULL);
    script(s->peer, STREAMS("Hello"));
    expect_stream_with(s, 0, beluga_with_restart_delivery(true));
    assert_story(&s->r,
                 "start metadata [Hel] restart start metadata [Hello] usage(12,1) finish(stop)");
    assert_int_equal(s->r.restarted_for, BELUGA_ERROR_STREAM_CLOSED);
}

static void a_builder_that_is_fed_restarts_holds_only_the_last_answer(scene *s)
{
    open_with(s, beluga_with_max_retries(1), beluga_with_restart_delivery(true));
    cut_after(s->peer, "never ");
    script(s->peer, STREAMS("Hello"));
    beluga_response_builder *builder = beluga_response_builder_new();
    beluga_response *response = NULL;
    s->stream = begin_stream(s->model, NULL);
    const beluga_event *event;
    while (beluga_stream_next(s->stream, &event, NULL) == 0 && event) {
        if (event->kind == BELUGA_EVENT_RESTART)
            assert_int_equal(event->u.error->code, BELUGA_ERROR_STREAM_CLOSED);
        assert_int_equal(beluga_response_builder_add(builder, event), 0);
    }
    assert_int_equal(beluga_response_builder_finish(builder, &response), 0);
    assert_string_equal(beluga_response_text(response, NULL), "Hello");
    assert_string_equal(beluga_response_model(response), "peer-chat");
    beluga_response_free(response);
    beluga_response_builder_free(builder);
}

static void a_generate_restarts_even_in_mid_answer(scene *s)
{
    beluga_response *response = NULL;
    open_with(s, beluga_with_max_retries(2), beluga_with_wire_streaming(true));
    cut_after(s->peer, "Hel");
    script(s->peer, STREAMS("Hello world"));
    assert_int_equal(beluga_invoke(s->model, NULL, beluga_input_text("Hi"), &response, NULL,
                                   beluga_with_top_k(3)),
                     0);
    assert_string_equal(beluga_response_text(response, NULL), "Hello world");
    assert_string_equal(beluga_response_id(response), "chatcmpl-peer0123456789abcdefghijkl");
    assert_string_equal(beluga_response_request_id(response), "req-peer-1");
    assert_non_null(beluga_response_warning(response, 0));
    /* There is only one warning, although the request was sent twice. */
    assert_null(beluga_response_warning(response, 1));
    beluga_response_free(response);
}

static void mock_is_retried_like_any_other(scene *s)
{
    open_mock_with(s, beluga_mock_with_error("rate_limit"), beluga_mock_with_error_count(2),
                   beluga_with_retry_delay_ms(100), beluga_with_max_retries(2));
    expect_end(s, 0);
    assert_int_equal(s->r.finishes, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(a_rate_limit_is_waited_for_as_long_as_the_provider_asks),
        SCENE(retry_after_ms_is_understood_too),
        SCENE(a_server_error_is_tried_again),
        SCENE(a_reset_before_the_first_byte_is_tried_again),
        SCENE(a_connection_that_is_refused_at_once_is_tried_again),
        SCENE(a_timeout_is_tried_again),
        SCENE(a_stale_kept_connection_is_not_the_callers_business),
        SCENE(what_the_provider_refuses_is_asked_once),
        SCENE(a_used_up_quota_is_asked_once),
        SCENE(attempts_are_counted_in_the_last_error),
        SCENE(no_retries_means_one_attempt),
        SCENE(the_provider_may_say_whether_to_try_again),
        SCENE(a_wait_beyond_all_patience_is_told_and_not_waited_for),
        SCENE(a_wait_beyond_the_deadline_is_not_waited_for_and_the_error_stays),
        SCENE(waits_grow_and_are_shortened_by_a_quarter_at_most),
        SCENE(a_stream_cut_before_its_first_content_is_tried_again),
        SCENE(a_stream_that_gave_content_is_not_tried_again),
        SCENE(a_stream_restarts_when_the_caller_takes_restarts),
        SCENE(a_builder_that_is_fed_restarts_holds_only_the_last_answer),
        SCENE(a_generate_restarts_even_in_mid_answer),
        SCENE(mock_is_retried_like_any_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
