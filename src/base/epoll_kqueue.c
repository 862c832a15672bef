#include "base/epoll.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/event.h>
#include <sys/time.h>
#include <sys/types.h>
#include <unistd.h>

enum { MOST = 256 };

int beluga__epoll_create(int flags)
{
    (void)flags;
    int fd = kqueue();
    if (fd < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) == 0) return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

/* Begin or stop watching a descriptor for one filter (reading or writing). */
static int set_kind(int epoll, int fd, int filter, bool wanted, const struct epoll_event *event)
{
    struct kevent change;
    int flags = !wanted ? EV_DELETE : event->events & EPOLLET ? EV_ADD | EV_CLEAR : EV_ADD;
    EV_SET(&change, (uintptr_t)fd, (short)filter, (unsigned short)flags, 0, 0,
           wanted ? event->data.ptr : NULL);
    /* If only the end of input is watched (EPOLLRDHUP), set a minimum of INT_MAX bytes, so that
     * received bytes cause no event. */
    if (wanted && filter == EVFILT_READ && !(event->events & EPOLLIN)) {
        change.fflags = NOTE_LOWAT;
        change.data = INT_MAX;
    }
    return kevent(epoll, &change, 1, NULL, 0, NULL) < 0 && wanted ? -1 : 0;
}

int beluga__epoll_ctl(int epoll, int what, int fd, const struct epoll_event *event)
{
    uint32_t events = what == EPOLL_CTL_DEL ? 0 : event->events;
    if (set_kind(epoll, fd, EVFILT_READ, events & (EPOLLIN | EPOLLRDHUP), event)) return -1;
    return set_kind(epoll, fd, EVFILT_WRITE, events & EPOLLOUT, event);
}

static uint32_t events_of(const struct kevent *event)
{
    bool ended = event->flags & EV_EOF;
    uint32_t error = event->flags & EV_ERROR || (ended && event->fflags) ? EPOLLERR : 0;
    if (event->filter == EVFILT_WRITE) return EPOLLOUT | error;
    return EPOLLIN | (ended ? EPOLLRDHUP : 0) | error;
}

/* Add an event to those found so far. A kqueue reports reading and writing as two events; they are
 * merged into one, since the first one handled may free the object behind the pointer. */
static int add(struct epoll_event *found, int n, const struct kevent *event)
{
    for (int i = 0; i < n; i++) {
        if (found[i].data.ptr != (void *)event->udata) continue;
        found[i].events |= events_of(event);
        return n;
    }
    found[n] = (struct epoll_event){.events = events_of(event)};
    found[n].data.ptr = (void *)event->udata;
    return n + 1;
}

int beluga__epoll_wait(int epoll, struct epoll_event *events, int n, int timeout_ms)
{
    struct kevent ready[MOST];
    struct timespec end = {.tv_sec = timeout_ms / 1000, .tv_nsec = timeout_ms % 1000 * 1000000L};
    int found = kevent(epoll, NULL, 0, ready, n < MOST ? n : MOST, timeout_ms < 0 ? NULL : &end);
    if (found < 0) return -1;
    int merged = 0;
    for (int i = 0; i < found; i++) merged = add(events, merged, &ready[i]);
    return merged;
}
