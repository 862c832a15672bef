/* The two clocks. */
#ifndef BELUGA__CLOCK_H
#define BELUGA__CLOCK_H

#include <stdint.h>
#include <time.h>

#define BELUGA__NS_PER_MS 1000000

static inline int64_t beluga__clock_ns(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* For durations and deadlines. */
static inline int64_t beluga__now_ns(void)
{
    return beluga__clock_ns(CLOCK_MONOTONIC);
}

/* Seconds since 1970. */
static inline int64_t beluga__wall_s(void)
{
    return (int64_t)time(NULL);
}

#endif
