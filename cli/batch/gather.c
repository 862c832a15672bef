#include "batch/gather.h"

#include "base/clock.h"
#include "base/mix.h"
#include "batch/parcel.h"
#include "batch/queue_supply.h"
#include "batch/signals.h"
#include "batch/why.h"
#include "exit.h"
#include "output.h"
#include "report.h"

#include <beluga/provider/json.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Number of lines to put into the queue, and of results to collect, before switching to the other
 * task. */
#define PUT_AT_ONCE     256
#define COLLECT_AT_ONCE 1024
#define WAIT_MS         100
#define MARK_MS         5000
#define LAST_WAIT_MS    2000
#define SPENT_MS        3000
#define MOST_WORKERS    64
#define SEAL_MS         300000
#define SEAL_PAUSE_MS   1000
#define LOST_MS         15000

static int report(const batch_gatherer *c, const beluga_error *err)
{
    return report_error(c->args, err, NULL);
}

static void hear(batch_gatherer *c);

/* Called while the queue waits: for a server, or for room in it. The user is told meanwhile. */
static bool is_stopped(void *payload)
{
    batch_gatherer *c = payload;
    int64_t now = beluga__now_ms();
    if (c->runs && now - c->heard_ms >= WAIT_MS) hear(c);
    return batch_signals_seen();
}

/* ---- finding the job ------------------------------------------------------------------------- */

static int refuse(const batch_gatherer *c, const char *what)
{
    out_error("the job %s at %s %s: choose another job name, or remove this job with beluga batch "
              "--remove %s",
              queue_job(c->queue), queue_where(c->queue), what, queue_where(c->queue));
    return CLI_EXIT_USAGE;
}

/* Check that the existing job has the same lines as this run, since the lines of a job never
 * change. */
static int check_lines(const batch_gatherer *c)
{
    const batch_manifest *m = &c->found;
    bool same = strcmp(m->id, c->mark.id) == 0;
    if (c->args->retry_failed)
        return out_usage("--retry-failed: the job %s is not finished; collect its results without "
                         "this option first",
                         queue_job(c->queue));
    if (m->there + m->lines != c->survey->wanted)
        return refuse(c, "was begun with another --limit");
    if (!same && m->there) return refuse(c, "was begun for another output that already had lines");
    return 0;
}

static int check_found(batch_gatherer *c, const char *json, size_t n)
{
    batch_difference difference;
    if (batch_manifest_read(&c->found, json, n) != 0)
        return refuse(c, "was made by another version of beluga");
    batch_manifest_compare(&c->found, c->facts, &difference);
    if (difference.kind != BATCH_SAME) return refuse(c, difference.text);
    int rc = check_lines(c);
    if (rc) return rc;
    if (strcmp(c->found.id, c->mark.id) != 0) {
        c->mark = (batch_mark){.position = 0};
        strcpy(c->mark.id, c->found.id);
    }
    c->joined = true;
    return 0;
}

int batch_gather_find(batch_gatherer *c)
{
    beluga_error err;
    const char *json;
    size_t n;
    const queue_settings settings = {
        .address = c->args->queue, .stopped = is_stopped, .payload = c};
    batch_mark_read(c->out, &c->mark);
    if (queue_open(&settings, &c->queue, &err) != 0) return report(c, &err);
    int rc = queue_join(c->queue, &json, &n, &err);
    if (rc == BELUGA_ERROR_NOT_FOUND) return 0;
    return rc ? report(c, &err) : check_found(c, json, n);
}

/* ---- making it ------------------------------------------------------------------------------- */

static void name_job(batch_mark *mark)
{
    *mark = (batch_mark){.position = 0};
    snprintf(mark->id, sizeof mark->id, "%016" PRIx64 "%016" PRIx64, beluga__seed(),
             beluga__seed());
}

static uint64_t count_done(const batch_gatherer *c)
{
    return c->output->totals.done + c->output->totals.failed;
}

static uint64_t count_left(const batch_gatherer *c)
{
    return c->survey->wanted - batch_output_count(c->output, c->survey->last_wanted);
}

static int make_job(const batch_gatherer *c, const cli_text *json)
{
    bool made;
    beluga_error err;
    if (queue_create(c->queue, json->data, json->length, &made, &err) != 0) return report(c, &err);
    if (made) return 0;
    out_error("somebody else has just created the job %s: choose another name, or give the same "
              "command again to join that job",
              queue_job(c->queue));
    return CLI_EXIT_USAGE;
}

/* Create the job. The mark (mark.h) is written first: if this process dies after it has created the
 * job, the next run recognises the job by the id in the mark. */
static int create(batch_gatherer *c)
{
    cli_text json = {0};
    name_job(&c->mark);
    c->made.id = c->mark.id;
    c->made.lines = count_left(c);
    c->made.there = c->survey->wanted - c->made.lines;
    c->made.paid = c->output->totals.cost;
    int rc = batch_manifest_write(&c->made, c->facts, &json) ? out_no_memory() : 0;
    if (rc == 0) rc = batch_mark_write(c->out, &c->mark);
    if (rc == 0) rc = make_job(c, &json);
    text_free(&json);
    return rc;
}

static const batch_manifest *job_manifest(const batch_gatherer *c)
{
    return c->joined ? &c->found : &c->made;
}

static uint64_t job_lines(const batch_gatherer *c)
{
    return job_manifest(c)->lines;
}

/* Let the workers of an existing job use the limits of this command. */
static int set_terms(batch_gatherer *c)
{
    cli_text json = {0};
    beluga_error err;
    c->limits = job_manifest(c)->limits;
    if (!c->joined) return 0;
    int rc = batch_limits_write(&c->made.limits, &json) ? out_no_memory() : 0;
    if (rc == 0) batch_limits_take(&c->limits, text_get(&json));
    if (rc == 0 && queue_set_terms(c->queue, text_get(&json), &err) != 0) rc = report(c, &err);
    text_free(&json);
    return rc;
}

/* ---- putting lines --------------------------------------------------------------------------- */

static int stop(batch_gatherer *c, const beluga_error *err)
{
    if (err->code == BELUGA_ERROR_CONTEXT_CANCELED)
        c->interrupted = true;
    else if (!c->error.code)
        c->error = *err;
    return -1;
}

static int stop_without_memory(batch_gatherer *c)
{
    beluga_error err;
    beluga_error_set(&err, BELUGA_ERROR_NO_MEMORY, "out of memory");
    return stop(c, &err);
}

/* Pack a line. A row of a CSV becomes longer by the escapes of JSON, and may then be too long for
 * the queue: a fault takes its place, which becomes the line's result. */
static int pack_line(const batch_gatherer *c, const batch_claim *claim, cli_text *text)
{
    batch_record record = claim->record;
    int rc = batch_parcel_pack(c->reader, &record, claim->repeated, text);
    bool fits = rc == 0 && text->length <= QUEUE_MAX_BYTES;
    if (fits || (rc != 0 && rc != BELUGA_ERROR_LIMIT_EXCEEDED)) return rc;
    beluga__buf_clear(text_begin(text));
    batch_say_why(record.fault, "it is longer than the %zu MiB that a queue can keep of a line",
                  QUEUE_MAX_BYTES >> 20);
    return batch_parcel_pack(c->reader, &record, claim->repeated, text);
}

static int put_line(batch_gatherer *c, const batch_claim *claim)
{
    cli_text text = {0};
    beluga_error err;
    int rc = pack_line(c, claim, &text);
    if (rc != 0)
        stop_without_memory(c);
    else if (queue_put(c->queue, claim->record.line, text.data, text.length, &err) != 0)
        rc = stop(c, &err);
    text_free(&text);
    return rc;
}

/* Returns whether this error may be temporary. A cluster that has just lost a server has no leader
 * for some seconds, and reports various errors. */
static bool may_pass(int code)
{
    return code == BELUGA_ERROR_NOT_SUPPORTED || code == BELUGA_ERROR_NETWORK ||
           code == BELUGA_ERROR_TIMEOUT || code == BELUGA_ERROR_INTERNAL;
}

/* Seal the job, after which it accepts no more lines. After a temporary failure, later turns of the
 * loop try again while they collect results. */
static int seal(batch_gatherer *c)
{
    beluga_error err;
    int64_t now = beluga__now_ms();
    if (now < c->seal_ms) return 0;
    c->sealed = queue_seal(c->queue, job_lines(c), &err) == 0;
    if (c->sealed) return 0;
    if (!c->seal_until_ms) c->seal_until_ms = now + SEAL_MS;
    if (!may_pass(err.code) || now > c->seal_until_ms) return stop(c, &err);
    c->seal_ms = now + SEAL_PAUSE_MS;
    return 0;
}

/* Put the next lines into the queue, and seal the job after the last one. @return 0, or -1 to end
 * the run. */
static int put_some(batch_gatherer *c)
{
    batch_supply *lines = &c->lines.base;
    batch_claim claim;
    for (int i = 0; i < PUT_AT_ONCE && !c->sealed; i++) {
        int rc = 0;
        switch (lines->ops->claim(lines, 0, &claim)) {
        case BATCH_CLAIM_LINE: rc = put_line(c, &claim); break;
        case BATCH_CLAIM_END: return seal(c);
        case BATCH_CLAIM_FAILED: return -1;
        case BATCH_CLAIM_SOON:
        case BATCH_CLAIM_LATER:
        case BATCH_CLAIM_HOLD: return 0;
        }
        if (rc != 0) return rc;
    }
    return 0;
}

/* ---- collecting results ---------------------------------------------------------------------- */

/* Remember the first failure for the summary: its cause is often that of all others. */
static void note_failure(batch_gatherer *c, const queue_result *result)
{
    beluga_json_doc *doc = NULL;
    if (c->failure.code || beluga_json_parse(result->bytes, result->length, &doc, NULL) != 0)
        return;
    const beluga_json *error = beluga_json_get(beluga_json_doc_root(doc), "error");
    const char *name = beluga_json_get_string(error, "code", NULL);
    const char *message = beluga_json_get_string(error, "message", NULL);
    if (name && message)
        beluga_error_set(&c->failure, beluga_error_code_from_name(name), "%s", message);
    beluga_json_doc_free(doc);
}

/* Write a result to the output. If the output already has a result of this line, an earlier run
 * wrote it before it was killed. */
static int keep_result(batch_gatherer *c, const queue_result *result)
{
    batch_entry entry;
    bool good = batch_entry_read(result->bytes, result->length, &entry);
    if (!good || entry.line != result->line || entry.line > c->output->max_line) {
        c->unreadable +=
            result->line <= c->output->max_line && !batch_output_has(c->output, result->line);
        out_warning("the queue's result of line %" PRIu64 " can't be read, and is skipped",
                    result->line);
        return 0;
    }
    /* The mark must not pass a result that can't be read, so that the next run reads this result
     * again. */
    if (!c->unreadable) c->mark.position = result->position;
    if (batch_output_has(c->output, entry.line)) return 0;
    if (entry.failed) note_failure(c, result);
    return batch_output_add(c->output, &entry, result->bytes, result->length);
}

static void pass_over(batch_gatherer *c, const beluga_error *err)
{
    c->unreadable++;
    batch_progress_hide(c->progress);
    out_warning("%s", err->message);
}

/* @return the number of results; -1 to end the run. */
static int collect_some(batch_gatherer *c, int64_t wait_ms)
{
    beluga_error err;
    queue_result result;
    for (int n = 0; n < COLLECT_AT_ONCE; n++) {
        int rc = queue_next_result(c->queue, c->written.position, &result, n ? 0 : wait_ms, &err);
        if (rc == 0) return n;
        if (rc == BELUGA_ERROR_MALFORMED_RESPONSE)
            pass_over(c, &err);
        else if (rc != 1)
            return stop(c, &err);
        else if (keep_result(c, &result) != 0)
            return -1;
    }
    return COLLECT_AT_ONCE;
}

/* Write the mark, but only after the results before it are durable. */
static int write_mark(batch_gatherer *c, bool now)
{
    int64_t at = beluga__now_ms();
    if (c->mark.position == c->written.position || (!now && at - c->marked_ms < MARK_MS)) return 0;
    if (batch_output_sync(c->output, true) != 0) return -1;
    c->mark.lines = count_done(c);
    c->code = batch_mark_write(c->out, &c->mark);
    if (c->code) return -1;
    c->written = c->mark;
    c->marked_ms = at;
    return 0;
}

/* ---- the run --------------------------------------------------------------------------------- */

static void hear(batch_gatherer *c)
{
    char news[QUEUE_NEWS_BYTES];
    c->heard_ms = beluga__now_ms();
    while (queue_news(c->queue, news)) {
        batch_progress_hide(c->progress);
        out_note("%s", news);
    }
    queue_count(c->queue, &c->counts, 0);
    queue_spent(c->queue, &c->spent);
    batch_progress_show(c->progress, &c->output->totals);
}

/* Return whether a connected worker has claimed lines. The counts in the queue can't show this,
 * since the lines of a worker that was killed stay claimed until another worker takes them. */
static bool is_worked_on(batch_gatherer *c)
{
    queue_worker workers[MOST_WORKERS];
    size_t in_flight = 0, n = queue_workers(c->queue, workers, MOST_WORKERS);
    for (size_t i = 0; i < n && i < MOST_WORKERS; i++) in_flight += workers[i].in_flight;
    return in_flight != 0 || n > MOST_WORKERS;
}

/* Return whether the budget is spent. The remaining lines are then sent only after a restart with a
 * larger budget. */
static bool is_spent(batch_gatherer *c)
{
    double budget = c->limits.budget, used = batch_budget_used(job_manifest(c), &c->spent);
    if (!batch_budget_is_spent(budget, used, batch_line_cost(&c->spent))) return false;
    if (beluga__now_ms() - c->came_ms < SPENT_MS || is_worked_on(c)) return false;
    beluga_error_set(
        &c->error, BELUGA_ERROR_BUDGET_EXCEEDED,
        "the budget of $%.6g is spent (all workers and earlier runs together have used $%.6g): the "
        "same command with a larger --budget continues; workers without --stay must be started "
        "again",
        budget, used);
    return true;
}

/* Return whether the result of every remaining line is unreadable. */
static bool is_stuck(batch_gatherer *c)
{
    if (!c->unreadable || count_left(c) > c->unreadable) return false;
    beluga_error_set(&c->error, BELUGA_ERROR_MALFORMED_RESPONSE,
                     "the job is finished, but %" PRIu64
                     " of its results can't be read: run beluga batch --remove %s, and then this "
                     "command again to ask these lines again",
                     count_left(c), queue_where(c->queue));
    return true;
}

/* Return whether some lines are neither waiting nor claimed, and have no result. Counts that are
 * just being updated can say so as well. */
static bool seems_lost(const batch_gatherer *c, const queue_counts *counts)
{
    bool idle = !counts->waiting && !counts->claimed;
    return counts->put < job_lines(c) || (idle && counts->finished < job_lines(c));
}

/* Return whether lines or results were deleted from the queue, for which this run would wait
 * without end. */
static bool is_lost(batch_gatherer *c)
{
    queue_counts counts;
    int64_t now = beluga__now_ms();
    if (!seems_lost(c, &c->counts)) c->whole_ms = now;
    if (now - c->whole_ms < LOST_MS || now - c->came_ms < LOST_MS) return false;
    c->whole_ms = now;
    if (!queue_count(c->queue, &counts, LAST_WAIT_MS) || !seems_lost(c, &counts)) return false;
    beluga_error_set(
        &c->error, BELUGA_ERROR_NOT_FOUND,
        "lines or results of the job %s were deleted from its queue: run beluga batch "
        "--remove %s, and then this command again to ask the lines that have no result",
        queue_job(c->queue), queue_where(c->queue));
    return true;
}

static bool can_end(batch_gatherer *c)
{
    return c->sealed && (is_spent(c) || is_stuck(c) || is_lost(c));
}

static int take_turn(batch_gatherer *c)
{
    if (!c->sealed && put_some(c) != 0) return -1;
    int n = collect_some(c, c->sealed || c->seal_ms ? WAIT_MS : 0);
    if (n > 0) c->came_ms = beluga__now_ms();
    if (n < 0 || batch_output_sync(c->output, false) != 0 || write_mark(c, false) != 0) return -1;
    hear(c);
    if (batch_signals_seen()) c->interrupted = true;
    return c->interrupted || (n == 0 && can_end(c)) ? -1 : 0;
}

static void go(batch_gatherer *c)
{
    queue_counts counts;
    batch_file_supply_begin(&c->lines, c->reader, c->survey, c->output);
    if (c->joined && queue_count(c->queue, &counts, LAST_WAIT_MS)) c->sealed = counts.lines != 0;
    /* If the output has fewer lines than when the mark was written, collect all results again. */
    if (count_done(c) < c->mark.lines) c->mark.position = 0;
    c->written.position = c->mark.position;
    c->came_ms = c->whole_ms = beluga__now_ms();
    c->runs = true;
    while ((!c->sealed || count_left(c)) && take_turn(c) == 0) continue;
    c->runs = false;
    batch_output_sync(c->output, true);
    if (!c->output->error) write_mark(c, true);
}

int batch_gather_run(batch_gatherer *c)
{
    batch_signals before;
    int rc = 0;
    if (!c->joined && !count_left(c)) return 0;
    if (!c->joined) rc = create(c);
    if (rc == 0 && c->joined) rc = batch_mark_write(c->out, &c->mark);
    if (rc == 0) rc = set_terms(c);
    if (rc) return rc;
    batch_signals_watch(&before);
    go(c);
    batch_signals_unwatch(&before);
    batch_progress_hide(c->progress);
    if (c->interrupted)
        out_note("the job %s stays in its queue, and workers continue it", queue_job(c->queue));
    return 0;
}

/* ---- the end --------------------------------------------------------------------------------- */

void batch_gather_end(batch_gatherer *c)
{
    beluga_error err;
    if (queue_remove(c->queue, &err) != 0 && err.code != BELUGA_ERROR_NOT_FOUND) {
        out_warning("the job %s could not be removed (%s): run beluga batch --remove %s later",
                    queue_job(c->queue), err.message, queue_where(c->queue));
        return;
    }
    batch_mark_remove(c->out);
}

void batch_gather_free(batch_gatherer *c)
{
    queue_free(c->queue);
    batch_manifest_free(&c->found);
    c->queue = NULL;
}
