/* Requests that two servers could understand in different ways, and bytes that are not HTTP. Each
 * must be refused with the right status, however its bytes are divided into pieces. */
#include "http_stand.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define HOST "Host: a\r\n"

typedef struct sent_case {
    const char *bytes;
    size_t length;
    const char *statuses; /* the statuses of all answers, in order */
} sent_case;

#define CASE(bytes, statuses) {bytes, sizeof(bytes) - 1, statuses}

static const sent_case refused[] = {
    /* the length of the body is given twice, or in a form that some servers read differently */
    CASE("POST / HTTP/1.1\r\n" HOST
         "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         "400"),
    CASE("POST / HTTP/1.1\r\n" HOST
         "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
         "400"),
    CASE("POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", "400"),
    CASE("POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", "400"),
    CASE("POST / HTTP/1.1\r\n" HOST "Content-Length: 5, 5\r\n\r\nhello", "400"),
    CASE("POST / HTTP/1.1\r\n" HOST "Content-Length: +5\r\n\r\nhello", "400"),
    CASE("POST / HTTP/1.1\r\n" HOST "Content-Length: -5\r\n\r\nhello", "400"),
    CASE("POST / HTTP/1.1\r\n" HOST "Content-Length: 5 5\r\n\r\nhello", "400"),
    CASE("POST / HTTP/1.1\r\n" HOST "Content-Length: 0x5\r\n\r\nhello", "400"),
    CASE("POST / HTTP/1.1\r\n" HOST "Content-Length: 5a\r\n\r\nhello", "400"),
    CASE("POST / HTTP/1.1\r\n" HOST "Content-Length: \r\n\r\n", "400"),
    CASE("POST / HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999\r\n\r\nhello", "400"),
    CASE("POST / HTTP/1.1\r\n" HOST "Content-Length : 5\r\n\r\nhello", "400"),
    CASE("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", "400"),
    CASE("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "501"),
    CASE("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", "400"),
    CASE("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", "400"),
    CASE("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: identity\r\n\r\n", "501"),
    CASE("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "501"),
    CASE("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n", "501"),
    CASE("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", "501"),
    CASE("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: \x0b"
         "chunked\r\n\r\n0\r\n\r\n",
         "400"),
    CASE("POST / HTTP/1.1\r\n" HOST
         "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         "400"),
    CASE("POST / HTTP/1.1\r\n" HOST
         "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
         "400"),
    CASE("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", "400"),
    CASE("POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"),
    /* chunks */
    CASE("POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n+3\r\nabc\r\n0\r\n\r\n",
         "400"),
    CASE("POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n",
         "400"),
    CASE("POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n",
         "400"),
    CASE("POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3 \r\nabc\r\n0\r\n\r\n",
         "400"),
    CASE("POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n 3\r\nabc\r\n0\r\n\r\n",
         "400"),
    CASE("POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n",
         "400"),
    CASE("POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3\rabc\r\n0\r\n\r\n",
         "400"),
    CASE("POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
         "400"),
    CASE("POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc0\r\n\r\n",
         "400"),
    CASE("POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\n0\r\n\r\n",
         "400"),
    CASE("POST /echo HTTP/1.1\r\n" HOST
         "Transfer-Encoding: chunked\r\n\r\n3;a\nb\r\nabc\r\n0\r\n\r\n",
         "400"),
    CASE("POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n\r\n", "400"),
    CASE("POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
         "400"),
    CASE("POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nfffffff\r\n1234", "413"),
    CASE("POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\nA : b\r\n\r\n",
         "400"),
    CASE("POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\nA: b\n\r\n", "400"),
    /* lines with wrong ends */
    CASE("GET / HTTP/1.1\nHost: a\n\n", "505"),
    CASE("GET / HTTP/1.1\r\nHost: a\n\r\n", "400"),
    CASE("GET / HTTP/1.1\r\nHost: a\r\n\n", "400"),
    CASE("GET / HTTP/1.1\r\nHost: a\rB: c\r\n\r\n", "400"),
    CASE("GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", "400"),
    CASE("GET / HTTP/1.1\rHost: a\r\n\r\n", "400"),
    CASE("GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\n\r\n", "400"),
    CASE("GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n\tc\r\n\r\n", "400"),
    CASE("GET / HTTP/1.1\r\n Host: a\r\n\r\n", "400"),
    /* headers */
    CASE("GET / HTTP/1.1\r\n\r\n", "400"),
    CASE("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "400"),
    CASE("GET / HTTP/1.1\r\nHost: a\r\nhOST: b\r\n\r\n", "400"),
    CASE("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", "400"),
    CASE("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", "400"),
    CASE("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "400"),
    CASE("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "400"),
    CASE("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", "400"),
    CASE("GET / HTTP/1.1\r\nHost : a\r\n\r\n", "400"),
    CASE("GET / HTTP/1.1\r\n" HOST ": b\r\n\r\n", "400"),
    CASE("GET / HTTP/1.1\r\n" HOST "A\r\n\r\n", "400"),
    CASE("GET / HTTP/1.1\r\n" HOST "A b: c\r\n\r\n", "400"),
    CASE("GET / HTTP/1.1\r\n" HOST "A\0b: c\r\n\r\n", "400"),
    CASE("GET / HTTP/1.1\r\n" HOST "A\x80: c\r\n\r\n", "400"),
    CASE("GET / HTTP/1.1\r\n" HOST "A(: c\r\n\r\n", "400"),
    CASE("GET / HTTP/1.1\r\n" HOST "A: b\0c\r\n\r\n", "400"),
    CASE("GET / HTTP/1.1\r\n" HOST "A: \x01\r\n\r\n", "400"),
    CASE("GET / HTTP/1.1\r\n" HOST "A: b\x1b[1m\r\n\r\n", "400"),
    CASE("GET / HTTP/1.1\r\n" HOST "A: b\x7f\r\n\r\n", "400"),
    CASE("GET / HTTP/1.1\r\n" HOST "Expect: 200-ok\r\n\r\n", "417"),
    /* wrong first lines */
    CASE("GET /\tHTTP/1.1\r\n" HOST "\r\n", "400"),
    CASE("GET / HTTP/1.1 \r\n" HOST "\r\n", "505"),
    CASE("GET /\r\n\r\n", "505"),
    CASE("GET / HTTP/0.9\r\n" HOST "\r\n", "505"),
    CASE("GET / HTTP/1.2\r\n" HOST "\r\n", "505"),
    CASE("GET / HTTP/2.0\r\n" HOST "\r\n", "505"),
    CASE("GET / http/1.1\r\n" HOST "\r\n", "400"),
    CASE("GET / HTTP/11\r\n" HOST "\r\n", "505"),
    CASE("GET / ICE/1.0\r\n" HOST "\r\n", "400"),
    CASE("get / HTTP/1.1\r\n" HOST "\r\n", "400"),
    CASE("G\0T / HTTP/1.1\r\n" HOST "\r\n", "501"),
    CASE("FROBNICATE / HTTP/1.1\r\n" HOST "\r\n", "501"),
    CASE("GETS / HTTP/1.1\r\n" HOST "\r\n", "501"),
    CASE("CONNECT a:443 HTTP/1.1\r\n" HOST "\r\n", "501"),
    CASE("TRACE / HTTP/1.1\r\n" HOST "\r\n", "501"),
    CASE("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"),
    CASE("GET a HTTP/1.1\r\n" HOST "\r\n", "400"),
    CASE("GET * HTTP/1.1\r\n" HOST "\r\n", "400"),
    CASE("GET ftp://a/ HTTP/1.1\r\n" HOST "\r\n", "400"),
    CASE("GET http:///a HTTP/1.1\r\n" HOST "\r\n", "400"),
    CASE("GET /a#b HTTP/1.1\r\n" HOST "\r\n", "400"),
    CASE("GET /a\x80 HTTP/1.1\r\n" HOST "\r\n", "400"),
    CASE("GET /a\0b HTTP/1.1\r\n" HOST "\r\n", "400"),
    CASE("GET /a\x01 HTTP/1.1\r\n" HOST "\r\n", "400"),
    CASE("GET /a\x7f HTTP/1.1\r\n" HOST "\r\n", "400"),
    CASE("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "400"),
    CASE("\0", "400"),
    /* bytes after a request that was refused, or that ends the connection, do not count as a
     * request */
    CASE("POST /echo HTTP/1.1\r\n" HOST
         "Content-Length: 5\r\nContent-Length: 0\r\n\r\nGET /b HTTP/1.1\r\n" HOST "\r\n",
         "400"),
    CASE("GET /a HTTP/1.1\r\n" HOST "Connection: close\r\n\r\nGET /b HTTP/1.1\r\n" HOST "\r\n",
         "200"),
    CASE("GET /a HTTP/1.0\r\n\r\nGET /b HTTP/1.1\r\n" HOST "\r\n", "200"),
    CASE("POST /deny HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\nGET /b HTTP/1.1\r\n" HOST "\r\n",
         "401"),
    CASE("GET /a HTTP/1.1\r\n" HOST "\r\nGET /b HTTP/1.1\r\n\r\n", "200 400"),
};

/* Requests that look wrong but are valid. */
static const sent_case served[] = {
    CASE("GET / RTSP/1.0\r\n" HOST "\r\n", "200"),
    CASE("GET  / HTTP/1.1\r\n" HOST "\r\n", "200"),
    CASE("GET / HTTP/1.1\r\n" HOST "\r\n", "200"),
    CASE("\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n", "200"),
    CASE("GET / HTTP/1.1\r\nHost:\r\n\r\n", "200"),
    CASE("GET / HTTP/1.1\r\nHost:a\r\nA:\r\nB:  c \t \r\nC: \xc3\xa4\r\n\r\n", "200"),
    CASE("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "200"),
    CASE("GET /a?b=c&d=%20 HTTP/1.1\r\n" HOST "\r\n", "200"),
    CASE("GET http://b/a?c HTTP/1.1\r\n" HOST "\r\n", "200"),
    CASE("OPTIONS * HTTP/1.1\r\n" HOST "\r\n", "200"),
    CASE("HEAD / HTTP/1.1\r\n" HOST "\r\n", "200"),
    CASE("GET / HTTP/1.0\r\n\r\n", "200"),
    CASE("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n", "200 200"),
    CASE("GET / HTTP/1.1\r\n" HOST "\r\nGET / HTTP/1.1\r\n" HOST "\r\n\r\nGET / HTTP/1.1\r\n" HOST
         "\r\n",
         "200 200 200"),
    CASE("POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhelloPOST / HTTP/1.1\r\n" HOST
         "Content-Length: 2\r\n\r\nhi",
         "200 200"),
    CASE("POST / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", "200"),
    CASE("POST / HTTP/1.1\r\n" HOST "Content-Length: 00005\r\n\r\nhello", "200"),
    CASE("POST / HTTP/1.1\r\n" HOST "\r\n", "200"),
    CASE("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
         "200"),
    CASE("POST / HTTP/1.1\r\n" HOST
         "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n00A;a=b;c=\"d\"\r\n0123456789\r\n0\r\nX: "
         "y\r\nHost: b\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n",
         "200 200"),
    CASE("GET / HTTP/1.1\r\n" HOST
         "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n",
         "200"),
    CASE("GET / HTTP/1.1\r\n" HOST
         "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: "
         "13\r\nSec-WebSocket-Key: a\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n",
         "200 200"),
    CASE("POST / HTTP/1.1\r\n" HOST
         "Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n\r\nhello",
         "200"),
    CASE("GET /deny HTTP/1.1\r\n" HOST "\r\nGET / HTTP/1.1\r\n" HOST "\r\n", "401 200"),
    CASE("PATCH /none HTTP/1.1\r\n" HOST "\r\nGET / HTTP/1.1\r\n" HOST "\r\n", "204 200"),
};

/* Write the statuses of all answers in a text, except for those of "100 Continue". */
static void find_statuses(const char *text, char *statuses, size_t n)
{
    *statuses = '\0';
    for (const char *at = text; (at = strstr(at, "HTTP/1.1 ")); at += 9) {
        if (strncmp(at + 9, "100", 3) == 0 || !isdigit((unsigned char)at[9])) continue;
        size_t length = strlen(statuses);
        snprintf(statuses + length, n - length, "%s%.3s", length ? " " : "", at + 9);
    }
}

/* What a client gets when it sends a case in pieces: the statuses of the answers, and the log of
 * the handler's calls. */
typedef struct outcome {
    char statuses[64];
    char log[sizeof((stand *)NULL)->log];
} outcome;

static outcome send_case(const sent_case *c, size_t piece)
{
    outcome o;
    stand *s = stand_new();
    stand_listen(s, "127.0.0.1:0");
    int fd = stand_dial(s);
    for (size_t at = 0; at < c->length; at += piece) {
        size_t length = c->length - at < piece ? c->length - at : piece;
        stand_say_bytes(s, fd, c->bytes + at, length);
        if (piece < c->length) stand_turn(s);
    }
    shutdown(fd, SHUT_WR);
    find_statuses(stand_hear(s, fd, NULL), o.statuses, sizeof o.statuses);
    memcpy(o.log, s->log, sizeof o.log);
    close(fd);
    stand_free(s);
    return o;
}

static bool is_right(const sent_case *c, const outcome *whole, const outcome *o)
{
    if (strcmp(o->statuses, c->statuses) == 0 && strcmp(o->log, whole->log) == 0) return true;
    print_message("# %s, not %s: %s, not %s: %s\n", o->statuses, c->statuses, o->log, whole->log,
                  c->bytes);
    return false;
}

static void check_cases(const sent_case *cases, size_t n)
{
    unsigned wrong = 0;
    for (size_t i = 0; i < n; i++) {
        outcome whole = send_case(&cases[i], cases[i].length), bytes = send_case(&cases[i], 1),
                some = send_case(&cases[i], 7);
        wrong += !is_right(&cases[i], &whole, &whole) + !is_right(&cases[i], &whole, &bytes) +
                 !is_right(&cases[i], &whole, &some);
    }
    assert_int_equal(wrong, 0);
}

static void what_could_be_read_in_two_ways_is_refused_whatever_pieces_it_comes_in(void **state)
{
    (void)state;
    check_cases(refused, sizeof refused / sizeof *refused);
}

static void what_is_odd_and_clear_is_served_whatever_pieces_it_comes_in(void **state)
{
    (void)state;
    check_cases(served, sizeof served / sizeof *served);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_could_be_read_in_two_ways_is_refused_whatever_pieces_it_comes_in),
        cmocka_unit_test(what_is_odd_and_clear_is_served_whatever_pieces_it_comes_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
