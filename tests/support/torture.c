#include "torture.h"

#include "base/secret_memory.h"

#include <beluga/allocator.h>
#include <beluga/error.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MAX_ALLOCATIONS = 100000 };

static atomic_size_t count; /* allocations asked for */
static atomic_size_t live;  /* allocations not released */
static size_t fail_first, fail_last;

static bool fails(void)
{
    size_t i = atomic_fetch_add(&count, 1);
    return i >= fail_first && i <= fail_last;
}

static void *alloc(void *payload, size_t size)
{
    (void)payload;
    void *p = fails() ? NULL : malloc(size);
    if (p) atomic_fetch_add(&live, 1);
    return p;
}

static void *resize(void *payload, void *pointer, size_t old_size, size_t size)
{
    (void)payload;
    (void)old_size;
    void *p = fails() ? NULL : realloc(pointer, size);
    if (p && !pointer) atomic_fetch_add(&live, 1);
    return p;
}

static void release(void *payload, void *pointer)
{
    (void)payload;
    if (pointer) atomic_fetch_sub(&live, 1);
    free(pointer);
}

static int run(int (*body)(void *), void *argument, size_t first, size_t last)
{
    static const beluga_allocator failing = {alloc, resize, release, NULL};
    atomic_store(&count, 0);
    atomic_store(&live, 0);
    fail_first = first;
    fail_last = last;
    beluga_allocator_set_default(&failing);
    beluga__secret_allocator_set(&failing);
    int status = body(argument);
    beluga__secret_allocator_set(NULL);
    beluga_allocator_set_default(NULL);
    assert_int_equal(atomic_load(&live), 0);
    return status;
}

size_t torture_count(int (*body)(void *), void *argument)
{
    assert_int_equal(run(body, argument, SIZE_MAX, SIZE_MAX), 0);
    return atomic_load(&count);
}

/* Returns how many allocations failed. */
static size_t run_failing(int (*body)(void *), void *argument, size_t first, size_t last)
{
    int status = run(body, argument, first, last);
    if (status != 0) assert_int_equal(status, BELUGA_ERROR_NO_MEMORY);
    size_t asked = atomic_load(&count);
    return asked > first ? asked - first : 0;
}

size_t torture_run(int (*body)(void *), void *argument)
{
    size_t whole = torture_count(body, argument);
    for (size_t i = 0; i < MAX_ALLOCATIONS && run_failing(body, argument, i, i); i++)
        run_failing(body, argument, i, SIZE_MAX - 1);
    return whole;
}
