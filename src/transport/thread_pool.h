/* A bounded pool of threads for work that blocks. */
#ifndef BELUGA__THREAD_POOL_H
#define BELUGA__THREAD_POOL_H

#include <beluga/allocator.h>

#include <stdint.h>

typedef struct beluga__thread_pool beluga__thread_pool;

/* Threads are made when there is work for them. NULL without memory. */
beluga__thread_pool *beluga__thread_pool_new(const beluga_allocator *allocator,
                                             uint32_t max_threads);
int beluga__thread_pool_submit(beluga__thread_pool *pool, void (*run)(void *), void *argument);
/* How many threads are at work. */
uint32_t beluga__thread_pool_busy(beluga__thread_pool *pool);
/* Let the threads end: waits for them, unless it is called on one of them. */
void beluga__thread_pool_free(beluga__thread_pool *pool);

#endif
