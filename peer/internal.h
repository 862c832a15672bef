/* What the files of the peer share. Nothing here is for its users. */
#ifndef BELUGA_PEER_INTERNAL_H
#define BELUGA_PEER_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "peer/peer.h"

#define PEER_NS_PER_MS  UINT64_C(1000000)
#define PEER_MODEL_SIZE 128

/* ---- bytes that grow up to a maximum --------------------------------------------------------- */

typedef struct bytes {
    char *data;
    size_t len, cap;
} bytes;

bool peer__bytes_reserve(bytes *b, size_t extra, size_t max);
bool peer__bytes_add(bytes *b, const void *data, size_t n, size_t max);
void peer__bytes_drop(bytes *b, size_t n); /* forget the first n */
void peer__bytes_free(bytes *b);

typedef struct request request;

/* ---- script ---------------------------------------------------------------------------------- */

typedef enum step_kind {
    STEP_BYTES,
    STEP_DELAY,
    STEP_SPLIT,
    STEP_AWAIT,
    STEP_GATE,
    STEP_CLOSE,
    STEP_RESET,
    STEP_HANG
} step_kind;

typedef struct step {
    step_kind kind;
    char *data; /* BYTES: owned by the reply, never changed once appended */
    size_t n;   /* BYTES: length; SPLIT: bytes a send; GATE: its number */
    uint64_t wait_ns;
} step;

struct peer_reply {
    peer *owner;
    peer_reply *next;
    step *steps;
    size_t n_steps, cap_steps;
    int left; /* how many more requests it answers, or PEER_FOR_EVER */
    char *path, *model;
    int streamed; /* -1: either */
    unsigned turn, turns, seen;
    uint64_t lasts_ns, until_ns; /* 0: for ever; from the first request that it could take */
    bytes head;                  /* a status that waits for the step that chooses its framing */
    bool has_status, broken;
    char *answer_model;
};

peer_reply *peer__reply_unscripted(peer *p); /* not in the queue */
void peer__reply_break(peer_reply *r);
void peer__reply_free(peer_reply *r);
/* Take the first reply that matches, or NULL. The caller holds the lock. */
peer_reply *peer__reply_choose(peer *p, const request *req);
bool peer__gate_is_open(peer *p, unsigned gate);

/* ---- requests -------------------------------------------------------------------------------- */

typedef struct header {
    const char *name, *value;
} header;

struct request {
    bytes head; /* its lines, cut apart by NULs; method, path and headers point into it */
    bytes body;
    const char *method, *path;
    header *headers;
    size_t n_headers;
    char model[PEER_MODEL_SIZE];
    bool streamed, last_on_connection, kept;
    uint64_t time_ns;
    long connection;
    peer_outcome outcome;
};

typedef enum parse_result {
    PARSE_MORE,
    PARSE_DONE,
    PARSE_BAD,
    PARSE_LONG_HEAD,
    PARSE_LONG_BODY,
    PARSE_NO_MEMORY
} parse_result;

/* How far the reading of one request has come. */
typedef struct parser {
    request *req;     /* NULL until the head is complete */
    size_t scanned;   /* head: it does not end before this place; trailers: bytes so far */
    size_t body_left; /* of the body, or of the chunk */
    enum { BODY_LENGTH, CHUNK_SIZE, CHUNK_DATA, CHUNK_END, TRAILER, BODY_END } at;
    bool expects_continue; /* the client waits for "100 Continue" */
} parser;

parse_result peer__parse(parser *ps, bytes *in);
void peer__parser_reset(parser *ps); /* also frees a request that was not taken out */
void peer__request_free(request *req);
const char *peer__request_header(const request *req, const char *name);
/* Copy a top-level member's value, or "". */
void peer__json_member(const char *json, size_t n, const char *key, char *out, size_t size);

/* Number the request, keep it if there is room, and find its answer. */
peer_reply *peer__log_and_choose(peer *p, request *req);

/* ---- connections ----------------------------------------------------------------------------- */

typedef enum wait_for {
    WAIT_REQUEST,
    WAIT_WRITABLE,
    WAIT_TIMER,
    WAIT_BYTES,
    WAIT_GATE,
    WAIT_LINGER, /* refused; whatever still comes is thrown away */
    WAIT_FOR_EVER
} wait_for;

typedef struct conn {
    peer *owner;
    struct conn *prev, *next;
    int fd;
    long number;
    bool gone; /* the client closed its side */
    wait_for wait;
    bytes in;
    parser parser;
    request *req; /* being answered */
    peer_reply *reply;
    size_t next_step;
    const char *out;
    size_t out_left;
    size_t split;
    uint64_t split_gap_ns;
    unsigned gate;
    uint64_t deadline_ns;
    size_t heap_at; /* place in the heap + 1; 0: not in it */
} conn;

void peer__accept(peer *p);
void peer__conn_event(conn *c, uint32_t events);
void peer__conn_run(conn *c); /* go on, whatever it waited for has come */
void peer__conn_free(conn *c);
void peer__socket_reset_on_close(int fd);
void peer__socket_drain(int fd);

typedef enum play_result { PLAY_WAITS, PLAY_DONE, PLAY_CLOSES } play_result;
play_result peer__play(conn *c);

/* ---- timers ---------------------------------------------------------------------------------- */

typedef struct heap {
    conn **at;
    size_t len, cap;
} heap;

bool peer__timer_set(conn *c, uint64_t deadline_ns);
void peer__timer_clear(conn *c);
uint64_t peer__now_ns(void);

void peer__wake(peer *p); /* make the serving thread look at its flags */

/* ---- the peer -------------------------------------------------------------------------------- */

struct peer {
    int listen_fd, epoll_fd, wake_fd, timer_fd;
    int port;
    char url[64];
    FILE *log_file;
    size_t log_max;
    pthread_t thread;
    bool has_thread;
    atomic_bool quit;

    /* of the serving thread alone */
    conn *conns;
    heap timers;
    uint64_t armed_ns;
    bool accept_paused;
    long next_connection;

    /* everything below is shared and belongs to the lock */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool serves; /* its thread runs */
    peer_reply *first, *last, *unscripted_reply;
    uint64_t gates;
    peer_accept_fault accept_fault;
    int accept_faults_left;
    request **log;
    size_t log_len, log_cap, log_bytes;
    size_t requests, unscripted, malformed, accepted, closed;
};

#endif
