/*
 * A server of HTTP and its clients in one thread: whoever waits for something turns the reactor
 * until it is there, so that nothing depends on the time but the time-outs that a test is about.
 *
 * What a path answers:
 *
 *     /deny      401, by `head`: the body is not read
 *     /start     a stream by `head`, which stays open
 *     /hang      nothing; the exchange is kept in stand.x
 *     /stream    the chunks "one" and "two", and stays open
 *     /whole     the same, and ends
 *     /break     the chunk "one", then it breaks
 *     /big       stand.big bytes at once
 *     /free      frees the server, in `request`; /free-head, /free-over, /free-writable elsewhere
 *     /none      204
 *     any other  200 with the body as it came
 */
#ifndef TESTS_HTTP_STAND_H
#define TESTS_HTTP_STAND_H

#include "serve/http_connection.h"

#define STAND_WAIT_MS 60000

typedef struct stand {
    reactor *reactor;
    http_server *server;
    http_limits limits;
    http_handler handler;
    http_exchange *x; /* the last that is not over */
    size_t big, max_body;
    unsigned heads, requests, overs, gones, refusals, writables;
    char log[4096]; /* of all of them, a word each: "head:/a request:5 over:200 gone:0 refused:400 "
                     */
    char text[1 << 16];
} stand;

/* Ready to listen; change limits before stand_listen. Free with stand_free. */
stand *stand_new(void);
void stand_listen(stand *s, const char *address);
void stand_free(stand *s);

/* Turn the reactor once, for as long as nothing is to be done. */
void stand_turn(stand *s);
/* Turn until the log has a word; fails the test where it does not come. */
void stand_until(stand *s, const char *word);
/* Turn until so many connections are left. */
void stand_until_connections(stand *s, size_t n);

/* A client's connection. */
int stand_dial(stand *s);
void stand_say(stand *s, int fd, const char *text);
void stand_say_bytes(stand *s, int fd, const char *bytes, size_t length);
/* Read until what came has this text, or, with NULL, until the server closes. @return what came
 * since the last call, in stand.text. */
const char *stand_hear(stand *s, int fd, const char *until);
/* Close a client's connection by a reset. */
void stand_reset(int fd);
/* Whether the server has closed, by a reset: no end of what it sent was read. */
bool stand_was_reset(stand *s, int fd);

#endif
