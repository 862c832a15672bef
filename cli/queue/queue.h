/*
 * A queue contains the lines of a batch that many machines share, and their results.
 *
 * A job has a manifest, lines, and at most one result for each line. The gatherer puts the
 * lines and collects the results. Workers claim lines, send them to a model, and put the results.
 * Each of these processes may die at any time. If a claim is not extended, another worker gets the
 * line, and the first result of a line stays. So a line may be sent twice, but has one result.
 *
 * A queue belongs to one thread, which calls all of these functions. A backend may use threads of
 * its own, but calls no function of the caller on them; instead, queue_fd becomes readable. The
 * queue never contains the keys of a provider: a worker uses its own configuration for them.
 */
#ifndef BELUGA_CLI_QUEUE_H
#define BELUGA_CLI_QUEUE_H

#include <beluga/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUEUE_NAME_BYTES 65
#define QUEUE_NEWS_BYTES 256
/* The maximum length of a line or result, which is more than the longest line that a batch reads.
 */
#define QUEUE_MAX_BYTES ((size_t)128 * 1024 * 1024)

typedef struct queue queue;

/* ---- a job ----------------------------------------------------------------------------------- */

/* The settings of a queue; zeros are the defaults. All pointers are borrowed for queue_open only.
 */
typedef struct queue_settings {
    /* nats://HOST[:PORT][,HOST[:PORT]…]/JOB[?replicas=N&…], as docs/guides/batch.md describes.
     * Secrets in it, or in the variables NATS_…, never appear in an error. */
    const char *address;
    /* The queue ends with an error after this time without a connection, in milliseconds; 0: never.
     */
    int64_t patience_ms;
    /* Called on the caller's thread, ten times a second while a function waits. Returning true ends
     * the wait with BELUGA_ERROR_CONTEXT_CANCELED. It may call functions of the queue that never
     * block. NULL: none. */
    bool (*stopped)(void *payload);
    void *payload;
} queue_settings;

/* @return whether a text is the address of a queue, and not the name of a file. */
bool queue_is_address(const char *text);

/*
 * Connect. The job need not exist.
 * @param out  Owned (queue_free). NULL on failure.
 * @return 0; INVALID_CONFIG for a wrong address or a file of credentials that can't be used;
 * NOT_SUPPORTED if the backend is not built in, or its library is not installed, with advice;
 * AUTHENTICATION, NETWORK, TIMEOUT, NO_MEMORY. Blocks for some seconds at most.
 */
int queue_open(const queue_settings *settings, queue **out, beluga_error *err);

/* Return all claimed lines, so that other workers get them at once, and close the connection. Waits
 * at most 5 seconds for results that are not confirmed. NULL does nothing. */
void queue_free(queue *q);

/* Return the job's name, and the address without its secrets, for messages. Borrowed. */
const char *queue_job(const queue *q);
const char *queue_where(const queue *q);

/*
 * Create the job, with a manifest (any JSON) that never changes.
 * @param made  Receives false if the job already exists: the job stays as it is, and queue_join
 * reads its manifest.
 * @return 0; NOT_SUPPORTED if the server is too old or has no JetStream; INVALID_CONFIG if the
 * server can't keep the number of replicas; others as queue_open. Blocks.
 */
int queue_create(queue *q, const char *manifest, size_t n, bool *made, beluga_error *err);

/*
 * Read the manifest of an existing job.
 * @param manifest  Borrowed until queue_free.
 * @return 0; NOT_FOUND if the job does not exist; others as queue_open. Blocks.
 */
int queue_join(queue *q, const char **manifest, size_t *n, beluga_error *err);

/* Remove the job with its lines and results, or what is left of it. Its workers then end with
 * NOT_FOUND. @return 0; NOT_FOUND if there is no such job; others as queue_open. Blocks. */
int queue_remove(queue *q, beluga_error *err);

/* ---- the terms of the job -------------------------------------------------------------------- */

#define QUEUE_TERMS_BYTES 512

/*
 * Replace the terms of the job: a short text which, unlike the manifest, may change while the job
 * exists.
 * @return 0; LIMIT_EXCEEDED if they have QUEUE_TERMS_BYTES or more; others as queue_put. Blocks.
 */
int queue_set_terms(queue *q, const char *terms, beluga_error *err);

/*
 * Copy the latest terms, which may be some seconds old. They are read only while queue_spent is
 * called, too. Never blocks.
 * @return false if no terms are known.
 */
bool queue_terms(queue *q, char terms[QUEUE_TERMS_BYTES]);

/* ---- the state of the job -------------------------------------------------------------------- */

typedef struct queue_counts {
    uint64_t put;      /* lines that were put into the job */
    uint64_t lines;    /* number of lines of the whole job; 0: the job is not sealed yet */
    uint64_t waiting;  /* lines that no worker has claimed */
    uint64_t claimed;  /* lines that a worker has claimed, and that have no result */
    uint64_t finished; /* lines that have a result */
} queue_counts;

/* @return whether every line has a result. */
static inline bool queue_is_over(const queue_counts *counts)
{
    return counts->lines && counts->finished >= counts->lines;
}

/*
 * Return the latest counts, and request newer ones.
 * @param wait_ms  Wait at most this time for the newer counts; 0: never blocks.
 * @return false if no counts are known yet, or none arrived in this time.
 */
bool queue_count(queue *q, queue_counts *counts, int64_t wait_ms);

/* The sum of the usage of all workers. If a worker dies, the usage of its last second may be
 * missing. */
typedef struct queue_sum {
    double cost;    /* US dollars */
    int64_t lines;  /* calls that ended, most of which gave a line its result */
    int64_t failed; /* results that are errors */
    int64_t input_tokens, output_tokens;
} queue_sum;

/* Add the usage of a line. Never blocks. */
void queue_spend(queue *q, const queue_sum *sum);

/* Return the sum of all workers, which may be some seconds old. Never blocks.
 * @return false if neither the stored sum nor the terms were read yet: the sum is then only that of
 * this worker. */
bool queue_spent(queue *q, queue_sum *sum);

typedef struct queue_worker {
    char name[QUEUE_NAME_BYTES]; /* host and process */
    size_t in_flight;
    uint64_t done, failed; /* lines of this worker since it began */
    int64_t seen_ms;       /* time since its last report */
} queue_worker;

/*
 * List the workers that reported in the last 15 seconds, by name; including this one, if it claims
 * lines. The first call requests reports from them, which arrive within a second. Never
 * blocks.
 * @return the number of workers, which may be more than `n`. At least 1 for a worker, so that
 * limits can be divided by it.
 */
size_t queue_workers(queue *q, queue_worker *workers, size_t n);

/* ---- putting lines --------------------------------------------------------------------------- */

/*
 * Put a line. A line that is already in the job stays as it is, so that a gatherer that died can
 * start again. The line is sent to the server until it is stored.
 *
 * @param line  The number of the line, not 0. Lines must be put in ascending order.
 * @return 0; LIMIT_EXCEEDED if the server's store is full, or the line is longer than
 * QUEUE_MAX_BYTES; CONTEXT_CANCELED; NETWORK; NOT_FOUND if the job was removed; NO_MEMORY. Blocks
 * while many lines are not confirmed.
 */
int queue_put(queue *q, uint64_t line, const char *bytes, size_t n, beluga_error *err);

/*
 * Wait until all lines are confirmed, and record their number, `lines`. @return as
 * queue_put. Blocks.
 */
int queue_seal(queue *q, uint64_t lines, beluga_error *err);

/* Return the number of lines that were put although the job already had them. */
uint64_t queue_repeated(const queue *q);

/* ---- working on lines ------------------------------------------------------------------------ */

typedef struct queue_claim {
    uint64_t line;
    /* number of times that workers got the line; 1: as far as is known, this is the first time */
    unsigned tries;
    const char *bytes; /* borrowed until the result is put, or the line is returned */
    size_t length;
    const char *fault; /* why the line can't be read, such as a missing part; NULL: no fault */
    void *token;       /* private data of the backend */
} queue_claim;

/*
 * Claim lines. `most` is the number of lines that the worker can accept now; no more are claimed
 * in advance. If no line is available now, queue_fd becomes readable when one may be.
 * @return the number of claims that were filled. Never blocks.
 */
size_t queue_take(queue *q, queue_claim *claims, size_t most);

/*
 * Report that this worker is still working on its claimed lines. Call this at least every five
 * seconds. The backend extends the claims as needed, until this was not called for 15 seconds.
 * Never blocks.
 */
void queue_extend(queue *q);

/*
 * Put the result of a claimed line, unless the line already has one. The bytes are copied. The
 * claim has then ended, and its token must not be used again. queue_next_outcome reports the
 * outcome. The result is sent to the server until the line has a result, from this or another
 * worker.
 * @return 0; LIMIT_EXCEEDED if it is longer than QUEUE_MAX_BYTES, or NO_MEMORY; after these two the
 * claim stays valid. Never blocks.
 */
int queue_put_once(queue *q, queue_claim *claim, const char *bytes, size_t n);

/* Return a claimed line to the queue, where other workers can claim it after `delay_ms`. Its token
 * must not be used again. Never blocks. */
void queue_let_go(queue *q, queue_claim *claim, int64_t delay_ms);

typedef struct queue_outcome {
    uint64_t line;
    /* true: this result was stored; false: a result from another worker was already stored, and
     * stays */
    bool ours;
} queue_outcome;

/* Return the outcome of a result that was put. @return false if no outcome is known yet. Never
 * blocks. */
bool queue_next_outcome(queue *q, queue_outcome *outcome);

/* Return the number of results that were put and are not confirmed yet. A worker should wait until
 * it is 0 before it ends. */
size_t queue_unconfirmed(const queue *q);

/* ---- collecting results ---------------------------------------------------------------------- */

typedef struct queue_result {
    uint64_t line;
    uint64_t position; /* the result's position in the queue, which increases with each result */
    const char *bytes; /* borrowed until the next result */
    size_t length;
} queue_result;

/*
 * Read the next result, in the order in which they were stored.
 * @param from     At the first call: the position after which to begin; 0: begin with the first.
 * @param wait_ms  Wait at most this time.
 * @return 1; 0 if no result arrived in time; or an error: MALFORMED_RESPONSE if the result can't be
 * read (the next call continues after it), NOT_FOUND if the job was removed, CONTEXT_CANCELED,
 * NETWORK, NO_MEMORY.
 */
int queue_next_result(queue *q, uint64_t from, queue_result *result, int64_t wait_ms,
                      beluga_error *err);

/* ---- news ------------------------------------------------------------------------------------ */

/* Return a file descriptor that becomes readable when a claim, an outcome, a message for the user
 * or an error may be available. The functions that return these make it unreadable again. The queue
 * owns it. */
int queue_fd(const queue *q);

/* Get a message of one line for the user, such as that the connection was lost or is back. @return
 * false if no message is left. */
bool queue_news(queue *q, char text[QUEUE_NEWS_BYTES]);

/* Return the error that has ended the queue: NETWORK if it was not connected for `patience_ms`,
 * AUTHENTICATION if the credentials are no longer accepted, NOT_FOUND if the job was removed.
 * @return false if the queue has not ended. */
bool queue_failed(const queue *q, beluga_error *err);

#endif
