/* The lines of a job of many machines (queue/queue.h), as one worker claims them for its calls. */
#ifndef BELUGA_CLI_BATCH_QUEUE_SUPPLY_H
#define BELUGA_CLI_BATCH_QUEUE_SUPPLY_H

#include "batch/gate.h"
#include "batch/item.h"
#include "batch/manifest.h"
#include "batch/parcel.h"
#include "batch/progress.h"
#include "batch/supply.h"
#include "queue/queue.h"

/* A line that failed for a reason outside it is asked so often, by any worker, before the failure
 * is its result. */
#define BATCH_MOST_TRIES 5
/* A line that was handed out so often without a result is not asked any more: it may end whoever
 * asks it. Claims that a worker gave back unasked count, so this is more. */
#define BATCH_MOST_DELIVERIES 20

/* A line that is claimed. */
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
    int64_t idle_ms; /* end when there was no line for so long; 0: never */
    /* `slots` of each: lines, and the numbers of those that are not begun or free */
    claimed_line *lines;
    size_t *ready, *unused;
    size_t slots, n_ready, first_ready, n_unused;
    batch_gate requests, tokens;
    size_t workers; /* that share the limits */
    int64_t looked_ms, busy_ms;
    queue_counts counts;
    queue_sum spent;
    batch_totals job; /* of the whole job, as far as it is known */
    /* The outcome. */
    batch_totals own;       /* of this worker */
    uint64_t returned;      /* lines that were handed back for another try */
    uint64_t doubled;       /* results of lines that had one already */
    bool removed, was_idle; /* the job is gone; no line came for too long */
    beluga_error failure;   /* after which no line is claimed; code 0: none */
} batch_queue_supply;

/* Return the average cost of the lines that have a result. */
double batch_line_cost(const queue_counts *counts, const queue_sum *spent);
/* Return whether a budget (0: none) has no room for one more line: workers and the collector agree
 * on it. */
bool batch_budget_is_spent(double budget, const queue_counts *counts, const queue_sum *spent);

/* Begin to claim. The plan's reader becomes that of the supply.
 * @return 0, or -1 without memory. Free it in either case. */
int batch_queue_supply_begin(batch_queue_supply *supply, queue *q, const batch_manifest *manifest,
                             batch_plan *plan, batch_progress *progress, size_t jobs);
void batch_queue_supply_free(batch_queue_supply *supply);

#endif
