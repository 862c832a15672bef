/* Allocation through a beluga_allocator. Every allocation may fail; releasing NULL does nothing. */
#ifndef BELUGA__MEM_H
#define BELUGA__MEM_H

#include <beluga/allocator.h>

#include <stdlib.h>
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

/* Copy n bytes, and add a NUL. */
char *beluga__copy(const beluga_allocator *a, const char *text, size_t n);

/* Mark memory that is kept for later use, so that the address sanitizer reports any use of it, like
 * a use after free. */
#if !defined __SANITIZE_ADDRESS__ && defined __has_feature
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1 /* clang has __has_feature instead of this macro */
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#define BELUGA__POISON(p, size)   ASAN_POISON_MEMORY_REGION(p, size)
#define BELUGA__UNPOISON(p, size) ASAN_UNPOISON_MEMORY_REGION(p, size)
#else
#define BELUGA__POISON(p, size)   ((void)(p), (void)(size))
#define BELUGA__UNPOISON(p, size) ((void)(p), (void)(size))
#endif

/* The C library's allocator. The library uses it unless the program sets another default, and the
 * conformance kit always uses it for its own records. */
static inline void *beluga__system_alloc(void *payload, size_t size)
{
    (void)payload;
    return malloc(size);
}

static inline void *beluga__system_resize(void *payload, void *p, size_t old, size_t size)
{
    (void)payload;
    (void)old;
    return realloc(p, size);
}

static inline void beluga__system_release(void *payload, void *p)
{
    (void)payload;
    free(p);
}

#define BELUGA__SYSTEM_ALLOCATOR \
    {beluga__system_alloc, beluga__system_resize, beluga__system_release, NULL}

#endif
