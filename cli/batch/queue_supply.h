/* A supply for a worker: claims lines of a job of many machines (queue/queue.h) for its calls. */
#ifndef BELUGA_CLI_BATCH_QUEUE_SUPPLY_H
#define BELUGA_CLI_BATCH_QUEUE_SUPPLY_H

#include "batch/gate.h"
#include "batch/item.h"
#include "batch/manifest.h"
#include "batch/parcel.h"
#include "batch/progress.h"
#include "batch/supply.h"
#include "queue/queue.h"

/* If a line fails for a reason outside the line, workers ask it this many times altogether before
 * the failure becomes its result. */
#define BATCH_MOST_TRIES 5
/* If a line was handed out this many times without a result, it is not asked any more, since it may
 * crash every worker. The number is larger than BATCH_MOST_TRIES, because claims that were returned
 * without a call count, too. */
#define BATCH_MOST_DELIVERIES 20

/* A line that this worker has claimed. */
typedef struct claimed_line {
    queue_claim claim;
    bool used, begun;
} claimed_line;

typedef struct batch_queue_supply {
    batch_supply base;
    /* all borrowed */
    queue *queue;
    const batch_manifest *manifest;
    batch_plan *plan; /* its columns are those of the line that was claimed last */
    batch_progress *progress;
    batch_parcel parcel;
    size_t jobs;
    int64_t idle_ms; /* end after this time without a line; 0: never */
    /* arrays of `slots` items: claimed lines, and the indices of lines that are not begun, or free
     */
    claimed_line *lines;
    size_t *ready, *unused;
    size_t slots, n_ready, first_ready, n_unused;
    batch_gate requests, tokens;
    size_t workers; /* number of workers that share the limits */
    int64_t looked_ms, busy_ms;
    queue_counts counts;
    queue_sum spent;
    batch_totals job; /* of the whole job, as far as this worker knows */
    /* The outcome. */
    batch_totals own;       /* lines of this worker */
    uint64_t returned;      /* number of lines that were returned for another try */
    uint64_t doubled;       /* number of results for lines that already had one */
    bool removed, was_idle; /* removed: the job no longer exists; was_idle: no line came for too
                             * long */
    beluga_error failure;   /* after this failure no line is claimed; code 0: none */
} batch_queue_supply;

/* Return the average cost of the lines that have a result. */
double batch_line_cost(const queue_counts *counts, const queue_sum *spent);
/* Return whether a budget (0: none) has no room for another line. Workers and the collector both
 * use this function, so they agree. */
bool batch_budget_is_spent(double budget, const queue_counts *counts, const queue_sum *spent);

/* Begin to claim lines. The plan will use the reader of the supply.
 * @return 0, or -1 without memory. Free the supply in either case. */
int batch_queue_supply_begin(batch_queue_supply *supply, queue *q, const batch_manifest *manifest,
                             batch_plan *plan, batch_progress *progress, size_t jobs);
void batch_queue_supply_free(batch_queue_supply *supply);

#endif
