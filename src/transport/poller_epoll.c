#include "transport/poller.h"

#include <beluga/error.h>

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

static uint32_t to_epoll(int events)
{
    return (events & BELUGA__POLL_READ ? EPOLLIN : 0u) |
           (events & BELUGA__POLL_WRITE ? EPOLLOUT : 0u);
}

static int from_epoll(uint32_t events)
{
    return (events & (EPOLLIN | EPOLLRDHUP) ? BELUGA__POLL_READ : 0) |
           (events & EPOLLOUT ? BELUGA__POLL_WRITE : 0) |
           (events & (EPOLLERR | EPOLLHUP) ? BELUGA__POLL_ERROR : 0);
}

static int control(beluga__poller *poller, int what, beluga__watch *watch, int events)
{
    struct epoll_event event = {.events = to_epoll(events), .data.ptr = watch};
    return epoll_ctl(poller->fd, what, watch->fd, &event);
}

/* Watch one of the poller's own descriptors, which end the host program's wait. */
static int add_own(beluga__poller *poller, beluga__watch *own, int fd,
                   void (*ready)(beluga__watch *, int))
{
    *own = (beluga__watch){fd, ready};
    return fd < 0 ? -1 : control(poller, EPOLL_CTL_ADD, own, BELUGA__POLL_READ);
}

static void close_one(int *fd)
{
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

static void wake_came(beluga__watch *watch, int events)
{
    beluga__poller *poller = beluga__container_of(watch, beluga__poller, wake);
    uint64_t count;
    ssize_t n = read(watch->fd, &count, sizeof count);
    (void)n;
    (void)events;
    poller->woken = false;
}

static void time_came(beluga__watch *watch, int events)
{
    beluga__poller *poller = beluga__container_of(watch, beluga__poller, timer);
    uint64_t count;
    (void)events;
    if (read(watch->fd, &count, sizeof count) == sizeof count) poller->armed_ns = INT64_MAX;
}

int beluga__poller_init(beluga__poller *poller, bool hosted)
{
    *poller = (beluga__poller){.fd = -1, .wake = {.fd = -1}, .timer = {.fd = -1}};
    poller->armed_ns = INT64_MAX;
    poller->fd = epoll_create1(EPOLL_CLOEXEC);
    if (poller->fd >= 0 && !hosted) return 0;
    int fd = poller->fd < 0 ? -1 : eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (add_own(poller, &poller->wake, fd, wake_came) == 0) return 0;
    beluga__poller_close(poller);
    return BELUGA_ERROR_LIMIT_EXCEEDED;
}

void beluga__poller_close(beluga__poller *poller)
{
    close_one(&poller->timer.fd);
    close_one(&poller->wake.fd);
    close_one(&poller->fd);
}

int beluga__poller_add(beluga__poller *poller, beluga__watch *watch, int events)
{
    if (control(poller, EPOLL_CTL_ADD, watch, events) == 0) return 0;
    /* epoll watches this descriptor already, so only its pointer is replaced. (epoll would not know
     * a descriptor that was closed and opened again.) */
    if (errno == EEXIST && control(poller, EPOLL_CTL_MOD, watch, events) == 0) return 0;
    return BELUGA_ERROR_LIMIT_EXCEEDED;
}

int beluga__poller_mod(beluga__poller *poller, beluga__watch *watch, int events)
{
    return control(poller, EPOLL_CTL_MOD, watch, events) ? BELUGA_ERROR_LIMIT_EXCEEDED : 0;
}

void beluga__poller_del(beluga__poller *poller, beluga__watch *watch)
{
    control(poller, EPOLL_CTL_DEL, watch, 0);
    beluga__poller_forget(poller, watch);
}

int beluga__poller_arm(beluga__poller *poller, int64_t deadline_ns)
{
    if (deadline_ns >= poller->armed_ns) return 0;
    if (poller->timer.fd < 0) {
        int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
        if (add_own(poller, &poller->timer, fd, time_came)) {
            close_one(&poller->timer.fd);
            return BELUGA_ERROR_LIMIT_EXCEEDED;
        }
    }
    if (deadline_ns < 1) deadline_ns = 1; /* a time of 0 would disarm the timer */
    struct itimerspec at = {
        .it_value = {.tv_sec = deadline_ns / 1000000000, .tv_nsec = deadline_ns % 1000000000}};
    timerfd_settime(poller->timer.fd, TFD_TIMER_ABSTIME, &at, NULL);
    poller->armed_ns = deadline_ns;
    return 0;
}

void beluga__poller_signal(const beluga__poller *poller)
{
    uint64_t one = 1;
    ssize_t n = write(poller->wake.fd, &one, sizeof one);
    (void)n; /* if the counter is full, the write fails, but the descriptor is readable anyway */
}

int beluga__poller_wait(beluga__poller *poller, int timeout_ms)
{
    struct epoll_event events[BELUGA__MAX_STEP_EVENTS];
    int n = epoll_wait(poller->fd, events, BELUGA__MAX_STEP_EVENTS, timeout_ms);
    for (int i = 0; i < n; i++)
        poller->ready[i] = (beluga__ready){events[i].data.ptr, from_epoll(events[i].events)};
    poller->next = 0;
    return poller->n_ready = n < 0 ? 0 : n;
}
