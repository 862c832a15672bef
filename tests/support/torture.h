/* Runs a function many times, each time with another failing allocation, and checks that it returns
 * the right error and leaks nothing. */
#ifndef TESTS_TORTURE_H
#define TESTS_TORTURE_H

#include <stddef.h>

/* Run `body` with the process's default allocator replaced: once without failures, then with its
 * i-th allocation failing, then with all from the i-th on, for every i. `body` must free everything
 * that it makes, and returns 0 or BELUGA_ERROR_NO_MEMORY; any other code, or an allocation that is
 * not freed, fails the test. Returns how many allocations the first run made. */
size_t torture_run(int (*body)(void *argument), void *argument);

/* Count the allocations of one run without failures. */
size_t torture_count(int (*body)(void *argument), void *argument);

#endif
