/* A bounded pool of threads for work that blocks. */
#ifndef BELUGA__THREAD_POOL_H
#define BELUGA__THREAD_POOL_H

#include <beluga/allocator.h>

#include <stdint.h>

typedef struct beluga__thread_pool beluga__thread_pool;

/* Make a pool, which starts threads when there is work. Returns NULL if memory runs out. */
beluga__thread_pool *beluga__thread_pool_new(const beluga_allocator *allocator,
                                             uint32_t max_threads);
int beluga__thread_pool_submit(beluga__thread_pool *pool, void (*run)(void *), void *argument);
/* Returns the number of threads that are working now. */
uint32_t beluga__thread_pool_busy(beluga__thread_pool *pool);
/* Free the pool. This waits for the threads, unless it is called on one of them. */
void beluga__thread_pool_free(beluga__thread_pool *pool);

#endif
