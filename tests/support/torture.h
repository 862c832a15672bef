/* Fail every allocation of a piece of work in turn, and see that nothing leaks and nothing breaks.
 */
#ifndef TESTS_TORTURE_H
#define TESTS_TORTURE_H

#include <stddef.h>

/* Run `body` with the process's default allocator replaced: once whole, then with its i-th
 * allocation failing, then with all from the i-th on, for every i. It returns 0 or
 * BELUGA_ERROR_NO_MEMORY; anything else, or an allocation that is left over, fails the test.
 * Everything it makes it must free. Returns how many allocations the whole run took. */
size_t torture_run(int (*body)(void *argument), void *argument);

/* Count the allocations of one undisturbed run. */
size_t torture_count(int (*body)(void *argument), void *argument);

#endif
