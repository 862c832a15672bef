/* Replies: their steps, and the requests that they answer. */
#ifndef BELUGA_PEER_REPLY_H
#define BELUGA_PEER_REPLY_H

#include "peer/bytes.h"
#include "peer/http.h"
#include "peer/peer.h"

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
    char *data; /* BYTES: owned by the reply, and never changed */
    size_t n;   /* BYTES: length; SPLIT: bytes of a send; GATE: the gate's number */
    uint64_t wait_ns;
} step;

struct peer_reply {
    peer *owner;
    peer_reply *next;
    step *steps;
    size_t n_steps, cap_steps;
    int left; /* how many requests the reply still answers, or PEER_FOR_EVER */
    char *path, *model, *route, *body;
    int streamed; /* 1: only streamed requests, 0: only others, -1: all */
    unsigned turn, turns, seen;
    uint64_t lasts_ns, until_ns; /* lasts_ns counts from the first matching request; 0: no end */
    bytes head;                  /* the head, until the next step chooses its framing */
    bool has_status, broken;
    bool own; /* made for a single request, with which it is freed */
    char *answer_model;
};

/* Make a reply that is in no queue. The caller owns it; NULL if out of memory. */
peer_reply *peer__reply_alloc(peer *p);
/* Mark a reply that can't be played completely. */
void peer__reply_break(peer_reply *r);
void peer__reply_free(peer_reply *r);
/* Return the first reply that matches, or NULL. The caller holds the lock. */
peer_reply *peer__reply_choose(peer *p, const request *req);

#endif
