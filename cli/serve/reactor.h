/* The event loop of `beluga serve`: file descriptors, timers, and tasks at the end of a turn. Only
 * one thread may use it. */
#ifndef BELUGA_CLI_SERVE_REACTOR_H
#define BELUGA_CLI_SERVE_REACTOR_H

#include <stdbool.h>
#include <stdint.h>

typedef struct reactor reactor;

/* A watched file descriptor. The struct is a member of its owner's struct. */
typedef struct reactor_watch {
    int fd;
    /* `events` are those of epoll: EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLERR, EPOLLHUP
     * (base/epoll.h). */
    void (*ready)(struct reactor_watch *watch, uint32_t events);
    uint32_t events; /* the events to wait for; 0: the descriptor is not watched */
} reactor_watch;

/* A timer. The struct is a member of its owner's struct, zeroed before its first use. */
typedef struct reactor_timer {
    void (*due)(struct reactor_timer *timer);
    int64_t due_ns; /* time of CLOCK_MONOTONIC */
    uint32_t place; /* index in the heap, from 1; 0: the timer is not set */
} reactor_timer;

/* A function that is called once, after all descriptors and timers of a turn. The struct is a
 * member of its owner's struct, zeroed before its first use. */
typedef struct reactor_task {
    void (*run)(struct reactor_task *task);
    struct reactor_task *next;
    bool waits;
} reactor_task;

/* @return 0 or errno. */
int reactor_new(reactor **out);
void reactor_free(reactor *r);

/* Wait for these events of watch->fd from now on. 0 stops watching, which is needed before the
 * descriptor is closed. @return 0 or errno. */
int reactor_set(reactor *r, reactor_watch *watch, uint32_t events);

/* Set a timer, or set it to another time. This can't fail, since the caller must have reserved the
 * memory for each of its timers with reactor_reserve. */
void reactor_set_timer(reactor *r, reactor_timer *timer, int64_t after_ms);
void reactor_stop_timer(reactor *r, reactor_timer *timer);
/* Reserve memory for more timers. @return 0 or ENOMEM. */
int reactor_reserve(reactor *r, uint32_t more);
void reactor_unreserve(reactor *r, uint32_t less);

/* Run a task at the end of this turn; outside of a turn, at the end of the next. A task that is
 * deferred several times runs only once. A task that is deferred while tasks run still runs in the
 * same turn. */
void reactor_defer(reactor *r, reactor_task *task);
void reactor_cancel_task(reactor *r, reactor_task *task);

int64_t reactor_now_ns(const reactor *r); /* time at the beginning of this turn */

/* Wait at most `timeout_ms` (-1: without limit), and call what is due: first descriptors, then
 * timers, then tasks. A signal ends the wait. @return 0 or errno. */
int reactor_turn(reactor *r, int timeout_ms);

#endif
