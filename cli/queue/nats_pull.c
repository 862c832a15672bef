/*
 * Requests messages from a consumer. Each request says how many messages the server may send. The
 * fetch functions of libnats would wait for the messages on the caller's thread; here the messages
 * arrive in an inbox.
 */
#include "base/clock.h"
#include "queue/nats.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* the server ends a request after this time, with a status message if it has not sent all messages
 */
#define PULL_MS   5000
#define LATE_MS   2000
#define PAUSE_MS  500
#define MOST_PULL ((size_t)256)

void nats_pulls_forget_locked(nats_puller *p)
{
    memset(p->pulls, 0, sizeof p->pulls);
}

static size_t under_way_locked(nats_puller *p, int64_t now_ms, nats_pull **free_one)
{
    size_t left = 0;
    *free_one = NULL;
    for (size_t i = 0; i < NATS_MAX_PULLS; i++) {
        nats_pull *pull = &p->pulls[i];
        if (pull->id && (!pull->left || now_ms > pull->due_ms)) {
            /* The request has not ended in time: the consumer may have moved to another server, or
             * may not exist any more. */
            p->broken |= pull->left != 0;
            pull->id = 0;
        }
        if (pull->id)
            left += pull->left;
        else
            *free_one = pull;
    }
    return left;
}

static void send_pull(nats_queue *q, const nats_puller *p, uint64_t id, size_t n)
{
    char subject[NATS_SUBJECT_BYTES * 2], reply[NATS_SUBJECT_BYTES + 40], text[96];
    snprintf(subject, sizeof subject, "%s.CONSUMER.MSG.NEXT.%s.%s", q->api, p->stream, p->consumer);
    snprintf(reply, sizeof reply, "%s.%s.%" PRIu64, q->inbox, p->name, id);
    int length = snprintf(text, sizeof text, "{\"batch\":%zu,\"expires\":%" PRId64 "}", n,
                          (int64_t)PULL_MS * BELUGA__NS_PER_MS);
    q->nats->natsConnection_PublishRequest(q->connection, subject, reply, text, length);
}

void nats_ask_for(nats_queue *q, nats_puller *p, size_t wanted, int64_t now_ms)
{
    nats_pull *pull;
    uint64_t id = 0;
    pthread_mutex_lock(&q->lock);
    size_t left = under_way_locked(p, now_ms, &pull);
    size_t n = wanted > left ? wanted - left : 0;
    if (n > MOST_PULL) n = MOST_PULL;
    if (n && pull && q->connected && now_ms >= p->pause_ms) {
        id = ++q->last_pull;
        *pull = (nats_pull){.id = id, .left = n, .due_ms = now_ms + PULL_MS + LATE_MS};
    }
    pthread_mutex_unlock(&q->lock);
    if (id) send_pull(q, p, id, n);
}

/* Handle a status message, with which the server ends a request. Its subject is in the inbox, and
 * ends in the request's id; messages of the stream keep their own subjects. */
static void end_pull_locked(nats_queue *q, nats_puller *p, natsMsg *message, int64_t now_ms)
{
    const char *dot = strrchr(q->nats->natsMsg_GetSubject(message), '.'), *status = NULL;
    uint64_t id = dot ? strtoull(dot + 1, NULL, 10) : 0;
    for (size_t i = 0; i < NATS_MAX_PULLS; i++)
        if (id && p->pulls[i].id == id) p->pulls[i].id = 0;
    natsStatus s = q->nats->natsMsgHeader_Get(message, "Status", &status);
    if (s != NATS_OK || !status || strcmp(status, "408") == 0 || strcmp(status, "404") == 0) return;
    /* 409: the consumer moves or was deleted; 503: no server has the consumer */
    p->pause_ms = now_ms + PAUSE_MS;
    p->broken = true;
    q->check_job |= strcmp(status, "503") == 0 || strcmp(status, "409") == 0;
}

bool nats_pull_came_locked(nats_queue *q, nats_puller *p, natsMsg *message, int64_t now_ms)
{
    size_t n = strlen(q->inbox);
    if (strncmp(q->nats->natsMsg_GetSubject(message), q->inbox, n) == 0) {
        end_pull_locked(q, p, message, now_ms);
        return false;
    }
    nats_pull *oldest = NULL;
    for (size_t i = 0; i < NATS_MAX_PULLS; i++) {
        nats_pull *pull = &p->pulls[i];
        if (pull->id && pull->left && (!oldest || pull->id < oldest->id)) oldest = pull;
    }
    if (oldest) oldest->left--;
    return true;
}

/* Parse the reply subject of a message: $JS.ACK[.DOMAIN.ACCOUNT].STREAM.CONSUMER.DELIVERED.STREAM'S
 * NUMBER.CONSUMER'S NUMBER.TIME.LEFT. Newer servers append a word. */
bool nats_read_origin(const char *reply, nats_origin *origin)
{
    const char *words[16];
    size_t n = 0;
    for (const char *at = reply; at && n < 16; at = strchr(at, '.'), at = at ? at + 1 : NULL)
        words[n++] = at;
    size_t first = n == 9 ? 4 : 6;
    if (n < 9 || strncmp(reply, "$JS.ACK.", 8) != 0 || (n != 9 && n < 11)) return false;
    *origin = (nats_origin){.delivered = strtoull(words[first], NULL, 10),
                            .position = strtoull(words[first + 1], NULL, 10),
                            .number = strtoull(words[first + 2], NULL, 10)};
    return true;
}
