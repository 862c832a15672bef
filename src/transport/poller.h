/* Waits for descriptors and for a time. The build compiles one of two implementations:
 * poller_epoll.c on Linux, poller_kqueue.c on macOS and the BSDs. */
#ifndef BELUGA__POLLER_H
#define BELUGA__POLLER_H

#include "base/limits.h"
#include "base/list.h"
#include "loop/watch.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct beluga__ready {
    beluga__watch *watch; /* NULL: the descriptor is no longer watched */
    int events;
} beluga__ready;

typedef struct beluga__poller {
    int fd; /* descriptor that a host program watches */
    /* These two are only for host programs. With a kqueue they have no file descriptors, since the
     * kqueue has such events built in. */
    beluga__watch wake; /* ready when a host program must step the loop */
    /* ready at the armed time; its descriptor is opened when it is first armed */
    beluga__watch timer;
    int64_t armed_ns; /* time to which the timer is set; INT64_MAX: not set */
    bool woken;       /* the loop itself made `wake` ready */
    /* The descriptors that the last wait found ready. The watches from index `next` on were not
     * called yet. */
    beluga__ready ready[BELUGA__MAX_STEP_EVENTS];
    int next, n_ready;
} beluga__poller;

/* Initialize a poller. Returns 0, or LIMIT_EXCEEDED if no file descriptors are left. If `hosted` is
 * false, the poller can't be woken. */
int beluga__poller_init(beluga__poller *poller, bool hosted);
void beluga__poller_close(beluga__poller *poller);

int beluga__poller_add(beluga__poller *poller, beluga__watch *watch, int events);
int beluga__poller_mod(beluga__poller *poller, beluga__watch *watch, int events);
/* Stop watching. The watch is not called any more, and may be freed. */
void beluga__poller_del(beluga__poller *poller, beluga__watch *watch);

/* Make the host program's descriptor readable at a time of the monotonic clock. This makes a system
 * call only if the time is earlier than the one that is set. Returns 0 or LIMIT_EXCEEDED. */
int beluga__poller_arm(beluga__poller *poller, int64_t deadline_ns);
/* Make the descriptor readable now, until the next wait. Any thread may call this. */
void beluga__poller_signal(const beluga__poller *poller);
/* Call beluga__poller_signal, unless the descriptor is readable already. Only the loop's own thread
 * may call this. */
static inline void beluga__poller_wake(beluga__poller *poller)
{
    if (poller->woken) return;
    beluga__poller_signal(poller);
    poller->woken = true;
}

/* Wait at most timeout_ms (-1: without limit) for ready descriptors. Call this only after all
 * watches that the last wait found ready were called, so that descriptors that are always ready
 * don't keep others from being read. Returns how many watches can be called now; 0 also if a signal
 * interrupted the wait. */
int beluga__poller_wait(beluga__poller *poller, int timeout_ms);
static inline bool beluga__poller_has_more(const beluga__poller *poller)
{
    return poller->next < poller->n_ready;
}
/* Call the next ready watch. Returns false if no ready watch is left. */
static inline bool beluga__poller_call(beluga__poller *poller)
{
    if (!beluga__poller_has_more(poller)) return false;
    beluga__ready ready = poller->ready[poller->next++];
    if (ready.watch) ready.watch->ready(ready.watch, ready.events);
    return true;
}
/* Remove a watch from the list of ready watches, so that it is not called any more. For the
 * pollers' own use. */
static inline void beluga__poller_forget(beluga__poller *poller, const beluga__watch *watch)
{
    for (int i = poller->next; i < poller->n_ready; i++)
        if (poller->ready[i].watch == watch) poller->ready[i].watch = NULL;
}

#endif
