/* Faults that the scripted peer causes on purpose. */
#include "client.h"

/* ---- connections that end badly -------------------------------------------------------------- */

static void a_body_may_be_shorter_than_it_claims(void **state)
{
    peer *p = *state;
    char text[1024];
    peer_reply *r = peer_reply_new(p);
    peer_step_status(r, 200, NULL);
    peer_step_body_claiming(r, "half", 4, 100);
    peer_step_close(r);
    get_all(p, "/", text, sizeof text);
    assert_non_null(strstr(text, "Content-Length: 100\r\n\r\nhalf"));
}

static void a_connection_may_be_reset_before_the_answer(void **state)
{
    peer *p = *state;
    peer_step_reset(peer_reply_new(p));
    int fd = dial(p);
    get(fd, "/");
    assert_int_equal(hear_end(fd), ECONNRESET);
    assert_int_equal(peer_wait_outcome(p, 0, PEER_ANSWERED, WAIT_MS), 0);
    close(fd);
}

/* Connect, and expect a reset. On a busy machine the reset may arrive before connect() has
 * returned. */
static void dial_and_hear_reset(peer *p)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)peer_port(p))};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int rc = connect(fd, (struct sockaddr *)&at, sizeof at);
    assert_int_equal(rc != 0 ? errno : hear_end(fd), ECONNRESET);
    close(fd);
}

static void a_connection_may_be_reset_or_closed_as_it_is_accepted(void **state)
{
    peer *p = *state;
    peer_fail_accepts(p, PEER_ACCEPT_RESET, 1);
    dial_and_hear_reset(p);
    peer_fail_accepts(p, PEER_ACCEPT_CLOSE, 1);
    int fd = dial(p);
    assert_int_equal(hear_end(fd), 0);
    close(fd);
    assert_int_equal(peer_wait_closed(p, 2, WAIT_MS), 0);
    assert_int_equal(peer_requests(p), 0);
}

static void a_deaf_connection_takes_a_request_and_never_reads_it(void **state)
{
    peer *p = *state;
    char text[256];
    peer_fail_accepts(p, PEER_ACCEPT_DEAF, 1);
    peer_step_json(peer_reply_new(p), 200, "{}");
    int deaf = dial(p), fd = dial(p);
    assert_int_equal(peer_wait_connections(p, 2, WAIT_MS), 0);
    get(deaf, "/deaf");
    assert_int_equal(get_answer(fd, "/", text, sizeof text), 200);
    assert_int_equal(peer_requests(p), 1);
    assert_string_equal(peer_request_path(p, 0), "/");
    close(deaf);
    close(fd);
    assert_int_equal(peer_wait_all_closed(p, WAIT_MS), 0);
}

static void a_kept_connection_may_close_just_as_a_request_is_sent(void **state)
{
    peer *p = *state;
    char text[1024];
    for (int reset = 0; reset < 2; reset++) {
        peer_reply *r = peer_reply_new(p);
        peer_step_json(r, 200, "{}");
        peer_step_await_bytes(r);
        if (reset)
            peer_step_reset(r);
        else
            peer_step_close(r);
        int fd = dial(p);
        assert_int_equal(get_answer(fd, "/", text, sizeof text), 200);
        get(fd, "/again");
        assert_int_equal(hear_end(fd), reset ? ECONNRESET : 0);
        close(fd);
    }
    assert_int_equal(peer_requests(p), 2);
}

static void a_second_request_on_a_kept_connection_may_go_unanswered(void **state)
{
    peer *p = *state;
    char text[1024];
    peer_step_json(peer_reply_new(p), 200, "{}");
    peer_step_close(peer_reply_new(p));
    int fd = dial(p);
    assert_int_equal(get_answer(fd, "/", text, sizeof text), 200);
    get(fd, "/again");
    assert_int_equal(hear_end(fd), 0);
    assert_int_equal(peer_requests(p), 2);
    assert_int_equal(peer_request_connection(p, 1), 0);
    close(fd);
}

static void a_body_without_framing_ends_with_the_connection(void **state)
{
    peer *p = *state;
    char text[1024];
    peer_reply *r = peer_reply_new(p);
    peer_step_status(r, 200, "Content-Type: text/event-stream\r\n");
    peer_step_raw(r, "data: x\r\r", 9);
    peer_step_close(r);
    get_all(p, "/", text, sizeof text);
    assert_string_equal(text, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
                              "data: x\r\r");
}

/* ---- silence --------------------------------------------------------------------------------- */

static void a_gate_holds_an_answer_until_it_is_opened(void **state)
{
    peer *p = *state;
    char text[1024];
    peer_reply *r = peer_reply_new(p);
    peer_step_sse(r, "one");
    peer_step_gate(r, 3);
    peer_step_sse(r, "two");
    peer_step_end(r);
    int fd = dial(p);
    get(fd, "/");
    hear_until(fd, text, sizeof text, "data: one\n\n\r\n");
    assert_int_equal(peer_request_outcome(p, 0), PEER_RUNNING);
    peer_open_gate(p, 2);
    peer_open_gate(p, 3);
    hear_until(fd, text, sizeof text, "0\r\n\r\n");
    assert_string_equal(text, "b\r\ndata: two\n\n\r\n0\r\n\r\n");
    assert_int_equal(peer_wait_outcome(p, 0, PEER_ANSWERED, WAIT_MS), 0);
    close(fd);
}

static void a_head_alone_is_followed_by_silence(void **state)
{
    peer *p = *state;
    char text[1024];
    peer_reply *r = peer_reply_new(p);
    peer_step_status(r, 200, NULL);
    peer_step_hang(r);
    int fd = dial(p);
    get(fd, "/");
    hear_until(fd, text, sizeof text, "\r\n\r\n");
    assert_non_null(strstr(text, "Transfer-Encoding: chunked"));
    assert_int_equal(peer_open_connections(p), 1);
    assert_int_equal(peer_request_outcome(p, 0), PEER_RUNNING);
    close(fd);
}

static void a_client_that_goes_away_is_noticed_in_every_wait(void **state)
{
    peer *p = *state;
    for (size_t i = 0; i < 5; i++) {
        peer_reply *r = peer_reply_new(p);
        if (i == 0) peer_step_hang(r);
        if (i == 1) peer_step_delay_ms(r, 3600000);
        if (i == 2) peer_step_gate(r, 1);
        if (i == 3) peer_step_await_bytes(r);
        if (i == 4) peer_step_split(r, 1, 1000000);
        peer_step_json(r, 200, "{}");
        int fd = dial(p);
        get(fd, "/");
        assert_int_equal(peer_wait_requests(p, i + 1, WAIT_MS), 0);
        close(fd);
        assert_int_equal(peer_wait_outcome(p, i, PEER_CANCELLED, WAIT_MS), 0);
    }
    assert_int_equal(peer_wait_all_closed(p, WAIT_MS), 0);
}

static void a_client_that_does_not_read_stops_the_peer_without_blocking_it(void **state)
{
    peer *p = *state;
    enum { SIZE = 32 * 1024 * 1024 };
    char *big = calloc(1, SIZE), text[256];
    peer_reply *r = peer_reply_new(p);
    peer_step_status(r, 200, NULL);
    peer_step_body(r, big, SIZE);
    peer_step_json(peer_reply_new(p), 200, "{}");
    int slow = dial(p), fd = dial(p);
    get(slow, "/big");
    assert_int_equal(peer_wait_requests(p, 1, WAIT_MS), 0);
    assert_int_equal(get_answer(fd, "/", text, sizeof text), 200);
    assert_int_equal(peer_request_outcome(p, 0), PEER_RUNNING);
    size_t got = 0;
    hear_until(slow, text, sizeof text, "\r\n\r\n");
    for (ssize_t n; got < SIZE && (n = recv(slow, big, SIZE, 0)) > 0;) got += (size_t)n;
    assert_int_equal(got, SIZE);
    assert_int_equal(peer_wait_outcome(p, 0, PEER_ANSWERED, WAIT_MS), 0);
    free(big);
    close(slow);
    close(fd);
}

/* ---- a model server -------------------------------------------------------------------------- */

static void many_streams_run_at_once(void **state)
{
    peer *p = *state;
    enum { STREAMS = 300 };
    static char text[64 * 1024];
    int fds[STREAMS];
    peer_serve_chat(p, &(peer_chat){.tokens = 20, .interval_ms = 2, .time_divisor = 1});
    for (int i = 0; i < STREAMS; i++) {
        fds[i] = dial(p);
        post_last(fds[i], "{\"model\":\"x\",\"stream\":true}");
    }
    for (int i = 0; i < STREAMS; i++) {
        hear_all(fds[i], text, sizeof text);
        assert_int_equal(count(text, "\"delta\":{\"content\":\""), 20);
        assert_int_equal(count(text, "\"finish_reason\":\"stop\""), 1);
        assert_int_equal(count(text, "\"choices\":[],\"usage\":{"), 1);
        assert_non_null(strstr(text, "data: [DONE]\n\n"));
        close(fds[i]);
    }
    assert_int_equal(peer_requests(p), STREAMS);
    assert_int_equal(peer_wait_all_closed(p, WAIT_MS), 0);
}

/* Request a stream, and read until the connection ends. Returns the status, or 0 if there is no
 * answer. */
static int ask(peer *p, const char *model, char *text, size_t size)
{
    char body[64];
    int fd = dial(p);
    snprintf(body, sizeof body, "{\"model\":\"%s\",\"stream\":true}", model);
    post_last(fd, body);
    hear_all(fd, text, size);
    close(fd);
    return strncmp(text, "HTTP/1.1 ", 9) == 0 ? atoi(text + 9) : 0;
}

static void a_model_fails_as_its_name_says(void **state)
{
    peer *p = *state;
    static char text[64 * 1024];
    peer_serve_chat(p, &(peer_chat){.tokens = 60, .time_divisor = 100000});
    for (int i = 0; i < 2; i++) {
        assert_int_equal(ask(p, "s01", text, sizeof text), i ? 200 : 429);
        assert_int_equal(ask(p, "s03", text, sizeof text), i ? 200 : 500);
        assert_int_equal(ask(p, "s05", text, sizeof text), i ? 200 : 0);
    }
    assert_int_equal(ask(p, "s06", text, sizeof text), 0);
    ask(p, "s07", text, sizeof text);
    assert_int_equal(count(text, "\"content\":\""), 60);
    ask(p, "s08", text, sizeof text);
    assert_int_equal(count(text, "\"delta\":{\"content\":\""), 40);
    assert_null(strstr(text, "0\r\n\r\n"));
    ask(p, "s09", text, sizeof text);
    assert_int_equal(count(text, "\"delta\":{\"content\":\""), 20);
    ask(p, "s10", text, sizeof text);
    assert_int_equal(count(text, "\"delta\":{\"content\":\""), 59);
    assert_int_equal(count(text, "\"content\":\n\n"), 1);
    ask(p, "s11", text, sizeof text);
    assert_int_equal(count(text, "\"finish_reason\":\"stop\""), 1);
    assert_null(strstr(text, "[DONE]"));
}

static void a_stream_may_carry_any_text_and_pieces_of_tool_calls(void **state)
{
    peer *p = *state;
    static char text[64 * 1024];
    peer_openai_stream(peer_reply_new(p), " say \"hi\"\n caf\xc3\xa9");
    peer_reply *r = peer_reply_new(p);
    peer_openai_begin(r);
    peer_openai_tool(r, 0, "call_1", "weather", "");
    peer_openai_tool(r, 1, NULL, NULL, "{\"city\":");
    peer_openai_tool(r, 1, NULL, NULL, NULL);
    peer_openai_finish(r, "tool_calls");
    peer_openai_done(r);
    assert_int_equal(ask(p, "x", text, sizeof text), 200);
    assert_non_null(strstr(text, "\"delta\":{\"content\":\" \\\"hi\\\"\\u000a\"}"));
    assert_non_null(strstr(text, "\"delta\":{\"content\":\" caf\xc3\xa9\"}"));
    assert_non_null(strstr(text, "\"completion_tokens\":3,"));
    assert_int_equal(ask(p, "x", text, sizeof text), 200);
    assert_non_null(strstr(text,
                           "\"tool_calls\":[{\"index\":0,\"id\":\"call_1\",\"type\":\"function\","
                           "\"function\":{\"name\":\"weather\",\"arguments\":\"\"}}]"));
    assert_non_null(
        strstr(text, "[{\"index\":1,\"function\":{\"arguments\":\"{\\\"city\\\":\"}}]"));
    assert_non_null(strstr(text, "\"tool_calls\":[{\"index\":1}]"));
}

static int post_model(peer *p, const char *model, char *text, size_t size)
{
    char body[64];
    int fd = dial(p);
    snprintf(body, sizeof body, "{\"model\":\"%s\"}", model);
    post(fd, "/v1/chat/completions", body);
    int status = hear_answer(fd, text, size);
    close(fd);
    return status;
}

static void answers_in_one_piece_fail_as_well(void **state)
{
    peer *p = *state;
    static char text[64 * 1024];
    peer_serve_chat(p, &(peer_chat){.tokens = 60, .time_divisor = 100000});
    assert_int_equal(post_model(p, "s01", text, sizeof text), 429);
    assert_non_null(strstr(text, "\r\nRetry-After: 2\r\n"));
    assert_int_equal(post_model(p, "s02", text, sizeof text), 429);
    assert_null(strstr(text, "Retry-After"));
    assert_int_equal(post_model(p, "s04", text, sizeof text), 503);
    assert_int_equal(post_model(p, "s12", text, sizeof text), 400);
    assert_non_null(strstr(text, "\"code\":\"context_length_exceeded\""));
    assert_int_equal(post_model(p, "s13", text, sizeof text), 400);
    assert_non_null(strstr(text, "\"code\":\"content_policy_violation\""));
    assert_int_equal(post_model(p, "peer-backup", text, sizeof text), 200);
    assert_non_null(strstr(text, "\"model\":\"peer-backup\""));
    assert_int_equal(post_model(p, "any", text, sizeof text), 200);
    assert_non_null(strstr(text, "\"model\":\"peer-chat\""));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        CASE(a_body_may_be_shorter_than_it_claims),
        CASE(a_connection_may_be_reset_before_the_answer),
        CASE(a_connection_may_be_reset_or_closed_as_it_is_accepted),
        CASE(a_deaf_connection_takes_a_request_and_never_reads_it),
        CASE(a_kept_connection_may_close_just_as_a_request_is_sent),
        CASE(a_second_request_on_a_kept_connection_may_go_unanswered),
        CASE(a_body_without_framing_ends_with_the_connection),
        CASE(a_gate_holds_an_answer_until_it_is_opened),
        CASE(a_head_alone_is_followed_by_silence),
        CASE(a_client_that_goes_away_is_noticed_in_every_wait),
        CASE(a_client_that_does_not_read_stops_the_peer_without_blocking_it),
        CASE(many_streams_run_at_once),
        CASE(a_model_fails_as_its_name_says),
        CASE(a_stream_may_carry_any_text_and_pieces_of_tool_calls),
        CASE(answers_in_one_piece_fail_as_well),
    };
    return cmocka_run_group_tests_name("peer_faults", tests, NULL, NULL);
}
