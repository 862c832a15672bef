/* A connection, from its first byte to its end. */
#ifndef BELUGA_PEER_CONN_H
#define BELUGA_PEER_CONN_H

#include "peer/http.h"
#include "peer/peer.h"
#include "peer/timer.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum wait_for {
    WAIT_REQUEST,
    WAIT_WRITABLE,
    WAIT_TIMER,
    WAIT_BYTES,
    WAIT_GATE,
    WAIT_LINGER, /* refused; further bytes are dropped */
    WAIT_FOR_EVER
} wait_for;

struct conn {
    peer *owner;
    struct conn *prev, *next;
    int fd;
    long number;
    bool gone; /* the client closed its side */
    wait_for wait;
    bytes in;
    parser parser;
    request *req; /* the request that is being answered */
    peer_reply *reply;
    size_t next_step;
    const char *out;
    size_t out_left;
    size_t split;
    uint64_t split_gap_ns;
    unsigned gate;
    uint64_t deadline_ns;
    size_t heap_at; /* index in the heap + 1; 0: not in the heap */
};

/* Accept all waiting connections. */
void peer__accept(peer *p);
void peer__conn_event(conn *c, uint32_t events);
/* Continue after the event for which the connection waited. */
void peer__conn_run(conn *c);
void peer__conn_free(conn *c);

#endif
