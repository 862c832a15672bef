/*
 * A queue on NATS JetStream.
 *
 * A job consists of three streams. `lines` keeps each line until the job is removed, and `results`
 * each result. Both accept one message for each subject and refuse further messages, so a line that
 * two workers have processed gets only one result. Acknowledgements could not ensure this, since
 * they do not prove which worker owns a line. All workers share one consumer of `lines`, which
 * delivers the lines to them. `state` has the manifest, the sums, and the parts of data that is too
 * long for a message.
 *
 * Threads: the caller's thread owns the queue, and does network I/O only in functions that block
 * according to queue.h. The keeper (nats_keeper.c) is a thread that sends all other messages, and
 * repeats each until it is confirmed. Threads of libnats call callbacks with received messages. The
 * callbacks put the messages into lists, which the keeper processes. Only the keeper frees puts and
 * claims. `lock` protects all lists and flags, and is not held during I/O.
 */
#ifndef BELUGA_CLI_QUEUE_NATS_H
#define BELUGA_CLI_QUEUE_NATS_H

#include "base/list.h"
#include "queue/backend.h"
#include "queue/nats_address.h"
#include "queue/nats_library.h"
#include "text.h"

#include <pthread.h>

#define NATS_SUBJECT_BYTES 256
#define NATS_STREAM_BYTES  96
#define NATS_NONCE_BYTES   17
#define NATS_REF_BYTES     160
#define NATS_API_BYTES     80
#define NATS_MAX_PULLS     16
#define NATS_MAX_NEWS      8
/* A message that the server has not confirmed is sent again after this time. */
#define NATS_ANSWER_MS 5000
/* A server must accept messages of at least this size, since requests about streams, and the
 * reference to the parts of a long message, must fit into a message. */
#define NATS_LEAST_MESSAGE 4096
#define NATS_HEADER_REF    "Beluga-Parts"

/* ---- messages that must be stored and confirmed ---------------------------------------------- */

typedef enum nats_answer {
    NATS_UNANSWERED,
    NATS_STORED,
    NATS_THERE, /* the subject already has a message */
    NATS_FULL,  /* the store is full */
    NATS_TOO_LONG,
    NATS_AGAIN /* try again later: no server answers, or the cluster has no leader */
} nats_answer;

typedef enum nats_put_kind {
    NATS_PUT_LINE,
    NATS_PUT_RESULT,
    NATS_PUT_ACK /* the acknowledgement of a line whose result is stored */
} nats_put_kind;

struct nats_claim;

typedef struct nats_put {
    beluga__list node; /* member of `fresh`, `waiting` or `answered` */
    nats_put_kind kind;
    nats_answer answer;
    uint64_t id, line;
    char *bytes; /* owned */
    size_t length;
    char nonce[NATS_NONCE_BYTES]; /* lets the server recognise a message that arrives twice */
    /* reference to the parts of a long message; "": no parts, or they are not stored yet */
    char ref[NATS_REF_BYTES];
    struct nats_claim *claim; /* the claim to which a result belongs */
    int64_t due_ms;           /* when the message must be sent, or sent again */
    unsigned tries;
} nats_put;

/* ---- lines that were claimed ----------------------------------------------------------------- */

typedef enum nats_claim_state {
    NATS_ARRIVED, /* the keeper must check the claim */
    NATS_READY,
    NATS_TAKEN, /* the worker has the line */
    NATS_LET_GO /* the keeper must return the line to the server */
} nats_claim_state;

typedef struct nats_claim {
    beluga__list node, held; /* node: member of `arrived`, `ready` or `leaving`; held: member of
                              * the list of all held claims */
    nats_claim_state state;
    natsMsg *message;
    cli_text whole; /* the whole line, if it was stored in parts; otherwise empty */
    uint64_t line;
    unsigned tries;
    const char *fault;
    bool put; /* the result of the line is being sent */
    int64_t extended_ms, due_ms, delay_ms;
} nats_claim;

/* ---- requests for messages ------------------------------------------------------------------- */

typedef struct nats_pull {
    uint64_t id; /* 0: not in use */
    size_t left;
    int64_t due_ms;
} nats_pull;

/* Requests messages from one consumer of the server (pull requests). Several requests may be under
 * way. */
typedef struct nats_puller {
    const char *name; /* the word that identifies this puller in the subjects of the inbox */
    char stream[NATS_STREAM_BYTES], consumer[NATS_STREAM_BYTES];
    natsSubscription *subscription;
    nats_pull pulls[NATS_MAX_PULLS];
    int64_t pause_ms; /* send no request before this time */
    bool broken;      /* the consumer may no longer exist */
} nats_puller;

/* ---- reading results ------------------------------------------------------------------------- */

typedef struct nats_reading {
    bool wanted;
    /* The last message: its position in the stream, and its number among the messages that the
     * consumer has delivered. */
    uint64_t position, delivered;
    /* messages that have arrived and that the caller has not read yet */
    natsMsg **ring;
    size_t first, count;
    natsMsg *current;
    cli_text whole;
    nats_puller puller;
    bool made; /* the consumer exists */
    uint64_t round;
    /* the word that identifies this reading in the subjects of the inbox; it differs in each round
     */
    char word[32];
    int64_t again_ms;
} nats_reading;

/* ---- other workers --------------------------------------------------------------------------- */

#define NATS_MAX_WORKERS 4096

typedef struct nats_workers {
    bool asked; /* the queue has subscribed to the reports of other workers */
    bool announce, works;
    queue_worker *list; /* in this list, `seen_ms` is the time of the last report, and not the time
                         * since then */
    size_t count, room;
    int64_t next_ms;
    /* results of this worker: `ours` were stored, `failed` are errors */
    uint64_t ours, failed;
    natsSubscription *alive, *who;
} nats_workers;

/* ---- sums ------------------------------------------------------------------------------------ */

typedef struct nats_spend {
    queue_sum unsent, sending, known;
    bool asked, is_known; /* is_known: the sum and the terms were read at least once */
    int64_t next_ms, next_read_ms, asked_ms;
} nats_spend;

typedef struct nats_queue {
    queue base;
    const nats_library *nats;
    nats_address address;
    queue_settings settings;
    char inbox[NATS_SUBJECT_BYTES], api[NATS_API_BYTES], name[QUEUE_NAME_BYTES];
    char lines[NATS_STREAM_BYTES], results[NATS_STREAM_BYTES], state[NATS_STREAM_BYTES];
    uint64_t word; /* random: the subjects below have it if this process creates their streams */
    /* The subjects of lines and results, without their numbers. They are not those of a later job
     * of the same name. "": not known yet. */
    char line_subject[NATS_SUBJECT_BYTES], result_subject[NATS_SUBJECT_BYTES];
    bool used; /* the streams had lines or results when their subjects were read */
    natsConnection *connection;
    jsCtx *js;
    natsSubscription *answers;
    cli_text manifest;

    pthread_mutex_t lock;
    pthread_cond_t changed; /* signals the caller's waiting thread */
    pthread_cond_t work;    /* signals the keeper */
    pthread_t keeper;
    bool keeping, ending;

    bool connected, was_lost, closed;
    int subscriptions; /* number of subscriptions whose callbacks may still run */
    int64_t lost_ms;
    beluga_error error;
    char news[NATS_MAX_NEWS][QUEUE_NEWS_BYTES];
    size_t n_news;

    /* puts */
    /* fresh: to be sent now; waiting: sent, or to be sent later; answered: an answer has arrived */
    beluga__list fresh, waiting, answered;
    nats_put **table; /* puts by their id modulo table_size */
    size_t table_size, n_puts, put_bytes, n_lines, n_results;
    uint64_t last_id, repeated;
    int64_t full_since_ms;
    bool is_silent;          /* the user was told that the server confirms nothing */
    int64_t next_renew_ms;   /* used only by the keeper */
    queue_outcome *outcomes; /* outcomes that the caller has not read yet; owned */
    size_t first_outcome, n_outcomes, outcomes_room;

    /* claims */
    beluga__list arrived, ready, leaving, held;
    size_t n_ready, n_arrived, n_taken, room;
    bool leaves; /* the worker leaves the job, so no more lines are claimed */
    uint64_t last_pull;
    nats_puller puller;
    int64_t alive_ms; /* when the worker last called the queue */
    int64_t next_beat_ms;

    /* The state of the job, as far as this client knows it. */
    queue_counts counts;
    bool counted, want_count;
    uint64_t count_round;
    int64_t next_count_ms;
    bool check_job;

    nats_reading reading;
    nats_workers workers;
    nats_spend spending;
    char terms[QUEUE_TERMS_BYTES]; /* "": none are known */
} nats_queue;

static inline nats_queue *nats_of(const queue *q)
{
    return (nats_queue *)(uintptr_t)q;
}

/* ---- nats_base.c: errors, news, waiting ------------------------------------------------------ */

/* Fill an error from a status of libnats and a code of JetStream. @return the error's code. */
int nats_explain(const nats_queue *q, natsStatus status, jsErrCode code, const char *what,
                 beluga_error *err);
/* Set the error that ends the queue, unless it already has an error. The suffix _locked means that
 * the caller holds the lock. */
void nats_fail_locked(nats_queue *q, int code, const char *format, ...) BELUGA_PRINTF(3, 4);
void nats_tell_locked(nats_queue *q, const char *format, ...) BELUGA_PRINTF(2, 3);
/* Wake the caller's thread if it waits in a function of the queue, and make the file descriptor
 * readable in case it polls that. */
void nats_wake_locked(nats_queue *q);
/* Make the file descriptor unreadable. */
void nats_calm(const nats_queue *q);
void nats_check_patience_locked(nats_queue *q);
/* Wait for a change, at most 100 ms. @return 0, or the error that has ended the queue. */
int nats_wait_locked(nats_queue *q, beluga_error *err);
/* Wait for some time, without the lock. @return as nats_wait_locked. */
int nats_pause(nats_queue *q, int64_t ms, beluga_error *err);

/* Subscribe to a subject. The handler's payload is the queue. */
natsStatus nats_subscribe(nats_queue *q, natsSubscription **out, const char *subject,
                          natsMsgHandler handler);

/* ---- nats_connect.c -------------------------------------------------------------------------- */

int nats_connect(nats_queue *q, beluga_error *err);
/* Close the connection. @return true if no callback can run any more; otherwise the queue must not
 * be freed. */
bool nats_disconnect(nats_queue *q);

/* ---- nats_job.c ------------------------------------------------------------------------------ */

void nats_name_streams(nats_queue *q);
/* Name a subject, such as "state.spent", that only this job has, and not a later one of the same
 * name. */
void nats_name_subject(const nats_queue *q, const char *what, char subject[NATS_SUBJECT_BYTES]);
/* Return whether a stream of lines or results is that of this job, and not of a later one. */
bool nats_is_ours(const jsStreamInfo *info, const char *subject);
int nats_create(queue *base, const char *manifest, size_t n, bool *made, beluga_error *err);
int nats_join(queue *base, const char **manifest, size_t *n, beluga_error *err);
int nats_remove(queue *base, beluga_error *err);
int nats_seal(queue *base, uint64_t lines, beluga_error *err);
int nats_set_terms(queue *base, const char *terms, beluga_error *err);

/* ---- nats_parts.c ---------------------------------------------------------------------------- */

/* @return the number of bytes above which data is stored in parts. */
size_t nats_max_message(const nats_queue *q);
/*
 * Store data in parts if it is too long for a message. Blocks; calls `beat` between parts.
 * @param kind  "line", "result" or "manifest".
 * @param ref   Receives the reference to the parts.
 * @param code  Receives JetStream's error code; 0: none.
 */
natsStatus nats_parts_store(nats_queue *q, const char *kind, uint64_t line, const char *bytes,
                            size_t n, char ref[NATS_REF_BYTES], void (*beat)(nats_queue *q),
                            jsErrCode *code);
/* @return the message's reference to its parts; NULL: the message has no parts. */
const char *nats_parts_of(const nats_queue *q, natsMsg *message);
/*
 * Read the parts of a message. @return NATS_OK; NATS_NOT_FOUND if parts are missing or damaged;
 * other codes of libnats.
 */
natsStatus nats_parts_read(nats_queue *q, const char *ref, cli_text *out,
                           void (*beat)(nats_queue *q));

/* ---- nats_keeper.c --------------------------------------------------------------------------- */

int nats_keeper_start(nats_queue *q, beluga_error *err);
void nats_keeper_stop(nats_queue *q);

/* ---- nats_beat.c ----------------------------------------------------------------------------- */

/* Extend the claims, if this is due. Runs on the keeper's thread, without the lock. */
void nats_beat(nats_queue *q);

/* ---- nats_pull.c ----------------------------------------------------------------------------- */

/* Forget the pull requests on a connection that was lost, so that they are sent again. */
void nats_pulls_forget_locked(nats_puller *p);
/* Send pull requests until at least `wanted` messages are expected. Runs on the keeper's thread,
 * without the lock. */
void nats_ask_for(nats_queue *q, nats_puller *p, size_t wanted, int64_t now_ms);
/* Handle a message for this puller. @return true for a message of the stream; false for a status
 * message of the server. */
bool nats_pull_came_locked(nats_queue *q, nats_puller *p, natsMsg *message, int64_t now_ms);

typedef struct nats_origin {
    uint64_t delivered; /* number of times the server has delivered the message */
    uint64_t position;  /* the message's position in the stream */
    uint64_t number;    /* the message's number among those that the consumer has delivered */
} nats_origin;

/* Read where a message comes from. @return false if `reply` is not the subject of an
 * acknowledgement. */
bool nats_read_origin(const char *reply, nats_origin *origin);

/* ---- nats_put.c ------------------------------------------------------------------------------ */

void nats_puts_begin(nats_queue *q);
void nats_puts_free(nats_queue *q);
/* The callback of libnats for the answers to puts, which arrive in the inbox. */
void nats_on_answer(natsConnection *nc, natsSubscription *sub, natsMsg *message, void *payload);
/* Send the puts that are due, and process answers. @return whether anything was due. */
bool nats_puts_work(nats_queue *q, int64_t now_ms);
/* Send all unconfirmed puts again at once, since the connection was lost. */
void nats_puts_again_locked(nats_queue *q);
int nats_put_line(queue *base, uint64_t line, const char *bytes, size_t n, beluga_error *err);
int nats_puts_wait(nats_queue *q, beluga_error *err);
uint64_t nats_repeated(const queue *base);
int nats_put_once(queue *base, queue_claim *claim, const char *bytes, size_t n);
bool nats_next_outcome(queue *base, queue_outcome *outcome);
size_t nats_unconfirmed(const queue *base);

/* ---- nats_claim.c ---------------------------------------------------------------------------- */

int nats_claims_begin(nats_queue *q, beluga_error *err);
void nats_claims_free(nats_queue *q);
void nats_claims_work(nats_queue *q, int64_t now_ms);
/* Free a claim that has ended. Runs on the keeper's thread, without the lock. */
void nats_claim_free(nats_queue *q, nats_claim *claim);
size_t nats_take(queue *base, queue_claim *claims, size_t most);
void nats_extend(queue *base);
void nats_let_go(queue *base, queue_claim *claim, int64_t delay_ms);
/* Return all claimed lines to the server. */
void nats_claims_leave(nats_queue *q);

/* ---- nats_results.c -------------------------------------------------------------------------- */

void nats_results_work(nats_queue *q, int64_t now_ms);
void nats_results_free(nats_queue *q);
int nats_next_result(queue *base, uint64_t from, queue_result *result, int64_t wait_ms,
                     beluga_error *err);

/* ---- nats_state.c ---------------------------------------------------------------------------- */

void nats_state_work(nats_queue *q, int64_t now_ms);
/* Store the usage that is not stored yet, at the end of the keeper's thread. */
void nats_state_leave(nats_queue *q);
void nats_state_free(nats_queue *q);
bool nats_count(queue *base, queue_counts *counts, int64_t wait_ms);
void nats_add_spend(queue *base, const queue_sum *sum);
bool nats_tell_spent(queue *base, queue_sum *sum);
bool nats_tell_terms(queue *base, char terms[QUEUE_TERMS_BYTES]);
size_t nats_list_workers(queue *base, queue_worker *workers, size_t n);

#endif
