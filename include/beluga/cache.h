/**
 * @file cache.h
 * Answers that were given before: the store behind the option `cache_ttl`.
 *
 * A call that asks the same of the same model, down to every option that the provider sees, gets
 * the answer that was kept, as a stream where it asks for one. Only complete answers are kept. A
 * model without a store of the host's has one of its own in memory.
 */
#ifndef BELUGA_CACHE_H
#define BELUGA_CACHE_H

#include <beluga/common.h>
#include <beluga/option.h>

BELUGA_BEGIN_DECLS

/**
 * Receives a value that a store found.
 *
 * @param to             The argument of `get`.
 * @param value, length  Borrowed for the call.
 */
typedef void (*beluga_cache_found_fn)(void *to, const char *value, size_t length);

/**
 * A place where answers are kept. Both functions are called on the thread that runs the call, by
 * any number of threads at once, and must not block.
 */
typedef struct beluga_cache_store {
    size_t size;   /**< sizeof(beluga_cache_store) */
    void *payload; /**< handed to both functions */
    /**
     * Look for a key, 64 hexadecimal digits, borrowed. Call found(to, …) at most once, before
     * returning; not calling it means that there is no value.
     */
    void (*get)(void *payload, const char *key, beluga_cache_found_fn found, void *to);
    /**
     * Keep a copy of a value, JSON text of `length` bytes, for ttl_ms milliseconds. The store may
     * drop it earlier, or not keep it at all.
     */
    void (*put)(void *payload, const char *key, const char *value, size_t length, int64_t ttl_ms);
} beluga_cache_store;

/** A store in memory that models may share. The values that were used least recently go first. */
typedef struct beluga_memory_cache beluga_memory_cache;

/**
 * Make a store in memory. It uses the process's default allocator.
 *
 * @param max_bytes  Most bytes of keys and values together; 0: 64 MiB.
 * @return owned (beluga_memory_cache_free), or NULL without memory, or in a library that was built
 * without the cache: there a model with `cache_ttl` can't be opened.
 *
 * Threads: any. Since: 0.1
 */
BELUGA_API beluga_memory_cache *beluga_memory_cache_new(size_t max_bytes);
/** Free a store; NULL does nothing. The models that use it must be gone. */
BELUGA_API void beluga_memory_cache_free(beluga_memory_cache *cache);
/** Return the store in the form that beluga_with_cache takes; borrowed as long as `cache`. */
BELUGA_API const beluga_cache_store *beluga_memory_cache_store(beluga_memory_cache *cache);

BELUGA_END_DECLS
#endif
