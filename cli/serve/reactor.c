#include "serve/reactor.h"

#include "base/clock.h"
#include "base/epoll.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

enum { MOST_EVENTS = 128 };

/* An entry of the heap. It contains the due time, so that comparing two entries needs no other
 * memory. */
typedef struct timer_place {
    int64_t due_ns;
    reactor_timer *timer;
} timer_place;

struct reactor {
    int epoll;
    int64_t now_ns;
    struct epoll_event events[MOST_EVENTS];
    int n_events, next_event; /* events of this turn; those before next_event were already
                               * handled */
    /* a binary heap whose indices begin at 1: the children of i are 2i and 2i + 1 */
    timer_place *heap;
    uint32_t n_timers, capacity, reserved;
    reactor_task *first_task, *last_task;
};

int reactor_new(reactor **out)
{
    reactor *r = calloc(1, sizeof *r);
    if (!r) return ENOMEM;
    r->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (r->epoll < 0) {
        int failure = errno;
        free(r);
        return failure;
    }
    r->now_ns = beluga__now_ns();
    *out = r;
    return 0;
}

void reactor_free(reactor *r)
{
    if (!r) return;
    close(r->epoll);
    free(r->heap);
    free(r);
}

int64_t reactor_now_ns(const reactor *r)
{
    return r->now_ns;
}

/* --- descriptors --------------------------------------------------------------------------------
 */

/* Drop events of this watch that the kernel has already reported, since the callback must not run
 * any more. */
static void forget_events(reactor *r, const reactor_watch *watch)
{
    for (int i = r->next_event; i < r->n_events; i++)
        if (r->events[i].data.ptr == watch) r->events[i].data.ptr = NULL;
}

int reactor_set(reactor *r, reactor_watch *watch, uint32_t events)
{
    if (events == watch->events) return 0;
    int how = !watch->events ? EPOLL_CTL_ADD : events ? EPOLL_CTL_MOD : EPOLL_CTL_DEL;
    struct epoll_event event = {.events = events, .data.ptr = watch};
    if (!events) forget_events(r, watch);
    if (epoll_ctl(r->epoll, how, watch->fd, &event) != 0 && events) return errno;
    watch->events = events;
    return 0;
}

static void call_descriptors(reactor *r)
{
    while (r->next_event < r->n_events) {
        const struct epoll_event *event = &r->events[r->next_event++];
        reactor_watch *watch = event->data.ptr;
        if (watch) watch->ready(watch, event->events);
    }
    r->n_events = r->next_event = 0;
}

/* --- timers -------------------------------------------------------------------------------------
 */

int reactor_reserve(reactor *r, uint32_t more)
{
    uint32_t needed = r->reserved + more;
    if (needed >= r->capacity) {
        uint32_t capacity = r->capacity ? r->capacity : 16;
        while (capacity <= needed) capacity *= 2;
        timer_place *heap = realloc(r->heap, capacity * sizeof *heap);
        if (!heap) return ENOMEM;
        r->heap = heap;
        r->capacity = capacity;
    }
    r->reserved = needed;
    return 0;
}

void reactor_unreserve(reactor *r, uint32_t less)
{
    r->reserved -= less;
}

static void put(reactor *r, uint32_t place, timer_place entry)
{
    r->heap[place] = entry;
    entry.timer->place = place;
}

static void move_up(reactor *r, uint32_t place, timer_place entry)
{
    for (; place > 1 && r->heap[place / 2].due_ns > entry.due_ns; place /= 2)
        put(r, place, r->heap[place / 2]);
    put(r, place, entry);
}

static void move_down(reactor *r, uint32_t place, timer_place entry)
{
    for (uint32_t child; (child = 2 * place) <= r->n_timers; place = child) {
        if (child < r->n_timers && r->heap[child + 1].due_ns < r->heap[child].due_ns) child++;
        if (r->heap[child].due_ns >= entry.due_ns) break;
        put(r, place, r->heap[child]);
    }
    put(r, place, entry);
}

static void move(reactor *r, uint32_t place, timer_place entry)
{
    if (place > 1 && r->heap[place / 2].due_ns > entry.due_ns)
        move_up(r, place, entry);
    else
        move_down(r, place, entry);
}

void reactor_set_timer(reactor *r, reactor_timer *timer, int64_t after_ms)
{
    if (after_ms < 0) after_ms = 0;
    int64_t most_ms = (INT64_MAX - r->now_ns) / BELUGA__NS_PER_MS;
    timer->due_ns = r->now_ns + (after_ms < most_ms ? after_ms : most_ms) * BELUGA__NS_PER_MS;
    uint32_t place = timer->place ? timer->place : ++r->n_timers;
    move(r, place, (timer_place){timer->due_ns, timer});
}

void reactor_stop_timer(reactor *r, reactor_timer *timer)
{
    uint32_t place = timer->place;
    if (!place) return;
    timer->place = 0;
    timer_place last = r->heap[r->n_timers--];
    if (last.timer != timer) move(r, place, last);
}

static void call_timers(reactor *r)
{
    while (r->n_timers && r->heap[1].due_ns <= r->now_ns) {
        reactor_timer *timer = r->heap[1].timer;
        reactor_stop_timer(r, timer);
        timer->due(timer);
    }
}

/* --- tasks --------------------------------------------------------------------------------------
 */

void reactor_defer(reactor *r, reactor_task *task)
{
    if (task->waits) return;
    task->waits = true;
    task->next = NULL;
    if (r->last_task)
        r->last_task->next = task;
    else
        r->first_task = task;
    r->last_task = task;
}

void reactor_cancel_task(reactor *r, reactor_task *task)
{
    if (!task->waits) return;
    task->waits = false;
    reactor_task *before = NULL;
    for (reactor_task *other = r->first_task; other != task; other = other->next) before = other;
    if (before)
        before->next = task->next;
    else
        r->first_task = task->next;
    if (r->last_task == task) r->last_task = before;
}

static void run_tasks(reactor *r)
{
    for (reactor_task *task; (task = r->first_task);) {
        reactor_cancel_task(r, task);
        task->run(task);
    }
}

/* --- a turn -------------------------------------------------------------------------------------
 */

/* Returns the time to wait, rounded up, so that a turn does not end just before a timer is due. */
static int wait_ms(const reactor *r, int timeout_ms)
{
    if (r->first_task) return 0;
    if (!r->n_timers) return timeout_ms;
    int64_t left_ns = r->heap[1].due_ns - beluga__now_ns();
    if (left_ns <= 0) return 0;
    int64_t left_ms = left_ns / BELUGA__NS_PER_MS + 1;
    if (timeout_ms >= 0 && left_ms > timeout_ms) return timeout_ms;
    return left_ms > INT_MAX ? INT_MAX : (int)left_ms;
}

int reactor_turn(reactor *r, int timeout_ms)
{
    int n = epoll_wait(r->epoll, r->events, MOST_EVENTS, wait_ms(r, timeout_ms));
    if (n < 0 && errno != EINTR) return errno;
    r->now_ns = beluga__now_ns();
    r->n_events = n < 0 ? 0 : n;
    r->next_event = 0;
    call_descriptors(r);
    call_timers(r);
    run_tasks(r);
    return 0;
}
