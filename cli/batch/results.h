/*
 * The output of a batch: one JSON object a line, for each line of the input that is finished.
 *
 * A result is written at once, and made durable together with others. What a run left that was
 * stopped in any way is found again, cleaned, and gone on with; nobody else writes to the file
 * meanwhile.
 */
#ifndef BELUGA_CLI_BATCH_RESULTS_H
#define BELUGA_CLI_BATCH_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct batch_totals {
    uint64_t done, failed; /* lines: done well, and not */
    int64_t input_tokens, output_tokens;
    double cost;         /* US dollars, as far as it is known */
    uint64_t unpriced;   /* lines that took tokens or were answered, whose cost is not */
    uint64_t unfinished; /* of the done: answers that are not whole */
} batch_totals;

/* The outcome of one line. */
typedef struct batch_entry {
    uint64_t line;
    bool failed;
    bool unfinished; /* the answer is not whole */
    double cost;     /* -1: unknown */
    int64_t input_tokens, output_tokens;
} batch_entry;

typedef struct batch_output {
    char *path; /* owned */
    int fd;
    uint64_t end; /* of the last whole line */
    bool dirty, unordered;
    int error;                           /* errno of what failed: nothing more is written */
    uint64_t *bits, max_line, last_line; /* which lines are finished */
    batch_totals totals;
    /* what was found in it */
    uint64_t damaged, retried; /* lines that are not whole; failed ones that are tried again */
    int64_t sync_ms, next_sync_ms;
} batch_output;

/* Open or make it, and lock it. @return 0, or an exit code, reported. Close it in either case. */
int batch_output_open(batch_output *out, const char *path);

/* Which finished lines are asked again. */
typedef enum batch_again {
    BATCH_AGAIN_NONE,
    BATCH_AGAIN_FAILED,
    BATCH_AGAIN_UNFINISHED /* those that failed, and those whose answer is not whole */
} batch_again;

/* Return whether an answer that ended for the reason of this name is whole, as far as is known. */
bool batch_is_whole(const char *finish_reason);

/*
 * Read what is there: which lines of `max_line` are finished. What is torn or damaged is dropped,
 * and what is asked again.
 * @return 0, or an exit code, reported.
 */
int batch_output_recover(batch_output *out, uint64_t max_line, batch_again again);

/* The same without changing the file, which need not be there. */
int batch_output_look(batch_output *out, const char *path, uint64_t max_line, batch_again again);

bool batch_output_has(const batch_output *out, uint64_t line);

/* Add a result, `text` with its newline. @return 0, or -1: `error` is set, and the file ends as
 * before. */
int batch_output_add(batch_output *out, const batch_entry *entry, const char *text, size_t n);

/* Make what was added durable, when it is due or `now`. @return 0, or -1: `error` is set. */
int batch_output_sync(batch_output *out, bool now);

/* Tell of `error`. @return the exit code. */
int batch_output_complain(const batch_output *out);

/* Write the results that failed to another file, in place of what is there. @return exit code,
 * reported. */
int batch_output_collect(batch_output *out, const char *path);

/* Bring the lines into the order of the input. @return exit code, reported. */
int batch_output_sort(batch_output *out);

void batch_output_close(batch_output *out);

#endif
