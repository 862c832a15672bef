/* These functions allocate through a beluga_allocator. Each may fail; releasing NULL does nothing.
 */
#ifndef BELUGA__MEM_H
#define BELUGA__MEM_H

#include <beluga/allocator.h>

#include <string.h>

static inline void *beluga__alloc(const beluga_allocator *a, size_t size)
{
    return a->alloc(a->payload, size);
}

static inline void *beluga__resize(const beluga_allocator *a, void *p, size_t old, size_t size)
{
    return a->resize(a->payload, p, old, size);
}

static inline void beluga__release(const beluga_allocator *a, void *p)
{
    if (p) a->release(a->payload, p);
}

static inline void *beluga__zalloc(const beluga_allocator *a, size_t size)
{
    void *p = beluga__alloc(a, size);
    return p ? memset(p, 0, size) : NULL;
}

/* Copy n bytes; the copy ends in NUL. */
char *beluga__copy(const beluga_allocator *a, const char *text, size_t n);

#endif
