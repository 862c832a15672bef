/*
 * The server side of HTTP/1.1, on a reactor: connections, whole requests, and answers that are sent
 * whole or in chunks. This code knows nothing about language models.
 *
 * A handler ends an exchange in one of these ways: http_answer; http_start, http_write…, http_end;
 * or http_break. After that, `over` is called, once for each call of `head`, and the handler must
 * not use the exchange any more. Callbacks are called by a turn of the reactor, and not from inside
 * these functions, except that http_server_free calls `over`. Bytes that are written in one turn
 * are sent together at its end. Callbacks may call all functions.
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
    /* The head of a request has arrived, but not its body. This function may answer at once, which
     * skips the body, or change the maximum length of the body. */
    void (*head)(void *payload, http_exchange *x);
    /* The whole body has arrived. Not called if `head` has answered. */
    void (*request)(void *payload, http_exchange *x);
    /* Called when the unsent bytes fell below http_limits.resume_bytes, after http_is_full was
     * true. */
    void (*writable)(void *payload, http_exchange *x);
    /*
     * The last call for an exchange, whose memory is freed afterwards. Either the answer was handed
     * to the kernel, or the client has gone (`gone`: it closed or reset the connection, or a
     * time-out passed). If the kernel reports that the client has gone, this is called at once,
     * even if the exchange still waits for something else.
     */
    void (*over)(void *payload, http_exchange *x, bool gone);
    /* A request that was not valid HTTP, or exceeded a limit, was answered, and its connection
     * closed; for the journal and the metrics. Called only if `head` was not called for the
     * request, since otherwise `over` and http_status report this. NULL: not needed. */
    void (*refused)(void *payload, int status, const char *why);
    /* Write the body of an error that this HTTP server has found (400, 408, 413, 414, 417, 431,
     * 501, 503, 505), in the form that clients of the path expect. `x` is NULL if no request was
     * read (503: too many connections). `head` may not have been called for `x`. If the function
     * is NULL, the body is a line of text. @return the length, at most n. */
    size_t (*describe)(void *payload, http_exchange *x, int status, const char *why, char *text,
                       size_t n, const char **content_type);
} http_handler;

typedef struct http_limits {
    /* for all listeners together; further connections are answered with 503 and closed */
    uint32_t max_connections;
    uint32_t max_head_bytes, max_headers;
    uint64_t max_body_bytes;
    /* maximum time from the first byte of a connection or request to the end of the head */
    int64_t head_ms;
    int64_t body_ms;  /* maximum time between two pieces of a body */
    int64_t idle_ms;  /* maximum time that a connection may be idle between two requests */
    int64_t write_ms; /* maximum time until a client accepts further bytes */
    size_t full_bytes, resume_bytes;
} http_limits;

/* @return 0 or errno. The structs and strings are borrowed for the lifetime of the server. */
int http_server_new(reactor *r, const http_limits *limits, const http_handler *handler,
                    void *payload, http_server **out);
/* Listen at HOST:PORT ("127.0.0.1:0", "[::1]:4000") or "unix:PATH". `why` receives the reason of a
 * failure and advice. @return 0 or errno. */
int http_server_listen(http_server *s, const char *address, char *why, size_t n);
/* Use a socket that already listens, such as one that systemd passes. */
int http_server_adopt(http_server *s, int fd);
/* Return the address of the listener with this index as the origin of a URL
 * ("http://127.0.0.1:4000"); NULL if the index is too large. */
const char *http_server_origin(const http_server *s, size_t index);
/* Close the listeners, and the connections that have no request. Answers on other connections get
 * the header "Connection: close". */
void http_server_drain(http_server *s);
size_t http_server_connections(const http_server *s);
/* Close everything at once; `over` is called for exchanges that have not ended. NULL does nothing.
 */
void http_server_free(http_server *s);

/* --- the request; the results are borrowed until the exchange is over ---------------------------
 */

const char *http_method(const http_exchange *x);
const char *http_path(const http_exchange *x);  /* without the query */
const char *http_query(const http_exchange *x); /* "" without one */
/* Return the value of the first header with this name; NULL if the request does not have it. Case
 * is ignored. */
const char *http_header(const http_exchange *x, const char *name);
/* Get the header with this index. @return false if the index is too large. */
bool http_header_at(const http_exchange *x, size_t index, const char **name, const char **value);
/* Return the body. http_take_body passes its ownership to the caller, who must free() it. */
const char *http_body(const http_exchange *x, size_t *length);
char *http_take_body(http_exchange *x, size_t *length);
const char *http_peer(const http_exchange *x); /* "127.0.0.1:51234", "unix" */
int64_t http_began_ns(const http_exchange *x); /* when the first byte of the head arrived, by
                                                * CLOCK_MONOTONIC */
/* Set the maximum length of this body, instead of http_limits.max_body_bytes. Call this only in
 * `head`. */
void http_set_max_body(http_exchange *x, uint64_t bytes);

/* --- the answer ---------------------------------------------------------------------------------
 */

void http_set_user(http_exchange *x, void *user);
void *http_user(const http_exchange *x);

/* Add a header to the answer. A header whose value has control characters is left out. */
void http_add_header(http_exchange *x, const char *name, const char *value);
/* Send a whole answer; for a HEAD request, only its head. The bytes are copied. If this function or
 * one of the functions below lacks memory, it closes the connection. */
void http_answer(http_exchange *x, int status, const char *content_type, const void *bytes,
                 size_t length);
/* Start an answer in chunks. For a client of HTTP/1.0 the answer ends when the connection closes.
 */
void http_start(http_exchange *x, int status, const char *content_type);
bool http_has_started(const http_exchange *x);
void http_write(http_exchange *x, const void *bytes, size_t length);
/* Return whether more than http_limits.full_bytes are unsent. The handler should then stop writing
 * until `writable` is called. */
bool http_is_full(const http_exchange *x);
void http_end(http_exchange *x);
/* End a chunked answer that has failed. The bytes so far are sent, and the connection is closed
 * without the last chunk, so that the client does not take the answer for complete. */
void http_break(http_exchange *x);
int http_status(const http_exchange *x); /* status of the answer; 0: not sent yet */
uint64_t http_bytes_sent(const http_exchange *x);

#endif
