/*
 * An HTTP server and its clients in one thread. To wait for an event, a test runs the reactor until
 * the event happens, so that nothing depends on time except the timeouts that are tested.
 *
 * The answer depends on the path:
 *
 *     /deny      status 401 from the handler's function `head`, so the body is not read
 *     /start     a stream from `head`, which stays open
 *     /hang      no answer; the exchange is kept in stand.x
 *     /stream    a stream of the chunks "one" and "two", which stays open
 *     /whole     the same chunks, and then the end
 *     /break     the chunk "one", and then the connection breaks
 *     /big       stand.big bytes at once
 *     /free      the function `request` frees the server
 *     /free-…    `head`, `over` or `writable` frees the server
 *     /none      status 204
 *     any other  status 200 with the body of the request
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
    http_exchange *x; /* the last exchange, unless it has ended */
    size_t big, max_body;
    unsigned heads, requests, overs, gones, refusals, writables;
    /* the log of all exchanges, one word for each step: "head:/a request:5 over:200 gone:0
     * refused:400 " */
    char log[4096];
    char text[1 << 16];
} stand;

/* Make a server that does not listen yet, so that its limits can be changed before stand_listen.
 * Free it with stand_free. */
stand *stand_new(void);
void stand_listen(stand *s, const char *address);
void stand_free(stand *s);

/* Run the reactor once. It waits until there is something to do. */
void stand_turn(stand *s);
/* Run the reactor until the log contains this word. The test fails if that takes too long. */
void stand_until(stand *s, const char *word);
/* Run the reactor until the server has this many connections. */
void stand_until_connections(stand *s, size_t n);

/* A client's connection. */
int stand_dial(stand *s);
void stand_say(stand *s, int fd, const char *text);
void stand_say_bytes(stand *s, int fd, const char *bytes, size_t length);
/* Read until the text contains `until`, or until the server closes the connection if `until` is
 * NULL. @return the text that was read, which is in stand.text. */
const char *stand_hear(stand *s, int fd, const char *until);
/* Close a client's connection with a reset. */
void stand_reset(int fd);
/* Returns whether the server has closed the connection with a reset, and not in an orderly way. */
bool stand_was_reset(stand *s, int fd);

#endif
