/* Waits for file descriptors and for a time. Only poller_epoll.c knows how; another system would
 * get another file with these functions. */
#ifndef BELUGA__POLLER_H
#define BELUGA__POLLER_H

#include "base/limits.h"
#include "base/list.h"
#include "loop/watch.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct beluga__ready {
    beluga__watch *watch; /* NULL: the descriptor is no longer watched */
    int events;
} beluga__ready;

typedef struct beluga__poller {
    int fd;              /* the descriptor that a host watches */
    beluga__watch wake;  /* readable when there is work; used for hosts only */
    beluga__watch timer; /* timer descriptor for hosts; opened when it is first set */
    int64_t armed_ns;    /* time to which the timer is set; INT64_MAX: not set */
    bool woken;          /* the loop's own thread has made `wake` readable */
    /* The descriptors that the last wait found. Those from `next` on have not been called yet. */
    beluga__ready ready[BELUGA__MAX_STEP_EVENTS];
    int next, n_ready;
} beluga__poller;

/* Begin a poller. Returns 0, or LIMIT_EXCEEDED if no file descriptors are left. Only a hosted
 * poller can be woken. */
int beluga__poller_init(beluga__poller *poller, bool hosted);
void beluga__poller_close(beluga__poller *poller);

int beluga__poller_add(beluga__poller *poller, beluga__watch *watch, int events);
int beluga__poller_mod(beluga__poller *poller, beluga__watch *watch, int events);
/* Stop watching. The watch is not called any more, and may be freed. */
void beluga__poller_del(beluga__poller *poller, beluga__watch *watch);

/* Make the host's descriptor readable at a time of the monotonic clock. Only a time earlier than
 * the one that is set costs a system call. Returns 0 or LIMIT_EXCEEDED. */
int beluga__poller_arm(beluga__poller *poller, int64_t deadline_ns);
/* Make the host's descriptor readable now, until the next wait. Only the loop's own thread may call
 * this. */
void beluga__poller_wake(beluga__poller *poller);
/* Make the host's descriptor readable now. Threads: any. */
void beluga__poller_signal(const beluga__poller *poller);

/* Wait at most timeout_ms (-1: without limit) for ready descriptors. Call this when all descriptors
 * that the last wait found were called: descriptors that are always ready must not keep others from
 * being read. Returns how many can be called; 0 also if a signal interrupted the wait. */
int beluga__poller_wait(beluga__poller *poller, int timeout_ms);
/* Call the next ready watch. Returns false if there is none. */
bool beluga__poller_call(beluga__poller *poller);
static inline bool beluga__poller_has_more(const beluga__poller *poller)
{
    return poller->next < poller->n_ready;
}

#endif
