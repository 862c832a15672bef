/* The struct of the server, used by the peer's own files only. */
#ifndef BELUGA_PEER_SERVER_H
#define BELUGA_PEER_SERVER_H

#include "base/wake.h"
#include "peer/conn.h"
#include "peer/http.h"
#include "peer/peer.h"
#include "peer/reply.h"
#include "peer/timer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

/* Answers requests that no reply of the script matches. It runs on the serving thread, without the
 * lock. */
typedef struct peer_handler {
    /* Script `r` as the answer to this request; the request's body may be taken over. */
    void (*answer)(void *state, request *req, peer_reply *r);
    void (*free)(void *state); /* called by peer_stop() */
    void *state;
} peer_handler;

struct peer {
    int listen_fd, epoll_fd, timer_fd;
    beluga__wake wake;
    int port;
    char url[64];
    FILE *log_file;
    size_t log_max, max_body;
    pthread_t thread;
    bool has_thread;
    atomic_bool quit;

    /* Only the serving thread uses the members from here to the lock. */
    conn *conns;
    heap timers;
    uint64_t armed_ns;
    bool accept_paused;
    long next_connection;

    /* The lock guards everything below. */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool serves; /* the thread runs */
    peer_reply *first, *last, *unscripted_reply;
    peer_handler handler; /* {NULL}: no handler */
    uint64_t gates;
    peer_accept_fault accept_fault;
    int accept_faults_left;
    request **log;
    size_t log_len, log_cap, log_bytes;
    size_t requests, unscripted, malformed, accepted, closed;
};

/* ---- control.c ------------------------------------------------------------------------------- */

/* Wake the serving thread, which then looks whether to quit or to open gates. */
void peer__wake(peer *p);
bool peer__gate_is_open(peer *p, unsigned gate);

/* ---- log.c ----------------------------------------------------------------------------------- */

/* Give the request its number, keep it in the log if the log's limits allow, and return its
 * reply. */
peer_reply *peer__log_and_choose(peer *p, request *req);

#endif
