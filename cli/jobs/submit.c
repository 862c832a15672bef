#include "base/clock.h"
#include "base/hint.h"
#include "batch/alike.h"
#include "batch/estimate.h"
#include "batch/signals.h"
#include "batch/why.h"
#include "jobs/chunk.h"
#include "jobs/jobs.h"
#include "jobs/pass.h"
#include "output.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Estimated length of an answer if nothing is known about it, in tokens. */
#define USUAL_OUTPUT 1000
#define ERROR_BYTES  1024

/* The chunks that are being filled, and the state of creating jobs. A job either answers messages
 * or embeds texts, so there is one chunk for each. */
typedef struct submission {
    batch_jobs *self;
    batch_pass pass;
    batch_chunk chunks[2];
    bool ends;   /* create no more jobs in this round */
    bool halves; /* the server accepts only smaller jobs, so the input is read again, to put its
                  * lines into smaller jobs */
} submission;

/* ---- the cost of a line ---------------------------------------------------------------------- */

static int64_t guess_output(const batch_jobs *self, const batch_item *item)
{
    const batch_totals *t = &self->work->output->totals;
    int64_t most = item->request.max_tokens ? item->request.max_tokens : self->max_tokens;
    int64_t average = t->done && t->output_tokens ? t->output_tokens / (int64_t)t->done + 1 : 0;
    if (item->n_texts) return 0; /* vectors cost no output tokens */
    if (average) return most && most < average ? most : average;
    return most ? most : USUAL_OUTPUT;
}

static double guess_cost(const batch_jobs *self, const batch_item *item)
{
    beluga_usage usage = BELUGA_USAGE_INIT;
    if (!self->price) return 0;
    usage.input_total = batch_estimate_input(item);
    usage.output_total = guess_output(self, item);
    double cost = batch_price_cost(&self->work->prices, self->price, &usage);
    return cost > 0 ? cost : 0;
}

static bool would_pass_budget(const submission *s, double cost)
{
    const batch_jobs *self = s->self;
    double spent = self->work->output->totals.cost + batch_journal_reserved(self->journal);
    double chunks = s->chunks[0].cost + s->chunks[1].cost;
    return self->budget > 0 && spent + chunks + cost > self->budget;
}

/* ---- a chunk --------------------------------------------------------------------------------- */

/* Returns whether a smaller job may succeed. A proxy in front of the service may have a lower limit
 * than the service. And Gemini refuses a job that has more tokens than the account may have waiting
 * as if it were a matter of rate (googleapis/python-genai 1901 and js-genai 1264: 429 without a
 * time to wait, and no job under way). */
static bool may_halve(const batch_jobs *self, uint64_t lines, const beluga_error *err)
{
    uint64_t open_lines;
    bool large = err->code == BELUGA_ERROR_LIMIT_EXCEEDED && err->http_status == 413;
    bool full = err->code == BELUGA_ERROR_RATE_LIMIT && err->retry_after_ms <= 0 && !self->closed &&
                !batch_journal_open_jobs(self->journal, &open_lines);
    return (large || full) && lines > 1;
}

static void halve(submission *s, uint64_t lines, const beluga_error *err)
{
    char line[ERROR_BYTES];
    s->halves = true;
    s->self->most = lines / 2;
    beluga_error_format(err, line, sizeof line);
    out_note("a job of %" PRIu64 " lines %s too large for the server; trying smaller ones: %s",
             lines, err->code == BELUGA_ERROR_RATE_LIMIT ? "may be" : "is", line);
}

/* Wait until the provider accepts jobs again. If it accepts not even one line, the size of the job
 * was not the reason, so that later jobs may be large. */
static void take_full(batch_jobs *self, uint64_t lines, const beluga_error *err)
{
    if (lines <= 1) self->closed = true;
    if (self->closed) self->most = 0;
    batch_jobs_fail(self, BATCH_TROUBLE_ROOM, err);
}

static void take_refusal(submission *s, batch_noted_job *job, const beluga_error *err)
{
    uint64_t lines = job->lines.lines;
    if (batch_journal_refused(s->self->journal, job) != 0)
        batch_jobs_stop_for_journal(s->self);
    else if (may_halve(s->self, lines, err))
        halve(s, lines, err);
    else if (err->code == BELUGA_ERROR_RATE_LIMIT)
        take_full(s->self, lines, err);
    else if (beluga__hint_is_unsent(err) || err->retryable)
        batch_jobs_fail(s->self, BATCH_TROUBLE_CREATE, err);
    else
        batch_jobs_stop(s->self, err);
}

static void take_doubt(submission *s, const batch_noted_job *job, const beluga_error *err)
{
    out_note("the provider may or may not have created the job %s; beluga looks for it before it "
             "asks its lines again",
             job->name);
    batch_jobs_fail(s->self, BATCH_TROUBLE_CREATE, err);
    /* After several such errors in a row, the run stops, since the provider may have created every
     * one of these jobs. */
    if (++s->self->doubts >= BATCH_JOB_TRIES) batch_jobs_stop(s->self, err);
}

static void create(submission *s, const batch_chunk *chunk, batch_noted_job *job)
{
    beluga_error err;
    batch_jobs *self = s->self;
    beluga_batch_job *made = NULL;
    int rc = beluga_batch_job_create_n(self->work->model, self->context, chunk->requests, job->name,
                                       &made, &err, NULL, 0);
    s->ends |= rc != 0 || self->gentle;
    if (rc == 0 && batch_journal_created(self->journal, job, made->id) != 0)
        batch_jobs_stop_for_journal(self);
    if (rc == 0) {
        self->submitted = true;
        self->closed = false;
        batch_jobs_recover(self, BATCH_TROUBLE_CREATE);
        batch_jobs_recover(self, BATCH_TROUBLE_ROOM);
        self->doubts = 0;
        job->state = made->state;
        job->seen = true;
        out_note("%" PRIu64 " line%s %s submitted as job %s", job->lines.lines,
                 job->lines.lines == 1 ? "" : "s", job->lines.lines == 1 ? "is" : "are", made->id);
    } else if (beluga__hint_is_uncreated(&err)) {
        take_refusal(s, job, &err);
    } else {
        take_doubt(s, job, &err);
    }
    beluga_free(made);
}

static void send(submission *s, batch_chunk *chunk)
{
    batch_jobs *self = s->self;
    batch_noted_job intent = {.lines = chunk->lines,
                              .bytes = beluga_batch_requests_bytes(chunk->requests),
                              .time = beluga__wall_s(),
                              .reserved = chunk->cost};
    snprintf(intent.model, sizeof intent.model, "%s", self->model);
    batch_chunk_name(chunk, intent.name);
    batch_progress_hide(self->work->progress);
    if (batch_journal_intend(self->journal, &intent) == 0)
        create(s, chunk, &self->journal->jobs[self->journal->count - 1]);
    else
        batch_jobs_stop_for_journal(self);
    batch_chunk_free(chunk);
}

/* ---- a line ---------------------------------------------------------------------------------- */

static void refuse_line(submission *s, const batch_item *item, const beluga_error *err)
{
    beluga_batch_result result = {.error = *err};
    if (!s->self->work->failure.code) s->self->work->failure = *err;
    batch_jobs_write(s->self, item, &result, NULL);
}

static void tell_warning(submission *s, const batch_chunk *chunk, const batch_item *item)
{
    const char *warning = beluga_batch_requests_warning(chunk->requests, 0);
    if (!warning || s->self->told_warning) return;
    s->self->told_warning = true;
    out_note("line %" PRIu64 ", and perhaps other lines: %s", item->line, warning);
}

/* Add a line to the chunk, if the job's limits allow this. Returns the same values as
 * batch_chunk_add. */
static int add_to_chunk(const batch_jobs *self, batch_chunk *chunk, const batch_item *item,
                        double cost, beluga_error *err)
{
    if (!chunk->requests) {
        int rc = batch_chunk_begin(chunk, self->work->model, err);
        if (rc) return rc;
    }
    if (self->most && chunk->lines.lines >= self->most)
        return beluga_error_set(err, BELUGA_ERROR_LIMIT_EXCEEDED, "the batch job is full");
    int rc = batch_chunk_add(chunk, item, self->work->schema, err);
    if (rc == 0) chunk->cost += cost;
    return rc;
}

static void add_line(submission *s, const batch_item *item)
{
    beluga_error err;
    batch_chunk *chunk = &s->chunks[item->n_texts > 0];
    double cost = guess_cost(s->self, item);
    if (would_pass_budget(s, cost)) {
        s->self->budget_spent = s->ends = true;
        return;
    }
    int rc = add_to_chunk(s->self, chunk, item, cost, &err);
    if (rc == BELUGA_ERROR_LIMIT_EXCEEDED && chunk->lines.lines) {
        send(s, chunk);
        if (s->ends || s->self->stopped) return;
        rc = add_to_chunk(s->self, chunk, item, cost, &err);
    }
    if (rc == 0)
        tell_warning(s, chunk, item);
    else if (batch_alike_is_of_all(rc) || !chunk->requests)
        batch_jobs_stop(s->self, &err);
    else
        refuse_line(s, item, &err);
}

static void take_line(submission *s, const batch_record *record)
{
    batch_item item;
    beluga_error err;
    int rc = batch_work_parse(s->self->work, &s->pass.plan, record, &item);
    if (rc == 0 && item.n_texts && !s->self->limits.max_inputs) {
        batch_say_why(item.why, "this provider's batch jobs can't embed texts: ask this line "
                                "without --provider-batch, or another provider");
        rc = BELUGA_ERROR_INVALID_INPUT;
    }
    if (rc == 0) {
        add_line(s, &item);
    } else if (rc == BELUGA_ERROR_NO_MEMORY) {
        beluga_error_set(&err, rc, "out of memory");
        batch_jobs_stop(s->self, &err);
    } else {
        batch_work_refuse(&item, &err);
        refuse_line(s, &item, &err);
    }
    batch_item_free(&item);
}

/* ---- all lines ------------------------------------------------------------------------------- */

static bool is_free(const batch_jobs *self, uint64_t line)
{
    return !batch_output_has(self->work->output, line) && !batch_journal_has(self->journal, line);
}

static void take_lines(submission *s)
{
    batch_record record;
    batch_jobs *self = s->self;
    int got = 1;
    while (!s->ends && !self->stopped && !batch_signals_seen() &&
           (got = batch_reader_next(&s->pass.reader, &record)) > 0) {
        if (batch_survey_is_behind(self->work->survey, record.line)) break;
        if (is_free(self, record.line)) take_line(s, &record);
        if (batch_output_sync(self->work->output, false) != 0) self->stopped = true;
    }
    if (got < 0) self->work->input_failed = self->stopped = true;
    /* The last chunks are sent if all lines were read, or if they had to end because the budget is
     * spent. */
    if (self->budget_spent) s->ends = false;
    for (batch_chunk *c = s->chunks; c < s->chunks + 2; c++)
        if (c->lines.lines && !s->ends && !self->stopped && !batch_signals_seen()) send(s, c);
}

static void stop_for_input(batch_jobs *self, const char *why)
{
    beluga_error err;
    beluga_error_set(&err, BELUGA_ERROR_INVALID_INPUT, "the input can no longer be read: %s", why);
    batch_jobs_stop(self, &err);
}

/* Read the input once and create jobs from its free lines. Returns whether this must be repeated,
 * with smaller jobs. */
static bool submit_once(batch_jobs *self)
{
    char why[BATCH_FAULT_BYTES];
    submission s = {.self = self};
    self->budget_spent = false;
    if (batch_pass_begin(&s.pass, self->work->plan, self->layout, self->input, why) == 0)
        take_lines(&s);
    else
        stop_for_input(self, why);
    batch_chunk_free(&s.chunks[0]);
    batch_chunk_free(&s.chunks[1]);
    batch_pass_free(&s.pass);
    return s.halves && !self->stopped && !batch_signals_seen();
}

void batch_jobs_submit(batch_jobs *self)
{
    while (submit_once(self)) {
    }
}
