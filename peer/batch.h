/*
 * The state of a server of batch APIs: files, jobs, their requests ("lines"), and the faults that
 * it plays. Only the serving thread uses it.
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

#define BATCH_ID_SIZE 64
/* Makes ids as long as Gemini's: a job's id has 36 characters, and its results' file is named
 * "batch-" and 36 characters. */
#define PEER_BATCH_LONG "gzzzzzzzzzzz"
#define BATCH_KEY_SIZE  256
/* most bytes of a line's text that the control endpoint shows */
#define BATCH_SHOWN_TEXT 120
/* most problems that a job lists */
#define BATCH_MAX_PROBLEMS 50

typedef enum batch_shape {
    BATCH_OPENAI,
    BATCH_TOGETHER, /* like OpenAI's API, with other names of states and members */
    BATCH_ANTHROPIC,
    BATCH_GEMINI,
    BATCH_MISTRAL,
    BATCH_SHAPES
} batch_shape;

typedef enum batch_outcome {
    LINE_WAITS,
    LINE_ANSWERED, /* the line is answered, and paid for */
    LINE_REFUSED,  /* status 400: sending the line again does not help */
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
    JOB_COMPLETED, /* in this state and the ones after it the job has ended */
    JOB_FAILED,
    JOB_EXPIRED,
    JOB_CANCELLED,
    JOB_STATES
} batch_state;

/* Bytes that a file and the jobs made from it share. */
typedef struct batch_blob {
    bytes bytes;
    /* offset and length of the contents in `bytes`, which holds the whole request body */
    size_t from, n;
    int refs;
} batch_blob;

typedef struct batch_file {
    char id[BATCH_ID_SIZE];
    char key[BATCH_KEY_SIZE];
    char *name, *purpose, *type;
    batch_blob *blob;
    time_t created;
    bool deleted, is_result, is_open; /* is_open: the upload has not ended */
    bool is_pending;                  /* no job can be created from the file yet */
} batch_file;

/* The text of a user's message. Lines of all jobs with the same text share it, so that they can be
 * counted. */
typedef struct batch_text {
    uint64_t hash;
    size_t n;
    unsigned long asked, answered;
    char shown[BATCH_SHOWN_TEXT + 1];
} batch_text;

typedef struct batch_line {
    json id, request, metadata; /* `id` is a string */
    json said;                  /* the content of the user's last message */
    batch_text *text;
    batch_outcome outcome;
} batch_line;

typedef struct batch_problem {
    const char *code, *message;
    size_t line; /* number of the line, from 1; 0: the whole file */
} batch_problem;

typedef struct batch_job {
    char id[BATCH_ID_SIZE];
    char key[BATCH_KEY_SIZE];
    batch_shape shape;
    char *endpoint, *model, *name, *metadata; /* metadata is JSON; each may be NULL */
    const char *url;                          /* borrowed: the URL of the server */
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
    FAULT_MISSING_GET,
    FAULT_PENDING_FILE,
    FAULTS
} batch_fault_kind;

typedef struct batches {
    peer *owner;
    size_t max_body;
    uint64_t seed, random;
    uint64_t job_ns;
    unsigned job_polls; /* > 0: a job ends after this number of polls, regardless of time */
    size_t page;        /* most jobs on one page of a list; 0: as many as the request asks for */
    uint64_t late_list_ns;
    batch_fault faults[FAULTS];

    batch_file **files;
    size_t n_files, cap_files, file_bytes;
    batch_job **jobs;
    size_t n_jobs, cap_jobs;
    batch_text **texts; /* a hash table with open addressing */
    size_t n_texts, cap_texts;
    unsigned long requests, uploads, deleted_files;
} batches;

/* ---- batch_store.c --------------------------------------------------------------------------- */

/* Return the next random number of the server's sequence, which its seed determines. */
uint64_t peer__batch_random(batches *b);
uint64_t peer__batch_mix(uint64_t x);
uint64_t peer__batch_hash(const void *data, size_t n);
/* Return whether to play a fault now, by its chance or its count. */
bool peer__batch_plays(batches *b, batch_fault_kind kind);

batch_blob *
peer__batch_blob_new(bytes *taken); /* NULL if out of memory; `taken` is emptied in any case */
void peer__batch_blob_drop(batch_blob *blob); /* drops a reference; NULL is allowed */

/* Add a file that belongs to a key. Takes over the blob, and frees it on failure. Returns NULL if
 * memory or the limit of files is used up. */
batch_file *peer__batch_file_add(batches *b, const char *prefix, const char *key, batch_blob *blob);
/* Return the file with this id if it belongs to the key; NULL if there is no such file, or if its
 * upload has not ended. */
batch_file *peer__batch_file_find(batches *b, const char *id, const char *key);
/* Return an unfinished upload of any key. Its id is secret: only the upload's address contains
 * it. */
batch_file *peer__batch_upload_find(batches *b, const char *id);
/* Append a piece to an upload. The upload takes over the buffer of its first piece. Returns false
 * if memory or the limit of bytes is used up. */
bool peer__batch_upload_add(batches *b, batch_file *file, bytes *piece);
void peer__batch_file_delete(batches *b, batch_file *file);

/* Return a new job that belongs to no key yet; pass it to peer__batch_job_add() or
 * peer__batch_job_free(). NULL if out of memory. */
batch_job *peer__batch_job_new(batches *b, batch_shape shape);
/* Give a job the contents of a file. The job and the file share the blob. */
void peer__batch_job_use(batch_job *job, const batch_file *file);
/* Copy the member "metadata" of the request into the job. Returns false if out of memory. */
bool peer__batch_job_read_metadata(batch_job *job, json body);
bool peer__batch_job_add(batches *b, batch_job *job, const char *prefix);
/* Return the job with this id if it belongs to the key, even if lists do not show it yet; NULL if
 * there is no such job. */
batch_job *peer__batch_job_find(batches *b, batch_shape shape, const char *id, const char *key);
/* Return whether a list of this shape shows the job to the key. */
bool peer__batch_job_is_listed(const batches *b, const batch_job *job, batch_shape shape,
                               const char *key);
void peer__batch_job_free(batch_job *job);

/* Return the entry of a text, creating it if the text is new; NULL if out of memory. */
batch_text *peer__batch_text(batches *b, const char *text, size_t n);
/* Free everything except `b` itself. */
void peer__batch_store_free(batches *b);

/* ---- batch_lines.c --------------------------------------------------------------------------- */

/* Read the job's lines from its blob, in which each line is a JSON object. Faults in the contents
 * become problems of the job. Returns false if out of memory. */
bool peer__batch_read_lines(batches *b, batch_job *job);
/* Read the job's lines from an array of requests in the blob. */
bool peer__batch_read_items(batches *b, batch_job *job, json array);
/* Return whether the job's lines embed texts. */
bool peer__batch_embeds(const batch_job *job);
/* Append the text of the user's last message in a line, or its texts to embed. */
bool peer__batch_line_text(const batch_line *line, bytes *text);

/* ---- batch_answer.c -------------------------------------------------------------------------- */

/* Append the result of a line, in the form of the job's API. */
bool peer__batch_put_result(const batch_job *job, const batch_line *line, bytes *out);

/* ---- batch_vectors.c ------------------------------------------------------------------------- */

/* Append the vectors of a line's texts, in the form of the job's API. */
bool peer__batch_put_vectors(const batch_job *job, const batch_line *line, const char *model,
                             bytes *out);

/* ---- batch_run.c ----------------------------------------------------------------------------- */

/* Bring a job to the state that it has reached by now. */
void peer__batch_advance(batches *b, batch_job *job);
/* Advance as peer__batch_advance() does, and count one poll. */
void peer__batch_poll(batches *b, batch_job *job);
void peer__batch_cancel(batches *b, batch_job *job);
bool peer__batch_has_ended(const batch_job *job);
/* Write the results of all lines, in a random order; {0} if out of memory. */
bytes peer__batch_all_results(batches *b, const batch_job *job);
/* Return the number of lines that failed, for any reason. */
size_t peer__batch_failed(const batch_job *job);

/* ---- batch_fault.c --------------------------------------------------------------------------- */

/* Read "NAME" or "NAME:HOW-OFTEN" into `b`. Returns NULL, or a static description of what is
 * wrong. */
const char *peer__batch_read_fault(batches *b, const char *text);
/* Decide the outcome of a line, and add 1 to the count of its text. */
batch_outcome peer__batch_decide(batches *b, const batch_job *job, batch_text *entry,
                                 const char *text, size_t n);
/* Return whether a text contains a word that makes its line expire, and the word applies this
 * time. */
bool peer__batch_text_expires(const batch_text *entry, const char *text, size_t n);

#endif
