/* Starts threads, and waits on conditions. */
#ifndef BELUGA__THREAD_H
#define BELUGA__THREAD_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

/* Start a thread that blocks all signals, since signals belong to the host program. So it gets no
 * SIGPIPE, either.
 *
 * @param thread  Receives the thread, which must be joined; NULL: the thread is detached.
 * @param stack   Size of its stack in bytes.
 *
 * Returns 0 or an errno. */
int beluga__thread_start(pthread_t *thread, size_t stack, void *(*run)(void *argument),
                         void *argument);

/* Initialize a condition whose timed waits use the monotonic clock, which no user can change.
 * Returns 0 or an errno. */
int beluga__cond_init(pthread_cond_t *condition);
/* Wait until the condition is signalled, at most until this time of beluga__now_ns. The wait may
 * also end for no reason (spurious wakeup). The caller holds the lock. Returns 0, or ETIMEDOUT if
 * the time is over. */
int beluga__wait_until(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t ns);

#endif
