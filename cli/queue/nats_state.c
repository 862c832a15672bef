/*
 * The state that all members of a job share, apart from lines and results: counts, sums of usage,
 * and the list of workers. Workers are not stored: each publishes a report every five seconds, to
 * which the others can subscribe.
 */
#include "base/clock.h"
#include "queue/nats.h"

#include <beluga/provider/json.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_MS    500 /* the least time between two requests for the counts */
#define SPEND_MS    1000
#define SPENT_MS    2000
#define ASKED_MS    10000
#define ALIVE_MS    5000
#define GONE_MS     15000
#define SPEND_TRIES 8

/* ---- numbers --------------------------------------------------------------------------------- */

/* A stream of a later job of the same name counts as missing. */
static natsStatus count_messages(nats_queue *q, const char *stream, const char *subject,
                                 uint64_t *n, jsErrCode *code)
{
    jsStreamInfo *info = NULL;
    natsStatus s = q->nats->js_GetStreamInfo(&info, q->js, stream, NULL, code);
    if (s == NATS_OK) *n = info->State.Msgs;
    if (s == NATS_OK && !nats_is_ours(info, subject)) {
        *code = JSStreamNotFoundErr;
        s = NATS_NOT_FOUND;
    }
    q->nats->jsStreamInfo_Destroy(info);
    return s;
}

static natsStatus count_claims(nats_queue *q, queue_counts *counts, jsErrCode *code)
{
    jsConsumerInfo *info = NULL;
    natsStatus s =
        q->nats->js_GetConsumerInfo(&info, q->js, q->lines, q->puller.consumer, NULL, code);
    if (s == NATS_OK) {
        counts->waiting = info->NumPending;
        counts->claimed = info->NumAckPending > 0 ? (uint64_t)info->NumAckPending : 0;
    }
    q->nats->jsConsumerInfo_Destroy(info);
    return s;
}

/* Read a message of `state`. Returns its JSON, and its sequence number; NULL with the failure. */
static beluga_json_doc *read_state(nats_queue *q, const char *what, uint64_t *sequence,
                                   natsStatus *s, jsErrCode *code)
{
    char subject[NATS_SUBJECT_BYTES];
    natsMsg *message = NULL;
    beluga_json_doc *doc = NULL;
    nats_name_subject(q, what, subject);
    *code = 0;
    *s = q->nats->js_GetLastMsg(&message, q->js, q->state, subject, NULL, code);
    if (*s == NATS_OK) {
        if (sequence) *sequence = q->nats->natsMsg_GetSequence(message);
        if (beluga_json_parse(q->nats->natsMsg_GetData(message),
                              (size_t)q->nats->natsMsg_GetDataLength(message), &doc, NULL) != 0)
            *s = NATS_ERR;
    }
    q->nats->natsMsg_Destroy(message);
    return doc;
}

/* Read the number of lines, which is stored when the job is sealed, and never changes. */
static natsStatus count_lines(nats_queue *q, queue_counts *counts, jsErrCode *code)
{
    natsStatus s = NATS_OK;
    if (counts->lines) return s;
    beluga_json_doc *doc = read_state(q, "state.sealed", NULL, &s, code);
    int64_t lines = beluga_json_get_int(beluga_json_doc_root(doc), "lines", 0);
    beluga_json_doc_free(doc);
    counts->lines = lines > 0 ? (uint64_t)lines : 0;
    return *code == JSNoMessageFoundErr || s == NATS_NOT_FOUND ? NATS_OK : s;
}

static void end_for(nats_queue *q, jsErrCode code)
{
    if (code != JSStreamNotFoundErr && code != JSConsumerNotFoundErr) return;
    pthread_mutex_lock(&q->lock);
    nats_fail_locked(q, BELUGA_ERROR_NOT_FOUND,
                     "the job was removed, or a part of it; beluga batch --remove %s clears what "
                     "is left",
                     q->base.where);
    pthread_mutex_unlock(&q->lock);
}

/* Count lines and results. Results are counted last, so that no line is missing: a line whose
 * result arrives between the requests is counted as claimed and as finished. */
static void count(nats_queue *q, int64_t now_ms)
{
    jsErrCode code = 0;
    pthread_mutex_lock(&q->lock);
    queue_counts counts = q->counts;
    bool wanted = (q->want_count || q->check_job) && q->connected && now_ms >= q->next_count_ms;
    pthread_mutex_unlock(&q->lock);
    if (!wanted) return;
    q->next_count_ms = now_ms + COUNT_MS;
    natsStatus s = count_lines(q, &counts, &code);
    if (s == NATS_OK) s = count_messages(q, q->lines, q->line_subject, &counts.put, &code);
    if (s == NATS_OK) s = count_claims(q, &counts, &code);
    if (s == NATS_OK) s = count_messages(q, q->results, q->result_subject, &counts.finished, &code);
    if (s != NATS_OK) {
        end_for(q, code);
        return;
    }
    pthread_mutex_lock(&q->lock);
    q->counts = counts;
    q->counted = true;
    q->want_count = q->check_job = false;
    q->count_round++;
    nats_wake_locked(q);
    pthread_mutex_unlock(&q->lock);
}

bool nats_count(queue *base, queue_counts *counts, int64_t wait_ms)
{
    nats_queue *q = nats_of(base);
    beluga_error err;
    int64_t end = beluga__now_ms() + wait_ms;
    pthread_mutex_lock(&q->lock);
    nats_calm(q);
    uint64_t round = q->count_round;
    q->want_count = true;
    if (wait_ms) pthread_cond_signal(&q->work);
    while (wait_ms && q->count_round == round && beluga__now_ms() < end)
        if (nats_wait_locked(q, &err) != 0) break;
    *counts = q->counts;
    bool counted = wait_ms ? q->count_round != round : q->counted;
    pthread_mutex_unlock(&q->lock);
    return counted;
}

/* ---- sums ------------------------------------------------------------------------------------ */

static void add(queue_sum *to, const queue_sum *sum)
{
    to->cost += sum->cost;
    to->lines += sum->lines;
    to->failed += sum->failed;
    to->input_tokens += sum->input_tokens;
    to->output_tokens += sum->output_tokens;
}

static bool is_nothing(const queue_sum *sum)
{
    return sum->cost == 0 && !sum->lines && !sum->failed && !sum->input_tokens &&
           !sum->output_tokens;
}

static queue_sum read_sum(const beluga_json *root)
{
    return (queue_sum){.cost = beluga_json_double(beluga_json_get(root, "cost"), 0),
                       .lines = beluga_json_get_int(root, "lines", 0),
                       .failed = beluga_json_get_int(root, "failed", 0),
                       .input_tokens = beluga_json_get_int(root, "input_tokens", 0),
                       .output_tokens = beluga_json_get_int(root, "output_tokens", 0)};
}

/* Read the stored sum. If nothing is stored, the sum is zero and the sequence number is 0. */
static natsStatus get_sum(nats_queue *q, queue_sum *sum, uint64_t *sequence)
{
    natsStatus s;
    jsErrCode code;
    *sequence = 0;
    beluga_json_doc *doc = read_state(q, "state.spent", sequence, &s, &code);
    *sum = read_sum(beluga_json_doc_root(doc));
    beluga_json_doc_free(doc);
    end_for(q, code);
    return code == JSNoMessageFoundErr || s == NATS_NOT_FOUND ? NATS_OK : s;
}

/* Store a sum, unless another client has stored one in the meantime. */
static natsStatus set_sum(nats_queue *q, const queue_sum *sum, uint64_t sequence)
{
    char subject[NATS_SUBJECT_BYTES], text[256];
    jsPubOptions options;
    jsErrCode code = 0;
    nats_name_subject(q, "state.spent", subject);
    int n = snprintf(text, sizeof text,
                     "{\"cost\":%.17g,\"lines\":%" PRId64 ",\"failed\":%" PRId64
                     ",\"input_tokens\":%" PRId64 ",\"output_tokens\":%" PRId64 "}",
                     sum->cost, sum->lines, sum->failed, sum->input_tokens, sum->output_tokens);
    q->nats->jsPubOptions_Init(&options);
    options.ExpectLastSubjectSeq = sequence;
    options.ExpectNoMessage = !sequence;
    return q->nats->js_Publish(NULL, q->js, subject, text, n, &options, &code);
}

/* Add the unsent usage to the stored sum. Returns whether the new sum was stored. */
static bool store_sum(nats_queue *q, const queue_sum *unsent, queue_sum *total)
{
    uint64_t sequence;
    for (int i = 0; i < SPEND_TRIES; i++) {
        if (get_sum(q, total, &sequence) != NATS_OK) return false;
        add(total, unsent);
        natsStatus s = is_nothing(unsent) ? NATS_OK : set_sum(q, total, sequence);
        if (s == NATS_OK) return true;
        if (s != NATS_ERR) return false;
    }
    return false;
}

static void keep_terms(nats_queue *q, natsMsg *message)
{
    size_t n = (size_t)q->nats->natsMsg_GetDataLength(message);
    pthread_mutex_lock(&q->lock);
    if (n < sizeof q->terms) {
        memcpy(q->terms, q->nats->natsMsg_GetData(message), n);
        q->terms[n] = '\0';
    }
    pthread_mutex_unlock(&q->lock);
}

/* Read the terms of the job. @return false if it is not known which terms apply. */
static bool read_terms(nats_queue *q)
{
    char subject[NATS_SUBJECT_BYTES];
    natsMsg *message = NULL;
    jsErrCode code = 0;
    nats_name_subject(q, "state.terms", subject);
    natsStatus s = q->nats->js_GetLastMsg(&message, q->js, q->state, subject, NULL, &code);
    if (s == NATS_OK) keep_terms(q, message);
    q->nats->natsMsg_Destroy(message);
    end_for(q, code);
    return s == NATS_OK || s == NATS_NOT_FOUND || code == JSNoMessageFoundErr;
}

bool nats_tell_terms(queue *base, char terms[QUEUE_TERMS_BYTES])
{
    nats_queue *q = nats_of(base);
    pthread_mutex_lock(&q->lock);
    memcpy(terms, q->terms, QUEUE_TERMS_BYTES);
    pthread_mutex_unlock(&q->lock);
    return *terms != '\0';
}

/* Add the usage of this worker to the stored sum. If it is unknown whether a sum was stored, the
 * usage may be added twice: for a budget, counting too much is better than counting too little. */
static void spend(nats_queue *q, int64_t now_ms)
{
    nats_spend *p = &q->spending;
    queue_sum total;
    pthread_mutex_lock(&q->lock);
    bool asked = p->asked && now_ms - p->asked_ms < ASKED_MS && now_ms >= p->next_read_ms;
    bool wanted = q->connected && now_ms >= p->next_ms && (asked || !is_nothing(&p->unsent));
    if (wanted) {
        p->sending = p->unsent;
        p->unsent = (queue_sum){0};
    }
    pthread_mutex_unlock(&q->lock);
    if (!wanted) return;
    p->next_ms = now_ms + SPEND_MS;
    if (asked) p->next_read_ms = now_ms + SPENT_MS;
    /* The terms are read first, since the sum is compared with the budget in them. */
    bool stored = (!asked || read_terms(q)) && store_sum(q, &p->sending, &total);
    pthread_mutex_lock(&q->lock);
    if (stored)
        p->known = total;
    else
        add(&p->unsent, &p->sending);
    p->sending = (queue_sum){0};
    if (stored && asked && !p->is_known) {
        p->is_known = true;
        nats_wake_locked(q);
    }
    pthread_mutex_unlock(&q->lock);
}

void nats_state_leave(nats_queue *q)
{
    q->spending.next_ms = 0;
    spend(q, beluga__now_ms());
}

void nats_add_spend(queue *base, const queue_sum *sum)
{
    nats_queue *q = nats_of(base);
    pthread_mutex_lock(&q->lock);
    add(&q->spending.unsent, sum);
    q->workers.failed += (uint64_t)(sum->failed > 0 ? sum->failed : 0);
    pthread_mutex_unlock(&q->lock);
}

bool nats_tell_spent(queue *base, queue_sum *sum)
{
    nats_queue *q = nats_of(base);
    nats_spend *p = &q->spending;
    pthread_mutex_lock(&q->lock);
    p->asked = true;
    p->asked_ms = beluga__now_ms();
    *sum = p->known;
    add(sum, &p->sending);
    add(sum, &p->unsent);
    bool known = p->is_known;
    pthread_mutex_unlock(&q->lock);
    return known;
}

/* ---- workers --------------------------------------------------------------------------------- */

static void note_worker_locked(nats_workers *w, const queue_worker *worker)
{
    for (size_t i = 0; i < w->count; i++)
        if (strcmp(w->list[i].name, worker->name) == 0) {
            w->list[i] = *worker;
            return;
        }
    if (w->count == w->room) {
        size_t room = w->room ? 2 * w->room : 16;
        queue_worker *list = room > NATS_MAX_WORKERS ? NULL : realloc(w->list, room * sizeof *list);
        /* the list can't grow, so the worker is left out; limits are divided by the workers in the
         * list */
        if (!list) return;
        w->list = list;
        w->room = room;
    }
    w->list[w->count++] = *worker;
}

static bool read_worker(const char *text, size_t n, queue_worker *worker)
{
    beluga_json_doc *doc = NULL;
    if (beluga_json_parse(text, n, &doc, NULL) != 0) return false;
    const beluga_json *root = beluga_json_doc_root(doc);
    const char *name = beluga_json_get_string(root, "worker", NULL);
    *worker = (queue_worker){.in_flight = (size_t)beluga_json_get_int(root, "in_flight", 0),
                             .done = (uint64_t)beluga_json_get_int(root, "done", 0),
                             .failed = (uint64_t)beluga_json_get_int(root, "failed", 0),
                             .seen_ms = beluga__now_ms()};
    bool good = name && *name && strlen(name) < sizeof worker->name;
    if (good) memcpy(worker->name, name, strlen(name) + 1);
    beluga_json_doc_free(doc);
    return good;
}

static void on_alive(natsConnection *nc, natsSubscription *sub, natsMsg *message, void *payload)
{
    nats_queue *q = payload;
    queue_worker worker;
    (void)nc;
    (void)sub;
    bool good = read_worker(q->nats->natsMsg_GetData(message),
                            (size_t)q->nats->natsMsg_GetDataLength(message), &worker);
    pthread_mutex_lock(&q->lock);
    if (good) note_worker_locked(&q->workers, &worker);
    pthread_mutex_unlock(&q->lock);
    q->nats->natsMsg_Destroy(message);
}

static void on_who(natsConnection *nc, natsSubscription *sub, natsMsg *message, void *payload)
{
    nats_queue *q = payload;
    (void)nc;
    (void)sub;
    pthread_mutex_lock(&q->lock);
    q->workers.announce = q->workers.works;
    pthread_cond_signal(&q->work);
    pthread_mutex_unlock(&q->lock);
    q->nats->natsMsg_Destroy(message);
}

static void listen(nats_queue *q, bool works, bool asked)
{
    nats_workers *w = &q->workers;
    char subject[NATS_SUBJECT_BYTES];
    if (works && !w->who) {
        nats_name_subject(q, "who", subject);
        if (nats_subscribe(q, &w->who, subject, on_who) != NATS_OK) return;
    }
    if (!asked || w->alive) return;
    nats_name_subject(q, "alive", subject);
    if (nats_subscribe(q, &w->alive, subject, on_alive) != NATS_OK) return;
    nats_name_subject(q, "who", subject);
    q->nats->natsConnection_Publish(q->connection, subject, "", 0);
}

static void describe_locked(const nats_queue *q, char *text, size_t size)
{
    const nats_workers *w = &q->workers;
    uint64_t done = w->ours > w->failed ? w->ours - w->failed : 0;
    snprintf(text, size,
             "{\"worker\":\"%s\",\"in_flight\":%zu,\"done\":%" PRIu64 ",\"failed\":%" PRIu64 "}",
             q->name, q->n_taken, done, w->failed);
}

static void announce(nats_queue *q, int64_t now_ms)
{
    nats_workers *w = &q->workers;
    char subject[NATS_SUBJECT_BYTES], text[256] = "";
    pthread_mutex_lock(&q->lock);
    bool works = w->works && now_ms - q->alive_ms < GONE_MS, asked = w->asked;
    bool connected = q->connected;
    if (connected && works && (w->announce || now_ms >= w->next_ms)) {
        describe_locked(q, text, sizeof text);
        w->announce = false;
        w->next_ms = now_ms + ALIVE_MS;
    }
    pthread_mutex_unlock(&q->lock);
    if (connected && (works || asked)) listen(q, works, asked);
    if (!*text) return;
    nats_name_subject(q, "alive", subject);
    q->nats->natsConnection_Publish(q->connection, subject, text, (int)strlen(text));
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const queue_worker *)a)->name, ((const queue_worker *)b)->name);
}

static void forget_gone_locked(nats_workers *w, int64_t now_ms)
{
    size_t kept = 0;
    for (size_t i = 0; i < w->count; i++)
        if (now_ms - w->list[i].seen_ms < GONE_MS) w->list[kept++] = w->list[i];
    w->count = kept;
    if (kept) qsort(w->list, kept, sizeof *w->list, compare);
}

size_t nats_list_workers(queue *base, queue_worker *workers, size_t n)
{
    nats_queue *q = nats_of(base);
    nats_workers *w = &q->workers;
    int64_t now_ms = beluga__now_ms();
    pthread_mutex_lock(&q->lock);
    if (!w->asked) pthread_cond_signal(&q->work);
    w->asked = true;
    forget_gone_locked(w, now_ms);
    for (size_t i = 0; i < w->count && i < n; i++) {
        workers[i] = w->list[i];
        workers[i].seen_ms = now_ms - w->list[i].seen_ms;
    }
    size_t count = w->count;
    if (w->works && !count) count = 1;
    pthread_mutex_unlock(&q->lock);
    return count;
}

/* ---- the keeper ------------------------------------------------------------------------------ */

void nats_state_work(nats_queue *q, int64_t now_ms)
{
    count(q, now_ms);
    spend(q, now_ms);
    announce(q, now_ms);
}

void nats_state_free(nats_queue *q)
{
    free(q->workers.list);
}
