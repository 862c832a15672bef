/*
 * The server's side of HTTP/1.1, over a reactor: connections, requests that are read whole, answers
 * that are written whole or in chunks. It knows nothing of language models.
 *
 * Ways to end an exchange: http_answer; http_start, http_write…, http_end; or http_break. After any
 * of them the exchange is over for its handler as soon as `over` was called, once for each `head`.
 * None of these functions calls a callback itself, but for http_server_free, which calls `over`:
 * the others are called by a turn of the reactor. What is written in one turn goes out together, at
 * its end. Callbacks may call all functions.
 */
#ifndef BELUGA_CLI_SERVE_HTTP_H
#define BELUGA_CLI_SERVE_HTTP_H

#include "serve/reactor.h"

#include <beluga/common.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct http_server http_server;
typedef struct http_exchange http_exchange;

typedef struct http_handler {
    /* The head is there; the body is not. May answer at once, which skips the body, and may set
     * the most bytes of it. */
    void (*head)(void *payload, http_exchange *x);
    /* The body is there, whole; not called where `head` answered. */
    void (*request)(void *payload, http_exchange *x);
    /* What http_write left unsent fell below http_limits.resume_bytes after http_is_full was
     * true. */
    void (*writable)(void *payload, http_exchange *x);
    /*
     * The last of an exchange, whose memory is gone afterwards: the answer was handed to the
     * kernel, or the client went before (`gone`: it closed or reset the connection, or let a
     * time-out pass). Called at once when the kernel tells that the client has gone, whatever the
     * exchange waits for.
     */
    void (*over)(void *payload, http_exchange *x, bool gone);
    /* A request that is no HTTP, or over a limit, was answered and the connection is closed: for
     * the journal and the metrics. Only where `head` was not called: else `over` tells, and
     * http_status. NULL: nobody is told. */
    void (*refused)(void *payload, int status, const char *why);
    /* Write the body of an error that HTTP itself has found (400, 408, 413, 414, 417, 431, 501,
     * 503, 505) in the form that the path's clients expect. `x` is NULL where no path was read, or
     * none will be (503: too many connections); it may be of a request whose `head` was not called.
     * NULL: a line of text. @return its length, at most n. */
    size_t (*describe)(void *payload, http_exchange *x, int status, const char *why, char *text,
                       size_t n, const char **content_type);
} http_handler;

typedef struct http_limits {
    uint32_t max_connections; /* over all listeners; more are answered 503 and closed */
    uint32_t max_head_bytes, max_headers;
    uint64_t max_body_bytes;
    int64_t head_ms;  /* from a connection's or a request's first byte to the end of its head */
    int64_t body_ms;  /* between two pieces of a body */
    int64_t idle_ms;  /* a connection between two requests */
    int64_t write_ms; /* a client that takes nothing of what is there for it */
    size_t full_bytes, resume_bytes;
} http_limits;

/* @return 0 or errno. The strings and structs are borrowed as long as the server. */
int http_server_new(reactor *r, const http_limits *limits, const http_handler *handler,
                    void *payload, http_server **out);
/* Listen at HOST:PORT ("127.0.0.1:0", "[::1]:4000") or "unix:PATH". `why` says what failed and what
 * to do. @return 0 or errno. */
int http_server_listen(http_server *s, const char *address, char *why, size_t n);
/* Take over a socket that listens already, as systemd passes it. */
int http_server_adopt(http_server *s, int fd);
/* The address of listener `index` as a URL's origin ("http://127.0.0.1:4000"); NULL past the last.
 */
const char *http_server_origin(const http_server *s, size_t index);
/* Close the listeners, and connections without a request; those with one get "Connection: close".
 */
void http_server_drain(http_server *s);
size_t http_server_connections(const http_server *s);
/* Closes everything at once; `over` is called for what runs. NULL does nothing. */
void http_server_free(http_server *s);

/* --- the request; all borrowed as long as the exchange ------------------------------------------
 */

const char *http_method(const http_exchange *x);
const char *http_path(const http_exchange *x);  /* without the query */
const char *http_query(const http_exchange *x); /* "" without one */
/* The value of a header, by its name in any case; the first. NULL without one. */
const char *http_header(const http_exchange *x, const char *name);
/* Walk all headers. @return false past the last. */
bool http_header_at(const http_exchange *x, size_t index, const char **name, const char **value);
/* The body. It may be taken, and is the caller's to free() then. */
const char *http_body(const http_exchange *x, size_t *length);
char *http_take_body(http_exchange *x, size_t *length);
const char *http_peer(const http_exchange *x); /* "127.0.0.1:51234", "unix" */
int64_t http_began_ns(const http_exchange *x); /* CLOCK_MONOTONIC, the head's first byte */
/* In `head`: the most bytes of this body, in place of http_limits.max_body_bytes. */
void http_set_max_body(http_exchange *x, uint64_t bytes);

/* --- the answer ---------------------------------------------------------------------------------
 */

void http_set_user(http_exchange *x, void *user);
void *http_user(const http_exchange *x);

/* Add a header to the answer that follows; a value with control characters is left out. */
void http_add_header(http_exchange *x, const char *name, const char *value);
/* Answer whole; nothing but its length is sent to HEAD. Copies the bytes. Without memory the
 * connection is closed, here and below. */
void http_answer(http_exchange *x, int status, const char *content_type, const void *bytes,
                 size_t length);
/* Begin an answer in chunks (to a client of HTTP/1.0: until the connection closes). */
void http_start(http_exchange *x, int status, const char *content_type);
bool http_has_started(const http_exchange *x);
void http_write(http_exchange *x, const void *bytes, size_t length);
/* More is unsent than http_limits.full_bytes: whoever writes should pause until `writable`. */
bool http_is_full(const http_exchange *x);
void http_end(http_exchange *x);
/* End a chunked answer as broken: what was written is sent, then the connection is closed without
 * the last chunk, so that nobody takes it for whole. */
void http_break(http_exchange *x);
int http_status(const http_exchange *x); /* of the answer; 0: none yet */
uint64_t http_bytes_sent(const http_exchange *x);

#endif
