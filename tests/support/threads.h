/* Many threads at once, for what has to stand them. */
#ifndef TESTS_THREADS_H
#define TESTS_THREADS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>

enum { MAX_TEST_THREADS = 64 };

/* Run a function on `n` threads at once and wait for all of them. Returns how many of them returned
 * something else than NULL, which is how they say that they failed. */
static inline size_t run_on_threads(size_t n, void *(*body)(void *), void *argument)
{
    pthread_t threads[MAX_TEST_THREADS];
    size_t failures = 0;
    assert_true(n <= MAX_TEST_THREADS);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, body, argument), 0);
    for (size_t i = 0; i < n; i++) {
        void *failure = NULL;
        pthread_join(threads[i], &failure);
        failures += failure != NULL;
    }
    return failures;
}

#endif
