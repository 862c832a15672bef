#include "jobs/jobs.h"

#include "base/clock.h"
#include "base/hint.h"
#include "batch/signals.h"
#include "batch/summary.h"
#include "observe.h"
#include "output.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MAX_WAIT_MS ((int64_t)5 * 60 * 1000)
#define SLICE_MS    ((int64_t)100)
#define LABEL_BYTES 96
#define ERROR_BYTES 1024
#define STATE_BYTES 128

/* ---- a job that failed as a whole ------------------------------------------------------------ */

/* Returns whether there is no hope that a job will run. If the provider has no room for a job
 * although it is the only one, the job may be too large for the account, so half of it is tried
 * next. But other programs may use the account, too, so even a job of one line is tried several
 * times. */
static bool is_hopeless(const batch_jobs *self, uint64_t lines, bool alone)
{
    return alone && lines <= 1 && self->failures >= BATCH_JOB_TRIES;
}

static void wait_for_room(batch_jobs *self, uint64_t lines, bool alone)
{
    self->full = self->gentle = true;
    if (alone && lines > 1) self->most = lines / 2;
}

/* Ask the lines of a failed job again later, if the provider had no room for it or was out of order
 * when it ran; otherwise stop. */
static void judge_failure(batch_jobs *self, uint64_t lines, const beluga_batch_job *seen)
{
    uint64_t open_lines;
    beluga_error err;
    bool alone = !batch_journal_open_jobs(self->journal, &open_lines) && !self->completed;
    beluga_error_set(&err, seen->error_code, "the job %s failed: %s", seen->id,
                     *seen->reason ? seen->reason : "the provider gave no reason");
    self->failures++;
    if (!err.retryable || !self->wait || is_hopeless(self, lines, alone)) {
        /* the run ends with its first error, which is that of a line if the job has results */
        if (self->work->error.code) out_note("%s", err.message);
        if (err.code == BELUGA_ERROR_RATE_LIMIT && !self->wait)
            out_note(
                "with --wait, beluga tries smaller jobs, or waits until the provider has room");
        batch_jobs_stop(self, &err);
    } else {
        out_note("the job %s failed, and its lines will be asked again later: %s", seen->id,
                 seen->reason);
        wait_for_room(self, lines, alone);
    }
}

/* ---- states of jobs -------------------------------------------------------------------------- */

/* Write the name of a job's state; for a state that this version does not know, the provider's word
 * for it. */
static void write_state(const beluga_batch_job *seen, char text[STATE_BYTES])
{
    bool known = seen->state != BELUGA_BATCH_STATE_UNKNOWN || !*seen->raw_state;
    snprintf(text, STATE_BYTES, known ? "%s" : "in the state \"%.60s\", which beluga does not know",
             known ? beluga_batch_state_name(seen->state) : seen->raw_state);
}

static void tell_state(const batch_jobs *self, const batch_noted_job *job,
                       const beluga_batch_job *seen)
{
    char age[32], answered[32] = "", state[STATE_BYTES];
    if (self->work->progress->bar) return; /* the progress bar shows all jobs together */
    batch_format_time((double)(beluga__wall_s() - job->time), age, sizeof age);
    if (job->answered >= 0) snprintf(answered, sizeof answered, "%" PRId64 " of ", job->answered);
    write_state(seen, state);
    out_note("the job %s is %s: %s%" PRIu64 " line%s, %s old", job->id, state, answered,
             job->lines.lines, job->lines.lines == 1 ? "" : "s", age);
}

static void take_state(batch_jobs *self, batch_noted_job *job, const beluga_batch_job *seen)
{
    int64_t answered = seen->succeeded;
    if (answered >= 0 && seen->failed > 0) answered += seen->failed;
    bool changed = job->state != seen->state || job->answered != answered;
    job->state = seen->state;
    job->answered = answered;
    if (changed) tell_state(self, job, seen);
}

/* Returns the number of answered lines in all open jobs except `but`. */
static uint64_t sum_answered(const batch_jobs *self, const batch_noted_job *but)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < self->journal->count; i++) {
        const batch_noted_job *job = &self->journal->jobs[i];
        if (job != but && job->phase == BATCH_JOB_OPEN && job->answered > 0)
            sum += (uint64_t)job->answered;
    }
    return sum;
}

static void end_job(batch_jobs *self, batch_noted_job *job, const beluga_batch_job *seen)
{
    uint64_t lines = job->lines.lines;
    self->work->progress->label = "collecting";
    self->work->progress->elsewhere = sum_answered(self, job);
    batch_jobs_collect(self, job, seen);
    self->work->progress->label = NULL;
    self->work->progress->elsewhere = 0;
    if (job->phase < BATCH_JOB_FILES) return; /* the results can't be fetched now */
    if (seen->state == BELUGA_BATCH_STATE_FAILED) {
        batch_progress_hide(self->work->progress);
        judge_failure(self, lines, seen);
    } else {
        self->completed = true;
        self->failures = 0;
    }
}

static void explain_missing(const batch_jobs *self, const batch_noted_job *job)
{
    out_note("the provider does not know the job %s: it belongs to another key, or was deleted. "
             "With the key that created it, run the same command again; if it was deleted, remove "
             "%s to ask its lines again",
             job->id, self->journal->path);
}

static void ask_after(batch_jobs *self, batch_noted_job *job)
{
    beluga_error err;
    beluga_batch_job *seen = NULL;
    int rc = beluga_batch_job_get(self->work->model, self->context, job->id, &seen, &err);
    bool excused = rc && batch_jobs_excuse(self, job->seen, &job->misses, &err);
    if (rc == BELUGA_ERROR_NOT_FOUND && !excused) explain_missing(self, job);
    if (rc) {
        batch_jobs_fail(self, BATCH_TROUBLE_ASK, &err);
        return;
    }
    job->seen = true;
    job->misses = 0;
    batch_jobs_recover(self, BATCH_TROUBLE_ASK);
    take_state(self, job, seen);
    if (beluga_batch_state_is_end(seen->state)) end_job(self, job, seen);
    beluga_free(seen);
}

static bool goes_on(const batch_jobs *self)
{
    return !self->stopped && !batch_signals_seen();
}

/* Ask the provider for the states of all open jobs. If it can't be reached for one job, the others
 * are not tried in this round. */
static void ask_after_all(batch_jobs *self)
{
    for (size_t i = 0; i < self->journal->count && goes_on(self) && !self->unreachable; i++)
        if (self->journal->jobs[i].phase == BATCH_JOB_OPEN)
            ask_after(self, &self->journal->jobs[i]);
}

/* ---- cancelling ------------------------------------------------------------------------------ */

/* Report that a job is being cancelled, which can take some minutes, or that it had ended before.
 */
static void tell_cancelled(const batch_noted_job *job, const beluga_batch_job *seen)
{
    const char *what = "is being cancelled";
    if (beluga_batch_state_is_end(seen->state)) what = "has already ended";
    if (seen->state == BELUGA_BATCH_STATE_CANCELLED) what = "was cancelled";
    out_note("the job %s %s", job->id, what);
}

/* Cancel a job. Returns whether the provider has refused this. */
static bool cancel(batch_jobs *self, batch_noted_job *job)
{
    char line[ERROR_BYTES];
    beluga_error err;
    beluga_batch_job *seen = NULL;
    if (!job->cancelled && batch_journal_cancelled(self->journal, job) != 0) {
        batch_jobs_stop_for_journal(self);
        return false;
    }
    int rc = beluga_batch_job_cancel(self->work->model, self->context, job->id, &seen, &err);
    job->told_to_end = rc == 0 || !err.retryable; /* otherwise the next round tries again */
    if (rc == 0) {
        batch_jobs_recover(self, BATCH_TROUBLE_CANCEL);
        tell_cancelled(job, seen);
        beluga_free(seen);
        return false;
    }
    if (self->wait && err.retryable) {
        batch_jobs_fail(self, BATCH_TROUBLE_CANCEL, &err);
        return true;
    }
    self->unreachable |= beluga__hint_is_unsent(&err);
    beluga_error_format(&err, line, sizeof line);
    if (rc == BELUGA_ERROR_NOT_FOUND) explain_missing(self, job);
    out_note("the job %s can't be cancelled: %s", job->id, line);
    return true;
}

static size_t cancel_all(batch_jobs *self)
{
    size_t refused = 0;
    for (size_t i = 0; i < self->journal->count && goes_on(self) && !self->unreachable; i++) {
        batch_noted_job *job = &self->journal->jobs[i];
        if (job->phase == BATCH_JOB_OPEN && !job->told_to_end) refused += cancel(self, job);
    }
    return refused;
}

/* ---- tidying up ------------------------------------------------------------------------------ */

static void note_deleted(batch_jobs *self, batch_noted_job *job, bool kept)
{
    if (batch_journal_deleted(self->journal, job, kept) != 0) batch_jobs_stop_for_journal(self);
}

/* Handle a failure to delete files. Some servers that people run themselves can't delete files,
 * such as vLLM's production-stack, so the next run need not try again. While a server is down, no
 * jobs are created, since each of them would leave such files to look for. */
static void keep(batch_jobs *self, batch_noted_job *job, const beluga_error *err)
{
    char line[ERROR_BYTES];
    bool never = err->http_status == 405 || err->http_status == 501;
    bool again = self->wait && err->retryable;
    self->unreachable |= self->wait && beluga__hint_is_unsent(err);
    job->stays_this_run = !again;
    if (never) note_deleted(self, job, true);
    if (batch_jobs_told(self, BATCH_TROUBLE_DELETE) && again) return;
    batch_progress_hide(self->work->progress);
    beluga_error_format(err, line, sizeof line);
    out_note("the files uploaded for the job %s could not be deleted; %s: %s",
             *job->id ? job->id : job->name,
             never   ? "they stay there"
             : again ? "trying again later"
                     : "the next run tries again",
             line);
}

/* Delete the files with a job's name: the file of a job that was never created, or the second copy
 * of a file whose upload was repeated, since its answer was lost. Providers that list no files need
 * none, or delete them after a time. Some servers that people run themselves can't list files, such
 * as SGLang; that is no failure for a job that was created, since a copy is rare. */
static int sweep_files(const batch_jobs *self, const batch_noted_job *job, beluga_error *err)
{
    int rc = beluga_batch_job_sweep(self->work->model, self->context, job->name, err);
    bool never = rc == BELUGA_ERROR_NOT_SUPPORTED && !err->http_status;
    return rc && (never || (*job->id && !err->retryable)) ? 0 : rc;
}

static int delete_files(const batch_jobs *self, const batch_noted_job *job, beluga_error *err)
{
    int rc = 0;
    if (self->keep_files) return 0;
    if (*job->id) rc = beluga_batch_job_delete(self->work->model, self->context, job->id, err);
    return rc ? rc : sweep_files(self, job, err);
}

/* Delete the files of a job. Returns whether the server could be reached. */
static bool delete(batch_jobs *self, batch_noted_job *job)
{
    beluga_error err;
    if (delete_files(self, job, &err) != 0) {
        keep(self, job, &err);
        return !beluga__hint_is_unsent(&err);
    }
    batch_jobs_recover(self, BATCH_TROUBLE_DELETE);
    note_deleted(self, job, self->keep_files);
    return true;
}

/* Delete uploaded files of jobs that are collected or were never created, except those of other
 * models, whose provider may differ.
 */
static void tidy_up(batch_jobs *self)
{
    bool reached = true;
    for (size_t i = 0; i < self->journal->count && reached && !batch_signals_seen(); i++) {
        batch_noted_job *job = &self->journal->jobs[i];
        if (job->phase == BATCH_JOB_FILES && !job->stays_this_run && !self->journal->error &&
            strcmp(job->model, self->model) == 0)
            reached = delete (self, job);
    }
}

/* ---- rounds ---------------------------------------------------------------------------------- */

/* Returns whether to create jobs in this round. If the provider accepted no more jobs in an earlier
 * round, no job is created until one of ours has ended, or none is under way. */
static bool may_submit(batch_jobs *self, bool was_full)
{
    uint64_t lines;
    bool open = batch_journal_open_jobs(self->journal, &lines) != 0;
    if (self->cancel || self->work->error.code || !goes_on(self)) return false;
    if (self->unreachable) return false;
    if (was_full && (self->ended || !open)) self->full = false;
    return !self->full && batch_summary_left(self->work) > lines;
}

static void do_round(batch_jobs *self)
{
    bool was_full = self->full;
    self->submitted = self->ended = self->completed = self->unreachable = false;
    self->asked_ms = 0;
    batch_jobs_find(self);
    if (self->cancel) cancel_all(self);
    ask_after_all(self);
    if (!self->unreachable) tidy_up(self);
    if (may_submit(self, was_full)) batch_jobs_submit(self);
}

/* Returns whether the run is over. If the budget is spent, this is an error only when no job is
 * under way, since a job may cost less than was reserved for it. */
static bool is_over(batch_jobs *self)
{
    uint64_t lines;
    batch_work *work = self->work;
    bool open = batch_journal_open_jobs(self->journal, &lines) != 0;
    if (!open && self->budget_spent && !work->error.code)
        beluga_error_set(&work->error, BELUGA_ERROR_BUDGET_EXCEEDED,
                         "the budget of $%.6g does not suffice for the next line ($%.6g have been "
                         "used): give a larger --budget, or less max_tokens",
                         self->budget, work->output->totals.cost);
    if (!goes_on(self) || !self->wait) return true;
    if (open) return false;
    return self->cancel || work->error.code || !batch_summary_left(work);
}

/* ---- waiting --------------------------------------------------------------------------------- */

/* Returns the name of the state that all open jobs have; "under way" if they have different states,
 * "in doubt" if no job is open. */
static const char *name_states(const batch_jobs *self)
{
    const char *word = NULL;
    for (size_t i = 0; i < self->journal->count; i++) {
        const batch_noted_job *job = &self->journal->jobs[i];
        if (job->phase != BATCH_JOB_OPEN) continue;
        const char *other = beluga_batch_state_name(job->state);
        if (word && strcmp(word, other) != 0) return "under way";
        word = other;
    }
    return word ? word : "in doubt";
}

static void write_label(const batch_jobs *self, char label[LABEL_BYTES])
{
    uint64_t lines;
    char age[32];
    size_t n = batch_journal_open_jobs(self->journal, &lines);
    int64_t now = beluga__wall_s(), oldest = now;
    for (size_t i = 0; i < self->journal->count; i++)
        if (self->journal->jobs[i].phase == BATCH_JOB_OPEN && self->journal->jobs[i].time < oldest)
            oldest = self->journal->jobs[i].time;
    batch_format_time((double)(now - oldest), age, sizeof age);
    snprintf(label, LABEL_BYTES, "%zu job%s %s, %s", n, n == 1 ? "" : "s", name_states(self), age);
}

/* Wait in short slices, since a signal that comes just before a wait does not interrupt it. */
static void wait_for_next(batch_jobs *self, int64_t ms)
{
    char label[LABEL_BYTES];
    batch_progress *progress = self->work->progress;
    int64_t now = beluga__now_ms(), until = now + ms;
    for (; now < until && !batch_signals_seen(); now = beluga__now_ms()) {
        write_label(self, label);
        progress->label = label;
        progress->elsewhere = sum_answered(self, NULL);
        if (progress->bar) batch_progress_show(progress, &self->work->output->totals);
        batch_signals_pause(until - now < SLICE_MS ? until - now : SLICE_MS);
    }
    progress->label = NULL;
    progress->elsewhere = 0;
}

static int64_t lengthen(const batch_jobs *self, int64_t wait)
{
    int64_t most = self->poll_ms > MAX_WAIT_MS ? self->poll_ms : MAX_WAIT_MS;
    if (self->submitted) return self->poll_ms;
    wait += wait / 2 + 1;
    return wait < most ? wait : most;
}

static bool is_refusal(const beluga_error *err)
{
    return err->code && err->http_status >= 400 && err->http_status <= 499 &&
           err->http_status != 401;
}

static void go_round(batch_jobs *self)
{
    int64_t wait = self->poll_ms;
    for (;;) {
        do_round(self);
        if (is_over(self)) break;
        wait_for_next(self, self->asked_ms > wait ? self->asked_ms : wait);
        wait = lengthen(self, wait);
    }
    /* The file of a job that was refused is deleted at once, since the user may never run the same
     * command again. After other errors this would probably fail, too. */
    if (is_refusal(&self->work->error)) tidy_up(self);
}

/* ---- the run --------------------------------------------------------------------------------- */

static void begin(batch_jobs *self, batch_signals *signals)
{
    batch_signals_watch(signals);
    self->context = observe_context(NULL);
    for (size_t i = 0; i < self->journal->count; i++) self->journal->jobs[i].answered = -1;
}

static void finish(batch_jobs *self, const batch_signals *signals)
{
    batch_work *work = self->work;
    work->interrupted = batch_signals_seen();
    work->cancels = self->cancel;
    work->budget_waits = self->budget_spent;
    batch_output_sync(work->output, true);
    batch_progress_hide(work->progress);
    work->jobs_in_doubt = batch_journal_count(self->journal, BATCH_JOB_UNSURE);
    work->jobs_under_way = batch_journal_open_jobs(self->journal, &work->lines_under_way);
    beluga_context_unref(self->context);
    batch_signals_unwatch(signals);
}

void batch_jobs_run(batch_jobs *self)
{
    batch_signals signals;
    begin(self, &signals);
    go_round(self);
    finish(self, &signals);
    if (!batch_summary_left(self->work)) batch_journal_remove(self->journal, self->model);
}

size_t batch_jobs_cancel(batch_jobs *self)
{
    batch_signals signals;
    begin(self, &signals);
    batch_jobs_find(self);
    size_t refused = cancel_all(self);
    beluga_context_unref(self->context);
    batch_signals_unwatch(&signals);
    return refused;
}
