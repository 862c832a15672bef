#include "base/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/event.h>
#include <sys/time.h>
#include <sys/types.h>
#include <unistd.h>

/* Signals with larger numbers are not needed here. */
enum { MOST = 32 };

/* A kqueue reports a blocked signal, too, but leaves it pending: the process receives the signal as
 * soon as it unblocks it. */
int beluga__signals_open(const sigset_t *set)
{
    int fd = kqueue(), failed = fd < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC);
    for (int signal = 1; signal < MOST && !failed; signal++) {
        struct kevent event;
        if (sigismember(set, signal) != 1) continue;
        EV_SET(&event, (uintptr_t)signal, EVFILT_SIGNAL, EV_ADD, 0, 0, NULL);
        failed = kevent(fd, &event, 1, NULL, 0, NULL) < 0;
    }
    if (!failed) return fd;
    int error = errno;
    if (fd >= 0) close(fd);
    errno = error;
    return -1;
}

int beluga__signals_next(int fd)
{
    struct kevent event;
    const struct timespec now = {0};
    return kevent(fd, NULL, 0, &event, 1, &now) == 1 ? (int)event.ident : 0;
}
