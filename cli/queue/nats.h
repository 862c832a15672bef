/*
 * A queue on NATS JetStream.
 *
 * A job is three streams. `lines` keeps each line for as long as the job is there, and `results`
 * each result; both take one message for each subject and refuse another one, and that is what
 * makes a line asked by two workers have one result: no acknowledgement proves who owns a line. A
 * consumer of `lines`, which all workers share, hands the lines out. `state` has the manifest, the
 * sums, and the parts of what is longer than a message may be.
 *
 * Threads. The caller's thread owns the queue and never does network I/O, but for what queue.h says
 * blocks. The keeper (nats_keeper.c) is a thread that sends everything else, and repeats it until
 * it is confirmed. libnats' own threads call back with messages: what they find is put into lists,
 * and the keeper goes through these. Only the keeper frees puts and claims; all lists and flags are
 * behind `lock`, and no I/O is done while it is held.
 */
#ifndef BELUGA_CLI_QUEUE_NATS_H
#define BELUGA_CLI_QUEUE_NATS_H

#include "base/list.h"
#include "queue/backend.h"
#include "queue/nats_address.h"
#include "queue/nats_library.h"
#include "text.h"

#include <pthread.h>

#define NATS_CONSUMER      "workers"
#define NATS_SUBJECT_BYTES 256
#define NATS_STREAM_BYTES  96
#define NATS_NONCE_BYTES   17
#define NATS_REF_BYTES     160
#define NATS_API_BYTES     80
#define NATS_MAX_PULLS     16
#define NATS_MAX_NEWS      8
/* A request that is not answered is repeated after this time. */
#define NATS_ANSWER_MS  5000
#define NATS_HEADER_REF "Beluga-Parts"

/* ---- what is to be stored, and confirmed ----------------------------------------------------- */

typedef enum nats_answer {
    NATS_UNANSWERED,
    NATS_STORED,
    NATS_THERE, /* the subject has a message */
    NATS_FULL,  /* the store takes no more */
    NATS_TOO_LONG,
    NATS_AGAIN /* not now: nobody is there, or the cluster has no leader */
} nats_answer;

typedef enum nats_put_kind {
    NATS_PUT_LINE,
    NATS_PUT_RESULT,
    NATS_PUT_ACK /* a result is stored, and its line is to be acknowledged */
} nats_put_kind;

struct nats_claim;

typedef struct nats_put {
    beluga__list node; /* in `fresh`, `waiting`, `answered` */
    nats_put_kind kind;
    nats_answer answer;
    uint64_t id, line;
    char *bytes; /* owned */
    size_t length;
    char nonce[NATS_NONCE_BYTES]; /* by which the server knows it when it comes twice */
    char ref[NATS_REF_BYTES];     /* of its parts; "": it has none, or they are not stored yet */
    struct nats_claim *claim;     /* of a result */
    int64_t due_ms;               /* when it is sent (again) */
    unsigned tries;
} nats_put;

/* ---- lines that were claimed ----------------------------------------------------------------- */

typedef enum nats_claim_state {
    NATS_ARRIVED, /* the keeper has to look at it */
    NATS_READY,
    NATS_TAKEN, /* by the worker */
    NATS_LET_GO /* it is to be given back */
} nats_claim_state;

typedef struct nats_claim {
    beluga__list node, held; /* in `arrived`, `ready` or `leaving`; in all that are held */
    nats_claim_state state;
    natsMsg *message;
    cli_text whole; /* what its parts make; empty: it has none */
    uint64_t line;
    unsigned tries;
    const char *fault;
    bool put; /* its result is on its way */
    int64_t extended_ms, due_ms, delay_ms;
} nats_claim;

/* ---- messages that are asked for ------------------------------------------------------------- */

typedef struct nats_pull {
    uint64_t id; /* 0: free */
    size_t left;
    int64_t due_ms;
} nats_pull;

/* One consumer of which messages are asked for, in as many requests as are needed. */
typedef struct nats_puller {
    const char *name; /* the word of its inbox */
    char stream[NATS_STREAM_BYTES], consumer[NATS_STREAM_BYTES];
    natsSubscription *subscription;
    nats_pull pulls[NATS_MAX_PULLS];
    int64_t pause_ms; /* nothing is asked for before */
    bool broken;      /* the consumer may be gone */
} nats_puller;

/* ---- results that are read ------------------------------------------------------------------- */

typedef struct nats_reading {
    bool wanted;
    uint64_t position, delivered; /* of the stream, and of the consumer: the last one */
    natsMsg **ring;               /* of messages that have come, and were not read */
    size_t first, count;
    natsMsg *current;
    cli_text whole;
    nats_puller puller;
    bool made; /* the consumer is there */
    uint64_t round;
    char word[32]; /* of its inbox, another one in each round */
    int64_t again_ms;
} nats_reading;

/* ---- other workers --------------------------------------------------------------------------- */

#define NATS_MAX_WORKERS 4096

typedef struct nats_workers {
    bool asked; /* they are listened to */
    bool announce, works;
    queue_worker *list; /* `seen_ms` is a time here */
    size_t count, room;
    int64_t next_ms;
    uint64_t ours, failed; /* results of this worker */
    natsSubscription *alive, *who;
} nats_workers;

/* ---- sums ------------------------------------------------------------------------------------ */

typedef struct nats_spend {
    queue_sum unsent, sending, known;
    bool asked;
    int64_t next_ms, next_read_ms, asked_ms;
} nats_spend;

typedef struct nats_queue {
    queue base;
    const nats_library *nats;
    nats_address address;
    queue_settings settings;
    char inbox[NATS_SUBJECT_BYTES], api[NATS_API_BYTES], name[QUEUE_NAME_BYTES];
    char lines[NATS_STREAM_BYTES], results[NATS_STREAM_BYTES], state[NATS_STREAM_BYTES];
    natsConnection *connection;
    jsCtx *js;
    natsSubscription *answers;
    size_t max_message; /* what is longer goes in parts */
    cli_text manifest;

    pthread_mutex_t lock;
    pthread_cond_t changed; /* something for the caller's thread that waits */
    pthread_cond_t work;    /* something for the keeper */
    pthread_t keeper;
    bool keeping, ending;

    bool connected, was_lost, closed;
    int subscriptions; /* whose callbacks may come */
    int64_t lost_ms;
    beluga_error error;
    char news[NATS_MAX_NEWS][QUEUE_NEWS_BYTES];
    size_t n_news;

    /* puts */
    beluga__list fresh, waiting, answered; /* to be sent; sent, or to be sent later */
    nats_put **table;                      /* by id modulo its size */
    size_t table_size, n_puts, put_bytes, n_lines, n_results;
    uint64_t last_id, repeated;
    int64_t full_since_ms;
    int64_t next_renew_ms;   /* the keeper's */
    queue_outcome *outcomes; /* that were not taken yet; owned */
    size_t first_outcome, n_outcomes, outcomes_room;

    /* claims */
    beluga__list arrived, ready, leaving, held;
    size_t n_ready, n_arrived, n_taken, room;
    bool leaves; /* nothing more is claimed */
    uint64_t last_pull;
    nats_puller puller;
    int64_t alive_ms; /* when the worker was last heard of */
    int64_t next_beat_ms;

    /* what is known */
    queue_counts counts;
    bool counted, want_count;
    uint64_t count_round;
    int64_t next_count_ms;
    bool check_job;

    nats_reading reading;
    nats_workers workers;
    nats_spend spending;
} nats_queue;

static inline nats_queue *nats_of(const queue *q)
{
    return (nats_queue *)(uintptr_t)q;
}

/* ---- nats_base.c: errors, news, waiting ------------------------------------------------------ */

/* Fill an error from libnats' status and JetStream's code. @return its code. */
int nats_explain(const nats_queue *q, natsStatus status, jsErrCode code, const char *what,
                 beluga_error *err);
/* End the queue with an error, unless one has. With or without the lock, as the name says. */
void nats_fail_locked(nats_queue *q, int code, const char *format, ...) BELUGA_PRINTF(3, 4);
void nats_tell_locked(nats_queue *q, const char *format, ...) BELUGA_PRINTF(2, 3);
/* Wake the caller's thread, whether it waits in a function of ours or for the descriptor. */
void nats_wake_locked(nats_queue *q);
/* Make the descriptor unreadable. */
void nats_calm(const nats_queue *q);
void nats_check_patience_locked(nats_queue *q);
/* Wait for a change, 100 ms at most. @return 0, or the error after which nothing goes on. */
int nats_wait_locked(nats_queue *q, beluga_error *err);
/* Sleep without the lock; the same. */
int nats_pause(nats_queue *q, int64_t ms, beluga_error *err);

/* Listen; the handler's payload is the queue. */
natsStatus nats_subscribe(nats_queue *q, natsSubscription **out, const char *subject,
                          natsMsgHandler handler);

/* ---- nats_connect.c -------------------------------------------------------------------------- */

int nats_connect(nats_queue *q, beluga_error *err);
/* @return whether no callback can come any more; else the queue may not be freed. */
bool nats_disconnect(nats_queue *q);

/* ---- nats_job.c ------------------------------------------------------------------------------ */

void nats_name_streams(nats_queue *q);
int nats_create(queue *base, const char *manifest, size_t n, bool *made, beluga_error *err);
int nats_join(queue *base, const char **manifest, size_t *n, beluga_error *err);
int nats_remove(queue *base, beluga_error *err);
int nats_seal(queue *base, uint64_t lines, beluga_error *err);

/* ---- nats_parts.c ---------------------------------------------------------------------------- */

/*
 * Store in parts what is longer than a message may be. Blocks; calls `beat` between parts.
 * @param kind  "line", "result" or "manifest".
 * @param ref   Receives what leads to them.
 */
natsStatus nats_parts_store(nats_queue *q, const char *kind, uint64_t line, const char *bytes,
                            size_t n, char ref[NATS_REF_BYTES], void (*beat)(nats_queue *q));
/* @return what leads to the parts of a message; NULL: it has none. */
const char *nats_parts_of(const nats_queue *q, natsMsg *message);
/*
 * Read them. @return NATS_OK; NATS_NOT_FOUND they are not (all) there, or damaged; others as
 * libnats fails.
 */
natsStatus nats_parts_read(nats_queue *q, const char *ref, cli_text *out,
                           void (*beat)(nats_queue *q));

/* ---- nats_keeper.c --------------------------------------------------------------------------- */

int nats_keeper_start(nats_queue *q, beluga_error *err);
void nats_keeper_stop(nats_queue *q);

/* ---- nats_beat.c ----------------------------------------------------------------------------- */

/* Extend what is claimed, if it is time. The keeper's thread, without the lock. */
void nats_beat(nats_queue *q);

/* ---- nats_pull.c ----------------------------------------------------------------------------- */

/* Ask again for what was asked for on a connection that was lost. */
void nats_pulls_forget_locked(nats_puller *p);
/* Ask for messages until `wanted` are under way. The keeper's thread, without the lock. */
void nats_ask_for(nats_queue *q, nats_puller *p, size_t wanted, int64_t now_ms);
/* A message came for it: @return whether it is one of the stream, and not a word of the server. */
bool nats_pull_came_locked(nats_queue *q, nats_puller *p, natsMsg *message, int64_t now_ms);

typedef struct nats_origin {
    uint64_t delivered; /* how often */
    uint64_t position;  /* in its stream */
    uint64_t number;    /* among what its consumer delivered */
} nats_origin;

/* @return false: `reply` is not the subject of an acknowledgement. */
bool nats_read_origin(const char *reply, nats_origin *origin);

/* ---- nats_put.c ------------------------------------------------------------------------------ */

void nats_puts_begin(nats_queue *q);
void nats_puts_free(nats_queue *q);
/* The message of the inbox that answers a put. */
void nats_on_answer(natsConnection *nc, natsSubscription *sub, natsMsg *message, void *payload);
/* Send what is due, and go through the answers. @return whether there was something. */
bool nats_puts_work(nats_queue *q, int64_t now_ms);
/* All that is not confirmed is sent again at once: the connection was lost. */
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
/* Free a claim that is over. The keeper's thread, without the lock. */
void nats_claim_free(nats_queue *q, nats_claim *claim);
size_t nats_take(queue *base, queue_claim *claims, size_t most);
void nats_extend(queue *base);
void nats_let_go(queue *base, queue_claim *claim, int64_t delay_ms);
/* Let go of all that is held. */
void nats_claims_leave(nats_queue *q);

/* ---- nats_results.c -------------------------------------------------------------------------- */

void nats_results_work(nats_queue *q, int64_t now_ms);
void nats_results_free(nats_queue *q);
int nats_next_result(queue *base, uint64_t from, queue_result *result, int64_t wait_ms,
                     beluga_error *err);

/* ---- nats_state.c ---------------------------------------------------------------------------- */

void nats_state_work(nats_queue *q, int64_t now_ms);
void nats_state_free(nats_queue *q);
bool nats_count(queue *base, queue_counts *counts, int64_t wait_ms);
void nats_add_spend(queue *base, const queue_sum *sum);
void nats_tell_spent(queue *base, queue_sum *sum);
size_t nats_list_workers(queue *base, queue_worker *workers, size_t n);

#endif
