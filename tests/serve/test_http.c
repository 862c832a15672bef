/* Requests and answers, as clients with different versions of HTTP see them. */
#include "http_stand.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define HOST " HTTP/1.1\r\nHost: a\r\n"

static int start(void **state)
{
    stand *s = stand_new();
    stand_listen(s, "127.0.0.1:0");
    *state = s;
    return 0;
}

static int stop(void **state)
{
    stand_free(*state);
    return 0;
}

/* The number of calls of sendmsg, which the linker replaces by __wrap_sendmsg. */
static unsigned sends;
ssize_t __real_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags)
{
    sends++;
    return __real_sendmsg(fd, message, flags);
}

/* Remove the value of the date header from an answer, and return the answer. */
static const char *without_date(char *text)
{
    char *date = strstr(text, "date: ");
    assert_non_null(date);
    char *next = strstr(date, " GMT\r\n");
    assert_ptr_equal(next, date + strlen("date: Sun, 06 Nov 1994 08:49:37"));
    memmove(date, next + 6, strlen(next + 6) + 1);
    return text;
}

/* ---- answers --------------------------------------------------------------------------------- */

static void an_answer_has_a_length_and_the_time_and_tells_no_version(void **state)
{
    stand *s = *state;
    int fd = stand_dial(s);
    stand_say(s, fd, "POST /a?b" HOST "Content-Length: 5\r\n\r\nhello");
    stand_hear(s, fd, "hello");
    assert_string_equal(without_date(s->text),
                        "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nx-method: POST\r\n"
                        "content-length: 5\r\n\r\nhello");
    assert_string_equal(s->log, "head:/a request:5 over:200:sent ");
    close(fd);
}

static void HEAD_gets_the_length_without_the_body(void **state)
{
    stand *s = *state;
    int fd = stand_dial(s);
    s->big = 1000;
    stand_say(s, fd, "HEAD /big" HOST "\r\nHEAD /whole" HOST "\r\nGET /a" HOST "\r\n");
    stand_hear(s, fd, "x-method: GET\r\ncontent-length: 0\r\n\r\n");
    assert_non_null(strstr(s->text, "content-length: 1000\r\n\r\nHTTP/1.1 200 OK"));
    assert_non_null(strstr(s->text, "transfer-encoding: chunked\r\n\r\nHTTP/1.1 200 OK"));
    close(fd);
}

static void a_204_has_neither_body_nor_length(void **state)
{
    stand *s = *state;
    int fd = stand_dial(s);
    stand_say(s, fd, "GET /none" HOST "\r\n");
    stand_hear(s, fd, "\r\n\r\n");
    assert_string_equal(without_date(s->text), "HTTP/1.1 204 No Content\r\n\r\n");
    close(fd);
}

static void a_stream_is_chunks_of_which_the_last_is_empty(void **state)
{
    stand *s = *state;
    int fd = stand_dial(s);
    stand_say(s, fd, "GET /whole" HOST "\r\n");
    stand_hear(s, fd, "0\r\n\r\n");
    assert_string_equal(without_date(s->text),
                        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
                        "transfer-encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n");
    stand_say(s, fd, "GET /a" HOST "\r\n");
    stand_hear(s, fd, "content-length: 0\r\n\r\n");
    close(fd);
}

static void a_stream_to_an_old_client_ends_with_the_connection(void **state)
{
    stand *s = *state;
    int fd = stand_dial(s);
    stand_say(s, fd, "GET /whole HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    stand_hear(s, fd, NULL);
    assert_string_equal(without_date(s->text),
                        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
                        "connection: close\r\n\r\nonetwo");
    close(fd);
}

static void a_broken_stream_is_delivered_without_its_last_chunk(void **state)
{
    stand *s = *state;
    int fd = stand_dial(s);
    stand_say(s, fd, "GET /break" HOST "\r\nGET /a" HOST "\r\n");
    stand_hear(s, fd, NULL);
    assert_non_null(strstr(s->text, "\r\n\r\n3\r\none\r\n"));
    assert_null(strstr(s->text, "0\r\n\r\n"));
    assert_string_equal(s->log, "head:/break request:0 over:200:sent ");
    close(fd);
}

static void an_exchange_that_ends_without_an_answer_closes_the_connection(void **state)
{
    stand *s = *state;
    int fd = stand_dial(s);
    stand_say(s, fd, "GET /hang" HOST "\r\n");
    stand_until(s, "request:0");
    http_end(s->x);
    assert_string_equal(stand_hear(s, fd, NULL), "");
    assert_int_equal(s->overs, 1);
    close(fd);
}

static void what_a_turn_writes_is_one_send(void **state)
{
    stand *s = *state;
    int fd = stand_dial(s);
    stand_say(s, fd, "GET /stream" HOST "\r\n");
    sends = 0;
    stand_hear(s, fd, "two\r\n");
    assert_int_equal(sends, 1);
    for (int i = 0; i < 20; i++) http_write(s->x, "more", 4);
    http_end(s->x);
    stand_hear(s, fd, "0\r\n\r\n");
    assert_int_equal(sends, 2);
    stand_say(s, fd, "POST /a" HOST "Content-Length: 5\r\n\r\nhello");
    stand_hear(s, fd, "hello");
    assert_int_equal(sends, 3);
    close(fd);
}

static void nothing_is_kept_for_a_stream_that_is_silent(void **state)
{
    stand *s = *state;
    int fd = stand_dial(s);
    stand_say(s, fd, "GET /stream" HOST "\r\n");
    stand_hear(s, fd, "two\r\n");
    stand_turn(s);
    assert_int_equal(s->x->c->out.capacity, 0);
    assert_int_equal(s->x->c->ahead.capacity, 0);
    assert_true(s->x->head.capacity <= 1024);
    close(fd);
    stand_until(s, "over:200:gone");
}

/* ---- pipelined requests ---------------------------------------------------------------------- */

static void a_request_behind_another_waits_for_its_answer(void **state)
{
    stand *s = *state;
    int fd = stand_dial(s);
    stand_say(s, fd, "GET /hang" HOST "\r\nPOST /b" HOST "Content-Length: 2\r\n\r\nhi");
    stand_until(s, "request:0");
    for (int i = 0; i < 5; i++) stand_turn(s);
    assert_int_equal(s->heads, 1);
    http_answer(s->x, 200, "text/plain", "first", 5);
    stand_hear(s, fd, "hi");
    assert_true(strstr(s->text, "first") < strstr(s->text, "hi"));
    assert_string_equal(s->log,
                        "head:/hang request:0 over:200:sent head:/b request:2 over:200:sent ");
    close(fd);
}

static void not_much_is_read_ahead_of_an_answer(void **state)
{
    stand *s = *state;
    int fd = stand_dial(s);
    stand_say(s, fd, "GET /hang" HOST "\r\n");
    stand_until(s, "request:0");
    size_t sent = 0;
    ssize_t n;
    /* Send requests until the server does not read any more. */
    for (int still = 0; still < 20; still = n > 0 ? 0 : still + 1) {
        static const char request[] = "GET /a" HOST "\r\n";
        n = send(fd, request, sizeof request - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
        sent += n > 0 ? (size_t)n : 0;
        if (n <= 0) stand_turn(s);
    }
    assert_true(s->x->c->ahead.length <= HTTP_READ_BYTES);
    assert_true(sent > HTTP_READ_BYTES);
    assert_int_equal(s->heads, 1);
    stand_reset(fd);
    stand_until(s, "over:0:gone");
}

/* ---- bodies ---------------------------------------------------------------------------------- */

static void a_client_that_waits_is_told_to_go_on(void **state)
{
    stand *s = *state;
    int fd = stand_dial(s);
    stand_say(s, fd, "POST /a" HOST "Content-Length: 2\r\nExpect: 100-Continue\r\n\r\n");
    assert_string_equal(stand_hear(s, fd, "\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    stand_say(s, fd, "hi");
    assert_memory_equal(stand_hear(s, fd, "hi"), "HTTP/1.1 200 OK\r\n", 17);
    close(fd);
}

static void a_client_that_waits_is_not_told_to_go_on_when_it_was_answered(void **state)
{
    stand *s = *state;
    int fd = stand_dial(s);
    stand_say(s, fd, "POST /deny" HOST "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    stand_hear(s, fd, NULL);
    assert_memory_equal(s->text, "HTTP/1.1 401 Unauthorized\r\n", 27);
    assert_non_null(strstr(s->text, "connection: close\r\n"));
    assert_int_equal(s->requests, 0);
    close(fd);
}

static void an_answer_to_a_head_is_seen_by_a_client_that_goes_on_sending(void **state)
{
    stand *s = *state;
    static char piece[1 << 16];
    int fd = stand_dial(s);
    stand_say(s, fd, "POST /deny" HOST "Content-Length: 8388608\r\n\r\n");
    for (size_t sent = 0; sent < 128 * sizeof piece;) {
        ssize_t n = send(fd, piece, sizeof piece, MSG_DONTWAIT | MSG_NOSIGNAL);
        assert_true(n > 0 || errno == EAGAIN); /* no reset */
        sent += n > 0 ? (size_t)n : 0;
        stand_turn(s);
    }
    stand_hear(s, fd, NULL);
    assert_non_null(strstr(s->text, "\r\n\r\nno key\n"));
    assert_string_equal(s->log, "head:/deny over:401:sent ");
    close(fd);
    stand_until_connections(s, 0);
}

static void an_answer_to_a_head_is_seen_by_a_client_that_sends_no_more(void **state)
{
    stand *s = *state;
    static char piece[1 << 18];
    int fd = stand_dial(s);
    stand_say(s, fd, "POST /deny" HOST "Content-Length: 1048576\r\n\r\n");
    ssize_t n = send(fd, piece, sizeof piece, MSG_DONTWAIT | MSG_NOSIGNAL);
    assert_true(n > 0);
    shutdown(fd, SHUT_WR);
    stand_until_connections(s, 1);
    stand_until_connections(s, 0);
    stand_hear(s, fd, NULL);
    assert_non_null(strstr(s->text, "\r\n\r\nno key\n"));
    close(fd);
}

static void a_body_may_be_taken(void **state)
{
    stand *s = *state;
    size_t length;
    int fd = stand_dial(s);
    stand_say(s, fd,
              "POST /hang" HOST
              "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n");
    stand_until(s, "request:5");
    char *body = http_take_body(s->x, &length);
    assert_int_equal(length, 5);
    assert_string_equal(body, "hello");
    assert_string_equal(http_body(s->x, &length), "");
    http_answer(s->x, 200, NULL, NULL, 0);
    stand_hear(s, fd, "content-length: 0\r\n\r\n");
    free(body);
    close(fd);
}

static void headers_are_found_by_their_name_in_any_case(void **state)
{
    stand *s = *state;
    const char *name, *value;
    int fd = stand_dial(s);
    stand_say(s, fd,
              "GET http://b:80/hang?q=1" HOST "X-One:  a b \t\r\nx-two:\r\nX-ONE: c\r\n\r\n");
    stand_until(s, "request:0");
    assert_string_equal(http_method(s->x), "GET");
    assert_string_equal(http_path(s->x), "/hang");
    assert_string_equal(http_query(s->x), "q=1");
    assert_string_equal(http_header(s->x, "x-one"), "a b");
    assert_string_equal(http_header(s->x, "X-Two"), "");
    assert_null(http_header(s->x, "x-three"));
    assert_true(http_header_at(s->x, 3, &name, &value));
    assert_string_equal(name, "X-ONE");
    assert_string_equal(value, "c");
    assert_false(http_header_at(s->x, 4, &name, &value));
    assert_memory_equal(http_peer(s->x), "127.0.0.1:", 10);
    assert_true(http_began_ns(s->x) <= reactor_now_ns(s->reactor));
    close(fd);
    stand_until(s, "over:0:gone");
}

static void a_target_without_a_path_is_that_of_the_root(void **state)
{
    stand *s = *state;
    int fd = stand_dial(s);
    stand_say(s, fd, "GET http://b?q=1" HOST "\r\nGET HTTPS://b:1" HOST "\r\n");
    stand_until(s, "head:/ request:0 over:200:sent head:/ request:0 over:200:sent");
    close(fd);
}

/* ---- back-pressure --------------------------------------------------------------------------- */

static void whoever_writes_is_told_when_a_slow_client_has_read(void **state)
{
    stand *s = *state;
    static char piece[1 << 14];
    size_t written = 0;
    int fd = stand_dial(s);
    stand_say(s, fd, "GET /stream" HOST "\r\n");
    stand_hear(s, fd, "two\r\n");
    memset(piece, 'p', sizeof piece);
    /* Bytes that the kernel has accepted do not count as unsent, so the exchange stays full only
     * after the kernel's buffers are full. */
    for (int full = 0; full < 3; full++) {
        for (; !http_is_full(s->x); written += sizeof piece) http_write(s->x, piece, sizeof piece);
        stand_turn(s);
    }
    assert_true(http_unsent(s->x->c) <= s->limits.full_bytes + 2 * sizeof piece);
    s->writables = 0;
    http_exchange *x = s->x;
    for (size_t heard = 0; heard < written;) {
        ssize_t n = recv(fd, s->text, sizeof s->text, MSG_DONTWAIT);
        heard += n > 0 ? (size_t)n : 0;
        stand_turn(s);
    }
    assert_int_equal(s->writables, 1);
    assert_false(http_is_full(x));
    close(fd);
    stand_until(s, "over:200:gone");
}

static void an_answer_that_is_larger_than_the_kernel_takes_arrives_whole(void **state)
{
    stand *s = *state;
    size_t heard = 0;
    int fd = stand_dial(s);
    s->big = 20 << 20;
    stand_say(s, fd, "GET /big" HOST "Connection: close\r\n\r\n");
    for (ssize_t n = -1; n != 0; n > 0 ? (heard += (size_t)n) : 0) {
        stand_turn(s);
        n = recv(fd, s->text, sizeof s->text, MSG_DONTWAIT);
    }
    assert_true(heard > s->big && heard < s->big + 300);
    assert_string_equal(s->log, "head:/big request:0 over:200:sent ");
    close(fd);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        CASE(an_answer_has_a_length_and_the_time_and_tells_no_version),
        CASE(HEAD_gets_the_length_without_the_body),
        CASE(a_204_has_neither_body_nor_length),
        CASE(a_stream_is_chunks_of_which_the_last_is_empty),
        CASE(a_stream_to_an_old_client_ends_with_the_connection),
        CASE(a_broken_stream_is_delivered_without_its_last_chunk),
        CASE(an_exchange_that_ends_without_an_answer_closes_the_connection),
        CASE(what_a_turn_writes_is_one_send),
        CASE(nothing_is_kept_for_a_stream_that_is_silent),
        CASE(a_request_behind_another_waits_for_its_answer),
        CASE(not_much_is_read_ahead_of_an_answer),
        CASE(a_client_that_waits_is_told_to_go_on),
        CASE(a_client_that_waits_is_not_told_to_go_on_when_it_was_answered),
        CASE(an_answer_to_a_head_is_seen_by_a_client_that_goes_on_sending),
        CASE(an_answer_to_a_head_is_seen_by_a_client_that_sends_no_more),
        CASE(a_body_may_be_taken),
        CASE(headers_are_found_by_their_name_in_any_case),
        CASE(a_target_without_a_path_is_that_of_the_root),
        CASE(whoever_writes_is_told_when_a_slow_client_has_read),
        CASE(an_answer_that_is_larger_than_the_kernel_takes_arrives_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
