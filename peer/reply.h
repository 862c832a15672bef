/* Replies: the steps of each, and which request it answers. */
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

/* Make one that is in no queue; owned, NULL without memory. */
peer_reply *peer__reply_alloc(peer *p);
/* Say that it can't be played whole. */
void peer__reply_break(peer_reply *r);
void peer__reply_free(peer_reply *r);
/* Take the first reply that matches, or NULL. The caller holds the lock. */
peer_reply *peer__reply_choose(peer *p, const request *req);

#endif
