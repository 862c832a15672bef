/*
 * Internals of the HTTP server, for http_….c only. Each file uses only the files below it in this
 * list:
 *
 *     http_server.c      listeners, admission, drain
 *     http_listen.c      addresses and their sockets
 *     http_connection.c  reads, writes, time-outs, and the end of an exchange
 *     http_parse.c       parses bytes into requests, and calls the handler
 *     http_answer.c      heads, chunks, and errors of HTTP itself
 *     http_out.c         bytes that wait to be sent
 *     http_exchange.c    the memory of a request, and functions that read it
 */
#ifndef BELUGA_CLI_SERVE_HTTP_CONNECTION_H
#define BELUGA_CLI_SERVE_HTTP_CONNECTION_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/list.h"
#include "serve/http.h"

#include <beluga/allocator.h>

#include <llhttp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/types.h>

/* size of the buffer for one read; also the maximum of bytes that are read ahead */
#define HTTP_READ_BYTES     (64u << 10)
#define HTTP_MAX_UNSENT     (256u << 20) /* maximum of unsent bytes on a connection */
#define HTTP_MAX_EXTENSIONS (4u << 10)   /* maximum of the chunk extensions in one body */
#define HTTP_MAX_ADDED_BYTES                                                        \
    (64u << 10)                 /* maximum of the headers that a handler adds to an \
                                 * answer */
#define HTTP_MAX_DESCRIBED 4096 /* maximum of the body of an error of HTTP itself */
#define HTTP_MAX_LISTENERS 32
/* maximum number of sockets for one address, which may be a host name */
#define HTTP_MAX_OPENED 4
#define HTTP_MAX_TURNED_AWAY                                             \
    64u /* rejected connections that may wait at the same time for their \
         * 503 */
/* After the last answer on a connection, the server reads and discards the client's bytes, up to
 * this time and number of bytes, so that no reset overtakes the answer. */
#define HTTP_LINGER_MS       10000
#define HTTP_LINGER_BYTES    (64u << 20)
#define HTTP_LINGER_QUIET_MS 2000

typedef struct http_connection http_connection;

/* The phases of a connection. In each of them it waits for one kind of event. */
typedef enum http_phase {
    PHASE_IDLE,    /* waits for the first byte of a request */
    PHASE_HEAD,    /* waits for the rest of the request's head */
    PHASE_BODY,    /* waits for the request's body */
    PHASE_HANDLED, /* waits for the handler's answer; the request was read to its end */
    PHASE_ENDING,  /* the unsent bytes are being sent; nothing more is read */
    PHASE_LINGER,  /* waits until the client closes its side */
    PHASE_CLOSED
} http_phase;

/* The time-out for which a connection's timer is set. */
typedef enum http_wait {
    HTTP_NO_WAIT,
    HTTP_WAIT_HEAD,
    HTTP_WAIT_IDLE,
    HTTP_WAIT_BODY,
    HTTP_WAIT_WRITE,
    HTTP_WAIT_LINGER
} http_wait;

/* The progress of an answer. */
typedef enum http_stage { HTTP_UNANSWERED, HTTP_STARTED, HTTP_ENDED, HTTP_BROKEN } http_stage;

typedef struct http_field {
    uint32_t name, value; /* offsets in the exchange's head */
} http_field;

struct http_exchange {
    http_connection *c;
    void *user;
    int64_t began_ns;

    /* method, target, and the names and values of the headers, each terminated by NUL */
    beluga__buf head;
    http_field *fields;
    uint32_t n_fields, fields_capacity;
    uint32_t target, path, query; /* offsets in `head`; 0: missing */

    beluga__buf body;
    uint64_t max_body;
    uint32_t extension_bytes;
    bool was_told;    /* `head` was called, so `over` must be called, too */
    bool is_head;     /* the method is HEAD */
    bool is_old;      /* the client uses HTTP/1.0 */
    bool is_chunked;  /* the request has a chunked body */
    bool in_name;     /* the parser is inside the name of a header */
    bool in_trailers; /* the parser is inside the trailers, which are ignored */
    bool expects_body;
    bool waits_for_100; /* the client sends its body only after the status 100 */

    http_stage stage;
    int status;
    bool in_chunks, has_body; /* properties of the answer */
    bool was_full;
    uint64_t bytes_sent;
    beluga__buf added; /* header lines that the handler has added to the answer */
};

struct http_connection {
    reactor_watch watch;
    reactor_timer timer;
    http_server *server;
    http_connection *next, *before; /* links in the server's list of connections */
    /* link in the list of connections that have work at the end of the turn */
    http_connection *next_touched;
    http_exchange *x; /* NULL: no exchange is open */
    llhttp_t parser;
    http_phase phase;
    http_wait wait; /* the time-out for which the timer is set */
    /* is_touched: the connection is in the list of next_touched; is_dead: sending failed, or memory
     * could not be allocated */
    bool is_touched, is_dead;
    bool keep;  /* the connection stays open for another request */
    bool moved; /* bytes were received or sent, so the time-out starts again */
    /* a request has arrived on this connection, so it may be idle for a longer time */
    bool had_request;
    /* the client has closed its sending side, but may still read the answer */
    bool is_half_closed;
    bool is_turned_away;
    uint64_t head_bytes; /* number of bytes of this head, before parsing */
    /* number of bytes between the last piece of a body and `frame_begins`: chunk lengths, chunk
     * extensions and trailers */
    uint64_t frame_bytes;
    /* points to the first of the bytes that are being parsed which `frame_bytes` does not count */
    const char *frame_begins;
    uint64_t lingered;      /* number of bytes that were discarded while lingering */
    int64_t linger_ends_ns; /* latest end of lingering */
    beluga__buf ahead;      /* bytes that were read after the end of a request */
    size_t ahead_used;
    beluga__buf out; /* unsent bytes, from out_sent on */
    size_t out_sent;
    const char *refusal; /* why a parser callback refuses the request; NULL: not refused */
    int refusal_status;
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } peer;
    char peer_text[56]; /* "": not computed yet */
};

typedef struct http_listener {
    reactor_watch watch;
    http_server *server;
    char *origin;
    /* path of the socket file, which is removed at the end if it is still this socket; NULL: none
     */
    char *unix_path;
    dev_t device;
    ino_t inode;
} http_listener;

struct http_server {
    reactor *reactor;
    const http_limits *limits;
    const http_handler *handler;
    void *payload;
    http_listener listeners[HTTP_MAX_LISTENERS];
    size_t n_listeners;
    reactor_timer accept_again; /* runs while the process has no file descriptors left */
    http_connection *first;
    size_t n_connections, n_turned_away;
    http_connection *first_touched, *last_touched;
    reactor_task turn_ends;
    bool is_draining;
    unsigned depth; /* number of reactor callbacks that are running */
    bool is_freed;  /* http_server_free was called; the memory is freed when `depth` is 0 */
    int64_t date_s;
    char date[40]; /* "date: …\r\n" */
    char input[HTTP_READ_BYTES];
};

/* --- http_exchange.c ----------------------------------------------------------------------------
 */

http_exchange *http_exchange_new(http_connection *c);
void http_exchange_free(http_exchange *x);
/* Add a header, whose name and value the caller then appends to `head`. @return false if memory
 * runs out. */
bool http_add_field(http_exchange *x);

/* --- http_out.c ---------------------------------------------------------------------------------
 */

static inline size_t http_unsent(const http_connection *c)
{
    return c->out.length - c->out_sent;
}

/* Handle this connection at the end of the turn. */
void http_touch(http_connection *c);
/* Queue bytes to be sent. */
void http_queue(http_connection *c, const void *bytes, size_t length);
/* Send the queued bytes and then these; queue those that the kernel does not accept. */
void http_send(http_connection *c, const void *bytes, size_t length);

/* --- http_answer.c ------------------------------------------------------------------------------
 */

/* Answer with an error of HTTP itself, and close the connection afterwards. */
void http_refuse(http_connection *c, int status, const char *why);

/* --- http_parse.c -------------------------------------------------------------------------------
 */

/* Parse a request from these bytes, and pass it to the handler. @return the number of bytes that
 * were used: all, or those up to the end of the request. */
size_t http_parse(http_connection *c, const char *bytes, size_t length);

/* --- http_connection.c --------------------------------------------------------------------------
 */

/* Start a connection on an accepted socket. The socket is closed with the connection, and also if
 * there is no memory. */
void http_connection_open(http_server *s, int fd, const struct sockaddr *peer);
/* Close the connection at once; its memory is freed when the turn ends. */
void http_connection_close(http_connection *c);
/* Tell a client that there are too many connections, and close its socket. */
void http_turn_away(http_server *s, int fd);
/* Send the bytes that were written in the turn, and continue with each connection: the function of
 * http_server.turn_ends. */
void http_turn_ends(reactor_task *task);
/* Call these at the beginning and end of each callback of the reactor. Memory of closed connections
 * is freed at the end of the outermost callback. */
void http_enter(http_server *s);
void http_leave(http_server *s);

/* --- http_listen.c ------------------------------------------------------------------------------
 */

/* Open listening sockets: one, or one for each address of a host name.
 * @return 0 or errno; in either case the caller must close the sockets that were opened. */
int http_listener_open(http_listener opened[HTTP_MAX_OPENED], size_t *n_opened, const char *address,
                       char *why, size_t n);
int http_listener_adopt(http_listener *l, int fd);
void http_listener_close(http_listener *l);

#endif
