/* The loops that blocking calls lease. The most recently used loop is leased first, since its
 * connections are warm. There are no locks: the loop that was used last is swapped in and out
 * atomically, and the others are in two stacks of slot numbers, whose heads contain a tag against
 * the ABA problem. */
#ifndef BELUGA__LOOPS_H
#define BELUGA__LOOPS_H

#include "transport/loop.h"

#include <stdatomic.h>

typedef struct beluga__loop_slot beluga__loop_slot;

typedef struct beluga__loops {
    beluga__runtime *runtime;
    _Atomic(beluga__network_loop *) last; /* the idle loop that was used last, or NULL */
    beluga__loop_slot *slots;             /* slots for the other idle loops */
    int64_t idle_ns;                      /* how long an idle loop is kept */
    /* heads of the stacks of idle and empty slots: a tag in the upper half, slot number + 1 in the
     * lower half */
    _Atomic uint64_t idle, empty;
    _Atomic int64_t swept_ns;
} beluga__loops;

int beluga__loops_init(beluga__loops *loops, beluga__runtime *runtime, uint32_t n_slots,
                       int64_t idle_ms);
/* Free the loops. No call may be running. */
void beluga__loops_free(beluga__loops *loops);
/* Lease a loop. Until it is given back, the loop has a reference to the client. Returns 0,
 * NO_MEMORY or LIMIT_EXCEEDED, with detail in err, which may be NULL. */
int beluga__loops_lease(beluga__loops *loops, beluga__network_loop **out, beluga_error *err);
void beluga__loops_give_back(beluga__loops *loops, beluga__network_loop *loop);

#endif
