/* Retries: which errors, how often, how long, and what a caller sees of them. */
#include "../support/calls.h"

#include <stdio.h>

#include <beluga/providers/mock.h>

enum { MS = 1000000 };

static beluga_chat_model *open_retrying(peer *p, int retries)
{
    return open_peer_with(p, beluga_with_max_retries(retries));
}

static void fail_with(peer *p, int status, const char *headers)
{
    peer_openai_error(peer_reply_new(p), status, headers, NULL, "not now");
}

static uint64_t gap_ms(peer *p, size_t i)
{
    return (peer_request_time_ns(p, i + 1) - peer_request_time_ns(p, i)) / MS;
}

/* --- faults that pass ------------------------------------------------------------------------- */

static void a_rate_limit_is_waited_for_as_long_as_the_provider_asks(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model = open_retrying(p, 2);
    fail_with(p, 429, "Retry-After: 2\r\n"); /* S01 */
    peer_openai_stream(peer_reply_new(p), "Hello");
    assert_int_equal(stream_whole(model, &r), 0);
    assert_story(&r, "start metadata [Hello] usage(12,1) finish(stop)");
    assert_int_equal(peer_requests(p), 2);
    assert_true(gap_ms(p, 0) >= 1990); /* a slow machine only waits longer */
    beluga_chat_model_unref(model);
}

static void retry_after_ms_is_understood_too(void **state)
{
    peer *p = *state;
    beluga_chat_model *model = open_retrying(p, 2);
    fail_with(p, 429, "retry-after-ms: 700\r\n");
    peer_openai_answer(peer_reply_new(p), "Hello");
    assert_int_equal(generate(model, "Hello", NULL), 0);
    assert_true(gap_ms(p, 0) >= 690);
    beluga_chat_model_unref(model);
}

static void a_server_error_is_tried_again(void **state)
{
    peer *p = *state;
    static const int statuses[] = {500, 502, 503, 504, 529, 408, 409}; /* S03 */
    beluga_chat_model *model = open_retrying(p, 1);
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        fail_with(p, statuses[i], NULL);
        peer_openai_answer(peer_reply_new(p), "Hello");
        if (generate(model, "Hello", NULL)) fail_msg("%d was not tried again", statuses[i]);
    }
    assert_int_equal(peer_requests(p), 14);
    beluga_chat_model_unref(model);
}

static void a_reset_before_the_first_byte_is_tried_again(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model = open_retrying(p, 2);
    peer_step_reset(peer_reply_new(p)); /* S05 */
    peer_openai_stream(peer_reply_new(p), "Hello");
    assert_int_equal(stream_whole(model, &r), 0);
    assert_int_equal(r.finishes, 1);
    assert_int_equal(peer_requests(p), 2);
    beluga_chat_model_unref(model);
}

static void a_connection_that_is_refused_at_once_is_tried_again(void **state)
{
    peer *p = *state;
    beluga_chat_model *model = open_retrying(p, 2);
    peer_fail_accepts(p, PEER_ACCEPT_RESET, 1);
    peer_openai_answer(peer_reply_new(p), "Hello");
    assert_int_equal(generate(model, "Hello", NULL), 0);
    assert_int_equal(peer_requests(p), 1);
    beluga_chat_model_unref(model);
}

static void a_timeout_is_tried_again(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model = open_retrying(p, 1);
    peer_step_hang(peer_reply_new(p));
    peer_reply *slow = peer_reply_new(p);
    peer_openai_stream(slow, "Hello");
    assert_int_equal(stream_with(model, &r, beluga_with_first_event_timeout_ms(2000)), 0);
    assert_int_equal(peer_requests(p), 2);
    beluga_chat_model_unref(model);
}

/* The server closed a kept connection just as a request was sent on it: that costs no attempt. */
static void a_stale_kept_connection_is_not_the_callers_business(void **state)
{
    peer *p = *state;
    beluga_chat_model *model = open_retrying(p, 0);
    for (int reset = 0; reset < 2; reset++) {
        peer_reply *first = peer_reply_new(p);
        peer_openai_answer(first, "one");
        peer_step_await_bytes(first);
        if (reset)
            peer_step_reset(first);
        else
            peer_step_close(first);
        peer_openai_answer(peer_reply_new(p), "two");
        assert_int_equal(generate(model, "one", NULL), 0);
        assert_int_equal(generate(model, "two", NULL), 0);
    }
    beluga_chat_model_unref(model);
}

/* --- faults that stay ------------------------------------------------------------------------- */

static void what_the_provider_refuses_is_asked_once(void **state)
{
    peer *p = *state;
    static const int statuses[] = {400, 401, 402, 403, 404, 413, 422};
    beluga_chat_model *model = open_retrying(p, 3);
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        beluga_error err;
        fail_with(p, statuses[i], NULL);
        assert_int_not_equal(generate(model, NULL, &err), 0);
        assert_int_equal(err.http_status, statuses[i]);
        assert_int_equal(err.attempts, 1);
        assert_false(beluga_error_is_retryable(&err));
    }
    assert_int_equal(peer_requests(p), sizeof statuses / sizeof *statuses);
    beluga_chat_model_unref(model);
}

static void a_used_up_quota_is_asked_once(void **state)
{
    peer *p = *state;
    beluga_error err;
    beluga_chat_model *model = open_retrying(p, 3);
    peer_openai_error(peer_reply_new(p), 429, NULL, "insufficient_quota", "pay first");
    assert_int_equal(generate(model, NULL, &err), BELUGA_ERROR_QUOTA_EXCEEDED);
    assert_int_equal(peer_requests(p), 1);
    beluga_chat_model_unref(model);
}

static void attempts_are_counted_in_the_last_error(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model = open_retrying(p, 2);
    for (int i = 0; i < 3; i++) fail_with(p, 503, NULL); /* S04 */
    assert_int_equal(stream_whole(model, &r), BELUGA_ERROR_OVERLOADED);
    assert_story(&r, "");
    assert_int_equal(r.error.attempts, 3);
    assert_int_equal(r.error.http_status, 503);
    assert_non_null(strstr(r.error.cause, "not now"));
    assert_int_equal(peer_requests(p), 3);
    beluga_chat_model_unref(model);
}

static void no_retries_means_one_attempt(void **state)
{
    peer *p = *state;
    beluga_error err;
    beluga_chat_model *model = open_retrying(p, 0);
    fail_with(p, 500, NULL);
    assert_int_equal(generate(model, NULL, &err), BELUGA_ERROR_INTERNAL);
    assert_int_equal(err.attempts, 1);
    assert_true(beluga_error_is_retryable(&err)); /* by the caller, that is */
    assert_int_equal(peer_requests(p), 1);
    beluga_chat_model_unref(model);
}

static void the_provider_may_say_whether_to_try_again(void **state)
{
    peer *p = *state;
    beluga_error err;
    beluga_chat_model *model = open_retrying(p, 2);
    fail_with(p, 500, "x-should-retry: false\r\n");
    assert_int_not_equal(generate(model, NULL, &err), 0);
    assert_int_equal(peer_requests(p), 1);
    fail_with(p, 400, "x-should-retry: true\r\n");
    peer_openai_answer(peer_reply_new(p), "Hello");
    assert_int_equal(generate(model, "Hello", NULL), 0);
    assert_int_equal(peer_requests(p), 3);
    beluga_chat_model_unref(model);
}

static void a_wait_beyond_all_patience_is_told_and_not_waited_for(void **state)
{
    peer *p = *state;
    beluga_error err;
    beluga_chat_model *model = open_retrying(p, 3);
    fail_with(p, 429, "Retry-After: 3600\r\n");
    assert_int_equal(generate(model, NULL, &err), BELUGA_ERROR_RATE_LIMIT);
    assert_int_equal(err.retry_after_ms, 3600000);
    assert_int_equal(peer_requests(p), 1);
    beluga_chat_model_unref(model);
}

static void a_wait_beyond_the_deadline_is_not_waited_for_and_the_error_stays(void **state)
{
    peer *p = *state;
    beluga_error err;
    beluga_chat_model *model = open_retrying(p, 3);
    beluga_context *ctx = beluga_context_new_timeout(NULL, 20000);
    fail_with(p, 429, "Retry-After: 30\r\n");
    assert_int_equal(generate_under(model, ctx, NULL, &err), BELUGA_ERROR_RATE_LIMIT);
    assert_int_equal(err.retry_after_ms, 30000);
    beluga_context_unref(ctx);
    beluga_chat_model_unref(model);
}

static void waits_grow_and_are_shortened_by_a_quarter_at_most(void **state)
{
    peer *p = *state;
    beluga_error err;
    beluga_chat_model *model =
        open_peer_with(p, beluga_with_max_retries(3), beluga_with_retry_delay_ms(200),
                       beluga_with_retry_backoff(2));
    for (int i = 0; i < 4; i++) fail_with(p, 503, NULL);
    assert_int_equal(generate(model, NULL, &err), BELUGA_ERROR_OVERLOADED);
    assert_true(gap_ms(p, 0) >= 149);
    assert_true(gap_ms(p, 1) >= 299);
    assert_true(gap_ms(p, 2) >= 599);
    beluga_chat_model_unref(model);
}

/* --- in mid-answer ---------------------------------------------------------------------------- */

static void cut_after(peer *p, const char *text)
{
    peer_reply *reply = peer_reply_new(p);
    peer_openai_begin(reply);
    if (text) peer_openai_text(reply, text);
    peer_step_close(reply);
}

static void a_stream_cut_before_its_first_content_is_tried_again(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model = open_retrying(p, 1);
    cut_after(p, NULL);
    peer_openai_stream(peer_reply_new(p), "Hello");
    assert_int_equal(stream_whole(model, &r), 0);
    assert_story(&r, "start metadata [Hello] usage(12,1) finish(stop)");
    beluga_chat_model_unref(model);
}

static void a_stream_that_gave_content_is_not_tried_again(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model = open_retrying(p, 3);
    cut_after(p, "Hel");
    assert_int_equal(stream_whole(model, &r), BELUGA_ERROR_STREAM_CLOSED);
    assert_story(&r, "start metadata [Hel]");
    assert_int_equal(r.error.attempts, 1);
    assert_int_equal(peer_requests(p), 1);
    beluga_chat_model_unref(model);
}

static void a_stream_restarts_when_the_caller_takes_restarts(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model = open_retrying(p, 2);
    cut_after(p, "Hel");
    cut_after(p, NULL);
    peer_openai_stream(peer_reply_new(p), "Hello");
    assert_int_equal(stream_with(model, &r, beluga_with_restart_delivery(true)), 0);
    assert_story(&r,
                 "start metadata [Hel] restart start metadata [Hello] usage(12,1) finish(stop)");
    beluga_chat_model_unref(model);
}

static void a_builder_that_is_fed_restarts_holds_only_the_last_answer(void **state)
{
    peer *p = *state;
    beluga_chat_model *model =
        open_peer_with(p, beluga_with_max_retries(1), beluga_with_restart_delivery(true));
    cut_after(p, "never ");
    peer_openai_stream(peer_reply_new(p), "Hello");
    beluga_response_builder *builder = beluga_response_builder_new();
    beluga_response *response = NULL;
    beluga_stream *stream = begin_stream(model, NULL);
    const beluga_event *event;
    while (beluga_stream_next(stream, &event, NULL) == 0 && event)
        assert_int_equal(beluga_response_builder_add(builder, event), 0);
    assert_int_equal(beluga_response_builder_finish(builder, &response), 0);
    assert_string_equal(beluga_response_text(response, NULL), "Hello");
    assert_string_equal(beluga_response_model(response), "peer-chat");
    beluga_response_free(response);
    beluga_response_builder_free(builder);
    beluga_stream_free(stream);
    beluga_chat_model_unref(model);
}

static void a_generate_restarts_even_in_mid_answer(void **state)
{
    peer *p = *state;
    beluga_response *response = NULL;
    beluga_chat_model *model =
        open_peer_with(p, beluga_with_max_retries(2), beluga_with_wire_streaming(true));
    cut_after(p, "Hel");
    peer_openai_stream(peer_reply_new(p), "Hello world");
    assert_int_equal(
        beluga_invoke(model, NULL, beluga_input_text("Hi"), &response, NULL, beluga_with_top_k(3)),
        0);
    assert_string_equal(beluga_response_text(response, NULL), "Hello world");
    assert_string_equal(beluga_response_id(response), "chatcmpl-peer0123456789abcdefghijkl");
    assert_string_equal(beluga_response_request_id(response), "req-peer-1");
    assert_non_null(beluga_response_warning(response, 0));
    assert_null(beluga_response_warning(response, 1)); /* once, though it was sent twice */
    beluga_response_free(response);
    beluga_chat_model_unref(model);
}

static void mock_is_retried_like_any_other(void **state)
{
    (void)state;
    record r;
    beluga_chat_model *model =
        open_mock(beluga_mock_with_error("rate_limit"), beluga_mock_with_error_count(2),
                  beluga_with_retry_delay_ms(100), beluga_with_max_retries(2));
    assert_int_equal(stream_whole(model, &r), 0);
    assert_int_equal(r.finishes, 1);
    beluga_chat_model_unref(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_PEER(a_rate_limit_is_waited_for_as_long_as_the_provider_asks),
        ON_PEER(retry_after_ms_is_understood_too),
        ON_PEER(a_server_error_is_tried_again),
        ON_PEER(a_reset_before_the_first_byte_is_tried_again),
        ON_PEER(a_connection_that_is_refused_at_once_is_tried_again),
        ON_PEER(a_timeout_is_tried_again),
        ON_PEER(a_stale_kept_connection_is_not_the_callers_business),
        ON_PEER(what_the_provider_refuses_is_asked_once),
        ON_PEER(a_used_up_quota_is_asked_once),
        ON_PEER(attempts_are_counted_in_the_last_error),
        ON_PEER(no_retries_means_one_attempt),
        ON_PEER(the_provider_may_say_whether_to_try_again),
        ON_PEER(a_wait_beyond_all_patience_is_told_and_not_waited_for),
        ON_PEER(a_wait_beyond_the_deadline_is_not_waited_for_and_the_error_stays),
        ON_PEER(waits_grow_and_are_shortened_by_a_quarter_at_most),
        ON_PEER(a_stream_cut_before_its_first_content_is_tried_again),
        ON_PEER(a_stream_that_gave_content_is_not_tried_again),
        ON_PEER(a_stream_restarts_when_the_caller_takes_restarts),
        ON_PEER(a_builder_that_is_fed_restarts_holds_only_the_last_answer),
        ON_PEER(a_generate_restarts_even_in_mid_answer),
        cmocka_unit_test(mock_is_retried_like_any_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
