#include "peer/server.h"

#include <sys/timerfd.h>
#include <time.h>

int peer__clock_open(void)
{
    return timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
}

void peer__clock_set(int fd, uint64_t at_ns)
{
    struct itimerspec when = {.it_value = {.tv_sec = (time_t)(at_ns / UINT64_C(1000000000)),
                                           .tv_nsec = (long)(at_ns % UINT64_C(1000000000))}};
    timerfd_settime(fd, TFD_TIMER_ABSTIME, &when, NULL);
}
