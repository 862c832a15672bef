/*
 * Puts the lines of an input into a queue that many machines share, and collects the results into
 * the output. If this process dies, the next run continues.
 */
#ifndef BELUGA_CLI_BATCH_GATHER_H
#define BELUGA_CLI_BATCH_GATHER_H

#include "args.h"
#include "batch/file_supply.h"
#include "batch/manifest.h"
#include "batch/mark.h"
#include "batch/progress.h"
#include "queue/queue.h"

#include <beluga/error.h>

typedef struct batch_gatherer {
    /* The input of the run; all is borrowed. */
    const cli_args *args;
    const char *out;
    const batch_facts *facts;
    const batch_survey *survey;
    batch_reader *reader;
    batch_output *output;
    batch_progress *progress;
    /* manifest of the job to create if it does not exist; its id and number of lines are not used
     */
    batch_manifest made;
    /* Set by the functions below. */
    queue *queue;
    batch_manifest found; /* manifest of the existing job */
    bool joined;
    /* limits of the job: those of this command; those that it does not give are as they were when
     * the job was created */
    batch_limits limits;
    /* the current mark, and the mark as it was last written to the file */
    batch_mark mark, written;
    int64_t marked_ms, came_ms; /* when the mark was written, and when the last result arrived */
    int64_t whole_ms;           /* when no line was missing from the queue */
    int64_t heard_ms;           /* when the user was last told the queue's news */
    bool runs;                  /* lines are put, or results collected */
    batch_file_supply lines;
    bool sealed;
    /* when to try again to seal the job, and when to give up; 0: not tried yet */
    int64_t seal_ms, seal_until_ms;
    /* number of results that were skipped because they can't be read */
    uint64_t unreadable;
    queue_counts counts;
    queue_sum spent;
    /* The outcome. */
    beluga_error error;   /* the error that stopped the run; code 0: none */
    beluga_error failure; /* that of the first line that failed; code 0: none */
    bool interrupted;
    int code; /* exit code of a failure that was already reported; 0: none */
} batch_gatherer;

/*
 * Connect, and look for the job. A job that was created with other facts (facts.h) is refused.
 * @return 0, or an exit code after printing the error. Free the collector in either case.
 */
int batch_gather_find(batch_gatherer *collector);

/* Put the lines that have no result in the open output into the queue, and collect results until
 * every line has one. @return 0, or an exit code, after printing the error, if the run could not
 * begin. */
int batch_gather_run(batch_gatherer *collector);

/* Remove the job, after all its results are durable in the output. */
void batch_gather_end(batch_gatherer *collector);

void batch_gather_free(batch_gatherer *collector);

#endif
