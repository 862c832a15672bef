/* A cache store in memory: a hash table of entries, and a list of them in the order of their last
 * use. */
#include "middleware/memory_cache.h"

#include "base/clock.h"
#include "base/fork_lock.h"
#include "base/limits.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/mix.h"

#include <stdint.h>
#include <string.h>

enum { BUCKETS = 1024, KEY = 64 };

typedef struct entry {
    struct entry *next; /* the next entry in the same bucket */
    beluga__list use;
    int64_t expires_ns;
    size_t length;
    char key[KEY];
    char value[];
} entry;

struct beluga_memory_cache {
    beluga_cache_store store;
    const beluga_allocator *allocator;
    beluga__fork_lock lock;
    size_t bytes, max;
    beluga__list uses; /* entries in the order of last use, the oldest first */
    entry *buckets[BUCKETS];
};

static entry **bucket_of(beluga_memory_cache *cache, const char *key)
{
    /* FNV-1a is enough here, since the key is a digest already. */
    return &cache->buckets[beluga__fnv(BELUGA__FNV, key, strnlen(key, KEY)) % BUCKETS];
}

static size_t size_of(const entry *e)
{
    return sizeof *e + e->length;
}

static entry **find(beluga_memory_cache *cache, const char *key)
{
    entry **at = bucket_of(cache, key);
    while (*at && strncmp((*at)->key, key, KEY) != 0) at = &(*at)->next;
    return at;
}

static void drop(beluga_memory_cache *cache, entry **at)
{
    entry *e = *at;
    *at = e->next;
    beluga__list_remove(&e->use);
    cache->bytes -= size_of(e);
    beluga__release(cache->allocator, e);
}

/* Take the lock. If a thread of the parent was changing the store during the fork, the child begins
 * with an empty store: the old entries may be inconsistent, so they are not even freed. */
static void take_lock(beluga_memory_cache *cache)
{
    if (!beluga__fork_lock_take(&cache->lock) || !cache->lock.was_held) return;
    memset(cache->buckets, 0, sizeof cache->buckets);
    beluga__list_init(&cache->uses);
    cache->bytes = 0;
}

static void get(void *payload, const char *key, beluga_cache_found_fn found, void *to)
{
    beluga_memory_cache *cache = payload;
    take_lock(cache);
    entry **at = find(cache, key);
    if (*at && (*at)->expires_ns <= beluga__now_ns())
        drop(cache, at);
    else if (*at) {
        beluga__list_remove(&(*at)->use);
        beluga__list_append(&cache->uses, &(*at)->use);
        found(to, (*at)->value, (*at)->length);
    }
    beluga__fork_lock_release(&cache->lock);
}

static void make_room(beluga_memory_cache *cache, size_t n)
{
    while (cache->bytes + n > cache->max && !beluga__list_empty(&cache->uses)) {
        entry *oldest = beluga__container_of(cache->uses.next, entry, use);
        drop(cache, find(cache, oldest->key));
    }
}

static void put(void *payload, const char *key, const char *value, size_t length, int64_t ttl_ms)
{
    beluga_memory_cache *cache = payload;
    entry *e = length < cache->max ? beluga__alloc(cache->allocator, sizeof *e + length) : NULL;
    if (!e) return;
    *e = (entry){.length = length, .expires_ns = beluga__ends_ns(ttl_ms)};
    memcpy(e->key, key, strnlen(key, KEY));
    memcpy(e->value, value, length);
    take_lock(cache);
    entry **at = find(cache, key);
    if (*at) drop(cache, at);
    make_room(cache, size_of(e));
    at = bucket_of(cache, key);
    e->next = *at;
    *at = e;
    beluga__list_append(&cache->uses, &e->use);
    cache->bytes += size_of(e);
    beluga__fork_lock_release(&cache->lock);
}

beluga_memory_cache *beluga__memory_cache_with_allocator(const beluga_allocator *allocator,
                                                         size_t max_bytes)
{
    beluga_memory_cache *cache = beluga__zalloc(allocator, sizeof *cache);
    if (!cache) return NULL;
    cache->allocator = allocator;
    cache->max = max_bytes ? max_bytes : BELUGA__MAX_CACHE_BYTES;
    cache->store = (beluga_cache_store){sizeof cache->store, cache, get, put};
    beluga__list_init(&cache->uses);
    beluga__fork_lock_init(&cache->lock);
    return cache;
}

beluga_memory_cache *beluga_memory_cache_new(size_t max_bytes)
{
    return beluga__memory_cache_with_allocator(beluga_allocator_default(), max_bytes);
}

void beluga_memory_cache_free(beluga_memory_cache *cache)
{
    if (!cache) return;
    for (size_t i = 0; i < BUCKETS; i++)
        while (cache->buckets[i]) drop(cache, &cache->buckets[i]);
    beluga__fork_lock_destroy(&cache->lock);
    beluga__release(cache->allocator, cache);
}

const beluga_cache_store *beluga_memory_cache_store(beluga_memory_cache *cache)
{
    return &cache->store;
}
