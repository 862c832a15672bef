/* Replaces cache.c, cache_key.c and memory_cache.c in a library that is built without the cache of
 * answers. */
#include "base/left_out.h"
#include "middleware/middleware.h"

#include <beluga/cache.h>

int beluga__cache_check(beluga_error *err)
{
    return beluga__left_out(err, "caches of answers", "cache=enabled");
}

/* Never called, since it is an error to open a model with a cache. */
beluga__model *beluga__cache_new(const beluga__stack_plan *plan, beluga__model *inner)
{
    (void)plan;
    return inner;
}

beluga_memory_cache *beluga_memory_cache_new(size_t max_bytes)
{
    (void)max_bytes;
    return NULL;
}

void beluga_memory_cache_free(beluga_memory_cache *cache)
{
    (void)cache;
}

const beluga_cache_store *beluga_memory_cache_store(beluga_memory_cache *cache)
{
    (void)cache;
    return NULL;
}
