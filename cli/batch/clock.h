/* The time that passes, whatever somebody sets the clock to. */
#ifndef BELUGA_CLI_BATCH_CLOCK_H
#define BELUGA_CLI_BATCH_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t batch_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

#endif
