#ifndef BELUGA__MEMORY_CACHE_H
#define BELUGA__MEMORY_CACHE_H

#include <beluga/allocator.h>
#include <beluga/cache.h>

/* Make a store; the allocator must outlive the store. */
beluga_memory_cache *beluga__memory_cache_with_allocator(const beluga_allocator *allocator,
                                                         size_t max_bytes);

#endif
