/*
 * The lines of a batch that many machines ask, and their results.
 *
 * A job has a manifest, lines, and at most one result for each line. One side puts the lines and
 * collects the results; workers claim lines, ask them, and put the results. Each of them may die
 * at any time: a line that was claimed is handed out again when nobody extends it, and the first
 * result of a line is the one that stays. So a line may be asked twice, but has one result.
 *
 * A queue belongs to one thread, which calls all of these. What a backend does on threads of its
 * own is not seen; it tells by queue_fd that there is something new. Nothing here holds the key of
 * a provider: what a worker needs to ask is its own configuration's.
 */
#ifndef BELUGA_CLI_QUEUE_H
#define BELUGA_CLI_QUEUE_H

#include <beluga/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUEUE_NAME_BYTES 65
#define QUEUE_NEWS_BYTES 256
/* The longest line or result: more than the longest line that a batch reads. */
#define QUEUE_MAX_BYTES ((size_t)128 * 1024 * 1024)

typedef struct queue queue;

/* ---- a job ----------------------------------------------------------------------------------- */

/* How a job is reached; zeros are the usual values. All pointers are borrowed for queue_open. */
typedef struct queue_settings {
    /* nats://HOST[:PORT][,HOST[:PORT]…]/JOB[?replicas=N&…], as docs/guides/batch.md
     * explains. What is secret in it, or in the variables NATS_…, never appears in an error. */
    const char *address;
    /* End after so long without a connection, in milliseconds; 0: never. */
    int64_t patience_ms;
    /* Asked ten times a second while a function waits: true ends the wait, with
     * BELUGA_ERROR_CONTEXT_CANCELED. Called on the caller's thread; NULL: none. */
    bool (*stopped)(void *payload);
    void *payload;
} queue_settings;

/* @return whether a text is the address of a queue, so that it is no file's name. */
bool queue_is_address(const char *text);

/*
 * Connect. The job need not be there.
 * @param out  Owned (queue_free). NULL on failure.
 * @return 0; INVALID_CONFIG a wrong address, or a file of credentials that can't be used;
 * NOT_SUPPORTED the backend is not built in, or its library is not installed, with what to
 * install; AUTHENTICATION, NETWORK, TIMEOUT, NO_MEMORY. Blocks for some seconds at most.
 */
int queue_open(const queue_settings *settings, queue **out, beluga_error *err);

/* Let go of all lines that are claimed, so that others get them at once, and of the connection.
 * Results that are not confirmed yet are waited for, 5 seconds at most. NULL does nothing. */
void queue_free(queue *q);

/* The job's name, and the address without what is secret in it, for messages. Borrowed. */
const char *queue_job(const queue *q);
const char *queue_where(const queue *q);

/*
 * Make the job, with a manifest (JSON of any form) that never changes.
 * @param made  Receives false where the job is there already: it stays as it is, and queue_join
 *              reads its manifest.
 * @return 0; NOT_SUPPORTED the server is too old or has no JetStream; INVALID_CONFIG it can't keep
 * as many replicas; others as queue_open. Blocks.
 */
int queue_create(queue *q, const char *manifest, size_t n, bool *made, beluga_error *err);

/*
 * Read the manifest of a job that is there.
 * @param manifest  Borrowed until queue_free.
 * @return 0; NOT_FOUND there is no such job; others as queue_open. Blocks.
 */
int queue_join(queue *q, const char **manifest, size_t *n, beluga_error *err);

/* Remove the job with its lines and results. Workers end with NOT_FOUND. Blocks. */
int queue_remove(queue *q, beluga_error *err);

/* ---- what is known of it --------------------------------------------------------------------- */

typedef struct queue_counts {
    uint64_t put;      /* lines that are in the job */
    uint64_t lines;    /* lines of the whole job; 0: not all are put yet */
    uint64_t waiting;  /* lines that nobody has claimed */
    uint64_t claimed;  /* lines that somebody has claimed, and that have no result */
    uint64_t finished; /* lines that have a result */
} queue_counts;

/* @return whether every line has its result. */
static inline bool queue_is_over(const queue_counts *counts)
{
    return counts->lines && counts->finished >= counts->lines;
}

/*
 * Count. Asks for a newer count, and tells the last one.
 * @param wait_ms  Wait so long for the newer one; 0: never blocks.
 * @return false: nothing is known yet.
 */
bool queue_count(queue *q, queue_counts *counts, int64_t wait_ms);

/* The sum of all that workers have used. A worker that dies may take its last second with it. */
typedef struct queue_sum {
    double cost;    /* US dollars */
    int64_t failed; /* results that are errors */
    int64_t input_tokens, output_tokens;
} queue_sum;

/* Add what a line took. Never blocks. */
void queue_spend(queue *q, const queue_sum *sum);

/* Tell the sum of all workers, as far as is known: some seconds old. Never blocks. */
void queue_spent(queue *q, queue_sum *sum);

typedef struct queue_worker {
    char name[QUEUE_NAME_BYTES]; /* host and process */
    size_t in_flight;
    uint64_t done, failed; /* of this worker, since it began */
    int64_t seen_ms;       /* since it was heard of */
} queue_worker;

/*
 * List the workers that were heard of in the last 15 seconds, by name; this one too, if it claims.
 * The first call asks them to tell, and the answers come within a second. Never blocks.
 * @return how many there are, which may be more than `n`. At least 1 for a worker, so that limits
 * can be divided by it.
 */
size_t queue_workers(queue *q, queue_worker *workers, size_t n);

/* ---- putting lines --------------------------------------------------------------------------- */

/*
 * Put a line. One that is in the job already stays as it is, so that a producer that died begins
 * again. What could not be put is put again until it is there.
 *
 * @param line  Its number, which is not 0. Lines are put in ascending order.
 * @return 0; LIMIT_EXCEEDED the server's store is full, or the line is longer than QUEUE_MAX_BYTES;
 * CONTEXT_CANCELED, NETWORK, NOT_FOUND the job was removed, NO_MEMORY. Blocks while many lines are
 * not confirmed.
 */
int queue_put(queue *q, uint64_t line, const char *bytes, size_t n, beluga_error *err);

/*
 * Confirm that all lines are put, and that there are `lines` of them. @return as queue_put. Blocks.
 */
int queue_seal(queue *q, uint64_t lines, beluga_error *err);

/* The number of lines that were put and were there already. */
uint64_t queue_repeated(const queue *q);

/* ---- asking them ----------------------------------------------------------------------------- */

typedef struct queue_claim {
    uint64_t line;
    unsigned tries;    /* 1: nobody had it before, as far as is known */
    const char *bytes; /* borrowed until the line is put, or let go */
    size_t length;
    const char *fault; /* why the line can't be read, such as a part that is missing; NULL: none */
    void *token;       /* the backend's */
} queue_claim;

/*
 * Claim lines. None is claimed ahead but those that were asked for here: `most` is how many lines
 * the worker has room for now. They come later when there are none, and queue_fd tells.
 * @return how many of `claims` were filled. Never blocks.
 */
size_t queue_take(queue *q, queue_claim *claims, size_t most);

/*
 * Say that all claimed lines are under way. Call it at least every five seconds: the backend
 * extends them as often as is needed, until it has not been called for 15 seconds. Never blocks.
 */
void queue_extend(queue *q);

/*
 * Put the result of a claimed line, unless it has one. The bytes are copied; the claim is over and
 * its token may not be used again. What came of it is told by queue_outcome. A result that could
 * not be put is put again until it, or another worker's, is there.
 * @return 0; LIMIT_EXCEEDED it is longer than QUEUE_MAX_BYTES (the claim goes on); NO_MEMORY (the
 * same). Never blocks.
 */
int queue_put_once(queue *q, queue_claim *claim, const char *bytes, size_t n);

/* Let go of a claimed line: others get it after `delay_ms`. Its token may not be used again. Never
 * blocks. */
void queue_let_go(queue *q, queue_claim *claim, int64_t delay_ms);

typedef struct queue_outcome {
    uint64_t line;
    bool ours; /* false: it had a result of somebody else's, which stays */
} queue_outcome;

/* Take what came of a result that was put. @return false: nothing is new. Never blocks. */
bool queue_next_outcome(queue *q, queue_outcome *outcome);

/* Results that are put and not confirmed: a worker that ends waits until it is 0. */
size_t queue_unconfirmed(const queue *q);

/* ---- collecting results ---------------------------------------------------------------------- */

typedef struct queue_result {
    uint64_t line;
    uint64_t position; /* of this result; ascends */
    const char *bytes; /* borrowed until the next result */
    size_t length;
} queue_result;

/*
 * Read the next result, in the order in which they came.
 * @param from     Of the first call: the position behind which to begin; 0: with the first.
 * @param wait_ms  Longest wait for one.
 * @return 1; 0: there is none yet; or an error: MALFORMED_RESPONSE one can't be read (the next call
 * goes on behind it), NOT_FOUND the job was removed, CONTEXT_CANCELED, NETWORK, NO_MEMORY.
 */
int queue_next_result(queue *q, uint64_t from, queue_result *result, int64_t wait_ms,
                      beluga_error *err);

/* ---- news ------------------------------------------------------------------------------------ */

/* A descriptor that is readable when there may be claims, outcomes, news or an error. Any of these
 * functions makes it unreadable. It belongs to the queue. */
int queue_fd(const queue *q);

/* Take what a user should know, such as a connection that was lost, or is there again: one line.
 * @return false: nothing is new. */
bool queue_news(queue *q, char text[QUEUE_NEWS_BYTES]);

/* The error after which nothing goes on: NETWORK the patience ended, AUTHENTICATION the
 * credentials are no longer good, NOT_FOUND the job was removed. @return false: there is none. */
bool queue_failed(const queue *q, beluga_error *err);

#endif
