/**
 * @file cache.h
 * The cache of answers: the store behind the option `cache_ttl`.
 *
 * If a call asks a model the same as an earlier call did, with the same options as far as the
 * provider sees them, it gets the cached answer, even if it is a stream and the earlier one was
 * not, or the other way round. Only complete answers are cached. If the host program sets no store
 * (beluga_with_cache), each model has one of its own in memory.
 */
#ifndef BELUGA_CACHE_H
#define BELUGA_CACHE_H

#include <beluga/common.h>
#include <beluga/option.h>

BELUGA_BEGIN_DECLS

/**
 * Callback that receives a value which a store found.
 *
 * @param to             The argument `to` of `get`.
 * @param value, length  Borrowed until the function returns.
 */
typedef void (*beluga_cache_found_fn)(void *to, const char *value, size_t length);

/**
 * A store for cached answers. Both functions are called on the thread that runs the call, by any
 * number of threads at once, and must not block.
 */
typedef struct beluga_cache_store {
    size_t size;   /**< sizeof(beluga_cache_store) */
    void *payload; /**< passed to both functions */
    /**
     * Look up a key, which is borrowed and has 64 hexadecimal digits. If there is a value, call
     * found(to, …) once before returning.
     */
    void (*get)(void *payload, const char *key, beluga_cache_found_fn found, void *to);
    /**
     * Store a copy of a value, JSON text of `length` bytes, for ttl_ms milliseconds. The store may
     * drop the value earlier, or not store it at all.
     */
    void (*put)(void *payload, const char *key, const char *value, size_t length, int64_t ttl_ms);
} beluga_cache_store;

/**
 * A store in memory that models may share. When it is full, the least recently used values are
 * dropped.
 */
typedef struct beluga_memory_cache beluga_memory_cache;

/**
 * Make a store in memory. It uses the process's default allocator.
 *
 * @param max_bytes  Limit for the bytes of all keys and values together; 0: 64 MiB.
 * @return owned (beluga_memory_cache_free), or NULL when out of memory, or if the library was built
 * without the cache; such a library can't open a model with `cache_ttl`.
 *
 * Threads: any. Since: 0.1
 */
BELUGA_API beluga_memory_cache *beluga_memory_cache_new(size_t max_bytes);
/** Free a store; NULL does nothing. The models that use it must be freed before. */
BELUGA_API void beluga_memory_cache_free(beluga_memory_cache *cache);
/** Return the store in the form that beluga_with_cache takes; borrowed until `cache` is freed. */
BELUGA_API const beluga_cache_store *beluga_memory_cache_store(beluga_memory_cache *cache);

BELUGA_END_DECLS
#endif
