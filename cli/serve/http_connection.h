/*
 * The insides of HTTP, for http_….c alone. Lower ones know nothing of higher ones:
 *
 *     http_server.c      listeners, admission, drain
 *     http_listen.c      addresses and their sockets
 *     http_connection.c  reads, writes, time-outs, and the end of an exchange
 *     http_parse.c       bytes -> requests, which are handed to the handler
 *     http_answer.c      heads, chunks; refusals
 *     http_out.c         what waits to be sent
 *     http_exchange.c    a request's memory, and what is asked of it
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

#define HTTP_READ_BYTES      (64u << 10)  /* one read; also the most that is read ahead */
#define HTTP_MAX_UNSENT      (256u << 20) /* waits to be sent on a connection */
#define HTTP_MAX_EXTENSIONS  (4u << 10)   /* of all chunks of a body */
#define HTTP_MAX_ADDED_BYTES (64u << 10)  /* headers that the handler adds to an answer */
#define HTTP_MAX_DESCRIBED   4096         /* the body of an error that HTTP has found */
#define HTTP_MAX_LISTENERS   32
#define HTTP_MAX_OPENED      4   /* for one address, which may be a name */
#define HTTP_MAX_TURNED_AWAY 64u /* connections over the maximum that are told so at once */
/* After the last answer on a connection the client's bytes are read and forgotten so long, and so
 * many, that no reset overtakes the answer. */
#define HTTP_LINGER_MS       10000
#define HTTP_LINGER_BYTES    (64u << 20)
#define HTTP_LINGER_QUIET_MS 2000

typedef struct http_connection http_connection;

/* What a connection waits for. */
typedef enum http_phase {
    PHASE_IDLE,    /* the first byte of a request */
    PHASE_HEAD,    /* the rest of its head */
    PHASE_BODY,    /* its body */
    PHASE_HANDLED, /* the handler's answer: the request was read whole */
    PHASE_ENDING,  /* nothing more is read, what is unsent goes out */
    PHASE_LINGER,  /* the client's end */
    PHASE_CLOSED
} http_phase;

/* What the timer of a connection is for. */
typedef enum http_wait {
    HTTP_NO_WAIT,
    HTTP_WAIT_HEAD,
    HTTP_WAIT_IDLE,
    HTTP_WAIT_BODY,
    HTTP_WAIT_WRITE,
    HTTP_WAIT_LINGER
} http_wait;

/* How far the answer is. */
typedef enum http_stage { HTTP_UNANSWERED, HTTP_STARTED, HTTP_ENDED, HTTP_BROKEN } http_stage;

typedef struct http_field {
    uint32_t name, value; /* offsets in the exchange's head */
} http_field;

struct http_exchange {
    http_connection *c;
    void *user;
    int64_t began_ns;

    beluga__buf head; /* method, target, and names and values of headers, each ended by NUL */
    http_field *fields;
    uint32_t n_fields, fields_capacity;
    uint32_t target, path, query; /* offsets in the head; 0: not there */

    beluga__buf body;
    uint64_t max_body;
    uint32_t extension_bytes;
    bool was_told;    /* `head` was called, so that `over` is */
    bool is_head;     /* the method is HEAD */
    bool is_old;      /* HTTP/1.0 */
    bool is_chunked;  /* the request's body */
    bool in_name;     /* of a header */
    bool in_trailers; /* header callbacks are of trailers, which are forgotten */
    bool expects_body;
    bool waits_for_100; /* the client sends its body when it is told to go on */

    http_stage stage;
    int status;
    bool in_chunks, has_body; /* the answer */
    bool was_full;
    uint64_t bytes_sent;
    beluga__buf added; /* lines of headers for the answer */
};

struct http_connection {
    reactor_watch watch;
    reactor_timer timer;
    http_server *server;
    http_connection *next, *before; /* of the server's list */
    http_connection *next_touched;  /* of those that are looked at when the turn ends */
    http_exchange *x;               /* NULL: none, or it is over */
    llhttp_t parser;
    http_phase phase;
    http_wait wait;           /* that the timer was set for */
    bool is_touched, is_dead; /* dead: sending failed, or there was no memory */
    bool keep;                /* read another request after this one */
    bool moved;               /* the wait begins anew: something came, or was sent */
    bool had_request;         /* on this connection, so that it may be idle for longer */
    bool is_half_closed;      /* the client sends no more, but may wait for what is being sent */
    bool is_turned_away;
    uint64_t head_bytes;      /* of this head, as they came */
    uint64_t frame_bytes;     /* between the last piece of a chunked body and frame_begins */
    const char *frame_begins; /* in the bytes that are read just now */
    uint64_t lingered;        /* bytes */
    int64_t linger_ends_ns;   /* at the latest */
    beluga__buf ahead;        /* what was read behind the end of a request */
    size_t ahead_used;
    beluga__buf out; /* unsent, from out_sent on */
    size_t out_sent;
    const char *refusal; /* why a request is refused by a callback of the parser; NULL: it is not */
    int refusal_status;
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } peer;
    char peer_text[56]; /* "": not asked for yet */
};

typedef struct http_listener {
    reactor_watch watch;
    http_server *server;
    char *origin;
    char *unix_path; /* removed at the end if it is still this socket; NULL: none */
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
    reactor_timer accept_again; /* the process has no descriptor left */
    http_connection *first;
    size_t n_connections, n_turned_away;
    http_connection *first_touched, *last_touched;
    reactor_task turn_ends;
    bool is_draining;
    unsigned depth; /* calls of the reactor that are under way */
    bool is_freed;  /* when depth is 0 */
    int64_t date_s;
    char date[40]; /* "date: …\r\n" */
    char input[HTTP_READ_BYTES];
};

/* --- http_exchange.c ----------------------------------------------------------------------------
 */

http_exchange *http_exchange_new(http_connection *c);
void http_exchange_free(http_exchange *x);
/* Begin the name or the value of a header, or go on with it. @return false without memory or room.
 */
bool http_add_field(http_exchange *x);

/* --- http_out.c ---------------------------------------------------------------------------------
 */

static inline size_t http_unsent(const http_connection *c)
{
    return c->out.length - c->out_sent;
}

/* Have a connection looked at when the turn ends. */
void http_touch(http_connection *c);
/* Queue bytes. */
void http_queue(http_connection *c, const void *bytes, size_t length);
/* Send what is queued, and these bytes behind it; queue what the kernel does not take. */
void http_send(http_connection *c, const void *bytes, size_t length);

/* --- http_answer.c ------------------------------------------------------------------------------
 */

/* Answer with an error of HTTP's own, and close the connection behind it. */
void http_refuse(http_connection *c, int status, const char *why);

/* --- http_parse.c -------------------------------------------------------------------------------
 */

/* Read a request out of bytes, and hand it to the handler. @return how many were taken: all, or up
 * to the end of the request. */
size_t http_parse(http_connection *c, const char *bytes, size_t length);

/* --- http_connection.c --------------------------------------------------------------------------
 */

/* Begin with a socket that was accepted; it is closed with the connection, also without memory. */
void http_connection_open(http_server *s, int fd, const struct sockaddr *peer);
/* End it at once; its memory goes when the turn ends. */
void http_connection_close(http_connection *c);
/* Tell a connection that over the maximum there is no more room. */
void http_turn_away(http_server *s, int fd);
/* Send what the turn has written, and go on: http_server.turn_ends. */
void http_turn_ends(reactor_task *task);
/* Around whatever the reactor calls: memory of closed connections goes at the end of the last. */
void http_enter(http_server *s);
void http_leave(http_server *s);

/* --- http_listen.c ------------------------------------------------------------------------------
 */

/* Open sockets that listen: one, or for the name of a host one for each of its addresses. @return 0
 * or errno; those that are open by then are the caller's to close in either case. */
int http_listener_open(http_listener opened[HTTP_MAX_OPENED], size_t *n_opened, const char *address,
                       char *why, size_t n);
int http_listener_adopt(http_listener *l, int fd);
void http_listener_close(http_listener *l);

#endif
