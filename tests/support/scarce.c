#include "scarce.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

static atomic_size_t asked, live, largest;
static atomic_size_t fail_first = SIZE_MAX, fail_last = SIZE_MAX;

static bool fails(size_t size)
{
    size_t i = atomic_fetch_add(&asked, 1);
    if (size > largest) largest = size;
    return i >= fail_first && i <= fail_last;
}

static void *alloc(void *payload, size_t size)
{
    (void)payload;
    void *p = fails(size) ? NULL : malloc(size);
    if (p) atomic_fetch_add(&live, 1);
    return p;
}

static void *resize(void *payload, void *pointer, size_t old_size, size_t size)
{
    (void)payload;
    (void)old_size;
    void *p = fails(size) ? NULL : realloc(pointer, size);
    if (p && !pointer) atomic_fetch_add(&live, 1);
    return p;
}

static void release(void *payload, void *pointer)
{
    (void)payload;
    if (pointer) atomic_fetch_sub(&live, 1);
    free(pointer);
}

const beluga_allocator scarce_memory = {alloc, resize, release, NULL};

void scarce_between(size_t first, size_t last)
{
    fail_first = first;
    fail_last = last;
    asked = 0;
    largest = 0;
}

size_t scarce_asked(void)
{
    return asked;
}

size_t scarce_largest(void)
{
    return largest;
}

size_t scarce_live(void)
{
    return live;
}
