#include "base/thread.h"

#include "base/clock.h"

#include <signal.h>
#include <time.h>

#define NS_PER_S 1000000000

int beluga__thread_start(pthread_t *thread, size_t stack, void *(*run)(void *argument),
                         void *argument)
{
    pthread_t detached;
    pthread_attr_t attributes;
    sigset_t all, before;
    pthread_attr_init(&attributes);
    if (!thread) pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, stack);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(thread ? thread : &detached, &attributes, run, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return error;
}

int beluga__cond_init(pthread_cond_t *condition)
{
    pthread_condattr_t monotonic;
    int error = pthread_condattr_init(&monotonic);
    if (error) return error;
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    error = pthread_cond_init(condition, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return error;
}

int beluga__wait_until(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t ns)
{
#ifdef __APPLE__
    /* On macOS a condition can't use the monotonic clock, but a wait may have a relative
     * timeout. */
    int64_t left = ns - beluga__now_ns();
    if (left < 0) left = 0;
    const struct timespec length = {.tv_sec = (time_t)(left / NS_PER_S),
                                    .tv_nsec = (long)(left % NS_PER_S)};
    return pthread_cond_timedwait_relative_np(condition, lock, &length);
#else
    const struct timespec end = {.tv_sec = (time_t)(ns / NS_PER_S),
                                 .tv_nsec = (long)(ns % NS_PER_S)};
    return pthread_cond_timedwait(condition, lock, &end);
#endif
}
