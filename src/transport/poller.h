/* Waiting for descriptors and for a time. Only poller_epoll.c knows how this is done; another
 * system would get another file behind these functions. */
#ifndef BELUGA__POLLER_H
#define BELUGA__POLLER_H

#include "base/limits.h"
#include "base/list.h"
#include "loop/watch.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct beluga__ready {
    beluga__watch *watch; /* NULL: it is watched no more */
    int events;
} beluga__ready;

typedef struct beluga__poller {
    int fd;              /* descriptor that a host watches */
    beluga__watch wake;  /* readable when there is work; for hosts alone */
    beluga__watch timer; /* timer descriptor for hosts; none until armed */
    int64_t armed_ns;    /* time to which the timer is set; INT64_MAX: not set */
    bool woken;          /* the loop itself made `wake` readable */
    /* Descriptors that the last wait found, of which those from `next` on have not been called. */
    beluga__ready ready[BELUGA__MAX_STEP_EVENTS];
    int next, n_ready;
} beluga__poller;

/* Returns 0, or LIMIT_EXCEEDED when no descriptors are left. Only a hosted one can be woken. */
int beluga__poller_init(beluga__poller *poller, bool hosted);
void beluga__poller_close(beluga__poller *poller);

int beluga__poller_add(beluga__poller *poller, beluga__watch *watch, int events);
int beluga__poller_mod(beluga__poller *poller, beluga__watch *watch, int events);
/* From now on the watch is not called, and may be freed. */
void beluga__poller_del(beluga__poller *poller, beluga__watch *watch);

/* Make the descriptor readable at a time of the monotonic clock, for a host that watches it. Only
 * an earlier time than the armed one costs a system call. Returns 0 or LIMIT_EXCEEDED. */
int beluga__poller_arm(beluga__poller *poller, int64_t deadline_ns);
/* Make the descriptor readable now, until the next wait. Only the loop's own thread may call
 * this. */
void beluga__poller_wake(beluga__poller *poller);
/* Do the same from any thread. */
void beluga__poller_signal(const beluga__poller *poller);

/* Wait at most timeout_ms (-1: without limit) for ready descriptors, when all that the last wait
 * found were called: descriptors that are always ready must not keep the others from their turn.
 * Returns how many can be called, 0 also when a signal interrupted the wait. */
int beluga__poller_wait(beluga__poller *poller, int timeout_ms);
/* Call the next ready watch. Returns false when there is none. */
bool beluga__poller_call(beluga__poller *poller);
static inline bool beluga__poller_has_more(const beluga__poller *poller)
{
    return poller->next < poller->n_ready;
}

#endif
