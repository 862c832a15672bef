/* Threads of the library. */
#ifndef BELUGA__THREAD_H
#define BELUGA__THREAD_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Start a thread that blocks all signals, since they belong to the host; so it gets no SIGPIPE
 * either.
 *
 * @param thread  The thread, which must be joined; NULL: it is detached.
 * @param stack   Bytes of its stack.
 *
 * Returns 0 or an errno.
 */
int beluga__thread_start(pthread_t *thread, size_t stack, void *(*run)(void *argument),
                         void *argument);

/* Begin a condition whose waits end by the monotonic clock, which nobody sets. Returns 0 or an
 * errno. */
int beluga__cond_init(pthread_cond_t *condition);
/* Wait until a time of beluga__now_ns, or until such a condition is signalled, or for no reason.
 * The caller holds the lock. Returns 0, or ETIMEDOUT: the time is over. */
int beluga__wait_until(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t ns);

#endif
