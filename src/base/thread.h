/* Threads of the library. */
#ifndef BELUGA__THREAD_H
#define BELUGA__THREAD_H

#include <pthread.h>
#include <stddef.h>

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

#endif
