/* The event loop of `beluga serve`: descriptors, timers, and what is left for the end of a turn.
 * One thread; nothing here is called from another. */
#ifndef BELUGA_CLI_SERVE_REACTOR_H
#define BELUGA_CLI_SERVE_REACTOR_H

#include <stdbool.h>
#include <stdint.h>

typedef struct reactor reactor;

/* A descriptor that is watched; a member of a struct of its owner's. */
typedef struct reactor_watch {
    int fd;
    /* `events` are epoll's: EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLERR, EPOLLHUP (base/epoll.h). */
    void (*ready)(struct reactor_watch *watch, uint32_t events);
    uint32_t events; /* that are waited for; 0: it is not watched */
} reactor_watch;

/* A timer; a member of a struct of its owner's, zeroed before its first use. */
typedef struct reactor_timer {
    void (*due)(struct reactor_timer *timer);
    int64_t due_ns; /* on CLOCK_MONOTONIC */
    uint32_t place; /* in the heap, from 1; 0: it is not set */
} reactor_timer;

/* Something to do once, when all that is due in a turn was called; a member of a struct of its
 * owner's, zeroed before its first use. */
typedef struct reactor_task {
    void (*run)(struct reactor_task *task);
    struct reactor_task *next;
    bool waits;
} reactor_task;

/* @return 0 or errno. */
int reactor_new(reactor **out);
void reactor_free(reactor *r);

/* Wait for these events of watch->fd from now on; 0: not any more, and it must be said before the
 * descriptor is closed. @return 0 or errno. */
int reactor_set(reactor *r, reactor_watch *watch, uint32_t events);

/* Set a timer, also one that is set already. Room for it is had by reactor_reserve, so that this
 * can't fail. */
void reactor_set_timer(reactor *r, reactor_timer *timer, int64_t after_ms);
void reactor_stop_timer(reactor *r, reactor_timer *timer);
/* Have room for so many more timers. @return 0 or ENOMEM. */
int reactor_reserve(reactor *r, uint32_t more);
void reactor_unreserve(reactor *r, uint32_t less);

/* Run a task at the end of this turn, or of the next outside of one; once, however often it is
 * said. A task that is said while tasks run is run in the same turn. */
void reactor_defer(reactor *r, reactor_task *task);
void reactor_cancel_task(reactor *r, reactor_task *task);

int64_t reactor_now_ns(const reactor *r); /* of this turn */

/* Wait at most `timeout_ms` (-1: without end) and call what is due: descriptors first, then timers,
 * then tasks. A signal ends the wait. @return 0 or errno. */
int reactor_turn(reactor *r, int timeout_ms);

#endif
