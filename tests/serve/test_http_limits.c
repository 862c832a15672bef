/* Limits of the HTTP server: sizes, timeouts, connections; and how a server is shut down. */
#include "http_stand.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
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

static unsigned accepts;
int __real_accept4(int fd, struct sockaddr *peer, socklen_t *length, int flags);
int __wrap_accept4(int fd, struct sockaddr *peer, socklen_t *length, int flags);
int __wrap_accept4(int fd, struct sockaddr *peer, socklen_t *length, int flags)
{
    accepts++;
    return __real_accept4(fd, peer, length, flags);
}

/* ---- sizes ----------------------------------------------------------------------------------- */

/* Send bytes, and return the whole answer, which is also in `text`. */
static const char *ask(stand *s, const char *bytes, size_t length)
{
    int fd = stand_dial(s);
    memset(s->log, 0, sizeof s->log);
    stand_say_bytes(s, fd, bytes, length);
    stand_hear(s, fd, NULL);
    close(fd);
    return s->text;
}

static void a_target_that_is_too_long_is_refused(void **state)
{
    stand *s = *state;
    char text[8192];
    int n = snprintf(text, sizeof text, "GET /%05000d" HOST "\r\n", 0);
    assert_memory_equal(ask(s, text, (size_t)n), "HTTP/1.1 414 ", 13);
    assert_string_equal(s->log, "refused:414 ");
}

static void headers_that_are_too_long_are_refused(void **state)
{
    stand *s = *state;
    char text[8192];
    int n = snprintf(text, sizeof text, "GET /a" HOST "X: %05000d\r\n\r\n", 0);
    assert_memory_equal(ask(s, text, (size_t)n), "HTTP/1.1 431 ", 13);
    assert_string_equal(s->log, "refused:431 ");
    n = snprintf(text, sizeof text, "%05000d", 0);
    memset(text, '\n', (size_t)n);
    memcpy(text, "GET /a" HOST "X: ", sizeof("GET /a" HOST "X: ") - 1);
    assert_memory_equal(ask(s, text, (size_t)n), "HTTP/1.1 400 ", 13);
}

static void a_head_of_the_most_bytes_is_served(void **state)
{
    stand *s = *state;
    static const char rest[] = "GET /a" HOST "Connection: close\r\nX: \r\n\r\n";
    char text[8192];
    int n = snprintf(text, sizeof text, "GET /a" HOST "Connection: close\r\nX: %0*d\r\n\r\n",
                     4096 - (int)sizeof rest + 1, 0);
    assert_int_equal(n, 4096);
    assert_memory_equal(ask(s, text, (size_t)n), "HTTP/1.1 200 ", 13);
}

static size_t write_headers(char *text, size_t size, int n)
{
    size_t length = (size_t)snprintf(text, size, "GET /a" HOST "Connection: close\r\n");
    for (int i = 2; i < n; i++)
        length += (size_t)snprintf(text + length, size - length, "X: y\r\n");
    return length + (size_t)snprintf(text + length, size - length, "\r\n");
}

static void headers_that_are_too_many_are_refused(void **state)
{
    stand *s = *state;
    char text[4096];
    assert_memory_equal(ask(s, text, write_headers(text, sizeof text, 40)), "HTTP/1.1 200 ", 13);
    assert_memory_equal(ask(s, text, write_headers(text, sizeof text, 41)), "HTTP/1.1 431 ", 13);
    /* The path was read before the request was refused, so the error can have the form that clients
     * of this path expect. */
    assert_non_null(strstr(s->text, "{\"path\":\"\",\"status\":431"));
}

static void a_body_that_says_it_is_too_long_is_refused_before_it_is_read(void **state)
{
    stand *s = *state;
    static const char text[] = "POST /a" HOST "Content-Length: 1048577\r\n\r\n";
    assert_memory_equal(ask(s, text, sizeof text - 1), "HTTP/1.1 413 ", 13);
    assert_non_null(strstr(s->text, "{\"path\":\"/a\",\"status\":413"));
    assert_string_equal(s->log, "head:/a over:413:sent ");
}

static void a_body_that_grows_too_long_is_refused_when_it_does(void **state)
{
    stand *s = *state;
    static const char text[] = "POST /a" HOST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\n";
    s->max_body = 4;
    assert_memory_equal(ask(s, text, sizeof text - 1), "HTTP/1.1 413 ", 13);
    assert_string_equal(s->log, "head:/a over:413:sent ");
}

static void a_handler_sets_the_most_bytes_of_a_body(void **state)
{
    stand *s = *state;
    static const char text[] = "POST /a" HOST "Connection: close\r\nContent-Length: 5\r\n\r\nhello";
    s->max_body = 4;
    assert_memory_equal(ask(s, text, sizeof text - 1), "HTTP/1.1 413 ", 13);
    s->max_body = 5;
    assert_memory_equal(ask(s, text, sizeof text - 1), "HTTP/1.1 200 ", 13);
}

static void the_frame_of_a_chunked_body_is_bounded(void **state)
{
    stand *s = *state;
    static const char *const forms[] = {"3;%0*d\r\nabc\r\n0\r\n\r\n", "%0*d3\r\nabc\r\n0\r\n\r\n",
                                        "3\r\nabc\r\n0\r\nX: %0*d\r\n\r\n",
                                        "3\r\nabc\r\n0\r\nX%0*d: y\r\n\r\n"};
    static char text[1 << 14];
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        const char *head = "POST /a" HOST "Transfer-Encoding: chunked\r\n\r\n";
        char *number = strstr(forms[i], "%0*d");
        int n = snprintf(text, sizeof text, "%s%.*s%09000d%s", head, (int)(number - forms[i]),
                         forms[i], 0, number + 4);
        ask(s, text, (size_t)n);
        assert_true(strncmp(s->text, "HTTP/1.1 400 ", 13) == 0 ||
                    strncmp(s->text, "HTTP/1.1 431 ", 13) == 0);
    }
}

/* ---- times ----------------------------------------------------------------------------------- */

static void a_head_that_comes_byte_by_byte_has_an_end(void **state)
{
    stand *s = *state;
    s->limits.head_ms = 50;
    s->limits.max_head_bytes = 1 << 24;
    int fd = stand_dial(s);
    stand_say(s, fd, "GET /a HTTP/1.1\r\nX: ");
    while (!s->refusals) {
        stand_say(s, fd, "y");
        stand_turn(s);
    }
    assert_string_equal(s->log, "refused:408 ");
    assert_memory_equal(stand_hear(s, fd, NULL), "HTTP/1.1 408 ", 13);
    close(fd);
}

static void a_connection_that_asks_nothing_is_closed_without_a_word(void **state)
{
    stand *s = *state;
    s->limits.head_ms = 50;
    int fd = stand_dial(s);
    assert_string_equal(stand_hear(s, fd, NULL), "");
    assert_string_equal(s->log, "");
    close(fd);
}

static void a_body_that_does_not_come_has_an_end(void **state)
{
    stand *s = *state;
    s->limits.body_ms = 50;
    int fd = stand_dial(s);
    stand_say(s, fd, "POST /a" HOST "Content-Length: 5\r\n\r\nhel");
    assert_memory_equal(stand_hear(s, fd, NULL), "HTTP/1.1 408 ", 13);
    assert_string_equal(s->log, "head:/a over:408:gone ");
    close(fd);
}

static void a_chunked_body_of_frames_alone_has_an_end(void **state)
{
    stand *s = *state;
    s->limits.body_ms = 50;
    s->limits.max_head_bytes = 1 << 24;
    int fd = stand_dial(s);
    stand_say(s, fd, "POST /a" HOST "Transfer-Encoding: chunked\r\n\r\n");
    while (!s->overs) {
        stand_say(s, fd, "0");
        stand_turn(s);
    }
    assert_string_equal(s->log, "head:/a over:408:gone ");
    close(fd);
}

static void a_connection_between_two_requests_has_an_end(void **state)
{
    stand *s = *state;
    s->limits.idle_ms = 50;
    int fd = stand_dial(s);
    stand_say(s, fd, "GET /a" HOST "\r\n");
    stand_hear(s, fd, NULL);
    assert_memory_equal(s->text, "HTTP/1.1 200 ", 13);
    assert_null(strstr(s->text, "connection:"));
    assert_null(strstr(s->text, "408"));
    close(fd);
}

static void a_client_that_reads_nothing_has_an_end(void **state)
{
    stand *s = *state;
    s->limits.write_ms = 50;
    s->big = 20 << 20;
    int fd = stand_dial(s);
    stand_say(s, fd, "GET /big" HOST "\r\n");
    stand_until(s, "over:200:gone");
    stand_until_connections(s, 0);
    close(fd);
}

static void a_request_that_is_handled_has_no_end(void **state)
{
    stand *s = *state;
    s->limits.head_ms = s->limits.body_ms = s->limits.idle_ms = s->limits.write_ms = 1;
    int streaming = stand_dial(s);
    stand_say(s, streaming, "GET /stream" HOST "\r\n");
    stand_hear(s, streaming, "two");
    /* dialled only now, so that its head is there before its 1 ms has begun */
    int hanging = stand_dial(s);
    stand_say(s, hanging, "GET /hang" HOST "\r\n");
    stand_until(s, "/hang request:0");
    int64_t end_ns = reactor_now_ns(s->reactor) + 3 * s->limits.head_ms * 1000000;
    while (reactor_now_ns(s->reactor) < end_ns) stand_turn(s);
    assert_int_equal(s->overs, 0);
    http_answer(s->x, 200, NULL, "yes", 3);
    stand_hear(s, hanging, "yes");
    close(hanging);
    close(streaming);
    stand_until(s, "gone");
}

/* Let more time pass than a limit of 50 ms, without a turn: what is said then is seen in the same
 * turn as the timer that is due. */
static void say_too_late(stand *s, int fd, const char *text)
{
    usleep(60000);
    stand_say(s, fd, text);
    assert_memory_equal(stand_hear(s, fd, "x-method: POST\r\n"), "HTTP/1.1 200 ", 13);
}

static void what_comes_in_the_turn_in_which_its_time_ends_is_served(void **state)
{
    stand *s = *state;
    s->limits.head_ms = s->limits.body_ms = s->limits.idle_ms = 50;
    int fd = stand_dial(s);
    stand_until_connections(s, 1);
    say_too_late(s, fd, "POST /a" HOST "\r\n");
    say_too_late(s, fd, "POST /b" HOST "Content-Length: 0\r\n\r\n");
    stand_say(s, fd, "POST /c" HOST "Content-Length: 5\r\n\r\nhel");
    stand_until(s, "head:/c ");
    say_too_late(s, fd, "lo");
    close(fd);
}

static void a_client_that_does_not_close_behind_the_last_answer_has_an_end(void **state)
{
    stand *s = *state;
    int fd = stand_dial(s);
    stand_say(s, fd, "GET /a" HOST "Connection: close\r\n\r\n");
    stand_hear(s, fd, NULL);
    assert_int_equal(http_server_connections(s->server), 1);
    stand_until_connections(s, 0);
    close(fd);
}

/* ---- connections ----------------------------------------------------------------------------- */

static void one_connection_too_many_is_told_so(void **state)
{
    stand *s = *state;
    s->limits.max_connections = 2;
    int fds[2] = {stand_dial(s), stand_dial(s)};
    stand_until_connections(s, 2);
    int fd = stand_dial(s);
    stand_say(s, fd, "POST /a" HOST "Content-Length: 5\r\n\r\nhello");
    stand_hear(s, fd, NULL);
    assert_memory_equal(s->text, "HTTP/1.1 503 ", 13);
    assert_non_null(strstr(s->text, "\r\nretry-after: 1\r\n"));
    assert_non_null(strstr(s->text, "{\"path\":\"\",\"status\":503"));
    assert_string_equal(s->log, "refused:503 ");
    close(fd);
    close(fds[0]);
    stand_until_connections(s, 1);
    char text[100];
    assert_non_null(strstr(ask(s, text, write_headers(text, sizeof text, 2)), "200 OK"));
    close(fds[1]);
}

static void without_a_descriptor_a_connection_waits_and_nothing_spins(void **state)
{
    stand *s = *state;
    struct rlimit before, none;
    int fd = stand_dial(s);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    int next = dup(fd);
    close(next);
    none = (struct rlimit){.rlim_cur = (rlim_t)next, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    accepts = 0;
    int64_t began_ns = reactor_now_ns(s->reactor);
    for (int i = 0; i < 30; i++) stand_turn(s);
    unsigned tried = accepts;
    int64_t took_ms = (reactor_now_ns(s->reactor) - began_ns) / 1000000;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_true(tried >= 1 && tried <= 2 + took_ms / 100);
    stand_say(s, fd, "GET /a" HOST "\r\n");
    stand_hear(s, fd, "content-length: 0");
    close(fd);
}

/* ---- the end --------------------------------------------------------------------------------- */

static void a_drain_lets_end_what_runs_and_closes_the_rest(void **state)
{
    stand *s = *state;
    int hanging = stand_dial(s), streaming = stand_dial(s), idle = stand_dial(s),
        kept = stand_dial(s);
    stand_say(s, streaming, "GET /stream" HOST "\r\n");
    stand_hear(s, streaming, "two");
    http_exchange *stream = s->x;
    stand_say(s, kept, "GET /a" HOST "\r\n");
    stand_hear(s, kept, "content-length: 0\r\n\r\n");
    stand_say(s, hanging, "GET /hang" HOST "\r\n");
    stand_until(s, "/hang request:0");
    stand_until_connections(s, 4);
    http_server_drain(s->server);
    assert_null(http_server_origin(s->server, 0));
    assert_string_equal(stand_hear(s, idle, NULL), "");
    assert_string_equal(stand_hear(s, kept, NULL), "");
    http_answer(s->x, 200, NULL, "yes", 3);
    http_end(stream);
    assert_non_null(strstr(stand_hear(s, hanging, NULL), "connection: close\r\n"));
    assert_non_null(strstr(stand_hear(s, streaming, NULL), "0\r\n\r\n"));
    close(hanging);
    close(streaming);
    close(idle);
    close(kept);
    stand_until_connections(s, 0);
}

static void a_drain_answers_what_had_been_sent_before(void **state)
{
    stand *s = *state;
    int kept = stand_dial(s);
    stand_say(s, kept, "GET /a" HOST "\r\n");
    stand_hear(s, kept, "content-length: 0\r\n\r\n");
    int fresh = stand_dial(s);
    stand_say(s, kept, "GET /b" HOST "\r\n");
    stand_say(s, fresh, "GET /c" HOST "\r\n");
    http_server_drain(s->server);
    http_server_drain(s->server);
    assert_non_null(strstr(stand_hear(s, kept, NULL), "200 OK"));
    assert_non_null(strstr(stand_hear(s, fresh, NULL), "connection: close\r\n"));
    close(kept);
    close(fresh);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        CASE(a_target_that_is_too_long_is_refused),
        CASE(headers_that_are_too_long_are_refused),
        CASE(a_head_of_the_most_bytes_is_served),
        CASE(headers_that_are_too_many_are_refused),
        CASE(a_body_that_says_it_is_too_long_is_refused_before_it_is_read),
        CASE(a_body_that_grows_too_long_is_refused_when_it_does),
        CASE(a_handler_sets_the_most_bytes_of_a_body),
        CASE(the_frame_of_a_chunked_body_is_bounded),
        CASE(a_head_that_comes_byte_by_byte_has_an_end),
        CASE(a_connection_that_asks_nothing_is_closed_without_a_word),
        CASE(a_body_that_does_not_come_has_an_end),
        CASE(a_chunked_body_of_frames_alone_has_an_end),
        CASE(a_connection_between_two_requests_has_an_end),
        CASE(a_client_that_reads_nothing_has_an_end),
        CASE(a_request_that_is_handled_has_no_end),
        CASE(what_comes_in_the_turn_in_which_its_time_ends_is_served),
        CASE(a_client_that_does_not_close_behind_the_last_answer_has_an_end),
        CASE(one_connection_too_many_is_told_so),
        CASE(without_a_descriptor_a_connection_waits_and_nothing_spins),
        CASE(a_drain_lets_end_what_runs_and_closes_the_rest),
        CASE(a_drain_answers_what_had_been_sent_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
