/* Connections that fail, and answers that are larger than a maximum. */
#include "../support/too_short.h"
#include "answers.h"

#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

enum { HEADER_BYTES = 200 * 1024, DEEP = 5000 };

/* Script an answer of exactly these bytes. */
static void reply_raw(peer *p, const char *bytes)
{
    peer_reply *r = peer_reply_new(p);
    peer_step_raw(r, bytes, strlen(bytes));
    peer_step_close(r);
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

/* Make a call to a port where nothing listens. If `retries` is negative, the library's default
 * applies. */
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

/* Assert that the call fails with a network error that may be retried. */
static void breaks(peer *p)
{
    beluga_error err;
    assert_fails(p, BELUGA_ERROR_NETWORK, &err);
    assert_true(beluga_error_is_retryable(&err));
}

static void a_connection_that_ends_before_the_answer_is_a_network_error(void **state)
{
    peer *p = *state;
    peer_step_reset(peer_reply_new(p));
    breaks(p);
    peer_step_close(peer_reply_new(p));
    breaks(p);
    reply_raw(p, "HTTP/1.1 200 OK\r\nContent-Ty");
    breaks(p);
}

static void an_answer_shorter_than_it_claims_is_a_network_error(void **state)
{
    peer *p = *state;
    reply_cut(p, 200, "Content-Type: application/json\r\n", "{\"choices\":[", 900);
    breaks(p);
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
    int64_t ms = 60;
    do {
        peer_step_hang(reply_half(p, "Half"));
        SCOPED(beluga_chat_model) *model = open_peer_with(p, beluga_with_idle_timeout_ms(ms));
        stream_all(model, &got);
    } while (was_too_short(&ms, got.texts > 0));
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
