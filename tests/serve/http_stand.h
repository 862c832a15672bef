/*
 * An HTTP server and its clients in one thread: to wait for something a test runs the reactor until
 * it happens, so that nothing depends on time except the timeouts that are tested.
 *
 * The answers of each path:
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
    http_exchange *x; /* the last exchange that is not over */
    size_t big, max_body;
    unsigned heads, requests, overs, gones, refusals, writables;
    char log[4096]; /* the log of all exchanges, one word for each step: "head:/a request:5 over:200
                       gone:0 refused:400 " */
    char text[1 << 16];
} stand;

/* Make a stand that is ready to listen; change limits before stand_listen. Free it with
 * stand_free. */
stand *stand_new(void);
void stand_listen(stand *s, const char *address);
void stand_free(stand *s);

/* Run the reactor once, until there is something to do. */
void stand_turn(stand *s);
/* Run the reactor until the log contains a word; fails the test if that does not happen. */
void stand_until(stand *s, const char *word);
/* Run the reactor until this many connections are left. */
void stand_until_connections(stand *s, size_t n);

/* A client's connection. */
int stand_dial(stand *s);
void stand_say(stand *s, int fd, const char *text);
void stand_say_bytes(stand *s, int fd, const char *bytes, size_t length);
/* Read until the received text contains this, or, with NULL, until the server closes. @return the
 * text since the last call, which is in stand.text. */
const char *stand_hear(stand *s, int fd, const char *until);
/* Close a client's connection by a reset. */
void stand_reset(int fd);
/* Returns whether the server has closed with a reset instead of an orderly end. */
bool stand_was_reset(stand *s, int fd);

#endif
