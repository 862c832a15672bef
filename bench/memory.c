#include "memory.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>

/* All threads share these counters, since a call may begin on one thread and end on another. */
static atomic_size_t allocations, bytes, held;

static size_t size_of(void *pointer)
{
    return pointer ? malloc_usable_size(pointer) + sizeof(size_t) : 0;
}

static void add(atomic_size_t *counter, size_t n)
{
    atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static void *counted(void *pointer, size_t size)
{
    add(&allocations, 1);
    add(&bytes, size);
    add(&held, size_of(pointer));
    return pointer;
}

static void *allocate(void *payload, size_t size)
{
    (void)payload;
    return counted(malloc(size), size);
}

static void *resize(void *payload, void *pointer, size_t old_size, size_t size)
{
    (void)payload;
    size_t before = size_of(pointer);
    void *resized = realloc(pointer, size);
    if (!resized) return NULL;
    add(&held, 0 - before);
    return counted(resized, size > old_size ? size - old_size : 0);
}

static void release(void *payload, void *pointer)
{
    (void)payload;
    add(&held, 0 - size_of(pointer));
    free(pointer);
}

const beluga_allocator memory_counting = {allocate, resize, release, NULL};

memory_count memory_counted(void)
{
    return (memory_count){atomic_load(&allocations), atomic_load(&bytes), atomic_load(&held)};
}
