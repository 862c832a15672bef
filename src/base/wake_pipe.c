#include "base/wake.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Make one end non-blocking and close-on-exec. A write to a full pipe then fails at once, which
 * does no harm, since the pipe is readable already. */
static bool prepare(int fd)
{
    return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0;
}

bool beluga__wake_open(beluga__wake *wake)
{
    int ends[2];
    *wake = BELUGA__NO_WAKE;
    if (pipe(ends)) return false;
    *wake = (beluga__wake){ends[0], ends[1]};
    if (prepare(ends[0]) && prepare(ends[1])) return true;
    int error = errno;
    beluga__wake_close(wake);
    errno = error;
    return false;
}

void beluga__wake_close(beluga__wake *wake)
{
    if (wake->fd >= 0) close(wake->fd);
    if (wake->to >= 0) close(wake->to);
    *wake = BELUGA__NO_WAKE;
}

void beluga__wake_up(const beluga__wake *wake)
{
    ssize_t n = write(wake->to, "", 1);
    (void)n;
}

void beluga__wake_quiet(const beluga__wake *wake)
{
    char bytes[256];
    while (read(wake->fd, bytes, sizeof bytes) == (ssize_t)sizeof bytes) continue;
}
