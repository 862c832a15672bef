/* What a server can do wrong, and what its caller is told: code, retry, ids, one line, no key. */
#include "../support/openai.h"
#include "../support/scoped.h"

#include <stdio.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEADER_BYTES = 200 * 1024, DEEP = 5000 };

static void assert_clean(const beluga_error *err)
{
    char line[2048];
    beluga_error_format(err, line, sizeof line);
    assert_null(strstr(line, SECRET_KEY));
    for (const char *at = line; *at; at++) assert_true((unsigned char)*at >= 0x20 && *at != 0x7f);
    assert_string_equal(err->provider, "openai");
    assert_string_equal(err->model, "peer-chat");
    assert_true(*err->message);
}

/* The next request gets `r`, whatever it is; asked by generate and by a stream. */
static void assert_fails(peer *p, int code, beluga_error *err)
{
    SCOPED(beluga_chat_model) *model = open_peer(p);
    size_t before = peer_requests(p);
    assert_int_equal(ask(model, err), code);
    assert_clean(err);
    assert_string_equal(err->operation, "generate");
    assert_int_equal(peer_requests(p), before + 1);
}

static void assert_stream_fails(peer *p, int code, pulled *got)
{
    SCOPED(beluga_chat_model) *model = open_peer(p);
    stream_all(model, got);
    assert_int_equal(got->status, code);
    assert_int_equal(got->finishes, 0);
    assert_clean(&got->err);
    assert_string_equal(got->err.operation, "stream");
}

/* Script an answer with this body. */
static void reply_body(peer *p, int status, const char *headers, const char *body)
{
    peer_reply *r = peer_reply_new(p);
    peer_step_status(r, status, headers);
    peer_step_body(r, body, strlen(body));
}

/* Script an answer that ends before the length that it claims. */
static void reply_cut(peer *p, int status, const char *headers, const char *body, size_t claimed)
{
    peer_reply *r = peer_reply_new(p);
    peer_step_status(r, status, headers);
    peer_step_body_claiming(r, body, strlen(body), claimed);
    peer_step_close(r);
}

/* Script bytes, and no more. */
static void reply_raw(peer *p, const char *bytes)
{
    peer_reply *r = peer_reply_new(p);
    peer_step_raw(r, bytes, strlen(bytes));
    peer_step_close(r);
}

/* Script a stream's first text; what comes of it is the test's. */
static peer_reply *reply_half(peer *p, const char *text)
{
    peer_reply *r = peer_reply_new(p);
    peer_openai_begin(r);
    peer_openai_text(r, text);
    return r;
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

static void the_providers_own_code_and_its_wait_reach_the_caller(void **state)
{
    static const struct {
        const char *headers;
        int64_t ms;
    } rows[] = {{"Retry-After: 7\r\n", 7000},
                {"Retry-After: 0\r\n", 0},
                {"Retry-After: 1.5\r\n", 1500},
                {"retry-after-ms: 250\r\nRetry-After: 9\r\n", 250},
                {"Retry-After: soon\r\n", -1},
                {"Retry-After: -3\r\n", -1},
                {"Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n", 0},
                {NULL, -1}};
    peer *p = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        beluga_error err;
        peer_openai_error(peer_reply_new(p), 429, rows[i].headers, "rate_limit_exceeded",
                          "slow down");
        assert_fails(p, BELUGA_ERROR_RATE_LIMIT, &err);
        assert_string_equal(err.provider_code, "rate_limit_exceeded");
        assert_int_equal(err.retry_after_ms, rows[i].ms);
    }
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

/* ---- answers that are none ------------------------------------------------------------------- */

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

/* Refused by a call with this option, and nothing reaches the peer. */
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
                {empty, "gave nothing"},
                {"command:exit 3", "command failed"},
                {"command:echo", "gave nothing"}};
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

/* ---- connections ----------------------------------------------------------------------------- */

static void a_dead_port_is_a_network_error_that_may_pass(void **state)
{
    peer *p = peer_start();
    char url[64];
    beluga_error err;
    (void)state;
    snprintf(url, sizeof url, "%s", peer_url(p));
    peer_stop(p);
    SCOPED(beluga_chat_model) *model = open_at(url, NULL, 0);
    assert_int_equal(ask(model, &err), BELUGA_ERROR_NETWORK);
    assert_clean(&err);
    assert_true(beluga_error_is_retryable(&err));
    assert_non_null(strstr(err.message, "connect"));
    assert_true(*err.cause);
}

/* A model whose retries are the library's own, at a port that nothing listens on. */
static int ask_dead(const char *url, const char *socket_path, int64_t retries, beluga_error *err)
{
    const beluga_option opts[] = {beluga_with_model_name("any"),
                                  beluga_with_api_key(SECRET_KEY),
                                  beluga_with_base_url(url),
                                  beluga_with_retry_delay_ms(100),
                                  beluga_with_unix_socket(socket_path),
                                  retries < 0 ? BELUGA_OPTIONS_END
                                              : beluga_with_max_retries(retries)};
    beluga_config *config = beluga_config_new_n(opts, sizeof opts / sizeof *opts);
    beluga_chat_model *model = NULL;
    assert_int_equal(beluga_registry_open(beluga_registry_default(), "openai", config, &model, err),
                     0);
    int status = ask(model, err);
    beluga_chat_model_unref(model);
    beluga_config_free(config);
    return status;
}

static bool has_ipv6(void)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool has = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
    if (fd >= 0) close(fd);
    return has;
}

static void a_server_of_this_machine_that_does_not_run_is_tried_once_more(void **state)
{
    static const struct {
        const char *url, *socket_path;
        bool ipv6;
    } rows[] = {
        {"http://127.0.0.1:1/v1", NULL, false},          {"http://127.9.8.7:1/v1", NULL, false},
        {"http://localhost:1/v1", NULL, false},          {"http://0.0.0.0:1/v1", NULL, false},
        {"http://[::ffff:127.0.0.1]:1/v1", NULL, true},  {"http://[::1]:1/v1", NULL, true},
        {"http://host/v1", "/nonexistent/socket", false}};
    bool ipv6 = has_ipv6();
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        beluga_error err = {0};
        if (rows[i].ipv6 && !ipv6) continue;
        assert_int_equal(ask_dead(rows[i].url, rows[i].socket_path, -1, &err),
                         BELUGA_ERROR_NETWORK);
        assert_string_equal(err.message, "the server refused the connection (is it running?)");
        assert_int_equal(err.attempts, 2);
        assert_true(beluga_error_is_retryable(&err));
    }
}

static void a_number_of_retries_that_somebody_chose_holds_for_it_too(void **state)
{
    beluga_error err = {0};
    (void)state;
    assert_int_equal(ask_dead("http://127.0.0.1:1/v1", NULL, 3, &err), BELUGA_ERROR_NETWORK);
    assert_int_equal(err.attempts, 4);
    assert_int_equal(ask_dead("http://127.0.0.1:1/v1", NULL, 0, &err), BELUGA_ERROR_NETWORK);
    assert_int_equal(err.attempts, 1);
}

static void a_connection_that_ends_before_the_answer_is_a_network_error(void **state)
{
    peer *p = *state;
    beluga_error err;
    peer_step_reset(peer_reply_new(p));
    assert_fails(p, BELUGA_ERROR_NETWORK, &err);
    assert_true(beluga_error_is_retryable(&err));
    peer_step_close(peer_reply_new(p));
    assert_fails(p, BELUGA_ERROR_NETWORK, &err);
    reply_raw(p, "HTTP/1.1 200 OK\r\nContent-Ty");
    assert_fails(p, BELUGA_ERROR_NETWORK, &err);
}

static void an_answer_shorter_than_it_claims_is_a_network_error(void **state)
{
    peer *p = *state;
    beluga_error err;
    reply_cut(p, 200, "Content-Type: application/json\r\n", "{\"choices\":[", 900);
    assert_fails(p, BELUGA_ERROR_NETWORK, &err);
    assert_true(beluga_error_is_retryable(&err));
}

static void a_stream_that_ends_without_its_proof_is_stream_closed(void **state)
{
    peer *p = *state;
    pulled got;
    for (int how = 0; how < 4; how++) {
        peer_reply *r = peer_reply_new(p);
        peer_openai_begin(r);
        peer_openai_text(r, "Half an ");
        peer_openai_text(r, "answer");
        if (how == 0) peer_step_close(r);
        if (how == 1) peer_step_end(r);
        if (how == 2) peer_openai_done(r);
        if (how == 3) peer_step_chunk(r, "data: {\"choices\":[{\"del", 23), peer_step_close(r);
        assert_stream_fails(p, BELUGA_ERROR_STREAM_CLOSED, &got);
        assert_string_equal(got.text, "Half an answer");
        assert_true(beluga_error_is_retryable(&got.err));
    }
}

static void a_generate_over_a_stream_that_breaks_gives_what_arrived_to_who_asked(void **state)
{
    peer *p = *state;
    beluga_response *response = NULL;
    SCOPED(beluga_response) *partial = NULL;
    beluga_error err = {0};
    peer_reply *r = reply_half(p, "Half an answer");
    peer_step_close(r);
    SCOPED(beluga_chat_model) *model = open_peer(p);
    int status = beluga_invoke(model, NULL, beluga_input_text("Hi"), &response, &err,
                               beluga_with_wire_streaming(true), beluga_with_partial(&partial));
    assert_int_equal(status, BELUGA_ERROR_STREAM_CLOSED);
    assert_null(response);
    assert_non_null(partial);
    assert_string_equal(beluga_response_text(partial, NULL), "Half an answer");
    assert_false(beluga_response_is_complete(partial));
}

static void bytes_that_are_not_http_are_an_invalid_response(void **state)
{
    peer *p = *state;
    beluga_error err = {0};
    reply_raw(p, "220 mail.invalid ESMTP ready\r\n\r\n");
    assert_fails(p, BELUGA_ERROR_INVALID_RESPONSE, &err);
}

static void a_server_that_never_answers_is_a_timeout(void **state)
{
    peer *p = *state;
    beluga_error err;
    pulled got;
    peer_reply *r = peer_reply_new(p);
    peer_reply_repeat(r, 2);
    peer_step_hang(r);
    SCOPED(beluga_chat_model) *model = open_peer_with(p, beluga_with_timeout_ms(60));
    assert_int_equal(ask(model, &err), BELUGA_ERROR_TIMEOUT);
    assert_clean(&err);
    assert_true(beluga_error_is_retryable(&err));
    assert_non_null(strstr(err.message, "60 ms"));
    stream_all(model, &got);
    assert_int_equal(got.status, BELUGA_ERROR_TIMEOUT);
    assert_int_equal(peer_wait_all_closed(p, PATIENCE_MS), 0);
}

static void a_server_that_accepts_and_is_deaf_is_a_timeout(void **state)
{
    peer *p = *state;
    beluga_error err;
    peer_fail_accepts(p, PEER_ACCEPT_DEAF, 1);
    SCOPED(beluga_chat_model) *model = open_peer_with(p, beluga_with_timeout_ms(60));
    assert_int_equal(ask(model, &err), BELUGA_ERROR_TIMEOUT);
    assert_clean(&err);
}

static void a_stream_that_goes_silent_is_stream_timeout(void **state)
{
    peer *p = *state;
    pulled got;
    peer_reply *r = reply_half(p, "Half");
    peer_step_hang(r);
    SCOPED(beluga_chat_model) *model = open_peer_with(p, beluga_with_idle_timeout_ms(60));
    stream_all(model, &got);
    assert_int_equal(got.status, BELUGA_ERROR_STREAM_TIMEOUT);
    assert_string_equal(got.text, "Half");
    assert_clean(&got.err);
}

/* ---- limits ---------------------------------------------------------------------------------- */

static void headers_past_their_maximum_are_limit_exceeded(void **state)
{
    peer *p = *state;
    beluga_error err;
    for (int many = 0; many < 2; many++) {
        peer_reply *r = peer_reply_new(p);
        peer_step_status(r, 200, NULL);
        if (many)
            for (int i = 0; i < 20; i++) peer_step_header_fill(r, "X-Fill", HEADER_BYTES / 20);
        else
            peer_step_header_fill(r, "X-Fill", HEADER_BYTES);
        peer_step_body(r, "{}", 2);
        assert_fails(p, BELUGA_ERROR_LIMIT_EXCEEDED, &err);
        assert_non_null(strstr(err.message, "header"));
    }
}

static void a_header_of_many_kibibytes_is_fine(void **state)
{
    peer *p = *state;
    beluga_error err;
    peer_reply *r = peer_reply_new(p);
    peer_step_status(r, 429, NULL);
    peer_step_header_fill(r, "X-Fill", 40 * 1024);
    peer_step_header(r, "Retry-After", "4");
    peer_step_body(r, "{}", 2);
    assert_fails(p, BELUGA_ERROR_RATE_LIMIT, &err);
    assert_int_equal(err.retry_after_ms, 4000);
}

static void an_answer_past_max_response_bytes_is_limit_exceeded(void **state)
{
    static char text[6000];
    peer *p = *state;
    beluga_error err;
    pulled got;
    memset(text, 'a', sizeof text - 1);
    peer_reply *r = peer_reply_new(p);
    peer_openai_answer(r, text);
    SCOPED(beluga_chat_model) *model = open_peer_with(p, beluga_with_max_response_bytes(2048));
    assert_int_equal(ask(model, &err), BELUGA_ERROR_LIMIT_EXCEEDED);
    assert_clean(&err);
    assert_non_null(strstr(err.message, "max_response_bytes"));
    beluga_chat_model_unref(model);

    r = peer_reply_new(p);
    peer_openai_begin(r);
    for (int i = 0; i < 5; i++)
        peer_openai_text(r, "0123456789012345678901234567890123456789"),
            peer_openai_text(r, text + 5000);
    peer_openai_finish(r, "stop");
    peer_openai_done(r);
    const beluga_option small = beluga_with_max_response_bytes(2048);
    model = open_at(peer_url(p), &small, 1);
    beluga_response *response = NULL;
    int status = beluga_invoke(model, NULL, beluga_input_text("Hi"), &response, &err,
                               beluga_with_wire_streaming(true));
    assert_int_equal(status, BELUGA_ERROR_LIMIT_EXCEEDED);
    assert_non_null(strstr(err.message, "max_response_bytes"));
    beluga_chat_model_unref(model);

    r = peer_reply_new(p);
    peer_openai_begin(r);
    peer_openai_text(r, text);
    model = open_peer_with(p, beluga_with_max_event_bytes(2048));
    stream_all(model, &got);
    assert_int_equal(got.status, BELUGA_ERROR_LIMIT_EXCEEDED);
    assert_non_null(strstr(got.err.message, "max_event_bytes"));
}

static void json_nested_thousands_deep_is_refused_and_harmless(void **state)
{
    static char deep[2 * DEEP + 64];
    peer *p = *state;
    beluga_error err;
    pulled got;
    size_t n = (size_t)snprintf(deep, sizeof deep, "{\"choices\":");
    memset(deep + n, '[', DEEP);
    memset(deep + n + DEEP, ']', DEEP);
    strcpy(deep + n + 2 * DEEP, "}");
    peer_step_json(peer_reply_new(p), 200, deep);
    assert_fails(p, BELUGA_ERROR_LIMIT_EXCEEDED, &err);
    peer_step_json(peer_reply_new(p), 500, deep);
    assert_fails(p, BELUGA_ERROR_INTERNAL, &err);
    peer_reply *r = peer_reply_new(p);
    peer_openai_begin(r);
    peer_step_sse(r, deep);
    peer_step_end(r);
    assert_stream_fails(p, BELUGA_ERROR_LIMIT_EXCEEDED, &got);
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
        cmocka_unit_test(a_dead_port_is_a_network_error_that_may_pass),
        cmocka_unit_test(a_server_of_this_machine_that_does_not_run_is_tried_once_more),
        cmocka_unit_test(a_number_of_retries_that_somebody_chose_holds_for_it_too),
        ON_PEER(a_connection_that_ends_before_the_answer_is_a_network_error),
        ON_PEER(an_answer_shorter_than_it_claims_is_a_network_error),
        ON_PEER(a_stream_that_ends_without_its_proof_is_stream_closed),
        ON_PEER(a_generate_over_a_stream_that_breaks_gives_what_arrived_to_who_asked),
        ON_PEER(bytes_that_are_not_http_are_an_invalid_response),
        ON_PEER(a_server_that_never_answers_is_a_timeout),
        ON_PEER(a_server_that_accepts_and_is_deaf_is_a_timeout),
        ON_PEER(a_stream_that_goes_silent_is_stream_timeout),
        ON_PEER(headers_past_their_maximum_are_limit_exceeded),
        ON_PEER(a_header_of_many_kibibytes_is_fine),
        ON_PEER(an_answer_past_max_response_bytes_is_limit_exceeded),
        ON_PEER(json_nested_thousands_deep_is_refused_and_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
