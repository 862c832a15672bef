/* Claims of lines: checks a line before the worker gets it, and returns lines that the worker does
 * not finish. */
#include "base/clock.h"
#include "base/thread.h"
#include "queue/nats.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_BATCH 32
#define LATER_MS   1000
#define FLUSH_MS   2000
#define LEAVE_MS   5000

/* ---- claims that arrive, on a thread of libnats ---------------------------------------------- */

static bool is_held_locked(const nats_queue *q, uint64_t line)
{
    for (const beluga__list *node = q->held.next; node != &q->held; node = node->next)
        if (beluga__container_of(node, nats_claim, held)->line == line) return true;
    return false;
}

static unsigned count_tries(const nats_queue *q, natsMsg *message)
{
    nats_origin origin;
    const char *reply = q->nats->natsMsg_GetReply(message);
    if (!reply || !nats_read_origin(reply, &origin)) return 1;
    return origin.delivered < UINT32_MAX ? (unsigned)origin.delivered : UINT32_MAX;
}

static nats_claim *make_claim(nats_queue *q, natsMsg *message)
{
    const char *subject = q->nats->natsMsg_GetSubject(message), *dot = strrchr(subject, '.');
    size_t n = strlen(q->line_subject);
    bool ours = strncmp(subject, q->line_subject, n) == 0 && subject + n == dot;
    uint64_t line = ours ? strtoull(dot + 1, NULL, 10) : 0;
    q->check_job |= !ours; /* a later job of this name */
    bool can_be_answered = q->nats->natsMsg_GetReply(message) != NULL;
    nats_claim *claim = line && can_be_answered ? calloc(1, sizeof *claim) : NULL;
    if (!claim) return NULL;
    *claim = (nats_claim){.message = message,
                          .line = line,
                          .tries = count_tries(q, message),
                          .extended_ms = beluga__now_ms()};
    beluga__list_init(&claim->node);
    beluga__list_init(&claim->held);
    return claim;
}

/* Handle a claim that has arrived. If the line may already have a result or has parts, the keeper
 * must check it first. */
static void arrive_locked(nats_queue *q, nats_claim *claim)
{
    bool look = claim->tries > 1 || nats_parts_of(q, claim->message);
    claim->state = look ? NATS_ARRIVED : NATS_READY;
    beluga__list_append(&q->held, &claim->held);
    beluga__list_append(look ? &q->arrived : &q->ready, &claim->node);
    if (look) {
        q->n_arrived++;
        pthread_cond_signal(&q->work);
    } else {
        q->n_ready++;
        nats_wake_locked(q);
    }
}

static void on_line(natsConnection *nc, natsSubscription *sub, natsMsg *message, void *payload)
{
    nats_queue *q = payload;
    (void)nc;
    (void)sub;
    nats_claim *claim = NULL;
    pthread_mutex_lock(&q->lock);
    if (nats_pull_came_locked(q, &q->puller, message, beluga__now_ms()))
        claim = make_claim(q, message);
    /* This worker still has the line. It was extended too late, so the server has delivered it
     * again. */
    if (claim && claim->tries > 1 && is_held_locked(q, claim->line)) {
        free(claim);
        claim = NULL;
    }
    if (claim) arrive_locked(q, claim);
    pthread_mutex_unlock(&q->lock);
    if (!claim) q->nats->natsMsg_Destroy(message);
}

int nats_claims_begin(nats_queue *q, beluga_error *err)
{
    char subject[NATS_SUBJECT_BYTES + 8];
    if (q->puller.subscription) return 0;
    snprintf(subject, sizeof subject, "%s.%s.*", q->inbox, q->puller.name);
    natsStatus s = nats_subscribe(q, &q->puller.subscription, subject, on_line);
    return s == NATS_OK ? 0 : nats_explain(q, s, 0, "can't subscribe to the lines", err);
}

/* ---- the keeper ------------------------------------------------------------------------------ */

/* Free a claim that is no longer in any list except `held`. */
void nats_claim_free(nats_queue *q, nats_claim *claim)
{
    pthread_mutex_lock(&q->lock);
    beluga__list_remove(&claim->held);
    beluga__list_remove(&claim->node);
    pthread_mutex_unlock(&q->lock);
    q->nats->natsMsg_Destroy(claim->message);
    text_free(&claim->whole);
    free(claim);
}

static natsStatus reply(nats_queue *q, const nats_claim *claim, const char *word)
{
    return q->nats->natsConnection_Publish(q->connection, q->nats->natsMsg_GetReply(claim->message),
                                           word, (int)strlen(word));
}

/* Check whether the line already has a result. A worker may have stored it, but died before it
 * acknowledged the line, or acknowledged it too late. */
static natsStatus look_for_result(nats_queue *q, const nats_claim *claim, bool *there)
{
    char subject[NATS_SUBJECT_BYTES];
    natsMsg *message = NULL;
    jsErrCode code = 0;
    snprintf(subject, sizeof subject, "%.220s.%" PRIu64, q->result_subject, claim->line);
    natsStatus s = q->nats->js_GetLastMsg(&message, q->js, q->results, subject, NULL, &code);
    *there = s == NATS_OK;
    q->nats->natsMsg_Destroy(message);
    return s == NATS_NOT_FOUND || code == JSNoMessageFoundErr ? NATS_OK : s;
}

static natsStatus read_line(nats_queue *q, nats_claim *claim)
{
    const char *ref = nats_parts_of(q, claim->message);
    natsStatus s = ref ? nats_parts_read(q, ref, &claim->whole, nats_beat) : NATS_OK;
    if (s != NATS_NOT_FOUND) return s;
    claim->fault = "some of its parts are missing from the queue, or are damaged";
    return NATS_OK;
}

static void make_ready(nats_queue *q, nats_claim *claim)
{
    pthread_mutex_lock(&q->lock);
    q->n_arrived--;
    if (claim->state == NATS_ARRIVED) { /* the line was not returned in the meantime */
        claim->state = NATS_READY;
        beluga__list_append(&q->ready, &claim->node);
        q->n_ready++;
        nats_wake_locked(q);
    }
    pthread_mutex_unlock(&q->lock);
}

static void look_later(nats_queue *q, nats_claim *claim)
{
    pthread_mutex_lock(&q->lock);
    claim->due_ms = beluga__now_ms() + LATER_MS;
    if (claim->state == NATS_ARRIVED) beluga__list_append(&q->arrived, &claim->node);
    pthread_mutex_unlock(&q->lock);
}

static void look_at(nats_queue *q, nats_claim *claim)
{
    bool there = false;
    natsStatus s = claim->tries > 1 ? look_for_result(q, claim, &there) : NATS_OK;
    if (s == NATS_OK && !there) s = read_line(q, claim);
    if (s != NATS_OK) {
        look_later(q, claim);
    } else if (there) {
        reply(q, claim, "+ACK");
        pthread_mutex_lock(&q->lock);
        q->n_arrived--;
        pthread_mutex_unlock(&q->lock);
        nats_claim_free(q, claim);
    } else {
        make_ready(q, claim);
    }
}

static nats_claim *take_arrived(nats_queue *q, int64_t now_ms)
{
    nats_claim *claim = NULL;
    pthread_mutex_lock(&q->lock);
    if (q->connected && !beluga__list_empty(&q->arrived)) {
        claim = beluga__container_of(q->arrived.next, nats_claim, node);
        if (claim->due_ms > now_ms)
            claim = NULL;
        else
            beluga__list_remove(&claim->node);
    }
    pthread_mutex_unlock(&q->lock);
    return claim;
}

static nats_claim *take_leaving(nats_queue *q)
{
    nats_claim *claim = NULL;
    pthread_mutex_lock(&q->lock);
    if (!beluga__list_empty(&q->leaving)) {
        claim = beluga__container_of(q->leaving.next, nats_claim, node);
        beluga__list_remove(&claim->node);
    }
    pthread_mutex_unlock(&q->lock);
    return claim;
}

/* Return a line to the server. If this message gets lost, the server delivers the line again after
 * ack_wait. */
static void give_back(nats_queue *q, nats_claim *claim)
{
    char word[64] = "-NAK";
    if (claim->delay_ms > 0)
        snprintf(word, sizeof word, "-NAK {\"delay\":%" PRId64 "}",
                 claim->delay_ms * BELUGA__NS_PER_MS);
    reply(q, claim, word);
    nats_claim_free(q, claim);
}

void nats_claims_work(nats_queue *q, int64_t now_ms)
{
    nats_claim *claim;
    for (int i = 0; i < LOOK_BATCH && (claim = take_arrived(q, now_ms)); i++) look_at(q, claim);
    while ((claim = take_leaving(q))) give_back(q, claim);
    pthread_mutex_lock(&q->lock);
    size_t there = q->n_ready + q->n_arrived;
    size_t wanted = q->leaves || q->room < there ? 0 : q->room - there;
    pthread_mutex_unlock(&q->lock);
    if (wanted) nats_ask_for(q, &q->puller, wanted, now_ms);
}

/* ---- the caller's thread --------------------------------------------------------------------- */

static void fill_claim(const nats_queue *q, nats_claim *claim, queue_claim *out)
{
    bool whole = nats_parts_of(q, claim->message) != NULL;
    *out = (queue_claim){.line = claim->line,
                         .tries = claim->tries,
                         .bytes = whole ? text_get(&claim->whole)
                                        : q->nats->natsMsg_GetData(claim->message),
                         .length = whole ? claim->whole.length
                                         : (size_t)q->nats->natsMsg_GetDataLength(claim->message),
                         .fault = claim->fault,
                         .token = claim};
}

static nats_claim *take_ready_locked(nats_queue *q)
{
    if (beluga__list_empty(&q->ready)) return NULL;
    nats_claim *claim = beluga__container_of(q->ready.next, nats_claim, node);
    beluga__list_remove(&claim->node);
    claim->state = NATS_TAKEN;
    q->n_ready--;
    q->n_taken++;
    return claim;
}

size_t nats_take(queue *base, queue_claim *claims, size_t most)
{
    nats_queue *q = nats_of(base);
    nats_claim *claim;
    size_t n = 0;
    pthread_mutex_lock(&q->lock);
    nats_calm(q);
    q->alive_ms = beluga__now_ms();
    q->workers.announce |= !q->workers.works;
    q->workers.works = true;
    while (n < most && (claim = take_ready_locked(q))) fill_claim(q, claim, &claims[n++]);
    q->room = most - n;
    if (q->room) pthread_cond_signal(&q->work);
    pthread_mutex_unlock(&q->lock);
    return n;
}

void nats_extend(queue *base)
{
    nats_queue *q = nats_of(base);
    pthread_mutex_lock(&q->lock);
    q->alive_ms = beluga__now_ms();
    pthread_mutex_unlock(&q->lock);
}

void nats_let_go(queue *base, queue_claim *out, int64_t delay_ms)
{
    nats_queue *q = nats_of(base);
    nats_claim *claim = out->token;
    pthread_mutex_lock(&q->lock);
    claim->state = NATS_LET_GO;
    claim->delay_ms = delay_ms;
    beluga__list_append(&q->leaving, &claim->node);
    q->n_taken--;
    pthread_cond_signal(&q->work);
    pthread_mutex_unlock(&q->lock);
    out->token = NULL;
}

/* Return all lines except those whose result is being sent. */
static void let_go_all_locked(nats_queue *q)
{
    q->leaves = true;
    for (beluga__list *node = q->held.next; node != &q->held; node = node->next) {
        nats_claim *claim = beluga__container_of(node, nats_claim, held);
        if (claim->state == NATS_LET_GO || claim->put) continue;
        claim->state = NATS_LET_GO;
        claim->delay_ms = 0;
        beluga__list_remove(&claim->node);
        beluga__list_append(&q->leaving, &claim->node);
    }
    pthread_cond_signal(&q->work);
}

void nats_claims_leave(nats_queue *q)
{
    const int64_t end = beluga__now_ms() + LEAVE_MS;
    pthread_mutex_lock(&q->lock);
    let_go_all_locked(q);
    while (q->keeping && !q->error.code && beluga__now_ms() < end &&
           (q->n_puts - q->n_lines || !beluga__list_empty(&q->leaving)))
        beluga__wait_until(&q->changed, &q->lock, beluga__ends_ns(10));
    bool connected = q->connected;
    pthread_mutex_unlock(&q->lock);
    if (connected) q->nats->natsConnection_FlushTimeout(q->connection, FLUSH_MS);
}

void nats_claims_free(nats_queue *q)
{
    while (!beluga__list_empty(&q->held))
        nats_claim_free(q, beluga__container_of(q->held.next, nats_claim, held));
}
