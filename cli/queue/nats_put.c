/*
 * Stores lines and results in the streams of the job.
 *
 * Each line and result is published with a subject for the answer. It is sent again until an answer
 * says that its subject has a message: either this message, or another that arrived earlier.
 */
#include "base/clock.h"
#include "queue/nats.h"
#include "queue/nats_dial.h"

#include <beluga/provider/json.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define TABLE_SIZE 65536
/* queue_put blocks while this many lines, or bytes of lines, are not confirmed. */
#define MOST_LINES ((size_t)1024)
#define MOST_BYTES ((size_t)16 * 1024 * 1024)
#define BATCH      64
#define AGAIN_MS   1000
#define FULL_MS    60000
#define ACK_TRIES  2
/* After this many attempts without any answer, the user is told. */
#define SILENT_TRIES 3
#define RENEW_MS     50

void nats_puts_begin(nats_queue *q)
{
    beluga__list_init(&q->fresh);
    beluga__list_init(&q->waiting);
    beluga__list_init(&q->answered);
}

static nats_put *put_of(beluga__list *node)
{
    return beluga__container_of(node, nats_put, node);
}

static void free_put(nats_put *put)
{
    free(put->bytes);
    free(put);
}

static void free_list(nats_queue *q, beluga__list *list)
{
    while (!beluga__list_empty(list)) {
        nats_put *put = put_of(list->next);
        beluga__list_remove(&put->node);
        if (put->claim) nats_claim_free(q, put->claim);
        free_put(put);
    }
}

void nats_puts_free(nats_queue *q)
{
    free_list(q, &q->fresh);
    free_list(q, &q->waiting);
    free_list(q, &q->answered);
    free(q->table);
    free(q->outcomes);
}

/* ---- answers, on a thread of libnats --------------------------------------------------------- */

/* Find out why a message was refused. JetStream uses one code for several reasons, which differ
 * only in their texts. */
static nats_answer judge_refusal(const beluga_json *error)
{
    const char *text = beluga_json_get_string(error, "description", NULL);
    jsErrCode code = (jsErrCode)beluga_json_get_int(error, "err_code", 0);
    if (nats_is_full(code)) return NATS_FULL;
    if (code == JSStreamStoreFailedErr && text) {
        if (strstr(text, "per subject")) return NATS_THERE;
        if (strstr(text, "exceeded")) return NATS_FULL;
    }
    if (text && strstr(text, "message size exceeds")) return NATS_TOO_LONG;
    return NATS_AGAIN;
}

/* Interpret an answer. The answer to an acknowledgement is empty. */
static nats_answer judge(const nats_queue *q, natsMsg *message)
{
    beluga_json_doc *doc = NULL;
    if (q->nats->natsMsg_IsNoResponders(message)) return NATS_AGAIN;
    size_t n = (size_t)q->nats->natsMsg_GetDataLength(message);
    if (!n) return NATS_STORED;
    if (beluga_json_parse(q->nats->natsMsg_GetData(message), n, &doc, NULL) != 0) return NATS_AGAIN;
    const beluga_json *root = beluga_json_doc_root(doc);
    const beluga_json *error = beluga_json_get(root, "error");
    nats_answer answer = error ? judge_refusal(error) : NATS_STORED;
    if (!error && beluga_json_get_int(root, "seq", 0) <= 0) answer = NATS_AGAIN;
    beluga_json_doc_free(doc);
    return answer;
}

void nats_on_answer(natsConnection *nc, natsSubscription *sub, natsMsg *message, void *payload)
{
    nats_queue *q = payload;
    (void)nc;
    (void)sub;
    const char *dot = strrchr(q->nats->natsMsg_GetSubject(message), '.');
    uint64_t id = dot ? strtoull(dot + 1, NULL, 10) : 0;
    nats_answer answer = judge(q, message);
    bool nobody = q->nats->natsMsg_IsNoResponders(message);
    pthread_mutex_lock(&q->lock);
    nats_put *put = q->table ? q->table[id % TABLE_SIZE] : NULL;
    if (put && put->id == id && put->answer == NATS_UNANSWERED) {
        put->answer = answer;
        beluga__list_remove(&put->node);
        beluga__list_append(&q->answered, &put->node);
        pthread_cond_signal(&q->work);
    }
    q->check_job |= nobody;
    pthread_mutex_unlock(&q->lock);
    q->nats->natsMsg_Destroy(message);
}

/* ---- sending --------------------------------------------------------------------------------- */

static natsStatus make_message(const nats_queue *q, const nats_put *put, const char *subject,
                               const char *reply, natsMsg **out)
{
    char id[64];
    bool apart = put->ref[0] != '\0';
    natsStatus s = q->nats->natsMsg_Create(out, subject, reply, apart ? "" : put->bytes,
                                           apart ? 0 : (int)put->length);
    if (s == NATS_OK && apart) s = q->nats->natsMsgHeader_Set(*out, NATS_HEADER_REF, put->ref);
    snprintf(id, sizeof id, "%" PRIu64 "-%s", put->line, put->nonce);
    if (s == NATS_OK && put->nonce[0]) s = q->nats->natsMsgHeader_Set(*out, "Nats-Msg-Id", id);
    return s;
}

static natsStatus send_stored(nats_queue *q, nats_put *put, const char *reply)
{
    char subject[NATS_SUBJECT_BYTES];
    natsMsg *message = NULL;
    bool line = put->kind == NATS_PUT_LINE;
    snprintf(subject, sizeof subject, "%.220s.%" PRIu64, line ? q->line_subject : q->result_subject,
             put->line);
    if (line && !put->ref[0])
        return q->nats->natsConnection_PublishRequest(q->connection, subject, reply, put->bytes,
                                                      (int)put->length);
    natsStatus s = make_message(q, put, subject, reply, &message);
    if (s == NATS_OK) s = q->nats->natsConnection_PublishMsg(q->connection, message);
    q->nats->natsMsg_Destroy(message);
    return s;
}

static natsStatus store_parts(nats_queue *q, nats_put *put, jsErrCode *code)
{
    *code = 0;
    if (put->kind == NATS_PUT_ACK || put->ref[0] || put->length <= nats_max_message(q))
        return NATS_OK;
    return nats_parts_store(q, put->kind == NATS_PUT_LINE ? "line" : "result", put->line,
                            put->bytes, put->length, put->ref, nats_beat, code);
}

/* Send a put. The put must already be in `waiting`, since the answer may arrive before this
 * function returns. */
static void send(nats_queue *q, nats_put *put)
{
    char reply[NATS_SUBJECT_BYTES + 40];
    snprintf(reply, sizeof reply, "%s.put.%" PRIu64, q->inbox, put->id);
    natsStatus s =
        put->kind == NATS_PUT_ACK
            ? q->nats->natsConnection_PublishRequest(
                  q->connection, q->nats->natsMsg_GetReply(put->claim->message), reply, "+ACK", 4)
            : send_stored(q, put, reply);
    if (s == NATS_OK) return;
    pthread_mutex_lock(&q->lock);
    put->due_ms = beluga__now_ms() + AGAIN_MS;
    pthread_mutex_unlock(&q->lock);
}

/* Take the next put out of `fresh` in order to send it. */
static nats_put *take_fresh(nats_queue *q)
{
    if (beluga__list_empty(&q->fresh)) return NULL;
    nats_put *put = put_of(q->fresh.next);
    beluga__list_remove(&put->node);
    put->tries++;
    return put;
}

static void wait_for_answer(nats_queue *q, nats_put *put, int64_t due_ms)
{
    put->due_ms = due_ms;
    put->answer = NATS_UNANSWERED;
    beluga__list_append(&q->waiting, &put->node);
}

/* Tell the user that the store is full, and end the queue if it stays so. */
static void note_full_locked(nats_queue *q, int64_t now_ms)
{
    if (!q->full_since_ms) {
        q->full_since_ms = now_ms;
        nats_tell_locked(q, "%.60s: %s; trying again", q->base.where, NATS_STORE_IS_FULL);
    }
    if (now_ms - q->full_since_ms > FULL_MS)
        nats_fail_locked(q, BELUGA_ERROR_LIMIT_EXCEEDED, NATS_STORE_IS_FULL);
}

static bool send_fresh(nats_queue *q, int64_t now_ms)
{
    jsErrCode code;
    pthread_mutex_lock(&q->lock);
    nats_put *put = q->connected ? take_fresh(q) : NULL;
    pthread_mutex_unlock(&q->lock);
    if (!put) return false;
    bool stored = store_parts(q, put, &code) == NATS_OK;
    pthread_mutex_lock(&q->lock);
    if (nats_is_full(code)) note_full_locked(q, now_ms);
    /* Meanwhile an earlier try may have been answered, which has put it into the other list. */
    bool is_due = beluga__list_empty(&put->node);
    if (is_due) wait_for_answer(q, put, now_ms + (stored ? NATS_ANSWER_MS : AGAIN_MS));
    pthread_mutex_unlock(&q->lock);
    if (is_due && stored) send(q, put);
    return true;
}

/* Tell the user that nothing is confirmed, once until something is. A server whose disk is full
 * answers nothing at all. */
static void tell_silence_locked(nats_queue *q, const nats_put *put)
{
    bool silent = q->connected && put->kind != NATS_PUT_ACK && put->answer == NATS_UNANSWERED &&
                  put->tries >= SILENT_TRIES;
    if (!silent || q->is_silent || q->full_since_ms) return;
    q->is_silent = true;
    nats_tell_locked(q,
                     "%s: the server does not confirm what is sent: its disk may be full, see "
                     "its log; trying again",
                     q->base.where);
}

/* Send each put again that had no answer in time. An acknowledgement is sent at most ACK_TRIES
 * times, since a server does not answer an acknowledgement that it has already processed. If the
 * line is delivered again, the worker finds its result. */
static void renew_locked(nats_queue *q, int64_t now_ms)
{
    for (beluga__list *node = q->waiting.next, *next; node != &q->waiting; node = next) {
        next = node->next;
        nats_put *put = put_of(node);
        if (put->due_ms > now_ms) continue;
        beluga__list_remove(node);
        if (now_ms != INT64_MAX) tell_silence_locked(q, put);
        bool enough = put->kind == NATS_PUT_ACK && put->tries >= ACK_TRIES;
        if (enough) put->answer = NATS_THERE;
        beluga__list_append(enough ? &q->answered : &q->fresh, node);
    }
}

void nats_puts_again_locked(nats_queue *q)
{
    renew_locked(q, INT64_MAX);
}

/* ---- outcomes -------------------------------------------------------------------------------- */

static void forget_locked(nats_queue *q, nats_put *put)
{
    q->table[put->id % TABLE_SIZE] = NULL;
    q->n_puts--;
    if (put->kind == NATS_PUT_LINE) {
        q->n_lines--;
        q->put_bytes -= put->length;
    }
    pthread_cond_broadcast(&q->changed);
}

static void tell_outcome_locked(nats_queue *q, const nats_put *put)
{
    if (q->first_outcome + q->n_outcomes == q->outcomes_room) {
        size_t room = 2 * q->n_outcomes + 64;
        queue_outcome *list = malloc(room * sizeof *list);
        if (!list) {
            nats_fail_locked(q, BELUGA_ERROR_NO_MEMORY, "out of memory");
            return;
        }
        if (q->n_outcomes)
            memcpy(list, q->outcomes + q->first_outcome, q->n_outcomes * sizeof *list);
        free(q->outcomes);
        q->outcomes = list;
        q->outcomes_room = room;
        q->first_outcome = 0;
    }
    bool ours = put->answer == NATS_STORED;
    q->outcomes[q->first_outcome + q->n_outcomes++] = (queue_outcome){put->line, ours};
    q->workers.ours += ours;
    nats_wake_locked(q);
}

/* Send a put again later, because the store is full or no server answers. */
static void try_later_locked(nats_queue *q, nats_put *put, int64_t now_ms)
{
    if (put->answer == NATS_FULL) note_full_locked(q, now_ms);
    if (put->answer == NATS_TOO_LONG)
        nats_fail_locked(q, BELUGA_ERROR_LIMIT_EXCEEDED,
                         "line %" PRIu64 " is longer than the server allows", put->line);
    wait_for_answer(q, put, now_ms + AGAIN_MS);
}

/* Acknowledge a line, which now has a result from this or another worker. */
static void acknowledge_locked(nats_queue *q, nats_put *put)
{
    tell_outcome_locked(q, put);
    q->n_results--;
    put->kind = NATS_PUT_ACK;
    put->tries = 0;
    beluga__list_append(&q->fresh, &put->node);
}

static bool is_over(const nats_put *put)
{
    return put->answer == NATS_STORED || put->answer == NATS_THERE;
}

/* Process the answer to a put. Returns whether to free the put. */
static bool settle_locked(nats_queue *q, nats_put *put, int64_t now_ms)
{
    if (!is_over(put)) {
        try_later_locked(q, put, now_ms);
        return false;
    }
    if (put->kind != NATS_PUT_ACK) {
        q->full_since_ms = 0;
        q->is_silent = false;
    }
    if (put->kind == NATS_PUT_RESULT) {
        acknowledge_locked(q, put);
        return false;
    }
    q->repeated += put->kind == NATS_PUT_LINE && put->answer == NATS_THERE && put->tries == 1;
    forget_locked(q, put);
    return true;
}

static bool settle_answered(nats_queue *q, int64_t now_ms)
{
    nats_put *over[BATCH];
    size_t n = 0, looked = 0;
    pthread_mutex_lock(&q->lock);
    while (!beluga__list_empty(&q->answered) && looked < BATCH) {
        nats_put *put = put_of(q->answered.next);
        beluga__list_remove(&put->node);
        looked++;
        if (settle_locked(q, put, now_ms)) over[n++] = put;
    }
    pthread_mutex_unlock(&q->lock);
    for (size_t i = 0; i < n; i++) {
        if (over[i]->claim) nats_claim_free(q, over[i]->claim);
        free_put(over[i]);
    }
    return looked != 0;
}

bool nats_puts_work(nats_queue *q, int64_t now_ms)
{
    bool busy = false;
    if (now_ms >= q->next_renew_ms) {
        pthread_mutex_lock(&q->lock);
        renew_locked(q, now_ms);
        pthread_mutex_unlock(&q->lock);
        q->next_renew_ms = now_ms + RENEW_MS;
    }
    for (int i = 0; i < BATCH && send_fresh(q, now_ms); i++) busy = true;
    return settle_answered(q, now_ms) || busy;
}

/* ---- the caller's thread --------------------------------------------------------------------- */

static nats_put *make_put(nats_put_kind kind, uint64_t line, const char *bytes, size_t n)
{
    nats_put *put = calloc(1, sizeof *put);
    if (!put) return NULL;
    put->bytes = malloc(n + 1);
    if (!put->bytes) {
        free(put);
        return NULL;
    }
    memcpy(put->bytes, bytes, n);
    put->length = n;
    put->kind = kind;
    put->line = line;
    beluga__list_init(&put->node);
    return put;
}

/* Append a put to `fresh`. Returns 0, or -1 if memory runs out. */
static int submit_locked(nats_queue *q, nats_put *put)
{
    if (!q->table && !(q->table = calloc(TABLE_SIZE, sizeof *q->table))) return -1;
    if (q->n_puts == TABLE_SIZE) return -1;
    do put->id = ++q->last_id;
    while (q->table[put->id % TABLE_SIZE]);
    q->table[put->id % TABLE_SIZE] = put;
    q->n_puts++;
    if (put->kind == NATS_PUT_LINE) {
        q->n_lines++;
        q->put_bytes += put->length;
    }
    beluga__list_append(&q->fresh, &put->node);
    pthread_cond_signal(&q->work);
    return 0;
}

static bool has_room(const nats_queue *q, size_t n)
{
    return !q->n_lines || (q->n_lines < MOST_LINES && q->put_bytes + n <= MOST_BYTES);
}

static int fail_memory(beluga_error *err)
{
    beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "out of memory");
    return BELUGA_ERROR_NO_MEMORY;
}

int nats_put_line(queue *base, uint64_t line, const char *bytes, size_t n, beluga_error *err)
{
    nats_queue *q = nats_of(base);
    if (n > QUEUE_MAX_BYTES) {
        beluga_error_set(err, BELUGA_ERROR_LIMIT_EXCEEDED,
                         "line %" PRIu64 " is longer than %zu MiB", line, QUEUE_MAX_BYTES >> 20);
        return BELUGA_ERROR_LIMIT_EXCEEDED;
    }
    nats_put *put = make_put(NATS_PUT_LINE, line, bytes, n);
    if (!put) return fail_memory(err);
    int rc = 0;
    pthread_mutex_lock(&q->lock);
    while (rc == 0 && (q->error.code || !has_room(q, n))) rc = nats_wait_locked(q, err);
    if (rc == 0 && submit_locked(q, put) != 0) rc = fail_memory(err);
    pthread_mutex_unlock(&q->lock);
    if (rc != 0) free_put(put);
    return rc;
}

int nats_puts_wait(nats_queue *q, beluga_error *err)
{
    int rc = 0;
    pthread_mutex_lock(&q->lock);
    while (rc == 0 && (q->error.code || q->n_lines)) rc = nats_wait_locked(q, err);
    pthread_mutex_unlock(&q->lock);
    return rc;
}

uint64_t nats_repeated(const queue *base)
{
    nats_queue *q = nats_of(base);
    pthread_mutex_lock(&q->lock);
    uint64_t repeated = q->repeated;
    pthread_mutex_unlock(&q->lock);
    return repeated;
}

int nats_put_once(queue *base, queue_claim *claim, const char *bytes, size_t n)
{
    nats_queue *q = nats_of(base);
    uint64_t number = 0;
    if (n > QUEUE_MAX_BYTES) return BELUGA_ERROR_LIMIT_EXCEEDED;
    nats_put *put = make_put(NATS_PUT_RESULT, claim->line, bytes, n);
    if (!put) return BELUGA_ERROR_NO_MEMORY;
    if (getrandom(&number, sizeof number, 0) != sizeof number) number = (uintptr_t)put;
    snprintf(put->nonce, sizeof put->nonce, "%016" PRIx64, number);
    put->claim = claim->token;
    pthread_mutex_lock(&q->lock);
    int rc = submit_locked(q, put);
    if (rc == 0) {
        q->n_taken--;
        q->n_results++;
        put->claim->put = true;
    }
    pthread_mutex_unlock(&q->lock);
    if (rc != 0) {
        free_put(put);
        return BELUGA_ERROR_NO_MEMORY;
    }
    claim->token = NULL;
    return 0;
}

bool nats_next_outcome(queue *base, queue_outcome *outcome)
{
    nats_queue *q = nats_of(base);
    pthread_mutex_lock(&q->lock);
    nats_calm(q);
    bool there = q->n_outcomes != 0;
    if (there) {
        *outcome = q->outcomes[q->first_outcome++];
        if (!--q->n_outcomes) q->first_outcome = 0;
    }
    pthread_mutex_unlock(&q->lock);
    return there;
}

size_t nats_unconfirmed(const queue *base)
{
    nats_queue *q = nats_of(base);
    pthread_mutex_lock(&q->lock);
    size_t n = q->n_results;
    pthread_mutex_unlock(&q->lock);
    return n;
}
