/* Runs a function on several threads at the same time. */
#ifndef TESTS_THREADS_H
#define TESTS_THREADS_H

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { THREADS_MAX = 64 };

typedef struct threads {
    pthread_t ids[THREADS_MAX];
    size_t n;
} threads;

static inline void threads_start(threads *t, size_t n, void *(*run)(void *), void *argument)
{
    assert_true(n <= THREADS_MAX);
    for (t->n = 0; t->n < n; t->n++)
        assert_int_equal(pthread_create(&t->ids[t->n], NULL, run, argument), 0);
}

/* Wait for the threads. Each of them must return NULL, which means that it found no fault. */
static inline void threads_join(threads *t)
{
    for (size_t i = 0; i < t->n; i++) {
        void *wrong = t;
        assert_int_equal(pthread_join(t->ids[i], &wrong), 0);
        assert_null(wrong);
    }
}

static inline void threads_run(size_t n, void *(*run)(void *), void *argument)
{
    threads t;
    threads_start(&t, n, run, argument);
    threads_join(&t);
}

#endif
