/* Waiting for descriptors and for a time. Only poller_epoll.c knows how this is done; another
 * system would get another file behind these functions. */
#ifndef BELUGA__POLLER_H
#define BELUGA__POLLER_H

#include "base/list.h"

#include <stdbool.h>
#include <stdint.h>

enum { BELUGA__POLL_READ = 1, BELUGA__POLL_WRITE = 2, BELUGA__POLL_ERROR = 4 };

/* A descriptor that is watched. */
typedef struct beluga__watch {
    int fd;
    void (*ready)(struct beluga__watch *watch, int events);
} beluga__watch;

typedef struct beluga__poller {
    int fd;              /* descriptor that a host watches */
    beluga__watch wake;  /* readable when there is work; for hosts alone */
    beluga__watch timer; /* timer descriptor for hosts; none until armed */
    int64_t armed_ns;    /* time to which the timer is set; INT64_MAX: not set */
    bool woken;          /* the loop itself made `wake` readable */
} beluga__poller;

/* Returns 0, or LIMIT_EXCEEDED when no descriptors are left. Only a hosted one can be woken. */
int beluga__poller_init(beluga__poller *poller, bool hosted);
void beluga__poller_close(beluga__poller *poller);

int beluga__poller_add(beluga__poller *poller, beluga__watch *watch, int events);
int beluga__poller_mod(beluga__poller *poller, beluga__watch *watch, int events);
void beluga__poller_del(beluga__poller *poller, beluga__watch *watch);

/* Make the descriptor readable at a time of the monotonic clock, for a host that watches it. Only
 * an earlier time than the armed one costs a system call. Returns 0 or LIMIT_EXCEEDED. */
int beluga__poller_arm(beluga__poller *poller, int64_t deadline_ns);
/* Make the descriptor readable now, until the next wait. Only the loop's own thread may call
 * this. */
void beluga__poller_wake(beluga__poller *poller);
/* Do the same from any thread. */
void beluga__poller_signal(const beluga__poller *poller);

/* Wait at most timeout_ms (-1: without limit), call `over` when the wait has ended, then call at
 * most BELUGA__MAX_STEP_EVENTS ready watches; the rest come first in the next wait. Returns the
 * number of ready watches, also 0 when a signal interrupted the wait. */
int beluga__poller_wait(beluga__poller *poller, int timeout_ms, void (*over)(void *),
                        void *payload);

#endif
