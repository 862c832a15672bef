/* The scripted peer itself: its answers, its log of requests, and the functions that wait for
 * it. */
#include "client.h"

/* ---- answers --------------------------------------------------------------------------------- */

static void a_json_answer_has_its_length_and_keeps_the_connection(void **state)
{
    peer *p = *state;
    char text[1024];
    peer_step_json(peer_reply_new(p), 200, "{\"a\":1}");
    peer_step_json(peer_reply_new(p), 404, "{}");
    int fd = dial(p);
    assert_int_equal(get_answer(fd, "/v1/models", text, sizeof text), 200);
    assert_string_equal(text, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                              "Content-Length: 7\r\n\r\n{\"a\":1}");
    assert_int_equal(get_answer(fd, "/v1/nothing", text, sizeof text), 404);
    assert_int_equal(peer_request_connection(p, 0), 0);
    assert_int_equal(peer_request_connection(p, 1), 0);
    assert_int_equal(peer_connections(p), 1);
    close(fd);
    assert_int_equal(peer_wait_all_closed(p, WAIT_MS), 0);
}

static void a_streamed_answer_is_one_chunk_per_event(void **state)
{
    peer *p = *state;
    char text[1024];
    peer_reply *r = peer_reply_new(p);
    peer_step_sse(r, "one");
    peer_step_chunk(r, "", 0);
    peer_step_chunk(r, ": comment\r\r", 11);
    peer_step_sse(r, "[DONE]");
    peer_step_end(r);
    int fd = dial(p);
    get(fd, "/");
    hear_until(fd, text, sizeof text, "0\r\n\r\n");
    assert_string_equal(text, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                              "Transfer-Encoding: chunked\r\n\r\n"
                              "b\r\ndata: one\n\n\r\nb\r\n: comment\r\r\r\n"
                              "e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n");
    close(fd);
}

static void replies_are_used_in_order_and_the_last_one_may_repeat(void **state)
{
    peer *p = *state;
    static const int expected[] = {500, 500, 200, 200, 200};
    char text[1024];
    peer_reply *r = peer_reply_new(p);
    peer_step_json(r, 500, "{}");
    peer_reply_repeat(r, 2);
    r = peer_reply_new(p);
    peer_step_json(r, 200, "{}");
    peer_reply_repeat(r, PEER_FOR_EVER);
    int fd = dial(p);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        assert_int_equal(get_answer(fd, "/", text, sizeof text), expected[i]);
    }
    close(fd);
}

static void a_request_that_nobody_scripted_is_refused_and_counted(void **state)
{
    peer *p = *state;
    char text[1024];
    int fd = dial(p);
    assert_int_equal(get_answer(fd, "/", text, sizeof text), PEER_STATUS_UNSCRIPTED);
    assert_int_equal(peer_unscripted(p), 1);
    close(fd);
}

static void a_reply_may_be_for_one_path_model_or_way_of_answering(void **state)
{
    peer *p = *state;
    char text[1024];
    peer_reply *r[4];
    for (int i = 0; i < 4; i++) {
        r[i] = peer_reply_new(p);
        peer_reply_repeat(r[i], PEER_FOR_EVER);
        peer_step_json(r[i], 201 + i, "{}");
    }
    peer_reply_match(r[0], "/models");
    peer_reply_match_model(r[1], "s08");
    peer_reply_match_streamed(r[2], 1);
    int fd = dial(p);
    assert_int_equal(get_answer(fd, "/v1/models?x=1", text, sizeof text), 201);
    post(fd, "/v1/chat", "{\"messages\":[{\"model\":\"no\"}],\"model\" : \"s08\"}");
    assert_int_equal(hear_answer(fd, text, sizeof text), 202);
    post(fd, "/v1/chat", "{\"model\":\"a\\\"b\", \"stream\": true}");
    assert_int_equal(hear_answer(fd, text, sizeof text), 203);
    post(fd, "/v1/chat",
         "{\"model\":\"s08x\",\"x\":{\"stream\":true,\"a\":\"}\"},\"stream\":false}");
    assert_int_equal(hear_answer(fd, text, sizeof text), 204);
    assert_string_equal(peer_request_model(p, 1), "s08");
    assert_string_equal(peer_request_model(p, 2), "a\\\"b");
    close(fd);
}

static void a_reply_may_be_for_one_method_and_path(void **state)
{
    peer *p = *state;
    char text[1024];
    peer_reply *r = peer_reply_new(p);
    peer_reply_match_route(r, "GET /jobs/1");
    peer_step_json(r, 200, "{}");
    r = peer_reply_new(p);
    peer_reply_match_route(r, "POST /jobs/1");
    peer_step_json(r, 201, "{}");
    int fd = dial(p);
    assert_int_equal(get_answer(fd, "/jobs/12", text, sizeof text), PEER_STATUS_UNSCRIPTED);
    assert_int_equal(get_answer(fd, "/jobs", text, sizeof text), PEER_STATUS_UNSCRIPTED);
    post(fd, "/jobs/1", "{}");
    assert_int_equal(hear_answer(fd, text, sizeof text), 201);
    assert_int_equal(get_answer(fd, "/jobs/1", text, sizeof text), 200);
    close(fd);
}

static void a_reply_may_take_turns(void **state)
{
    peer *p = *state;
    char text[1024];
    peer_reply *r = peer_reply_new(p);
    peer_reply_turn(r, 0, 2);
    peer_reply_repeat(r, PEER_FOR_EVER);
    peer_step_json(r, 429, "{}");
    r = peer_reply_new(p);
    peer_reply_repeat(r, PEER_FOR_EVER);
    peer_step_json(r, 200, "{}");
    int fd = dial(p);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(get_answer(fd, "/", text, sizeof text), i % 2 ? 200 : 429);
    }
    close(fd);
}

static void bytes_and_headers_go_out_as_they_were_given(void **state)
{
    peer *p = *state;
    static const char wild[] = "HTTP/1.1 200 \r\nA:\0b\r\n\r\nzz\r\n";
    static char text[200 * 1024];
    peer_reply *r = peer_reply_new(p);
    peer_step_raw(r, wild, sizeof wild);
    peer_step_close(r);
    int fd = dial(p);
    get(fd, "/");
    assert_int_equal(hear_all(fd, text, sizeof text), sizeof wild);
    assert_memory_equal(text, wild, sizeof wild);
    close(fd);

    r = peer_reply_new(p);
    peer_step_status(r, 200, "content-type: text/html\r\n");
    peer_step_header_fill(r, "X-Long", 100000);
    peer_step_split(r, 4096, 0);
    peer_step_body(r, "hi", 2);
    fd = dial(p);
    assert_int_equal(get_answer(fd, "/", text, sizeof text), 200);
    assert_true(strlen(text) > 100000);
    assert_null(strstr(text, "Content-Type"));
    close(fd);
}

static void a_redirect_names_its_target(void **state)
{
    peer *p = *state;
    char text[1024];
    peer_step_redirect(peer_reply_new(p), 307, "http://127.0.0.2/v1");
    int fd = dial(p);
    assert_int_equal(get_answer(fd, "/", text, sizeof text), 307);
    assert_non_null(strstr(text, "\r\nLocation: http://127.0.0.2/v1\r\n"));
    close(fd);
}

static void a_slow_drip_arrives_whole(void **state)
{
    peer *p = *state;
    char text[1024];
    peer_reply *r = peer_reply_new(p);
    peer_step_split(r, 1, 50);
    peer_step_sse(r, "caf\xc3\xa9 \xf0\x9f\x9a\x80");
    peer_step_end(r);
    int fd = dial(p);
    get(fd, "/");
    hear_until(fd, text, sizeof text, "0\r\n\r\n");
    assert_non_null(strstr(text, "data: caf\xc3\xa9 \xf0\x9f\x9a\x80\n\n"));
    close(fd);
}

/* ---- requests -------------------------------------------------------------------------------- */

static const char chunked_request[] =
    "POST /v1/chat/completions HTTP/1.1\r\nHost: peer\r\nAuthorization:  Bearer k \r\n"
    "Transfer-Encoding: chunked\r\n\r\n5;ext=1\r\nhe\0lo\r\n3\r\n!!!\r\n0\r\nTrailer: x\r\n\r\n";

static void assert_chunked_request(peer *p, size_t i)
{
    size_t len;
    const char *body = peer_request_body(p, i, &len);
    assert_int_equal(len, 8);
    assert_memory_equal(body, "he\0lo!!!", 9);
    assert_string_equal(peer_request_method(p, i), "POST");
    assert_string_equal(peer_request_path(p, i), "/v1/chat/completions");
    assert_string_equal(peer_request_header(p, i, "authorization"), "Bearer k");
    assert_null(peer_request_header(p, i, "cookie"));
}

static void a_request_is_understood_however_it_is_cut(void **state)
{
    peer *p = *state;
    char text[1024];
    size_t n = sizeof chunked_request - 1;
    peer_reply *r = peer_reply_new(p);
    peer_step_json(r, 200, "{}");
    peer_reply_repeat(r, PEER_FOR_EVER);
    int fd = dial(p), on = 1;
    setsockopt(fd, IPPROTO_TCP, 1 /* TCP_NODELAY */, &on, sizeof on);
    for (size_t cut = 1; cut < n; cut++) {
        say_n(fd, chunked_request, cut);
        say_n(fd, chunked_request + cut, n - cut);
        assert_int_equal(hear_answer(fd, text, sizeof text), 200);
        assert_chunked_request(p, cut - 1);
    }
    for (size_t i = 0; i < n; i++) say_n(fd, chunked_request + i, 1);
    assert_int_equal(hear_answer(fd, text, sizeof text), 200);
    assert_chunked_request(p, n - 1);
    close(fd);
}

static void requests_sent_at_once_are_answered_one_after_the_other(void **state)
{
    peer *p = *state;
    char text[1024];
    peer_step_json(peer_reply_new(p), 200, "{}");
    peer_step_json(peer_reply_new(p), 404, "{}");
    int fd = dial(p);
    say(fd, "GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\nConnection: close\r\n\r\n");
    assert_int_equal(hear_answer(fd, text, sizeof text), 200);
    assert_int_equal(hear_answer(fd, text, sizeof text), 404);
    assert_int_equal(hear_end(fd), 0);
    assert_string_equal(peer_request_path(p, 1), "/b");
    assert_true(peer_request_time_ns(p, 1) >= peer_request_time_ns(p, 0));
    close(fd);
}

static void a_large_body_is_kept_whole_and_may_be_announced(void **state)
{
    peer *p = *state;
    enum { SIZE = 3 * 1000 * 1000 };
    char text[1024], head[128], *body = malloc(SIZE);
    size_t len;
    memset(body, 'x', SIZE);
    peer_step_json(peer_reply_new(p), 200, "{}");
    snprintf(head, sizeof head,
             "POST / HTTP/1.1\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", SIZE);
    int fd = dial(p);
    say(fd, head);
    hear_until(fd, text, sizeof text, "\r\n\r\n");
    assert_string_equal(text, "HTTP/1.1 100 Continue\r\n\r\n");
    say_n(fd, body, SIZE);
    assert_int_equal(hear_answer(fd, text, sizeof text), 200);
    assert_memory_equal(peer_request_body(p, 0, &len), body, SIZE);
    assert_int_equal(len, SIZE);
    free(body);
    close(fd);
}

static void assert_refused(peer *p, const char *request, int status)
{
    char text[1024];
    int fd = dial(p);
    say(fd, request);
    assert_int_equal(hear_answer(fd, text, sizeof text), status);
    hear_end(fd);
    close(fd);
}

static void what_is_no_request_is_refused_and_counted(void **state)
{
    peer *p = *state;
    assert_refused(p, "hello\r\n\r\n", 400);
    assert_refused(p, "GET / HTTP/2\r\n\r\n", 400);
    assert_refused(p, "GET / HTTP/1.1\r\nno colon\r\n\r\n", 400);
    assert_refused(p, "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400);
    assert_refused(p, "POST / HTTP/1.1\r\nContent-Length: 67108865\r\n\r\n", 413);
    assert_refused(p, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400);
    assert_int_equal(peer_malformed(p), 6);
    assert_int_equal(peer_requests(p), 0);
}

static void a_head_without_end_is_refused(void **state)
{
    peer *p = *state;
    char text[1024], line[1024];
    int fd = dial(p);
    memset(line, 'a', sizeof line);
    say(fd, "GET / HTTP/1.1\r\nX: ");
    for (int i = 0; i < 65; i++)
        if (send(fd, line, sizeof line, MSG_NOSIGNAL) < 0) break;
    hear_all(fd, text, sizeof text);
    assert_int_equal(strncmp(text, "HTTP/1.1 431", 12), 0);
    close(fd);
}

static void the_log_says_nothing_about_requests_that_never_came(void **state)
{
    peer *p = *state;
    size_t len = 7;
    assert_null(peer_request_body(p, 0, &len));
    assert_int_equal(len, 0);
    assert_null(peer_request_path(p, 0));
    assert_null(peer_request_header(p, 0, "host"));
    assert_int_equal(peer_request_connection(p, 0), -1);
    assert_int_equal(peer_request_outcome(p, 0), -1);
    assert_int_equal(peer_wait_requests(p, 1, 1), -1);
    assert_int_equal(peer_wait_requests(p, 0, 0), 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        CASE(a_json_answer_has_its_length_and_keeps_the_connection),
        CASE(a_streamed_answer_is_one_chunk_per_event),
        CASE(replies_are_used_in_order_and_the_last_one_may_repeat),
        CASE(a_request_that_nobody_scripted_is_refused_and_counted),
        CASE(a_reply_may_be_for_one_path_model_or_way_of_answering),
        CASE(a_reply_may_be_for_one_method_and_path),
        CASE(a_reply_may_take_turns),
        CASE(bytes_and_headers_go_out_as_they_were_given),
        CASE(a_redirect_names_its_target),
        CASE(a_slow_drip_arrives_whole),
        CASE(a_request_is_understood_however_it_is_cut),
        CASE(requests_sent_at_once_are_answered_one_after_the_other),
        CASE(a_large_body_is_kept_whole_and_may_be_announced),
        CASE(what_is_no_request_is_refused_and_counted),
        CASE(a_head_without_end_is_refused),
        CASE(the_log_says_nothing_about_requests_that_never_came),
    };
    return cmocka_run_group_tests_name("peer", tests, NULL, NULL);
}
