/* Control of a peer while it serves: opens gates, and makes the next connections fail. */
#include "peer/server.h"

#include <unistd.h>

void peer__wake(peer *p)
{
    beluga__wake_up(&p->wake);
}

bool peer__gate_is_open(peer *p, unsigned gate)
{
    pthread_mutex_lock(&p->lock);
    bool open = (p->gates >> gate) & 1;
    pthread_mutex_unlock(&p->lock);
    return open;
}

void peer_open_gate(peer *p, int gate)
{
    if (gate < 0 || gate >= PEER_MAX_GATES) return;
    pthread_mutex_lock(&p->lock);
    p->gates |= UINT64_C(1) << gate;
    pthread_mutex_unlock(&p->lock);
    peer__wake(p);
}

void peer_fail_accepts(peer *p, peer_accept_fault fault, int times)
{
    pthread_mutex_lock(&p->lock);
    p->accept_fault = fault;
    p->accept_faults_left = times;
    pthread_mutex_unlock(&p->lock);
}
