/* SCOPED(peer) *p = peer_start() stops the peer at the end of its block. */
#ifndef TESTS_SCOPED_PEER_H
#define TESTS_SCOPED_PEER_H

#include "peer/peer.h"
#include "scoped.h"

static inline void scoped_peer(peer **p)
{
    peer_stop(*p);
}

#endif
