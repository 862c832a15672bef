/* Extends the claims of lines under way, since the server would otherwise give the lines to other
 * workers. */
#include "base/clock.h"
#include "queue/nats.h"

#define IDLE_MS                                                                 \
    15000 /* a worker that has not called the queue for this time is considered \
           * to hang */
#define BEAT_BATCH   64
#define BEATS        3 /* number of extensions in the time after which a claim would end */
#define BEAT_TICK_MS 500

/* Collect the claims that must be extended now. Claims of lines that the worker has are extended
 * only while the worker calls the queue. Claims that are being checked, or whose result is being
 * sent, are always extended. */
static size_t find_due_locked(nats_queue *q, int64_t now_ms, nats_claim *due[BEAT_BATCH])
{
    bool alive = now_ms - q->alive_ms < IDLE_MS;
    int64_t step = q->address.ack_wait_ms / BEATS;
    size_t n = 0;
    for (beluga__list *node = q->held.next; node != &q->held && n < BEAT_BATCH; node = node->next) {
        nats_claim *claim = beluga__container_of(node, nats_claim, held);
        bool wanted = alive || claim->state == NATS_ARRIVED || claim->put;
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
