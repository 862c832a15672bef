#include "base/wake.h"

#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

bool beluga__wake_open(beluga__wake *wake)
{
    wake->fd = wake->to = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return wake->fd >= 0;
}

void beluga__wake_close(beluga__wake *wake)
{
    if (wake->fd >= 0) close(wake->fd);
    *wake = BELUGA__NO_WAKE;
}

void beluga__wake_up(const beluga__wake *wake)
{
    uint64_t one = 1;
    ssize_t n = write(wake->to, &one, sizeof one);
    (void)n; /* it fails only if the counter is full: then `fd` is readable already */
}

void beluga__wake_quiet(const beluga__wake *wake)
{
    uint64_t count;
    ssize_t n = read(wake->fd, &count, sizeof count);
    (void)n;
}
