/* Faults of servers, and the error that the caller gets: its code, when to retry, ids, a message of
 * one line, and no key in it. */
#include "answers.h"

/* Script an answer with this status and body. */
static void reply_body(peer *p, int status, const char *headers, const char *body)
{
    peer_reply *r = peer_reply_new(p);
    peer_step_status(r, status, headers);
    peer_step_body(r, body, strlen(body));
}

/* ---- statuses -------------------------------------------------------------------------------- */

static void every_class_of_status_has_its_code_and_says_whether_to_retry(void **state)
{
    static const struct {
        int status, code;
        bool retryable;
    } rows[] = {
        {400, BELUGA_ERROR_INVALID_REQUEST, false}, {401, BELUGA_ERROR_AUTHENTICATION, false},
        {402, BELUGA_ERROR_QUOTA_EXCEEDED, false},  {403, BELUGA_ERROR_AUTHORIZATION, false},
        {404, BELUGA_ERROR_NOT_FOUND, false},       {408, BELUGA_ERROR_TIMEOUT, true},
        {409, BELUGA_ERROR_INVALID_REQUEST, true},  {413, BELUGA_ERROR_LIMIT_EXCEEDED, false},
        {422, BELUGA_ERROR_INVALID_REQUEST, false}, {429, BELUGA_ERROR_RATE_LIMIT, true},
        {500, BELUGA_ERROR_INTERNAL, true},         {502, BELUGA_ERROR_INTERNAL, true},
        {503, BELUGA_ERROR_OVERLOADED, true},       {504, BELUGA_ERROR_TIMEOUT, true},
        {529, BELUGA_ERROR_OVERLOADED, true}};
    peer *p = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        beluga_error err;
        pulled got;
        peer_reply *r = peer_reply_new(p);
        peer_reply_repeat(r, 2);
        peer_openai_error(r, rows[i].status, "X-Request-Id: req-7\r\n", NULL,
                          "the words of the peer");
        assert_fails(p, rows[i].code, &err);
        assert_int_equal(err.http_status, rows[i].status);
        assert_int_equal(beluga_error_is_retryable(&err), rows[i].retryable);
        assert_string_equal(err.request_id, "req-7");
        assert_int_equal(err.attempts, 1);
        assert_int_equal(err.retry_after_ms, -1);
        assert_non_null(strstr(err.cause, "the words of the peer"));
        assert_stream_fails(p, rows[i].code, &got);
        assert_int_equal(got.err.http_status, rows[i].status);
    }
}

/* Assert that the error after a rate limit with these headers says to wait this long. */
static void waits(peer *p, const char *headers, int64_t ms)
{
    beluga_error err;
    peer_openai_error(peer_reply_new(p), 429, headers, "rate_limit_exceeded", "slow down");
    assert_fails(p, BELUGA_ERROR_RATE_LIMIT, &err);
    assert_string_equal(err.provider_code, "rate_limit_exceeded");
    assert_int_equal(err.retry_after_ms, ms);
}

static void the_providers_own_code_and_its_wait_reach_the_caller(void **state)
{
    peer *p = *state;
    waits(p, "Retry-After: 7\r\n", 7000);
    waits(p, "Retry-After: 0\r\n", 0);
    waits(p, "Retry-After: 1.5\r\n", 1500);
    waits(p, "retry-after-ms: 250\r\nRetry-After: 9\r\n", 250);
    waits(p, "Retry-After: soon\r\n", -1);
    waits(p, "Retry-After: -3\r\n", -1);
    waits(p, "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n", 0);
    waits(p, NULL, -1);
}

static void the_provider_may_say_that_a_retry_is_of_no_use(void **state)
{
    peer *p = *state;
    beluga_error err;
    peer_openai_error(peer_reply_new(p), 500, "x-should-retry: false\r\n", NULL, "for good");
    assert_fails(p, BELUGA_ERROR_INTERNAL, &err);
    assert_false(beluga_error_is_retryable(&err));
    peer_openai_error(peer_reply_new(p), 400, "x-should-retry: true\r\n", NULL, "for now");
    assert_fails(p, BELUGA_ERROR_INVALID_REQUEST, &err);
    assert_true(beluga_error_is_retryable(&err));
}

static void an_error_with_a_body_of_any_kind_is_one_clean_line(void **state)
{
    static const char *const bodies[] = {"",
                                         "plain words\nin two lines\r\n",
                                         "{\"error\":",
                                         "{}",
                                         "[]",
                                         "null",
                                         "{\"error\":{\"message\":null}}",
                                         "{\"error\":\"\\u0000\\n\"}",
                                         "\x00\xff\xfe\x80",
                                         "<html><body>Bad gateway</body></html>"};
    peer *p = *state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        beluga_error err;
        peer_reply *r = peer_reply_new(p);
        size_t n = i == 8 ? 4 : strlen(bodies[i]);
        peer_step_status(r, 500, "Content-Type: application/json\r\n");
        peer_step_body(r, bodies[i], n);
        assert_fails(p, BELUGA_ERROR_INTERNAL, &err);
        assert_int_equal(err.http_status, 500);
    }
}

static void a_key_that_the_server_repeats_is_not_passed_on(void **state)
{
    peer *p = *state;
    beluga_error err;
    peer_openai_error(peer_reply_new(p), 401, NULL, "invalid_api_key",
                      "Incorrect API key provided: " SECRET_KEY ". Find yours in your account.");
    assert_fails(p, BELUGA_ERROR_AUTHENTICATION, &err);
    peer_reply *r = peer_reply_new(p);
    peer_step_status(r, 400, "Content-Type: text/plain\r\nX-Request-Id: " SECRET_KEY "\r\n");
    peer_step_body(r, "Bearer " SECRET_KEY, strlen("Bearer " SECRET_KEY));
    assert_fails(p, BELUGA_ERROR_INVALID_REQUEST, &err);
}

static void a_body_cut_short_does_not_hide_the_status(void **state)
{
    peer *p = *state;
    beluga_error err;
    reply_cut(p, 429, "Retry-After: 3\r\n", "{\"error\":{\"mess", 400);
    assert_fails(p, BELUGA_ERROR_RATE_LIMIT, &err);
    assert_int_equal(err.retry_after_ms, 3000);
}

/* ---- bodies that are not answers ------------------------------------------------------------- */

static void a_web_page_is_malformed_and_asks_for_the_base_url(void **state)
{
    static const char page[] = "<!DOCTYPE html><html><body>Welcome</body></html>";
    peer *p = *state;
    beluga_error err;
    pulled got;
    peer_reply *r = peer_reply_new(p);
    peer_reply_repeat(r, 2);
    peer_step_status(r, 200, "Content-Type: text/html; charset=utf-8\r\n");
    peer_step_body(r, page, sizeof page - 1);
    assert_fails(p, BELUGA_ERROR_MALFORMED_RESPONSE, &err);
    assert_non_null(strstr(err.message, "base_url"));
    assert_false(beluga_error_is_retryable(&err));
    assert_stream_fails(p, BELUGA_ERROR_MALFORMED_RESPONSE, &got);
}

static void a_web_page_without_its_type_is_malformed(void **state)
{
    static const char page[] = "<!DOCTYPE html><html><body>Welcome</body></html>";
    peer *p = *state;
    beluga_error err;
    reply_body(p, 200, "Content-Type: application/json\r\n", page);
    assert_fails(p, BELUGA_ERROR_MALFORMED_RESPONSE, &err);
    assert_non_null(strstr(err.cause, "DOCTYPE"));
}

static void a_redirect_is_not_followed_and_says_where_it_points(void **state)
{
    static const int statuses[] = {301, 302, 303, 307, 308};
    peer *p = *state;
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        beluga_error err;
        pulled got;
        peer_reply *r = peer_reply_new(p);
        peer_reply_repeat(r, 2);
        peer_step_redirect(r, statuses[i], "https://elsewhere.invalid/v1");
        assert_fails(p, BELUGA_ERROR_INVALID_RESPONSE, &err);
        assert_non_null(strstr(err.message, "base_url"));
        assert_string_equal(err.cause, "https://elsewhere.invalid/v1");
        assert_false(beluga_error_is_retryable(&err));
        assert_stream_fails(p, BELUGA_ERROR_INVALID_RESPONSE, &got);
    }
    assert_int_equal(peer_requests(p), 10);
}

static void an_empty_answer_is_an_error(void **state)
{
    peer *p = *state;
    beluga_error err;
    pulled got;
    reply_body(p, 200, "Content-Type: application/json\r\n", "");
    assert_fails(p, BELUGA_ERROR_EMPTY_RESPONSE, &err);
    reply_body(p, 200, "Content-Type: text/event-stream\r\n", "");
    assert_stream_fails(p, BELUGA_ERROR_STREAM_CLOSED, &got);
    peer_step_status(peer_reply_new(p), 204, NULL);
    assert_int_equal(peer_unscripted(p), 0);
}

static void other_json_is_an_invalid_response(void **state)
{
    static const char *const bodies[] = {
        "{}", "[]", "42", "\"text\"", "{\"choices\":7}", "{\"choices\":{}}"};
    peer *p = *state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        beluga_error err;
        peer_step_json(peer_reply_new(p), 200, bodies[i]);
        assert_fails(p, BELUGA_ERROR_INVALID_RESPONSE, &err);
    }
}

static void an_error_inside_a_stream_of_status_200_is_told(void **state)
{
    peer *p = *state;
    pulled got;
    peer_reply *r = reply_half(p, "Half");
    peer_step_sse(
        r, "{\"error\":{\"message\":\"The server had an error\",\"type\":\"server_error\"}}");
    peer_step_end(r);
    assert_stream_fails(p, BELUGA_ERROR_INTERNAL, &got);
    assert_string_equal(got.text, "Half");
    assert_non_null(strstr(got.err.cause, "The server had an error"));
    assert_string_equal(got.err.request_id, "req-peer-1");
}

static void an_event_that_is_not_json_is_malformed(void **state)
{
    peer *p = *state;
    pulled got;
    peer_reply *r = reply_half(p, "Half");
    peer_step_sse(r, "{malformed json: <<<chaos>>>");
    peer_openai_finish(r, "stop");
    peer_openai_done(r);
    assert_stream_fails(p, BELUGA_ERROR_MALFORMED_RESPONSE, &got);
    assert_string_equal(got.text, "Half");
}

/* ---- requests that are not sent -------------------------------------------------------------- */

/* Assert that a call with this option is refused, and that the peer receives no request. */
static void assert_refused(peer *p, beluga_option option, const char *said)
{
    beluga_error err = {0};
    beluga_response *response = (beluga_response *)p;
    SCOPED(beluga_chat_model) *model = open_peer(p);
    int status = beluga_invoke(model, NULL, beluga_input_text("Hi"), &response, &err, option);
    assert_int_equal(status, BELUGA_ERROR_INVALID_INPUT);
    assert_null(response);
    if (!strstr(err.message, said)) fail_msg("'%s' is not in: %s", said, err.message);
    assert_clean(&err);
    assert_int_equal(peer_requests(p), 0);
}

static void headers_and_bodies_that_can_not_be_sent_are_refused(void **state)
{
    peer *p = *state;
    assert_refused(p, beluga_with_extra_header("no colon"), "extra_headers");
    assert_refused(p, beluga_with_extra_header(": no name"), "extra_headers");
    assert_refused(p, beluga_with_extra_header("Bad Name: x"), "extra_headers");
    assert_refused(p, beluga_with_extra_header("X-A: b\r\nX-Injected: c"), "extra_headers");
    assert_refused(p, beluga_with_extra_body("not json"), "extra_body");
    assert_refused(p, beluga_with_extra_body("[1]"), "extra_body");
    assert_refused(p, beluga_with_extra_body("{\"a\":1"), "extra_body");
    assert_refused(p, beluga_with_response_schema("{"), "response_schema");
    assert_refused(p, beluga_with_user("caf\xe9"), "user: invalid UTF-8 at byte 3");
}

static void what_is_added_to_a_request_has_the_last_word_but_not_over_the_key(void **state)
{
    peer *p = *state;
    beluga_error err = {0};
    SCOPED(beluga_response) *response = NULL;
    peer_openai_answer(peer_reply_new(p), "Hello.");
    SCOPED(beluga_chat_model) *model = open_peer(p);
    int status = beluga_invoke(
        model, NULL, beluga_input_text("Hi"), &response, &err, beluga_with_temperature(0.5),
        beluga_with_extra_body("{\"temperature\":1.5,\"nested\":{\"a\":[true]},\"user\":null}"),
        beluga_with_user("somebody"), beluga_with_extra_header("Accept: x/y"),
        beluga_with_extra_header("X-Empty:"), beluga_with_extra_header("authorization: other"));
    assert_int_equal(status, 0);
    const char *body = peer_request_body(p, 0, NULL);
    assert_non_null(strstr(body, "\"temperature\":1.5"));
    assert_null(strstr(body, "\"temperature\":0.5"));
    assert_non_null(strstr(body, "\"nested\":{\"a\":[true]}"));
    assert_null(strstr(body, "somebody"));
    assert_string_equal(peer_request_header(p, 0, "accept"), "x/y");
    assert_string_equal(peer_request_header(p, 0, "x-empty"), "");
    assert_string_equal(peer_request_header(p, 0, "authorization"), "Bearer " SECRET_KEY);
}

static void a_key_with_a_line_break_is_refused_and_not_shown(void **state)
{
    static const char key[] = SECRET_KEY "\r\nX-Injected: yes";
    peer *p = *state;
    beluga_error err = {0};
    SCOPED(beluga_chat_model) *model = NULL;
    const beluga_option bad = beluga_with_api_key(key);
    int status = try_open(beluga_registry_default(), peer_url(p), &bad, 1, &model, &err);
    if (!status) status = ask(model, &err);
    assert_true(status < 0);
    assert_false(beluga_error_is_retryable(&err));
    assert_null(strstr(err.message, SECRET_KEY));
    assert_null(strstr(err.cause, SECRET_KEY));
    assert_int_equal(peer_requests(p), 0);
}

static void a_key_that_can_not_be_had_is_an_authentication_error(void **state)
{
    char empty[] = "file:/tmp/beluga-test-XXXXXX";
    const struct {
        const char *key, *said;
    } rows[] = {{"file:/nonexistent/key", "/nonexistent/key"},
                {empty, "gave no usable key"},
                {"command:exit 3", "command failed"},
                {"command:echo", "gave no usable key"}};
    peer *p = *state;
    int fd = mkstemp(empty + strlen("file:"));
    assert_true(fd >= 0);
    close(fd);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        beluga_error err = {0};
        pulled got;
        beluga_chat_model *model = open_peer_with(p, beluga_with_api_key(rows[i].key));
        assert_int_equal(ask(model, &err), BELUGA_ERROR_AUTHENTICATION);
        if (!strstr(err.message, rows[i].said))
            fail_msg("'%s' is not in: %s", rows[i].said, err.message);
        assert_clean(&err);
        stream_all(model, &got);
        assert_int_equal(got.status, BELUGA_ERROR_AUTHENTICATION);
        beluga_chat_model_unref(model);
    }
    unlink(empty + strlen("file:"));
    assert_int_equal(peer_requests(p), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_PEER(every_class_of_status_has_its_code_and_says_whether_to_retry),
        ON_PEER(the_providers_own_code_and_its_wait_reach_the_caller),
        ON_PEER(the_provider_may_say_that_a_retry_is_of_no_use),
        ON_PEER(an_error_with_a_body_of_any_kind_is_one_clean_line),
        ON_PEER(a_key_that_the_server_repeats_is_not_passed_on),
        ON_PEER(a_body_cut_short_does_not_hide_the_status),
        ON_PEER(a_web_page_is_malformed_and_asks_for_the_base_url),
        ON_PEER(a_web_page_without_its_type_is_malformed),
        ON_PEER(a_redirect_is_not_followed_and_says_where_it_points),
        ON_PEER(an_empty_answer_is_an_error),
        ON_PEER(other_json_is_an_invalid_response),
        ON_PEER(an_error_inside_a_stream_of_status_200_is_told),
        ON_PEER(an_event_that_is_not_json_is_malformed),
        ON_PEER(headers_and_bodies_that_can_not_be_sent_are_refused),
        ON_PEER(what_is_added_to_a_request_has_the_last_word_but_not_over_the_key),
        ON_PEER(a_key_with_a_line_break_is_refused_and_not_shown),
        ON_PEER(a_key_that_can_not_be_had_is_an_authentication_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
