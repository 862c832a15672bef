#include "transport/loop.h"

#include "base/mem.h"

#include <pthread.h>
#include <signal.h>

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
    bool orphaned; /* freed on one of its own threads: the last one cleans up */
};

/* As beluga__inside: of the model that needs neither a call nor the loader to find it. */
static _Thread_local beluga__thread_pool *current __attribute__((tls_model("initial-exec")));

beluga__thread_pool *beluga__thread_pool_new(const beluga_allocator *allocator,
                                             uint32_t max_threads)
{
    beluga__thread_pool *e = beluga__zalloc(allocator, sizeof *e);
    if (!e) return NULL;
    e->allocator = *allocator;
    e->last = &e->first;
    e->max_threads = max_threads ? max_threads : DEFAULT_THREADS;
    pthread_mutex_init(&e->lock, NULL);
    pthread_cond_init(&e->work, NULL);
    pthread_cond_init(&e->gone, NULL);
    return e;
}

static void destroy(beluga__thread_pool *e)
{
    pthread_mutex_destroy(&e->lock);
    pthread_cond_destroy(&e->work);
    pthread_cond_destroy(&e->gone);
    beluga_allocator allocator = e->allocator;
    beluga__release(&allocator, e);
}

/* The lock is held. */
static job *next_job(beluga__thread_pool *e)
{
    while (!e->first && !e->stopping) {
        e->idle++;
        pthread_cond_wait(&e->work, &e->lock);
        e->idle--;
    }
    job *j = e->first;
    if (!j) return NULL;
    e->first = j->next;
    if (!e->first) e->last = &e->first;
    e->waiting--;
    return j;
}

static void *worker(void *argument)
{
    beluga__thread_pool *e = argument;
    current = e;
    pthread_mutex_lock(&e->lock);
    for (job *j; (j = next_job(e));) {
        pthread_mutex_unlock(&e->lock);
        job mine = *j;
        beluga__release(&e->allocator, j);
        mine.run(mine.argument);
        pthread_mutex_lock(&e->lock);
    }
    bool last = --e->threads == 0, orphaned = e->orphaned;
    pthread_cond_broadcast(&e->gone);
    pthread_mutex_unlock(&e->lock);
    if (last && orphaned) destroy(e);
    return NULL;
}

/* The lock is held. Signals are the host's: our threads take none. */
static int add_thread(beluga__thread_pool *e)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, before;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&thread, &attributes, worker, e);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (!failed) e->threads++;
    return failed;
}

int beluga__thread_pool_submit(beluga__thread_pool *e, void (*run)(void *), void *argument)
{
    job *j = beluga__alloc(&e->allocator, sizeof *j);
    if (!j) return BELUGA_ERROR_NO_MEMORY;
    *j = (job){NULL, run, argument};
    int status = 0;
    pthread_mutex_lock(&e->lock);
    if (e->waiting >= MAX_WAITING)
        status = BELUGA_ERROR_LIMIT_EXCEEDED;
    else if (e->idle <= e->waiting && e->threads < e->max_threads && add_thread(e) && !e->threads)
        status = BELUGA_ERROR_LIMIT_EXCEEDED; /* not one thread can be had */
    if (!status) {
        *e->last = j;
        e->last = &j->next;
        e->waiting++;
        pthread_cond_signal(&e->work);
    }
    pthread_mutex_unlock(&e->lock);
    if (status) beluga__release(&e->allocator, j);
    return status;
}

uint32_t beluga__thread_pool_busy(beluga__thread_pool *e)
{
    pthread_mutex_lock(&e->lock);
    uint32_t busy = e->threads - e->idle;
    pthread_mutex_unlock(&e->lock);
    return busy;
}

void beluga__thread_pool_free(beluga__thread_pool *e)
{
    if (!e) return;
    pthread_mutex_lock(&e->lock);
    e->stopping = true;
    pthread_cond_broadcast(&e->work);
    e->orphaned = current == e;
    while (!e->orphaned && e->threads) pthread_cond_wait(&e->gone, &e->lock);
    bool orphaned = e->orphaned;
    pthread_mutex_unlock(&e->lock);
    if (!orphaned) destroy(e);
}
