/*
 * How jobs progress. A job has no timer: each request for a job computes the state that the job has
 * reached by then. The outcomes of its lines are decided in order, so a job costs one pass over its
 * lines.
 */
#include "peer/batch.h"
#include "peer/timer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Fractions of a job's duration: the check ends at CHECKED, all lines are answered at ANSWERED, and
 * cancelling takes STOPPING. */
#define CHECKED  0.2
#define ANSWERED 0.9
#define STOPPING 0.2

bool peer__batch_has_ended(const batch_job *job)
{
    return job->state >= JOB_COMPLETED;
}

size_t peer__batch_failed(const batch_job *job)
{
    return job->settled - job->counts[LINE_ANSWERED];
}

/* ---- lines ----------------------------------------------------------------------------------- */

static void set_outcome(batch_job *job, batch_line *line, batch_outcome outcome)
{
    line->outcome = outcome;
    job->counts[outcome]++;
}

/* Decide the outcome of a line. If memory runs out, the line fails with status 500. */
static batch_outcome ask(batches *b, const batch_job *job, batch_line *line)
{
    bytes text = {0};
    bool ok = peer__batch_line_text(line, &text) && peer__put_n(&text, "", 1);
    batch_outcome outcome =
        ok ? peer__batch_decide(b, job, line->text, text.data, text.len - 1) : LINE_BROKEN;
    peer__bytes_free(&text);
    return outcome;
}

/* Gemini returns no results of an expired job, so none of the job's lines is answered. */
static bool expires_whole(const batch_job *job)
{
    return job->expires && job->shape == BATCH_GEMINI;
}

/* Return how many lines are answered before an expiring job ends. */
static size_t answerable(const batch_job *job)
{
    if (expires_whole(job)) return 0;
    return job->expires ? job->n_lines / 2 : job->n_lines;
}

static void settle_until(batches *b, batch_job *job, size_t end)
{
    for (size_t most = answerable(job); job->settled < end && job->settled < most; job->settled++) {
        batch_line *line = &job->lines[job->settled];
        set_outcome(job, line, ask(b, job, line));
    }
}

/* Give all remaining lines the same outcome. Expired lines are counted, too, so that a word with
 * "-once" in their text does not apply again. */
static void settle_rest(batch_job *job, batch_outcome outcome)
{
    for (; job->settled < job->n_lines; job->settled++) {
        batch_line *line = &job->lines[job->settled];
        if (outcome == LINE_EXPIRED && line->text) line->text->asked++;
        set_outcome(job, line, outcome);
    }
}

/* ---- results --------------------------------------------------------------------------------- */

/* Return the numbers of all lines in a random order. */
static size_t *shuffled(batches *b, size_t n)
{
    size_t *order = malloc((n ? n : 1) * sizeof *order);
    if (!order) return NULL;
    for (size_t i = 0; i < n; i++) order[i] = i;
    for (size_t i = n; i > 1; i--) {
        size_t other = (size_t)(peer__batch_random(b) % i), kept = order[i - 1];
        order[i - 1] = order[other];
        order[other] = kept;
    }
    return order;
}

typedef bool take_fn(const batch_job *job, const batch_line *line);

static bool take_all(const batch_job *job, const batch_line *line)
{
    (void)job;
    return line->outcome != LINE_WAITS;
}

static bool take_answered(const batch_job *job, const batch_line *line)
{
    (void)job;
    return line->outcome == LINE_ANSWERED;
}

/* Mistral's pages do not say where lines that were not tried are reported, so they are left out. */
static bool take_failed(const batch_job *job, const batch_line *line)
{
    if (line->outcome == LINE_EXPIRED || line->outcome == LINE_CANCELLED)
        return job->shape != BATCH_MISTRAL;
    return line->outcome != LINE_ANSWERED && line->outcome != LINE_WAITS;
}

/* Write the results of the lines for which `take` returns true; {0} if out of memory. */
static bytes write_results(batches *b, const batch_job *job, take_fn *take)
{
    bytes out = {0};
    size_t *order = shuffled(b, job->n_lines);
    bool ok = order != NULL;
    for (size_t i = 0; ok && i < job->n_lines; i++) {
        const batch_line *line = &job->lines[order[i]];
        if (take(job, line)) ok = peer__batch_put_result(job, line, &out) && peer__put(&out, "\n");
    }
    free(order);
    if (!ok) peer__bytes_free(&out);
    return out;
}

bytes peer__batch_all_results(batches *b, const batch_job *job)
{
    return write_results(b, job, take_all);
}

static const char *file_prefix(batch_shape shape)
{
    if (shape == BATCH_GEMINI) return "batch-" PEER_BATCH_LONG;
    return shape == BATCH_MISTRAL ? "" : "file-";
}

/* Make a file of the results for which `take` returns true, unless there are no such results. */
static void add_file(batches *b, batch_job *job, take_fn *take, const char *end, char *id)
{
    char name[BATCH_ID_SIZE + 32];
    bytes text = write_results(b, job, take);
    if (!text.len) return;
    batch_blob *blob = peer__batch_blob_new(&text);
    batch_file *file = peer__batch_file_add(b, file_prefix(job->shape), job->key, blob);
    if (!file) return;
    snprintf(name, sizeof name, "%s%s", job->id, end);
    file->name = strdup(name);
    file->purpose = strdup("batch_output");
    file->type = strdup("application/jsonl");
    file->is_result = true;
    memcpy(id, file->id, BATCH_ID_SIZE);
}

static void write_files(batches *b, batch_job *job)
{
    if (job->shape == BATCH_ANTHROPIC || job->is_inline || expires_whole(job)) return;
    if (job->shape == BATCH_GEMINI) {
        if (job->state == JOB_COMPLETED) add_file(b, job, take_all, "", job->output);
        return;
    }
    add_file(b, job, take_answered, "_output.jsonl", job->output);
    add_file(b, job, take_failed, "_error.jsonl", job->errors);
}

/* ---- states ---------------------------------------------------------------------------------- */

static void finish(batches *b, batch_job *job, batch_state state)
{
    if (state == JOB_COMPLETED) {
        settle_until(b, job, job->n_lines);
        settle_rest(job, LINE_EXPIRED);
        if (job->counts[LINE_EXPIRED]) state = JOB_EXPIRED;
    } else if (state == JOB_CANCELLED) {
        settle_rest(job, LINE_CANCELLED);
    }
    job->state = state;
    job->ended = time(NULL);
    if (state != JOB_FAILED) write_files(b, job);
}

static double progress(const batches *b, const batch_job *job)
{
    if (b->job_polls) return (double)job->polls / b->job_polls;
    uint64_t passed = peer__now_ns() - job->made_ns;
    return passed >= b->job_ns ? 1 : (double)passed / (double)b->job_ns;
}

static bool has_stopped(const batches *b, const batch_job *job)
{
    if (b->job_polls) return job->polls > job->cancel_polls;
    return (double)(peer__now_ns() - job->cancel_ns) >= STOPPING * (double)b->job_ns;
}

static void run(batches *b, batch_job *job, double done)
{
    double part = (done - CHECKED) / (ANSWERED - CHECKED);
    job->state = done < ANSWERED ? JOB_RUNNING : JOB_FINALIZING;
    settle_until(b, job, part < 1 ? (size_t)(part * (double)job->n_lines) : job->n_lines);
}

void peer__batch_advance(batches *b, batch_job *job)
{
    if (peer__batch_has_ended(job)) return;
    if (job->state == JOB_CANCELLING) {
        if (has_stopped(b, job)) finish(b, job, JOB_CANCELLED);
        return;
    }
    double done = progress(b, job);
    if (done < CHECKED) return;
    if (job->n_problems)
        finish(b, job, JOB_FAILED);
    else if (done < 1)
        run(b, job, done);
    else
        finish(b, job, JOB_COMPLETED);
}

void peer__batch_poll(batches *b, batch_job *job)
{
    job->polls++;
    peer__batch_advance(b, job);
}

void peer__batch_cancel(batches *b, batch_job *job)
{
    peer__batch_advance(b, job);
    if (peer__batch_has_ended(job) || job->state == JOB_CANCELLING) return;
    job->state = JOB_CANCELLING;
    job->cancelling = time(NULL);
    job->cancel_ns = peer__now_ns();
    job->cancel_polls = job->polls;
}
