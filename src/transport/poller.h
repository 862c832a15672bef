/* Waiting for descriptors and for a time. poller_epoll.c is the only file that knows how; another
 * system is another file behind these functions. */
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
    int fd;           /* what a host watches */
    int wake_fd;      /* readable: there is something to do */
    int timer_fd;     /* for hosts; -1 until armed */
    int64_t armed_ns; /* what timer_fd is set to; INT64_MAX: not */
    bool woken;       /* wake_fd is readable because of us */
} beluga__poller;

/* Returns 0 or LIMIT_EXCEEDED: no descriptors left. */
int beluga__poller_init(beluga__poller *poller);
void beluga__poller_close(beluga__poller *poller);

int beluga__poller_add(beluga__poller *poller, beluga__watch *watch, int events);
int beluga__poller_mod(beluga__poller *poller, beluga__watch *watch, int events);
void beluga__poller_del(beluga__poller *poller, beluga__watch *watch);

/* Make the descriptor readable at a time of the monotonic clock, for a host that watches it. Only
 * an earlier time than the armed one costs a system call. Returns 0 or LIMIT_EXCEEDED. */
int beluga__poller_arm(beluga__poller *poller, int64_t deadline_ns);
/* Make it readable now, until the next wait. The loop's own thread. */
void beluga__poller_wake(beluga__poller *poller);

/* Wait at most timeout_ms (-1 for ever), tell that the wait is over, and call what is ready: at
 * most BELUGA__MAX_STEP_EVENTS; those that are left come first the next time. Returns how many were
 * ready, 0 also when a signal interrupted it. */
int beluga__poller_wait(beluga__poller *poller, int timeout_ms, void (*over)(void *),
                        void *payload);

#endif
