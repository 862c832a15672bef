/*
 * Puts the lines of an input into a queue that many machines share, and collects their results into
 * the output. It may die at any time, and go on.
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
    batch_manifest made; /* of the job where it is not there yet; id and lines are not looked at */
    /* Its own. */
    queue *queue;
    batch_manifest found; /* of the job that is there */
    bool joined;
    batch_mark mark, written;   /* where it is, and what the file says */
    int64_t marked_ms, came_ms; /* when the mark was written, and when the last result came */
    batch_file_supply lines;
    bool sealed;
    int64_t seal_ms, seal_until_ms; /* when sealing is tried again, and given up; 0: not tried */
    uint64_t unreadable;            /* results that were passed over */
    queue_counts counts;
    queue_sum spent;
    /* The outcome. */
    beluga_error error; /* the error that stopped it; code 0: none */
    bool interrupted;
    int code; /* of a failure that was reported; 0: none */
} batch_gatherer;

/*
 * Connect, and find whether the job is there. A job of other facts is refused.
 * @return 0, or an exit code, reported. Free the collector in either case.
 */
int batch_gather_find(batch_gatherer *collector);

/* Put the lines that the open output does not have, and collect until all have a result. @return 0,
 * or an exit code, reported, where it could not begin. */
int batch_gather_run(batch_gatherer *collector);

/* Remove the job: all its results are durable in the output. */
void batch_gather_end(batch_gatherer *collector);

void batch_gather_free(batch_gatherer *collector);

#endif
