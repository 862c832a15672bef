/**
 * @file allocator.h
 * Where memory comes from.
 *
 * A client has an allocator for its models, calls, responses and loops. Values that exist without a
 * client (messages, tools, contexts, telemetry) use the process's default. Keys and what may hold
 * one, such as the strings of a configuration, lie in pages of their own, which core dumps leave
 * out. libcurl, the YAML reader and the C library keep their own.
 *
 * A client's allocator, and all that its payload points to, must live until beluga_client_close has
 * returned 0. beluga_client_unref does not tell when: a worker of a call that is over may release
 * its blocks later, on its own thread.
 */
#ifndef BELUGA_ALLOCATOR_H
#define BELUGA_ALLOCATOR_H

#include <beluga/common.h>

BELUGA_BEGIN_DECLS

/** Functions that behave as malloc, realloc and free; they must be callable from any thread. */
struct beluga_allocator {
    void *(*alloc)(void *payload, size_t size);
    void *(*resize)(void *payload, void *pointer, size_t old_size, size_t size);
    void (*release)(void *payload, void *pointer);
    void *payload;
};

/** Return the process's allocator: malloc's until replaced. Borrowed, for ever valid. */
BELUGA_API const beluga_allocator *beluga_allocator_default(void);

/**
 * Replace the process's default allocator; NULL restores malloc.
 *
 * Call it before anything else of the library: memory is released by the allocator that is the
 * default at that time. The struct is copied. Threads: none other may be inside the library.
 */
BELUGA_API void beluga_allocator_set_default(const beluga_allocator *allocator);

/** Release memory that a function of the library returned as *owned* bytes; NULL does nothing. */
BELUGA_API void beluga_free(void *pointer);

BELUGA_END_DECLS
#endif
