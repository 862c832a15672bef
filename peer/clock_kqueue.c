/* A kqueue that has only a timer; it becomes readable when the timer fires. */
#include "peer/server.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/event.h>
#include <sys/time.h>
#include <sys/types.h>

int peer__clock_open(void)
{
    int fd = kqueue();
    if (fd >= 0) fcntl(fd, F_SETFD, FD_CLOEXEC);
    return fd;
}

/* Remove the event of a timer that fired, so that the kqueue is not readable until the timer fires
 * again. */
static void quiet(int fd)
{
    struct kevent event;
    const struct timespec now = {0};
    while (kevent(fd, NULL, 0, &event, 1, &now) > 0) continue;
}

void peer__clock_set(int fd, uint64_t at_ns)
{
    struct kevent event;
    uint64_t now = peer__now_ns();
    quiet(fd);
    EV_SET(&event, 0, EVFILT_TIMER, at_ns ? EV_ADD | EV_ONESHOT : EV_DELETE, NOTE_NSECONDS,
           (int64_t)(at_ns > now ? at_ns - now : 1), NULL);
    kevent(fd, &event, 1, NULL, 0, NULL); /* a timer that fired can't be deleted */
}
