/* The server notices at once that a client has disconnected, in whatever state the exchange is:
 * each test only waits for `over`. A server may also be freed at any moment. */
#include "http_stand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
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

/* ---- when a client disconnects --------------------------------------------------------------- */

/* A request, the word in the log after which the client disconnects, and the word that must then be
 * in the log. NULL means none. */
typedef struct going {
    const char *sent, *until, *over;
} going;

static const going goings[] = {
    {"", NULL, NULL},
    {"GET /hang", NULL, NULL},
    {"GET /hang" HOST "Content-Length: 5\r\n\r\n", "head:/hang ", "over:0:gone "},
    {"POST /hang" HOST "Content-Length: 5\r\n\r\nhel", "head:/hang ", "over:0:gone "},
    {"POST /hang" HOST "Transfer-Encoding: chunked\r\n\r\n5\r\nhe", "head:/hang ", "over:0:gone "},
    {"POST /hang" HOST "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n", "head:/hang ",
     "over:0:gone "},
    {"GET /hang" HOST "\r\n", "request:0 ", "over:0:gone "},
    {"GET /hang" HOST "\r\nGET /a" HOST "\r\n", "request:0 ", "over:0:gone "},
    {"GET /stream" HOST "\r\n", "request:0 ", "over:200:gone "},
    {"GET /stream HTTP/1.0\r\n\r\n", "request:0 ", "over:200:gone "},
    {"GET /stream" HOST "\r\nGET /a" HOST "\r\n", "request:0 ", "over:200:gone "},
    {"HEAD /stream" HOST "\r\n", "request:0 ", "over:200:gone "},
    {"POST /start" HOST "Content-Length: 5\r\n\r\nhel", "head:/start ", "over:200:gone "},
    {"GET /a" HOST "\r\nGET /hang" HOST "\r\n", "head:/hang request:0 ", "over:0:gone "},
};

static void leave(int fd, int way)
{
    if (way == 0) close(fd);
    if (way == 1) stand_reset(fd);
    if (way == 2) shutdown(fd, SHUT_WR);
}

static void check_going(stand *s, const going *g, int way)
{
    memset(s->log, 0, sizeof s->log);
    unsigned gones = s->gones;
    int fd = stand_dial(s);
    stand_say(s, fd, g->sent);
    if (g->until) stand_until(s, g->until);
    if (!g->until) stand_until_connections(s, 1);
    /* run once more, so that all output is sent and there is nothing left to do */
    if (g->until) stand_turn(s);
    leave(fd, way);
    if (g->over) stand_until(s, g->over);
    stand_until_connections(s, 0);
    assert_int_equal(s->gones - gones, g->over != NULL);
    assert_int_equal(s->heads, s->overs);
    if (way == 2) close(fd);
}

static void whoever_goes_is_seen_to_go_whatever_is_waited_for(void **state)
{
    for (size_t i = 0; i < sizeof goings / sizeof *goings; i++)
        for (int way = 0; way < 3; way++) check_going(*state, &goings[i], way);
}

static void whoever_goes_from_a_stream_that_is_full_is_seen(void **state)
{
    static char piece[1 << 16];
    stand *s = *state;
    for (int way = 0; way < 2; way++) {
        memset(s->log, 0, sizeof s->log);
        int fd = stand_dial(s);
        stand_say(s, fd, "GET /stream" HOST "\r\n");
        stand_until(s, "request:0 ");
        for (int full = 0; full < 3; full++) {
            while (!http_is_full(s->x)) http_write(s->x, piece, sizeof piece);
            stand_turn(s);
        }
        leave(fd, way);
        stand_until(s, "over:200:gone ");
        stand_until_connections(s, 0);
    }
}

static void a_client_that_sends_no_more_gets_the_answer_that_is_on_its_way(void **state)
{
    stand *s = *state;
    size_t heard = 0;
    int fd = stand_dial(s);
    s->big = 20 << 20;
    stand_say(s, fd, "GET /big" HOST "\r\n");
    stand_until(s, "request:0 ");
    shutdown(fd, SHUT_WR);
    for (ssize_t n = -1; n != 0; n > 0 ? (heard += (size_t)n) : 0) {
        stand_turn(s);
        n = recv(fd, s->text, sizeof s->text, MSG_DONTWAIT);
    }
    assert_true(heard > s->big);
    assert_string_equal(s->log, "head:/big request:0 over:200:sent ");
    close(fd);
}

static void an_answer_to_a_client_that_went_is_no_harm(void **state)
{
    stand *s = *state;
    int fd = stand_dial(s);
    stand_say(s, fd, "GET /hang" HOST "\r\n");
    stand_until(s, "request:0 ");
    stand_reset(fd);
    http_answer(s->x, 200, "text/plain", "late", 4);
    stand_until(s, "over:200:");
    stand_until_connections(s, 0);
}

/* ---- freeing the server ---------------------------------------------------------------------- */

static void free_in(const char *path, const char *over)
{
    stand *s = stand_new();
    stand_listen(s, "127.0.0.1:0");
    int others[3] = {stand_dial(s), stand_dial(s), stand_dial(s)};
    stand_say(s, others[0], "GET /hang" HOST "\r\n");
    stand_until(s, "request:0 ");
    stand_say(s, others[1], "GET /stream" HOST "\r\n");
    stand_until(s, "head:/stream ");
    int fd = stand_dial(s);
    char text[100];
    snprintf(text, sizeof text, "POST %s" HOST "Content-Length: 2\r\n\r\nhi", path);
    stand_say(s, fd, text);
    stand_until(s, path);
    if (strcmp(path, "/free-over") == 0) {
        stand_until(s, "request:2");
        close(fd);
    }
    stand_until(s, over);
    s->server = NULL;
    stand_turn(s);
    assert_int_equal(s->heads, 3);
    assert_int_equal(s->overs, 3);
    if (strcmp(path, "/free-over") != 0) close(fd);
    for (int i = 0; i < 3; i++) close(others[i]);
    stand_free(s);
}

static void a_server_may_be_freed_by_what_it_calls(void **state)
{
    (void)state;
    free_in("/free-head", "over:0:gone over:200:gone over:0:gone");
    free_in("/free", "over:0:gone over:200:gone over:0:gone");
    free_in("/free-over", "over:0:gone over:200:gone over:0:gone");
}

static void free_server(void *payload, int status, const char *why)
{
    stand *s = payload;
    (void)status;
    (void)why;
    http_server_free(s->server);
    s->server = NULL;
}

static void a_server_may_be_freed_when_it_tells_of_a_refusal(void **state)
{
    (void)state;
    stand *s = stand_new();
    s->handler.refused = free_server;
    stand_listen(s, "127.0.0.1:0");
    int fd = stand_dial(s);
    stand_say(s, fd, "GET / HTTP/3.0\r\n\r\nGET / HTTP/1.1\r\n\r\n");
    while (s->server) stand_turn(s);
    stand_turn(s);
    close(fd);
    stand_free(s);
}

static void a_server_may_be_freed_when_a_client_has_read(void **state)
{
    (void)state;
    static char piece[1 << 16];
    stand *s = stand_new();
    stand_listen(s, "127.0.0.1:0");
    int fd = stand_dial(s);
    stand_say(s, fd, "POST /free-writable" HOST "Content-Length: 2\r\n\r\n");
    stand_until(s, "head:");
    http_start(s->x, 200, NULL);
    for (int full = 0; full < 3; full++) {
        while (!http_is_full(s->x)) http_write(s->x, piece, sizeof piece);
        stand_turn(s);
    }
    while (!s->overs) {
        recv(fd, piece, sizeof piece, MSG_DONTWAIT);
        stand_turn(s);
    }
    assert_non_null(strstr(s->log, "writable over:200:gone"));
    s->server = NULL;
    close(fd);
    stand_free(s);
}

static void a_server_that_is_freed_tells_of_all_that_runs(void **state)
{
    (void)state;
    stand *s = stand_new();
    stand_listen(s, "127.0.0.1:0");
    int fds[4];
    static const char *const sent[] = {"GET /hang" HOST "\r\n", "GET /stream" HOST "\r\n",
                                       "POST /a" HOST "Content-Length: 5\r\n\r\nhel", "GET "};
    for (int i = 0; i < 4; i++) {
        fds[i] = stand_dial(s);
        stand_say(s, fds[i], sent[i]);
    }
    stand_until(s, "head:/hang ");
    stand_until(s, "head:/stream ");
    stand_until(s, "head:/a ");
    http_server_free(s->server);
    s->server = NULL;
    assert_int_equal(s->gones, 3);
    for (int i = 0; i < 4; i++) close(fds[i]);
    stand_free(s);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        CASE(whoever_goes_is_seen_to_go_whatever_is_waited_for),
        CASE(whoever_goes_from_a_stream_that_is_full_is_seen),
        CASE(a_client_that_sends_no_more_gets_the_answer_that_is_on_its_way),
        CASE(an_answer_to_a_client_that_went_is_no_harm),
        cmocka_unit_test(a_server_may_be_freed_by_what_it_calls),
        cmocka_unit_test(a_server_may_be_freed_when_it_tells_of_a_refusal),
        cmocka_unit_test(a_server_may_be_freed_when_a_client_has_read),
        cmocka_unit_test(a_server_that_is_freed_tells_of_all_that_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
