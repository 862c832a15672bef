#include "batch/queue_supply.h"

#include "base/clock.h"
#include "batch/alike.h"
#include "batch/why.h"
#include "output.h"

#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

/* For each call this number of lines is claimed: the line under way, and the next one. */
#define AHEAD      2
#define LOOK_MS    1000
#define POLL_MS    100
#define FINISH_MS  30000
#define TOLD_NAMES 1
/* The pause before the first retry of a line, which doubles with each retry. */
#define PAUSE_MS      ((int64_t)5000)
#define MOST_PAUSE_MS ((int64_t)300000)
#define TAKEN_AT_ONCE 64

/* ---- the budget ------------------------------------------------------------------------------ */

double batch_line_cost(const queue_sum *spent)
{
    return spent->lines ? spent->cost / (double)spent->lines : 0;
}

double batch_budget_used(const batch_manifest *manifest, const queue_sum *spent)
{
    return manifest->paid + spent->cost;
}

bool batch_budget_is_spent(double budget, double used, double line_cost)
{
    return budget > 0 && (used >= budget || used + line_cost > budget);
}

static batch_queue_supply *work_of(batch_supply *supply)
{
    return (batch_queue_supply *)supply;
}

/* ---- lines that are claimed ------------------------------------------------------------------ */

static void free_slot(batch_queue_supply *work, size_t slot)
{
    work->lines[slot] = (claimed_line){.used = false};
    work->unused[work->n_unused++] = slot;
}

static void keep_claim(batch_queue_supply *work, const queue_claim *claim)
{
    size_t slot = work->unused[--work->n_unused];
    work->lines[slot] = (claimed_line){.claim = *claim, .used = true};
    work->ready[(work->first_ready + work->n_ready++) % work->slots] = slot;
}

/* Claim lines in advance. At most `jobs` lines wait for a call. */
static void take_more(batch_queue_supply *work)
{
    queue_claim claims[TAKEN_AT_ONCE];
    size_t room = work->jobs > work->n_ready ? work->jobs - work->n_ready : 0;
    if (room > work->n_unused) room = work->n_unused;
    while (room) {
        size_t most = room < TAKEN_AT_ONCE ? room : TAKEN_AT_ONCE;
        size_t n = queue_take(work->queue, claims, most);
        for (size_t i = 0; i < n; i++) keep_claim(work, &claims[i]);
        room -= n;
        if (n < most) return;
    }
}

static void give_back_ready(batch_queue_supply *work)
{
    for (; work->n_ready; work->n_ready--) {
        size_t slot = work->ready[work->first_ready];
        work->first_ready = (work->first_ready + 1) % work->slots;
        queue_let_go(work->queue, &work->lines[slot].claim, 0);
        free_slot(work, slot);
    }
}

/* ---- the state of the job -------------------------------------------------------------------- */

/* Show the progress of the whole job, and not only of this worker. */
static void note_job(batch_queue_supply *work)
{
    const queue_counts *counts = &work->counts;
    uint64_t failed = work->spent.failed > 0 ? (uint64_t)work->spent.failed : 0;
    if (failed > counts->finished) failed = counts->finished;
    work->job = (batch_totals){.done = counts->finished - failed,
                               .failed = failed,
                               .cost = work->spent.cost,
                               .input_tokens = work->spent.input_tokens,
                               .output_tokens = work->spent.output_tokens,
                               .unpriced = work->own.unpriced};
    work->progress->total = work->manifest->lines;
}

static void share_limits(batch_queue_supply *work, int64_t now)
{
    queue_worker some[TOLD_NAMES];
    const batch_limits *limits = &work->limits;
    work->workers = queue_workers(work->queue, some, TOLD_NAMES);
    if (!work->workers) work->workers = 1;
    double workers = (double)work->workers;
    batch_gate_set(&work->requests, (double)limits->requests_per_minute / workers, now);
    batch_gate_set(&work->tokens, (double)limits->tokens_per_minute / workers, now);
}

static void fail(batch_queue_supply *work, const beluga_error *err)
{
    if (!work->failure.code) work->failure = *err;
}

static void note_failure(batch_queue_supply *work)
{
    beluga_error err;
    if (!queue_failed(work->queue, &err)) return;
    if (err.code == BELUGA_ERROR_NOT_FOUND)
        work->removed = true;
    else
        fail(work, &err);
}

static void read_terms(batch_queue_supply *work)
{
    char terms[QUEUE_TERMS_BYTES];
    work->limits = work->manifest->limits;
    if (queue_terms(work->queue, terms)) batch_limits_take(&work->limits, terms);
}

/* A job that was created with a budget is not worked on without prices (worker.c), but its budget
 * may have come later. */
static void check_price(batch_queue_supply *work)
{
    beluga_error err;
    if (!(work->limits.budget > 0) || work->manifest->limits.budget > 0 || !work->own.unpriced)
        return;
    beluga_error_set(&err, BELUGA_ERROR_INVALID_CONFIG,
                     "the job has a budget, but the price of its model is not known here: give "
                     "this worker a list of prices with -o prices=FILE");
    fail(work, &err);
}

static void stay(batch_queue_supply *work, bool is_spent)
{
    if (is_spent && !work->is_spent) {
        batch_progress_hide(work->progress);
        out_note("the job's budget of $%.6g is spent; waiting for a larger one because of --stay",
                 work->limits.budget);
    }
    work->is_spent = is_spent;
}

static bool is_over_budget(const batch_queue_supply *work)
{
    return batch_budget_is_spent(work->limits.budget,
                                 batch_budget_used(work->manifest, &work->spent),
                                 batch_line_cost(&work->spent));
}

static void check_budget(batch_queue_supply *work)
{
    beluga_error err;
    bool is_spent = is_over_budget(work);
    check_price(work);
    if (work->stays) {
        stay(work, is_spent);
    } else if (is_spent) {
        beluga_error_set(
            &err, BELUGA_ERROR_BUDGET_EXCEEDED,
            "the job's budget of $%.6g is spent (all workers and earlier runs together "
            "have used $%.6g)",
            work->limits.budget, batch_budget_used(work->manifest, &work->spent));
        fail(work, &err);
    }
}

static void look_now(batch_queue_supply *work, int64_t now)
{
    work->looked_ms = now;
    queue_count(work->queue, &work->counts, 0);
    work->knows = queue_spent(work->queue, &work->spent);
    read_terms(work);
    share_limits(work, now);
    note_job(work);
    note_failure(work);
    check_budget(work);
}

static void look(batch_queue_supply *work, int64_t now)
{
    if (!work->knows || now - work->looked_ms >= LOOK_MS) look_now(work, now);
}

/* Returns whether nobody knows yet what a line costs. Then each worker asks one line alone: all of
 * its -j calls could use many times the budget, or the tokens of many minutes. */
static bool is_first(const batch_queue_supply *work)
{
    return !work->spent.lines && (work->limits.budget > 0 || work->limits.tokens_per_minute > 0);
}

/* Add what this worker has spent since it last looked: a fast worker could spend many times the
 * budget in the meantime. The terms are read again, since they may allow more by now, and the
 * number of workers before the first calls that are more than one. */
static void watch_budget(batch_queue_supply *work)
{
    bool first = is_first(work);
    if (!first && !(work->limits.budget > 0)) return;
    queue_spent(work->queue, &work->spent);
    if (first || is_over_budget(work)) look_now(work, beluga__now_ms());
}

static void hear(batch_queue_supply *work)
{
    char news[QUEUE_NEWS_BYTES];
    queue_outcome outcome;
    while (queue_next_outcome(work->queue, &outcome)) work->doubled += !outcome.ours;
    while (queue_news(work->queue, news)) {
        batch_progress_hide(work->progress);
        out_note("%s", news);
    }
}

/* ---- claiming -------------------------------------------------------------------------------- */

/* Returns whether the calls under way may use up the budget. The same number of calls is assumed
 * for each worker. */
static bool is_nearly_spent(const batch_queue_supply *work, size_t running)
{
    double budget = work->limits.budget;
    double under_way = (double)running * (double)work->workers;
    return budget > 0 && batch_budget_used(work->manifest, &work->spent) +
                                 batch_line_cost(&work->spent) * under_way >=
                             budget;
}

static double line_tokens(const queue_sum *spent)
{
    double tokens = (double)spent->input_tokens + (double)spent->output_tokens;
    return spent->lines ? tokens / (double)spent->lines : 0;
}

static bool is_held_up(batch_queue_supply *work, size_t running, int64_t now)
{
    int64_t most = work->limits.max_concurrent_calls;
    size_t share = most > 0 ? (size_t)most / work->workers : 0;
    if (most > 0 && running >= (share ? share : 1)) return true;
    /* At most -j results may still be unconfirmed by the queue, since they would be lost if this
     * worker died. */
    if (running + queue_unconfirmed(work->queue) >= work->jobs) return true;
    if (running && (is_first(work) || is_nearly_spent(work, running))) return true;
    return !batch_gate_is_open(&work->requests, now) || !batch_gate_is_open(&work->tokens, now);
}

static batch_claimed wait_for_lines(batch_queue_supply *work, size_t running, int64_t now)
{
    if (queue_is_over(&work->counts)) return BATCH_CLAIM_END;
    if (running) work->busy_ms = now;
    if (!work->idle_ms || now - work->busy_ms < work->idle_ms) return BATCH_CLAIM_LATER;
    work->was_idle = true;
    return BATCH_CLAIM_END;
}

/* Unpack a line, and find its columns, which are a part of each parcel. */
static int unpack(batch_queue_supply *work, const queue_claim *from, batch_claim *claim)
{
    char why[BATCH_FAULT_BYTES];
    batch_record *record = &claim->record;
    if (batch_parcel_open(&work->parcel, from->line, from->bytes, from->length, record) != 0)
        return -1;
    claim->repeated = work->parcel.repeated;
    if (from->tries > BATCH_MOST_DELIVERIES)
        batch_say_why(
            record->fault,
            "%u workers took this line, and none returned a result: the line may crash workers",
            from->tries - 1);
    else if (!*record->fault && batch_plan_columns(work->plan, why) != 0)
        batch_say_why(record->fault, "%s", why);
    return 0;
}

static batch_claimed begin_line(batch_queue_supply *work, batch_claim *claim, int64_t now)
{
    beluga_error err;
    size_t slot = work->ready[work->first_ready];
    claimed_line *line = &work->lines[slot];
    if (unpack(work, &line->claim, claim) != 0) {
        beluga_error_set(&err, BELUGA_ERROR_NO_MEMORY, "out of memory");
        fail(work, &err);
        return BATCH_CLAIM_FAILED;
    }
    work->first_ready = (work->first_ready + 1) % work->slots;
    work->n_ready--;
    line->begun = true;
    line->tokens = line_tokens(&work->spent);
    claim->ticket = slot;
    work->busy_ms = now;
    batch_gate_pass(&work->requests, 1);
    batch_gate_pass(&work->tokens, line->tokens);
    return BATCH_CLAIM_LINE;
}

/* Return the lines without a call, so that the gatherer sees that nobody works on them, and claim
 * no more. */
static batch_claimed wait_for_budget(batch_queue_supply *work, size_t running, int64_t now)
{
    queue_claim none;
    give_back_ready(work);
    queue_take(work->queue, &none, 0);
    return wait_for_lines(work, running, now);
}

static batch_claimed claim_line(batch_supply *supply, size_t running, batch_claim *claim)
{
    batch_queue_supply *work = work_of(supply);
    int64_t now = beluga__now_ms();
    if (work->failure.code) return BATCH_CLAIM_FAILED;
    /* Results that will never be confirmed would otherwise hold up the end. */
    if (work->removed) return BATCH_CLAIM_END;
    if (!work->knows) return wait_for_lines(work, running, now);
    if (work->is_spent) return wait_for_budget(work, running, now);
    if (is_held_up(work, running, now)) return BATCH_CLAIM_HOLD;
    if (work->n_ready <= work->jobs / 2) take_more(work);
    return work->n_ready ? begin_line(work, claim, now) : wait_for_lines(work, running, now);
}

/* ---- results --------------------------------------------------------------------------------- */

static int extend(batch_supply *supply, bool stopping)
{
    batch_queue_supply *work = work_of(supply);
    queue_extend(work->queue);
    hear(work);
    look(work, beluga__now_ms());
    if (stopping) give_back_ready(work);
    return 0;
}

/* The pause before the next try: 5 s, 10 s, 20 s and so on. */
static int64_t pause_of(unsigned tries)
{
    int64_t ms = PAUSE_MS;
    while (tries-- > 1 && ms < MOST_PAUSE_MS) ms *= 2;
    return ms < MOST_PAUSE_MS ? ms : MOST_PAUSE_MS;
}

static void count(batch_queue_supply *work, const batch_entry *entry)
{
    const queue_sum sum = {.cost = entry->cost > 0 ? entry->cost : 0,
                           .lines = 1,
                           .failed = entry->failed,
                           .input_tokens = entry->input_tokens > 0 ? entry->input_tokens : 0,
                           .output_tokens = entry->output_tokens > 0 ? entry->output_tokens : 0};
    batch_totals_add(&work->own, entry);
    batch_gate_pass(&work->tokens, (double)sum.input_tokens + (double)sum.output_tokens);
    queue_spend(work->queue, &sum);
    watch_budget(work);
}

/* Return a line to the queue, if its failure may have a cause outside the line and it has not
 * failed BATCH_MOST_TRIES times. Otherwise the failure becomes its result. */
static bool hand_back(batch_queue_supply *work, claimed_line *line, const batch_entry *entry)
{
    unsigned tries = line->claim.tries;
    if (!entry->outside || tries >= BATCH_MOST_TRIES) return false;
    queue_let_go(work->queue, &line->claim, pause_of(tries));
    line->used = false;
    work->returned++;
    return true;
}

static int put_once(batch_supply *supply, uint64_t ticket, const batch_entry *entry,
                    const char *text, size_t n)
{
    beluga_error err;
    batch_queue_supply *work = work_of(supply);
    claimed_line *line = &work->lines[ticket];
    /* begin_line has counted the first request */
    if (entry->requests > 1) batch_gate_pass(&work->requests, entry->requests - 1);
    if (hand_back(work, line, entry)) return 0;
    int rc = queue_put_once(work->queue, &line->claim, text, n);
    if (rc != 0) {
        beluga_error_set(&err, rc, "the result of line %" PRIu64 " can't be stored in the queue",
                         entry->line);
        fail(work, &err);
        return -1;
    }
    line->used = false;
    count(work, entry);
    return 0;
}

/* Release a line. If it has no result, return its claim, so that another worker gets the line at
 * once. */
static void done(batch_supply *supply, uint64_t ticket, bool put)
{
    batch_queue_supply *work = work_of(supply);
    (void)put;
    batch_gate_pass(&work->tokens, -work->lines[ticket].tokens); /* count() took the real number */
    if (work->lines[ticket].used) queue_let_go(work->queue, &work->lines[ticket].claim, 0);
    free_slot(work, ticket);
}

static void finish(batch_supply *supply)
{
    beluga_error err;
    batch_queue_supply *work = work_of(supply);
    int64_t until = beluga__now_ms() + FINISH_MS;
    give_back_ready(work);
    while (queue_unconfirmed(work->queue) && !queue_failed(work->queue, &err) &&
           beluga__now_ms() < until) {
        struct pollfd ready = {.fd = supply->fd, .events = POLLIN};
        poll(&ready, 1, POLL_MS);
        queue_extend(work->queue);
        hear(work);
    }
    hear(work);
    work->looked_ms = 0;
    look(work, beluga__now_ms());
}

/* ---- life ------------------------------------------------------------------------------------ */

static int make_slots(batch_queue_supply *work)
{
    work->slots = AHEAD * work->jobs + BATCH_MOST_ALIKE;
    work->lines = calloc(work->slots, sizeof *work->lines);
    work->ready = calloc(work->slots, sizeof *work->ready);
    work->unused = calloc(work->slots, sizeof *work->unused);
    if (!work->lines || !work->ready || !work->unused) return -1;
    for (size_t i = 0; i < work->slots; i++) work->unused[work->n_unused++] = i;
    return 0;
}

int batch_queue_supply_begin(batch_queue_supply *work, queue *q, const batch_manifest *manifest,
                             batch_plan *plan, batch_progress *progress, size_t jobs)
{
    static const batch_supply_ops ops = {claim_line, extend, put_once, done, finish};
    *work = (batch_queue_supply){.base = {.ops = &ops, .fd = queue_fd(q)},
                                 .queue = q,
                                 .manifest = manifest,
                                 .limits = manifest->limits,
                                 .plan = plan,
                                 .progress = progress,
                                 .jobs = jobs,
                                 .workers = 1,
                                 .busy_ms = beluga__now_ms()};
    work->parcel.reader = (batch_reader){
        .format = manifest->layout.format, .headless = manifest->layout.headless, .fd = -1};
    plan->reader = &work->parcel.reader;
    return make_slots(work);
}

void batch_queue_supply_free(batch_queue_supply *work)
{
    batch_parcel_free(&work->parcel);
    free(work->lines);
    free(work->ready);
    free(work->unused);
    work->lines = NULL;
    work->ready = work->unused = NULL;
}
