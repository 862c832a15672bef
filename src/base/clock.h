/* Durations and deadlines use the monotonic clock, dates the wall clock. */
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

/* Returns the time of the monotonic clock in nanoseconds. */
static inline int64_t beluga__now_ns(void)
{
    return beluga__clock_ns(CLOCK_MONOTONIC);
}

/* Returns the time of the monotonic clock in milliseconds. */
static inline int64_t beluga__now_ms(void)
{
    return beluga__now_ns() / BELUGA__NS_PER_MS;
}

/* Returns the monotonic time that is `timeout_ms` from now, or now if `timeout_ms` is negative. The
 * result is at most half of INT64_MAX, so that the caller may add to it. */
static inline int64_t beluga__ends_ns(int64_t timeout_ms)
{
    int64_t ns;
    if (timeout_ms < 0) timeout_ms = 0;
    if (__builtin_mul_overflow(timeout_ms, (int64_t)BELUGA__NS_PER_MS, &ns)) return INT64_MAX / 2;
    return __builtin_add_overflow(ns, beluga__now_ns(), &ns) ? INT64_MAX / 2 : ns;
}

/* Returns the milliseconds since 1970. */
static inline int64_t beluga__wall_ms(void)
{
    return beluga__clock_ns(CLOCK_REALTIME) / BELUGA__NS_PER_MS;
}

/* Returns the seconds since 1970. */
static inline int64_t beluga__wall_s(void)
{
    return (int64_t)time(NULL);
}

#endif
