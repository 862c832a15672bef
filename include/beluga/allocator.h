/**
 * @file allocator.h
 * Memory allocators for the process and for clients.
 *
 * A client has an allocator for its models, calls, responses and loops. Values that exist without a
 * client (messages, tools, contexts, telemetry) use the process's default. Keys, and texts that may
 * contain a key, such as the strings of a configuration, are kept in separate pages that core dumps
 * leave out. libcurl, the YAML reader and the C library use their own allocators.
 *
 * A client's allocator, and all that its payload points to, must live until beluga_client_close has
 * returned 0. beluga_client_unref is not enough, because a worker of a call that is over may
 * release its blocks later, on its own thread.
 */
#ifndef BELUGA_ALLOCATOR_H
#define BELUGA_ALLOCATOR_H

#include <beluga/common.h>

BELUGA_BEGIN_DECLS

/**
 * Functions that behave like malloc, realloc and free. Several threads may call them at the same
 * time.
 */
struct beluga_allocator {
    /** Return `size` bytes, aligned as malloc's are; NULL when out of memory. */
    void *(*alloc)(void *payload, size_t size);
    /**
     * Resize a block and keep its content. Return NULL when out of memory; the block then stays
     * valid.
     * @param pointer   A block of this allocator; NULL: allocate a new block.
     * @param old_size  The size with which this block was allocated or last resized; 0 if `pointer`
     * is NULL.
     */
    void *(*resize)(void *payload, void *pointer, size_t old_size, size_t size);
    /** Release a block of this allocator. The library never passes NULL. */
    void (*release)(void *payload, void *pointer);
    void *payload; /**< passed to each of the functions */
};

/**
 * Return the process's allocator, which uses malloc until it is replaced. Borrowed; valid for ever.
 */
BELUGA_API const beluga_allocator *beluga_allocator_default(void);

/**
 * Replace the process's default allocator.
 *
 * Call it before any other function of the library, because a block is always released with the
 * allocator that is the default when it is released.
 *
 * @param allocator  Borrowed; the struct is copied, its payload is not. NULL restores malloc.
 *
 * Threads: no other thread may be inside the library.
 */
BELUGA_API void beluga_allocator_set_default(const beluga_allocator *allocator);

/**
 * Release memory that a function of the library returned as *owned*, if its docstring names this
 * function; NULL does nothing. Objects have their own functions for that.
 *
 * @param pointer  The memory. It must not be used afterwards.
 */
BELUGA_API void beluga_free(void *pointer);

BELUGA_END_DECLS
#endif
