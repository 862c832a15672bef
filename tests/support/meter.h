/* An allocator that counts the bytes in use and their peak, for a client that a test makes. */
#ifndef TESTS_METER_H
#define TESTS_METER_H

#include <beluga/allocator.h>

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

typedef struct meter {
    atomic_size_t live, peak;
} meter;

static inline void *meter_take(meter *m, void *block, size_t size)
{
    if (!block) return NULL;
    *(size_t *)block = size;
    size_t live = atomic_fetch_add(&m->live, size) + size, peak = atomic_load(&m->peak);
    while (live > peak && !atomic_compare_exchange_weak(&m->peak, &peak, live)) {
    }
    return (char *)block + 16;
}

static inline void *meter_alloc(void *payload, size_t size)
{
    return meter_take(payload, malloc(size + 16), size);
}

static inline void meter_release(void *payload, void *pointer)
{
    meter *m = payload;
    if (!pointer) return;
    void *block = (char *)pointer - 16;
    atomic_fetch_sub(&m->live, *(size_t *)block);
    free(block);
}

static inline void *meter_resize(void *payload, void *pointer, size_t old_size, size_t size)
{
    void *next = meter_alloc(payload, size);
    if (next && pointer) memcpy(next, pointer, old_size < size ? old_size : size);
    if (next) meter_release(payload, pointer);
    return next;
}

static inline beluga_allocator meter_allocator(meter *m)
{
    return (beluga_allocator){meter_alloc, meter_resize, meter_release, m};
}

#endif
