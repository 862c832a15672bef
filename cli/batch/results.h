/*
 * The output of a batch: one JSON object on each line, for each finished line of the input.
 *
 * A result is written at once, and made durable together with others. A new run finds the results
 * of an interrupted run, cleans the file, and continues. The file is locked, so that no other run
 * writes to it.
 */
#ifndef BELUGA_CLI_BATCH_RESULTS_H
#define BELUGA_CLI_BATCH_RESULTS_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct batch_totals {
    uint64_t done, failed; /* numbers of lines that succeeded and that failed */
    int64_t input_tokens, output_tokens;
    double cost;         /* US dollars, as far as the cost is known */
    uint64_t unpriced;   /* lines that used tokens or were answered, and whose cost is unknown */
    uint64_t unfinished; /* lines among `done` whose answer is not complete */
    uint64_t misfits;    /* lines among `done` whose answer does not fit the schema */
} batch_totals;

/* The outcome of one line. */
typedef struct batch_entry {
    uint64_t line;
    uint64_t digest; /* digest of the line in the input; 0: not known */
    bool failed;
    bool unfinished;   /* the answer is not complete */
    bool misfit;       /* the answer does not fit the schema */
    bool begun;        /* a part of the answer arrived, or tools ran, before the failure */
    bool outside;      /* the line failed for a reason that may lie outside the line */
    uint32_t requests; /* requests of the call, with its retries; 0: unknown */
    double cost;       /* -1: unknown */
    int64_t input_tokens, output_tokens;
} batch_entry;

/* Add the outcome of a line to the totals. */
void batch_totals_add(batch_totals *totals, const batch_entry *entry);

/* Read the outcome of a line from its result. @return false if this is not a result. */
bool batch_entry_read(const char *bytes, size_t n, batch_entry *entry);

/* The `error` of an output whose path no longer names the open file. */
#define BATCH_OUTPUT_LOST ESTALE

typedef struct batch_output {
    char *path; /* owned */
    int fd;
    uint64_t end; /* end of the last complete line */
    bool only_read, dirty, unordered;
    int error;                           /* errno of the failure after which nothing is written;
                                          * 0: none */
    uint64_t *bits, max_line, last_line; /* `bits` has one bit for each line, set if it is
                                          * finished */
    batch_totals totals;
    /* Counts from the existing file. */
    /* damaged: incomplete lines; retried: results of failed lines that are sent again */
    uint64_t damaged, retried;
    /* digests of the input's lines by line number, borrowed; NULL: the input has not changed */
    const uint64_t *digests;
    /* changed: number of results of failed lines whose input has changed; strange: a line whose
     * input has changed although it has an answer, 0: none */
    uint64_t changed, strange;
    int64_t sync_ms, next_sync_ms;
} batch_output;

/* Open or create the output, and lock it. @return 0, or an exit code after printing the error.
 * Close the output in either case. */
int batch_output_open(batch_output *out, const char *path);

/* Open an output, which may be missing, without changing it. */
int batch_output_look(batch_output *out, const char *path);

/* Selects the finished lines that are sent again. */
typedef enum batch_again {
    BATCH_AGAIN_NONE,
    BATCH_AGAIN_FAILED,
    BATCH_AGAIN_UNFINISHED /* failed lines, and lines whose answer is not complete or does not
                            * fit */
} batch_again;

/* Return whether an answer with this finish reason is complete. NULL (the service gave no reason)
 * counts as complete. */
bool batch_is_whole(const char *finish_reason);

/*
 * Read the existing file, and find out which of the lines 1 to `max_line` are finished. Incomplete
 * and damaged lines are dropped, and so are lines that are sent again.
 * @return 0, or an exit code after printing the error.
 */
int batch_output_recover(batch_output *out, uint64_t max_line, batch_again again);

/* Like batch_output_recover, but without changing the file. */
int batch_output_read(batch_output *out, uint64_t max_line, batch_again again);

/* Start again with an empty file. A file that was opened by batch_output_look is not changed. */
int batch_output_forget(batch_output *out, uint64_t max_line);

bool batch_output_has(const batch_output *out, uint64_t line);

/* Return how many lines up to `last` are finished. */
uint64_t batch_output_count(const batch_output *out, uint64_t last);

/* Add a result; `text` includes its newline. @return 0, or -1: `error` is set, and the file has the
 * same lines as before. */
int batch_output_add(batch_output *out, const batch_entry *entry, const char *text, size_t n);

/* Make the added results durable, if this is due or `now` is set. @return 0, or -1: `error` is set,
 * also if the file is no longer at its path. */
int batch_output_sync(batch_output *out, bool now);

/* Print `error`. @return the exit code. */
int batch_output_complain(const batch_output *out);

/* Write the results of failed lines to the file `path`, which is replaced. @return 0, or an exit
 * code after printing the error. */
int batch_output_collect(batch_output *out, const char *path);

/* Sort the lines into the order of the input. @return 0, or an exit code after printing the error.
 */
int batch_output_sort(batch_output *out);

void batch_output_close(batch_output *out);

#endif
