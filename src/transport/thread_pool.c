#include "transport/thread_pool.h"

#include "base/mem.h"
#include "base/thread.h"

#include <beluga/error.h>

#include <pthread.h>
#include <stdbool.h>

enum { MAX_WAITING = 65536, DEFAULT_THREADS = 8, STACK_BYTES = 256 * 1024 };

typedef struct job {
    struct job *next;
    void (*run)(void *);
    void *argument;
} job;

struct beluga__thread_pool {
    beluga_allocator allocator;
    pthread_mutex_t lock;
    pthread_cond_t work, gone;
    job *first, **last;
    uint32_t threads, idle, max_threads, waiting;
    bool stopping;
    /* the pool was freed on one of its own threads, so the last thread frees the memory */
    bool orphaned;
};

/* The pool to which this thread belongs. Access with the TLS model "initial-exec" needs no function
 * call; `beluga__inside` uses this model, too. */
static _Thread_local beluga__thread_pool *current __attribute__((tls_model("initial-exec")));

beluga__thread_pool *beluga__thread_pool_new(const beluga_allocator *allocator,
                                             uint32_t max_threads)
{
    beluga__thread_pool *pool = beluga__zalloc(allocator, sizeof *pool);
    if (!pool) return NULL;
    pool->allocator = *allocator;
    pool->last = &pool->first;
    pool->max_threads = max_threads ? max_threads : DEFAULT_THREADS;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->work, NULL);
    pthread_cond_init(&pool->gone, NULL);
    return pool;
}

static void destroy(beluga__thread_pool *pool)
{
    pthread_mutex_destroy(&pool->lock);
    pthread_cond_destroy(&pool->work);
    pthread_cond_destroy(&pool->gone);
    beluga_allocator allocator = pool->allocator;
    beluga__release(&allocator, pool);
}

/* Take the next job from the queue. The caller holds the lock. */
static job *next_job(beluga__thread_pool *pool)
{
    while (!pool->first && !pool->stopping) {
        pool->idle++;
        pthread_cond_wait(&pool->work, &pool->lock);
        pool->idle--;
    }
    job *j = pool->first;
    if (!j) return NULL;
    pool->first = j->next;
    if (!pool->first) pool->last = &pool->first;
    pool->waiting--;
    return j;
}

static void *worker(void *argument)
{
    beluga__thread_pool *pool = argument;
    current = pool;
    pthread_mutex_lock(&pool->lock);
    for (job *j; (j = next_job(pool));) {
        pthread_mutex_unlock(&pool->lock);
        job mine = *j;
        beluga__release(&pool->allocator, j);
        mine.run(mine.argument);
        pthread_mutex_lock(&pool->lock);
    }
    bool last = --pool->threads == 0, orphaned = pool->orphaned;
    pthread_cond_broadcast(&pool->gone);
    pthread_mutex_unlock(&pool->lock);
    if (last && orphaned) destroy(pool);
    return NULL;
}

/* Start another thread. The caller holds the lock. */
static int add_thread(beluga__thread_pool *pool)
{
    int failed = beluga__thread_start(NULL, STACK_BYTES, worker, pool);
    if (!failed) pool->threads++;
    return failed;
}

int beluga__thread_pool_submit(beluga__thread_pool *pool, void (*run)(void *), void *argument)
{
    job *j = beluga__alloc(&pool->allocator, sizeof *j);
    if (!j) return BELUGA_ERROR_NO_MEMORY;
    *j = (job){NULL, run, argument};
    int status = 0;
    pthread_mutex_lock(&pool->lock);
    if (pool->waiting >= MAX_WAITING)
        status = BELUGA_ERROR_LIMIT_EXCEEDED;
    else if (pool->idle <= pool->waiting && pool->threads < pool->max_threads && add_thread(pool) &&
             !pool->threads)
        status = BELUGA_ERROR_LIMIT_EXCEEDED; /* the pool could not start a single thread */
    if (!status) {
        *pool->last = j;
        pool->last = &j->next;
        pool->waiting++;
        pthread_cond_signal(&pool->work);
    }
    pthread_mutex_unlock(&pool->lock);
    if (status) beluga__release(&pool->allocator, j);
    return status;
}

uint32_t beluga__thread_pool_busy(beluga__thread_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    uint32_t busy = pool->threads - pool->idle;
    pthread_mutex_unlock(&pool->lock);
    return busy;
}

void beluga__thread_pool_free(beluga__thread_pool *pool)
{
    if (!pool) return;
    pthread_mutex_lock(&pool->lock);
    pool->stopping = true;
    pthread_cond_broadcast(&pool->work);
    pool->orphaned = current == pool;
    while (!pool->orphaned && pool->threads) pthread_cond_wait(&pool->gone, &pool->lock);
    bool orphaned = pool->orphaned;
    pthread_mutex_unlock(&pool->lock);
    if (!orphaned) destroy(pool);
}
