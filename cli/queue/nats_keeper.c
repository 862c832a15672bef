/* The keeper: the thread that sends what the caller's thread has given it, and all that is to be
 * done from time to time. */
#include "base/clock.h"
#include "base/thread.h"
#include "queue/nats.h"

#define STACK_BYTES  ((size_t)256 * 1024)
#define TICK_MS      50
#define IDLE_MS      15000 /* a worker that was not heard of for so long hangs */
#define BEAT_BATCH   64
#define BEATS        3 /* in the time after which a line is handed out again */
#define BEAT_TICK_MS 500

/* ---- claims are under way -------------------------------------------------------------------- */

/* Collect claims whose time it is. Those that the worker has are extended while it lives; those
 * whose result is on its way in any case. */
static size_t find_due_locked(nats_queue *q, int64_t now_ms, nats_claim *due[BEAT_BATCH])
{
    bool alive = now_ms - q->alive_ms < IDLE_MS;
    int64_t step = q->address.ack_wait_ms / BEATS;
    size_t n = 0;
    for (beluga__list *node = q->held.next; node != &q->held && n < BEAT_BATCH; node = node->next) {
        nats_claim *claim = beluga__container_of(node, nats_claim, held);
        bool wanted = alive || claim->state == NATS_ARRIVED;
        if (!wanted || now_ms - claim->extended_ms < step) continue;
        claim->extended_ms = now_ms;
        due[n++] = claim;
    }
    return n;
}

void nats_beat(nats_queue *q)
{
    nats_claim *due[BEAT_BATCH];
    size_t n = BEAT_BATCH;
    int64_t now_ms = beluga__now_ms();
    if (now_ms < q->next_beat_ms) return;
    q->next_beat_ms = now_ms + BEAT_TICK_MS;
    while (n == BEAT_BATCH) {
        pthread_mutex_lock(&q->lock);
        n = q->connected ? find_due_locked(q, now_ms, due) : 0;
        pthread_mutex_unlock(&q->lock);
        for (size_t i = 0; i < n; i++)
            q->nats->natsConnection_Publish(q->connection,
                                            q->nats->natsMsg_GetReply(due[i]->message), "+WPI", 4);
    }
}

/* ---- the thread ------------------------------------------------------------------------------ */

static bool has_work_locked(const nats_queue *q)
{
    return (q->connected && !beluga__list_empty(&q->fresh)) || !beluga__list_empty(&q->answered);
}

/* Returns whether to go on. */
static bool rest(nats_queue *q)
{
    const struct timespec end = beluga__timespec(beluga__ends_ns(TICK_MS));
    pthread_mutex_lock(&q->lock);
    nats_check_patience_locked(q);
    bool go_on = q->keeping;
    if (go_on && !has_work_locked(q)) pthread_cond_timedwait(&q->work, &q->lock, &end);
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
