/*
 * The state of a server of batch APIs: files, jobs and their requests ("lines"), and what faults it
 * plays. Only the serving thread uses it.
 */
#ifndef BELUGA_PEER_BATCH_H
#define BELUGA_PEER_BATCH_H

#include "peer/bytes.h"
#include "peer/json.h"
#include "peer/peer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define BATCH_ID_SIZE  64
#define BATCH_KEY_SIZE 256
/* The control endpoint tells so many bytes of a line's text. */
#define BATCH_SHOWN_TEXT 120
/* A job lists so many of its problems. */
#define BATCH_MAX_PROBLEMS 50

typedef enum batch_shape {
    BATCH_OPENAI,
    BATCH_TOGETHER, /* OpenAI's, with other words */
    BATCH_ANTHROPIC,
    BATCH_GEMINI,
    BATCH_MISTRAL,
    BATCH_SHAPES
} batch_shape;

typedef enum batch_outcome {
    LINE_WAITS,
    LINE_ANSWERED, /* and paid for */
    LINE_REFUSED,  /* 400: asking again does not help */
    LINE_LIMITED,  /* 429 */
    LINE_BROKEN,   /* 500 */
    LINE_UNPAID,   /* the account has no credit left */
    LINE_EXPIRED,
    LINE_CANCELLED,
    LINE_OUTCOMES
} batch_outcome;

typedef enum batch_state {
    JOB_VALIDATING,
    JOB_RUNNING,
    JOB_FINALIZING,
    JOB_CANCELLING,
    JOB_COMPLETED, /* this and all below have ended */
    JOB_FAILED,
    JOB_EXPIRED,
    JOB_CANCELLED,
    JOB_STATES
} batch_state;

/* Bytes that a file and the jobs made of it share. */
typedef struct batch_blob {
    bytes bytes;
    size_t from, n; /* the contents in `bytes`: an upload is kept as it came */
    int refs;
} batch_blob;

typedef struct batch_file {
    char id[BATCH_ID_SIZE];
    char key[BATCH_KEY_SIZE];
    char *name, *purpose, *type;
    batch_blob *blob;
    time_t created;
    bool deleted, is_result, is_open; /* is_open: an upload that has not ended */
} batch_file;

/* A text that lines have asked: the same for all jobs. */
typedef struct batch_text {
    uint64_t hash;
    size_t n;
    unsigned long asked, answered;
    char shown[BATCH_SHOWN_TEXT + 1];
} batch_text;

typedef struct batch_line {
    json id, request, metadata; /* `id` is a string */
    json said;                  /* the content of what the user says last */
    batch_text *text;
    batch_outcome outcome;
} batch_line;

typedef struct batch_problem {
    const char *code, *message;
    size_t line; /* from 1; 0: of the whole file */
} batch_problem;

typedef struct batch_job {
    char id[BATCH_ID_SIZE];
    char key[BATCH_KEY_SIZE];
    batch_shape shape;
    char *endpoint, *model, *name, *metadata; /* metadata: JSON; each may be NULL */
    const char *url;                          /* borrowed: where the server is */
    char input[BATCH_ID_SIZE], output[BATCH_ID_SIZE], errors[BATCH_ID_SIZE];
    batch_blob *blob;
    batch_line *lines;
    size_t n_lines, settled, counts[LINE_OUTCOMES];
    batch_problem problems[BATCH_MAX_PROBLEMS];
    size_t n_problems;
    bool is_inline, deleted, expires, fails_all;
    batch_state state;
    uint64_t made_ns, cancel_ns;
    unsigned polls, cancel_polls;
    time_t created, cancelling, ended;
} batch_job;

/* How often a fault is played: by chance, each `every`-th time, or never. */
typedef struct batch_fault {
    double chance;
    unsigned every, seen;
} batch_fault;

typedef enum batch_fault_kind {
    FAULT_LOST_CREATE,
    FAULT_ERROR_CREATE,
    FAULT_BUSY_CREATE,
    FAULT_LOST_UPLOAD,
    FAULT_BUSY_GET,
    FAULT_EXPIRE,
    FAULT_ERRORS_ONLY,
    FAULT_INVALID,
    FAULT_QUEUE_FULL,
    FAULT_LINE_400,
    FAULT_LINE_429,
    FAULT_LINE_500,
    FAULT_LINE_QUOTA,
    FAULT_LINE_EXPIRED,
    FAULT_CUT_RESULTS,
    FAULT_CUT_CHUNKED,
    FAULT_CHUNKED,
    FAULT_EMPTY_IDS,
    FAULTS
} batch_fault_kind;

typedef struct batches {
    peer *owner;
    size_t max_body;
    uint64_t seed, random;
    uint64_t job_ns;
    unsigned job_polls; /* > 0: jobs go on with polls, not with time */
    size_t page;        /* 0: as the request says */
    uint64_t late_list_ns;
    batch_fault faults[FAULTS];

    batch_file **files;
    size_t n_files, cap_files, file_bytes;
    batch_job **jobs;
    size_t n_jobs, cap_jobs;
    batch_text **texts; /* open addressing by hash */
    size_t n_texts, cap_texts;
    unsigned long requests, uploads, deleted_files;
} batches;

/* ---- batch_store.c --------------------------------------------------------------------------- */

/* Return a number of the server's sequence, which its seed begins. */
uint64_t peer__batch_random(batches *b);
uint64_t peer__batch_mix(uint64_t x);
uint64_t peer__batch_hash(const void *data, size_t n);
/* Return whether a fault is played this time. */
bool peer__batch_plays(batches *b, batch_fault_kind kind);

batch_blob *
peer__batch_blob_new(bytes *taken);           /* NULL without memory; `taken` is empty then, too */
void peer__batch_blob_drop(batch_blob *blob); /* one reference less; NULL is allowed */

/* Add a file of a key; NULL without room. It takes the blob over, even then. */
batch_file *peer__batch_file_add(batches *b, const char *prefix, const char *key, batch_blob *blob);
/* Return the key's file; NULL when there is none, or its upload has not ended. */
batch_file *peer__batch_file_find(batches *b, const char *id, const char *key);
/* Return the upload of anybody's that has not ended: its id is what its address knows. */
batch_file *peer__batch_upload_find(batches *b, const char *id);
/* Put a piece behind what an upload has; the first one is taken over. False without room. */
bool peer__batch_upload_add(batches *b, batch_file *file, bytes *piece);
void peer__batch_file_delete(batches *b, batch_file *file);

/* Return a job of no key yet, which peer__batch_job_add() or peer__batch_job_free() takes; NULL
 * without memory. */
batch_job *peer__batch_job_new(batches *b, batch_shape shape);
/* Make a job of a file, whose contents both keep. */
void peer__batch_job_use(batch_job *job, const batch_file *file);
/* Keep the member "metadata" of the request; false without memory. */
bool peer__batch_job_read_metadata(batch_job *job, json body);
bool peer__batch_job_add(batches *b, batch_job *job, const char *prefix);
/* Return the key's job, even one that lists do not show yet; NULL when there is none. */
batch_job *peer__batch_job_find(batches *b, batch_shape shape, const char *id, const char *key);
/* Return whether a list of this shape shows the job to the key. */
bool peer__batch_job_is_listed(const batches *b, const batch_job *job, batch_shape shape,
                               const char *key);
void peer__batch_job_free(batch_job *job);

/* Return the entry of a text, which is made when it is new; NULL without memory. */
batch_text *peer__batch_text(batches *b, const char *text, size_t n);
/* Free all but `b` itself. */
void peer__batch_store_free(batches *b);

/* ---- batch_lines.c --------------------------------------------------------------------------- */

/* Read the job's lines from its blob, in which each line is a JSON object. Faults of the contents
 * become problems of the job. Returns false without memory. */
bool peer__batch_read_lines(batches *b, batch_job *job);
/* Read them from an array of requests in the blob. */
bool peer__batch_read_items(batches *b, batch_job *job, json array);
/* Append the last text that the user says in a line. */
bool peer__batch_line_text(const batch_line *line, bytes *text);

/* ---- batch_answer.c -------------------------------------------------------------------------- */

/* Append the result of a line, as its API writes it. */
bool peer__batch_put_result(const batch_job *job, const batch_line *line, bytes *out);

/* ---- batch_run.c ----------------------------------------------------------------------------- */

/* Bring a job to where it is by now. */
void peer__batch_advance(batches *b, batch_job *job);
/* As peer__batch_advance(), and count that somebody asked. */
void peer__batch_poll(batches *b, batch_job *job);
void peer__batch_cancel(batches *b, batch_job *job);
bool peer__batch_has_ended(const batch_job *job);
/* Write the results of all lines, in any order; {0} without memory. */
bytes peer__batch_all_results(batches *b, const batch_job *job);
/* The lines that failed, for whatever reason. */
size_t peer__batch_failed(const batch_job *job);

/* ---- batch_fault.c --------------------------------------------------------------------------- */

/* Read "NAME" or "NAME:HOW-OFTEN" into `b`. Returns NULL, or what is wrong with it; static. */
const char *peer__batch_read_fault(batches *b, const char *text);
/* Decide what becomes of a line whose text is asked once more. */
batch_outcome peer__batch_decide(batches *b, const batch_job *job, batch_text *entry,
                                 const char *text, size_t n);
/* Return whether a text has the words that make its line expire now. */
bool peer__batch_text_expires(const batch_text *entry, const char *text, size_t n);

#endif
