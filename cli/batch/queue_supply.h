/* A worker's supply: claims lines of a shared batch from its queue (queue/queue.h). */
#ifndef BELUGA_CLI_BATCH_QUEUE_SUPPLY_H
#define BELUGA_CLI_BATCH_QUEUE_SUPPLY_H

#include "batch/gate.h"
#include "batch/item.h"
#include "batch/manifest.h"
#include "batch/parcel.h"
#include "batch/progress.h"
#include "batch/supply.h"
#include "queue/queue.h"

/* If a line fails for a reason outside the line, the workers send it this many times altogether
 * before the failure becomes its result. */
#define BATCH_MOST_TRIES 5
/* A line that workers have claimed this many times without a result is not sent again, since it may
 * crash every worker. The number is larger than BATCH_MOST_TRIES, because claims that were returned
 * without a call count, too. */
#define BATCH_MOST_DELIVERIES 20

/* A line that this worker has claimed. */
typedef struct claimed_line {
    queue_claim claim;
    double tokens; /* taken from the limit of tokens when its call began */
    bool used, begun;
} claimed_line;

typedef struct batch_queue_supply {
    batch_supply base;
    /* all borrowed */
    queue *queue;
    const batch_manifest *manifest;
    batch_plan *plan; /* its columns are set anew for each claimed line */
    batch_progress *progress;
    batch_parcel parcel;
    size_t jobs;
    int64_t idle_ms; /* the run ends after this time without a line; 0: never */
    /* `lines` has `slots` items. `ready` has the indices of claimed lines without a call, `unused`
     * those of free items */
    claimed_line *lines;
    size_t *ready, *unused;
    size_t slots, n_ready, first_ready, n_unused;
    batch_limits limits; /* the latest limits of the job */
    batch_gate requests, tokens;
    bool stays;     /* if the budget is spent, the worker waits for a larger one */
    bool is_spent;  /* it waits */
    size_t workers; /* number of workers that share the limits */
    bool knows;     /* it knows what was spent, and the latest limits; no line is begun before */
    int64_t looked_ms, busy_ms;
    queue_counts counts;
    queue_sum spent;
    batch_totals job; /* totals of the whole job, as far as this worker knows them */
    /* The outcome. */
    batch_totals own;  /* totals of this worker's lines */
    uint64_t returned; /* number of lines that were returned for another try */
    uint64_t doubled;  /* number of results for lines that already had one */
    /* removed: the job no longer exists; was_idle: the run ended after idle_ms */
    bool removed, was_idle;
    beluga_error failure; /* the failure after which no line is claimed; code 0: none */
} batch_queue_supply;

/* Return the average cost of a line. Cost and number come from the same sum, so that workers and
 * the gatherer get the same average. */
double batch_line_cost(const queue_sum *spent);
/* Return what was used of a budget: the cost of this job, and of the results before it. */
double batch_budget_used(const batch_manifest *manifest, const queue_sum *spent);
/* Return whether a budget (0: none) is too small for another line. Workers and the gatherer both
 * use this function, so that they agree. */
bool batch_budget_is_spent(double budget, double used, double line_cost);

/* Begin to claim lines. The plan will use the reader of the supply.
 * @return 0, or -1 if memory runs out. Free the supply in either case. */
int batch_queue_supply_begin(batch_queue_supply *supply, queue *q, const batch_manifest *manifest,
                             batch_plan *plan, batch_progress *progress, size_t jobs);
void batch_queue_supply_free(batch_queue_supply *supply);

#endif
