/**
 * @file allocator.h
 * Where memory comes from.
 *
 * A client has an allocator for its models, calls, responses and loops. Values that exist without a
 * client (messages, tools, contexts, telemetry) use the process's default. Keys, and text that may
 * hold one, such as the strings of a configuration, lie in pages of their own, which core dumps
 * leave out. libcurl, the YAML reader and the C library allocate by themselves.
 *
 * A client's allocator, and all that its payload points to, must live until beluga_client_close has
 * returned 0. beluga_client_unref does not tell when that is: a worker of a call that is over may
 * release its blocks later, on its own thread.
 */
#ifndef BELUGA_ALLOCATOR_H
#define BELUGA_ALLOCATOR_H

#include <beluga/common.h>

BELUGA_BEGIN_DECLS

/** Functions that behave as malloc, realloc and free; any thread may call them, also at once. */
struct beluga_allocator {
    /** Return `size` bytes, aligned as malloc's are; NULL without memory. */
    void *(*alloc)(void *payload, size_t size);
    /**
     * Move a block to another size, with its bytes; NULL without memory, and the block stays.
     * @param pointer   A block of this allocator; NULL asks for a new one.
     * @param old_size  The size that was last asked for this block; 0 with NULL.
     */
    void *(*resize)(void *payload, void *pointer, size_t old_size, size_t size);
    /** Release a block of this allocator. The library never passes NULL. */
    void (*release)(void *payload, void *pointer);
    void *payload; /**< handed to each of the functions */
};

/** Return the process's allocator: malloc's until replaced. Borrowed, for ever valid. */
BELUGA_API const beluga_allocator *beluga_allocator_default(void);

/**
 * Replace the process's default allocator.
 *
 * Call it before any other function of the library: a block is released by the allocator that is
 * the default at that time.
 *
 * @param allocator  Borrowed; the struct is copied, its payload is not. NULL restores malloc.
 *
 * Threads: no other thread may be inside the library.
 */
BELUGA_API void beluga_allocator_set_default(const beluga_allocator *allocator);

/**
 * Release memory that a function of the library gave as *owned*, where its docstring names this
 * function; NULL does nothing. Objects have functions of their own.
 *
 * @param pointer  The memory; nobody may use it afterwards.
 */
BELUGA_API void beluga_free(void *pointer);

BELUGA_END_DECLS
#endif
