/* The keeper: the thread that sends what the caller's thread has queued, and does all periodic
 * work. */
#include "base/clock.h"
#include "base/thread.h"
#include "queue/nats.h"

#define STACK_BYTES ((size_t)256 * 1024)
#define TICK_MS     50

static bool has_work_locked(const nats_queue *q)
{
    return (q->connected && !beluga__list_empty(&q->fresh)) || !beluga__list_empty(&q->answered);
}

/* Wait until there is work to do. Returns false when the thread must end. */
static bool rest(nats_queue *q)
{
    pthread_mutex_lock(&q->lock);
    nats_check_patience_locked(q);
    bool go_on = q->keeping;
    if (go_on && !has_work_locked(q))
        beluga__wait_until(&q->work, &q->lock, beluga__ends_ns(TICK_MS));
    go_on = q->keeping;
    pthread_mutex_unlock(&q->lock);
    return go_on;
}

static void *keep(void *argument)
{
    nats_queue *q = argument;
    do {
        int64_t now_ms = beluga__now_ms();
        nats_puts_work(q, now_ms);
        nats_claims_work(q, now_ms);
        nats_results_work(q, now_ms);
        nats_beat(q);
        nats_state_work(q, now_ms);
    } while (rest(q));
    nats_state_leave(q);
    return NULL;
}

int nats_keeper_start(nats_queue *q, beluga_error *err)
{
    q->keeping = true;
    if (beluga__thread_start(&q->keeper, STACK_BYTES, keep, q) == 0) return 0;
    q->keeping = false;
    beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "a thread for the queue can't be started");
    return BELUGA_ERROR_NO_MEMORY;
}

void nats_keeper_stop(nats_queue *q)
{
    pthread_mutex_lock(&q->lock);
    bool keeping = q->keeping;
    q->keeping = false;
    pthread_cond_signal(&q->work);
    pthread_mutex_unlock(&q->lock);
    if (keeping) pthread_join(q->keeper, NULL);
}
