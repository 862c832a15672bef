#include "base/clock.h"
#include "transport/poller.h"

#include <beluga/error.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/event.h>
#include <sys/time.h>
#include <sys/types.h>
#include <unistd.h>

/* The pointer in a kevent has different types on different systems; EV_SET converts it. */
static void fill(struct kevent *event, uintptr_t ident, int filter, int flags, beluga__watch *watch)
{
    EV_SET(event, ident, (short)filter, (unsigned short)flags, 0, 0, (void *)watch);
}

/* Make one change to the kqueue. Returns 0 or an errno. */
static int change(const beluga__poller *poller, const struct kevent *event)
{
    return kevent(poller->fd, event, 1, NULL, 0, NULL) < 0 ? errno : 0;
}

/* Begin or stop watching a descriptor for reading or for writing, which a kqueue stores as two
 * entries. Adding an entry again only replaces its pointer. */
static int set_kind(const beluga__poller *poller, beluga__watch *watch, int filter, bool wanted)
{
    struct kevent event;
    fill(&event, (uintptr_t)watch->fd, filter, wanted ? EV_ADD : EV_DELETE, watch);
    int error = change(poller, &event);
    /* removing an entry that does not exist fails, which does not matter */
    return wanted ? error : 0;
}

static int set(beluga__poller *poller, beluga__watch *watch, int events)
{
    int error = set_kind(poller, watch, EVFILT_READ, events & BELUGA__POLL_READ);
    if (!error) error = set_kind(poller, watch, EVFILT_WRITE, events & BELUGA__POLL_WRITE);
    return error ? BELUGA_ERROR_LIMIT_EXCEEDED : 0;
}

/* The end of input is not reported as an error, since the bytes before it must still be read. If
 * the peer accepts no more output, that is an error. */
static int from_kevent(const struct kevent *event)
{
    bool ended = event->flags & EV_EOF;
    if (event->flags & EV_ERROR) return BELUGA__POLL_ERROR;
    if (event->filter == EVFILT_WRITE) return BELUGA__POLL_WRITE | (ended ? BELUGA__POLL_ERROR : 0);
    return BELUGA__POLL_READ | (ended && event->fflags ? BELUGA__POLL_ERROR : 0);
}

/* ---- for host programs ----------------------------------------------------------------------- */

/* Add the user event that wakes the loop. EV_CLEAR resets it once it was delivered. */
static int add_wake(beluga__poller *poller)
{
    struct kevent event;
    fill(&event, 0, EVFILT_USER, EV_ADD | EV_CLEAR, &poller->wake);
    return change(poller, &event);
}

int beluga__poller_init(beluga__poller *poller, bool hosted)
{
    *poller = (beluga__poller){.fd = -1, .wake = {.fd = -1}, .timer = {.fd = -1}};
    poller->armed_ns = INT64_MAX;
    poller->fd = kqueue();
    /* A forked child does not inherit a kqueue, but a program that is executed would. */
    if (poller->fd >= 0 && fcntl(poller->fd, F_SETFD, FD_CLOEXEC) == 0 &&
        (!hosted || add_wake(poller) == 0))
        return 0;
    beluga__poller_close(poller);
    return BELUGA_ERROR_LIMIT_EXCEEDED;
}

void beluga__poller_close(beluga__poller *poller)
{
    if (poller->fd >= 0) close(poller->fd);
    poller->fd = -1;
}

/* The timer fires once; adding it again changes its time. If the deadline has passed, it fires
 * after one nanosecond. */
int beluga__poller_arm(beluga__poller *poller, int64_t deadline_ns)
{
    if (deadline_ns >= poller->armed_ns) return 0;
    int64_t left = deadline_ns - beluga__now_ns();
    struct kevent event;
    fill(&event, 0, EVFILT_TIMER, EV_ADD | EV_ONESHOT, &poller->timer);
    event.fflags = NOTE_NSECONDS;
    event.data = left < 1 ? 1 : left;
    if (change(poller, &event)) return BELUGA_ERROR_LIMIT_EXCEEDED;
    poller->armed_ns = deadline_ns;
    return 0;
}

void beluga__poller_signal(const beluga__poller *poller)
{
    struct kevent event;
    fill(&event, 0, EVFILT_USER, 0, (beluga__watch *)&poller->wake);
    event.fflags = NOTE_TRIGGER;
    change(poller, &event); /* fails only if add_wake was not called */
}

/* ---- descriptors ----------------------------------------------------------------------------- */

int beluga__poller_add(beluga__poller *poller, beluga__watch *watch, int events)
{
    return set(poller, watch, events);
}

int beluga__poller_mod(beluga__poller *poller, beluga__watch *watch, int events)
{
    return set(poller, watch, events);
}

void beluga__poller_del(beluga__poller *poller, beluga__watch *watch)
{
    set(poller, watch, 0);
    beluga__poller_forget(poller, watch);
}

/* Handle an event that only makes the descriptor readable for the host program: a wake or the
 * timer. After its delivery the descriptor is not readable any more, so note that it can be woken
 * or armed again. Returns false for other events. */
static bool take_own(beluga__poller *poller, const struct kevent *event)
{
    if (event->filter == EVFILT_USER)
        poller->woken = false;
    else if (event->filter == EVFILT_TIMER)
        poller->armed_ns = INT64_MAX;
    else
        return false;
    return true;
}

int beluga__poller_wait(beluga__poller *poller, int timeout_ms)
{
    struct kevent events[BELUGA__MAX_STEP_EVENTS];
    struct timespec end = {.tv_sec = timeout_ms / 1000, .tv_nsec = timeout_ms % 1000 * 1000000L};
    int n =
        kevent(poller->fd, NULL, 0, events, BELUGA__MAX_STEP_EVENTS, timeout_ms < 0 ? NULL : &end);
    poller->next = poller->n_ready = 0;
    for (int i = 0; i < n; i++)
        if (!take_own(poller, &events[i]))
            poller->ready[poller->n_ready++] =
                (beluga__ready){(void *)events[i].udata, from_kevent(&events[i])};
    return poller->n_ready;
}
