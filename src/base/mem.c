#include "base/mem.h"

#include <stdlib.h>

static void *system_alloc(void *payload, size_t size)
{
    (void)payload;
    return malloc(size);
}

static void *system_resize(void *payload, void *pointer, size_t old_size, size_t size)
{
    (void)payload;
    (void)old_size;
    return realloc(pointer, size);
}

static void system_release(void *payload, void *pointer)
{
    (void)payload;
    free(pointer);
}

#define SYSTEM_ALLOCATOR {system_alloc, system_resize, system_release, NULL}

static beluga_allocator process_default = SYSTEM_ALLOCATOR;

const beluga_allocator *beluga_allocator_default(void)
{
    return &process_default;
}

void beluga_allocator_set_default(const beluga_allocator *allocator)
{
    static const beluga_allocator system_default = SYSTEM_ALLOCATOR;
    process_default = allocator ? *allocator : system_default;
}

void beluga_free(void *pointer)
{
    beluga__release(&process_default, pointer);
}

char *beluga__copy(const beluga_allocator *a, const char *text, size_t n)
{
    char *copy = beluga__alloc(a, n + 1);
    if (!copy) return NULL;
    if (n) memcpy(copy, text, n);
    copy[n] = '\0';
    return copy;
}
