/*
 * Collects results.
 *
 * Each reader has its own consumer, which is not stored on disk. Whenever a message may have been
 * lost, the reader creates a new consumer that begins after the last result it received.
 */
#include "base/clock.h"
#include "queue/nats.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RING        512
#define FORGOTTEN_S 300
#define AGAIN_MS    1000
#define NS_PER_S    INT64_C(1000000000)

/* ---- callbacks, on a thread of libnats ------------------------------------------------------- */

/* Add a message to the ring. Returns false if it was not added; the caller then frees it. */
static bool keep_locked(nats_queue *q, natsMsg *message)
{
    nats_reading *r = &q->reading;
    nats_origin origin;
    const char *reply = q->nats->natsMsg_GetReply(message);
    if (!reply || !nats_read_origin(reply, &origin)) return false;
    if (origin.position <= r->position) return false; /* a duplicate */
    /* A message is missing, so a new consumer must begin after the last message. */
    if (r->puller.broken || origin.number != r->delivered + 1 || r->count == RING) {
        r->puller.broken = true;
        return false;
    }
    r->delivered = origin.number;
    r->position = origin.position;
    r->ring[(r->first + r->count++) % RING] = message;
    nats_wake_locked(q);
    return true;
}

static void on_result(natsConnection *nc, natsSubscription *sub, natsMsg *message, void *payload)
{
    nats_queue *q = payload;
    (void)nc;
    (void)sub;
    pthread_mutex_lock(&q->lock);
    bool kept = nats_pull_came_locked(q, &q->reading.puller, message, beluga__now_ms()) &&
                keep_locked(q, message);
    pthread_mutex_unlock(&q->lock);
    if (!kept) q->nats->natsMsg_Destroy(message);
}

/* ---- the keeper ------------------------------------------------------------------------------ */

static natsStatus make_consumer(nats_queue *q, uint64_t position, jsConsumerInfo **info)
{
    jsConsumerConfig config;
    jsErrCode code = 0;
    char subject[NATS_SUBJECT_BYTES];
    q->nats->jsConsumerConfig_Init(&config);
    snprintf(subject, sizeof subject, "%.220s.*", q->result_subject);
    config.FilterSubject = subject; /* no results of a later job of this name */
    config.DeliverPolicy = js_DeliverByStartSequence;
    config.OptStartSeq = position + 1;
    config.AckPolicy = js_AckNone;
    config.InactiveThreshold = FORGOTTEN_S * NS_PER_S;
    natsStatus s = q->nats->js_AddConsumer(info, q->js, q->results, &config, NULL, &code);
    if (code == JSStreamNotFoundErr) {
        pthread_mutex_lock(&q->lock);
        q->check_job = true;
        pthread_mutex_unlock(&q->lock);
    }
    return s;
}

/* Create a new consumer and inbox. Late messages for the old consumer are ignored, since their
 * numbers do not match. */
static void begin_again(nats_queue *q, int64_t now_ms)
{
    nats_reading *r = &q->reading;
    jsConsumerInfo *info = NULL;
    char subject[NATS_SUBJECT_BYTES + 40];
    natsSubscription *old = r->puller.subscription;
    r->puller.subscription = NULL;
    q->nats->natsSubscription_Destroy(old);
    pthread_mutex_lock(&q->lock);
    nats_pulls_forget_locked(&r->puller);
    r->round++;
    r->delivered = 0;
    r->puller.broken = false;
    uint64_t position = r->position;
    snprintf(r->word, sizeof r->word, "result%" PRIu64, r->round);
    pthread_mutex_unlock(&q->lock);
    snprintf(subject, sizeof subject, "%s.%s.*", q->inbox, r->word);
    natsStatus s = nats_subscribe(q, &r->puller.subscription, subject, on_result);
    if (s == NATS_OK) s = make_consumer(q, position, &info);
    r->made = s == NATS_OK;
    if (r->made)
        snprintf(r->puller.consumer, sizeof r->puller.consumer, "%s", info->Name);
    else
        r->again_ms = now_ms + AGAIN_MS;
    q->nats->jsConsumerInfo_Destroy(info);
}

void nats_results_work(nats_queue *q, int64_t now_ms)
{
    nats_reading *r = &q->reading;
    pthread_mutex_lock(&q->lock);
    bool wanted = r->wanted && q->connected && now_ms >= r->again_ms;
    bool begin = wanted && (!r->made || r->puller.broken);
    size_t room = RING - r->count;
    pthread_mutex_unlock(&q->lock);
    if (begin) begin_again(q, now_ms);
    if (wanted && r->made && room > RING / 2) nats_ask_for(q, &r->puller, RING / 2, now_ms);
}

/* ---- the caller's thread --------------------------------------------------------------------- */

static int begin_reading(nats_queue *q, uint64_t from, beluga_error *err)
{
    nats_reading *r = &q->reading;
    natsMsg **ring = calloc(RING, sizeof *ring);
    if (!ring) {
        beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "out of memory");
        return BELUGA_ERROR_NO_MEMORY;
    }
    pthread_mutex_lock(&q->lock);
    r->ring = ring;
    r->position = from;
    r->wanted = true;
    pthread_cond_signal(&q->work);
    pthread_mutex_unlock(&q->lock);
    return 0;
}

static int wait_for_one(nats_queue *q, int64_t wait_ms, beluga_error *err)
{
    nats_reading *r = &q->reading;
    int64_t end = beluga__now_ms() + wait_ms;
    int rc = 0;
    pthread_mutex_lock(&q->lock);
    nats_calm(q);
    while (rc == 0 && !r->count && (q->error.code || beluga__now_ms() < end))
        rc = nats_wait_locked(q, err);
    if (r->count) {
        r->current = r->ring[r->first];
        r->first = (r->first + 1) % RING;
        r->count--;
        if (r->count == RING / 4) pthread_cond_signal(&q->work);
        rc = 1;
    }
    pthread_mutex_unlock(&q->lock);
    return rc;
}

/* Read the parts of the result, if it has any. */
static int read_whole(nats_queue *q, uint64_t line, beluga_error *err)
{
    nats_reading *r = &q->reading;
    const char *ref = nats_parts_of(q, r->current);
    natsStatus s = ref ? NATS_ERR : NATS_OK;
    while (s != NATS_OK) {
        s = nats_parts_read(q, ref, &r->whole, NULL);
        if (s == NATS_OK) break;
        if (s == NATS_NO_MEMORY) return nats_explain(q, s, 0, "a result", err);
        if (s == NATS_NOT_FOUND) {
            beluga_error_set(err, BELUGA_ERROR_MALFORMED_RESPONSE,
                             "%s: the result of line %" PRIu64
                             " is incomplete: some of its parts are missing or damaged",
                             q->base.where, line);
            return BELUGA_ERROR_MALFORMED_RESPONSE;
        }
        int rc = nats_pause(q, AGAIN_MS, err);
        if (rc != 0) return rc;
    }
    return ref ? 1 : 0;
}

int nats_next_result(queue *base, uint64_t from, queue_result *result, int64_t wait_ms,
                     beluga_error *err)
{
    nats_queue *q = nats_of(base);
    nats_reading *r = &q->reading;
    nats_origin origin = {0};
    int rc = r->ring ? 0 : begin_reading(q, from, err);
    if (rc != 0) return rc;
    q->nats->natsMsg_Destroy(r->current);
    r->current = NULL;
    rc = wait_for_one(q, wait_ms, err);
    if (rc <= 0) return rc;
    const char *dot = strrchr(q->nats->natsMsg_GetSubject(r->current), '.');
    nats_read_origin(q->nats->natsMsg_GetReply(r->current), &origin);
    *result =
        (queue_result){.line = dot ? strtoull(dot + 1, NULL, 10) : 0, .position = origin.position};
    rc = read_whole(q, result->line, err);
    if (rc < 0) return rc;
    result->bytes = rc ? text_get(&r->whole) : q->nats->natsMsg_GetData(r->current);
    result->length = rc ? r->whole.length : (size_t)q->nats->natsMsg_GetDataLength(r->current);
    return 1;
}

void nats_results_free(nats_queue *q)
{
    nats_reading *r = &q->reading;
    if (r->current) q->nats->natsMsg_Destroy(r->current);
    for (; r->count; r->count--) {
        q->nats->natsMsg_Destroy(r->ring[r->first]);
        r->first = (r->first + 1) % RING;
    }
    free(r->ring);
    text_free(&r->whole);
}
