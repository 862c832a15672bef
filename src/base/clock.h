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

/* The same in milliseconds. */
static inline int64_t beluga__now_ms(void)
{
    return beluga__now_ns() / BELUGA__NS_PER_MS;
}

/* When `timeout_ms` from now are over; at once where it is negative. Far enough from the end of
 * time to add to it. */
static inline int64_t beluga__ends_ns(int64_t timeout_ms)
{
    int64_t ns;
    if (timeout_ms < 0) timeout_ms = 0;
    if (__builtin_mul_overflow(timeout_ms, (int64_t)BELUGA__NS_PER_MS, &ns)) return INT64_MAX / 2;
    return __builtin_add_overflow(ns, beluga__now_ns(), &ns) ? INT64_MAX / 2 : ns;
}

/* For pthread_cond_timedwait, by the clock of beluga__now_ns. */
static inline struct timespec beluga__timespec(int64_t ns)
{
    return (struct timespec){.tv_sec = (time_t)(ns / 1000000000),
                             .tv_nsec = (long)(ns % 1000000000)};
}

/* Seconds since 1970. */
static inline int64_t beluga__wall_s(void)
{
    return (int64_t)time(NULL);
}

#endif
