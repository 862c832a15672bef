/*
 * Finds out whether jobs were created, when this is uncertain.
 *
 * If a run is killed, or gets no answer, while it creates a job, its journal has an intent without
 * an id. Creating the job again could mean paying twice, so the job is looked up in the provider's
 * list: by its name, or, if the list shows no names, among the unknown jobs of that time with the
 * same number of requests. When such a job has ended, the ids in its results show whether it is
 * ours; until then, the lines count as under way.
 *
 * If a list does not show the job, this proves little: the server may still be creating it, and
 * lists may lag behind. So a job counts as lost only after two lists have not shown it. Between the
 * two lists must lie the longest time that the request may take, and at least the usual time
 * between two rounds.
 */
#include "base/clock.h"
#include "jobs/chunk.h"
#include "jobs/jobs.h"
#include "output.h"

#include <stdio.h>
#include <string.h>

/* The clocks of this machine and of the provider may differ by this time. Lists may lag behind by
 * LISTS_LAG_S. */
#define CLOCKS_DIFFER_S ((int64_t)24 * 60 * 60)
#define LISTS_LAG_S     ((int64_t)10 * 60)
/* Results may be missing for this time after their job has ended. */
#define RESULTS_LAG_S ((int64_t)60)
/* Our own jobs under way show whether a list is complete: it must contain them. A job is used for
 * this if it is at most this much older than the job that is looked for. */
#define WITNESSES_S ((int64_t)2 * 24 * 60 * 60)

/* ---- jobs without names ---------------------------------------------------------------------- */

/* Returns whether a job in the list may be the one that is looked for. If the provider should show
 * names, nearly every job without one belongs to another program, which must not hold up our lines.
 * Only a job of the same minutes may be ours then, on a server that drops names. */
static bool is_candidate(const batch_jobs *self, const batch_noted_job *job,
                         const beluga_batch_job *seen)
{
    char id[BATCH_JOB_ID_BYTES + 2];
    int64_t near_s = self->limits.keeps_names ? LISTS_LAG_S : CLOCKS_DIFFER_S;
    snprintf(id, sizeof id, "\n%s\n", seen->id);
    if (strlen(seen->id) >= BATCH_JOB_ID_BYTES || strstr(text_get(&job->others), id)) return false;
    if (batch_journal_knows(self->journal, seen->id)) return false;
    if (seen->created && (seen->created < job->time - near_s || seen->created > job->time + near_s))
        return false;
    return seen->total < 0 || (uint64_t)seen->total == job->lines.lines;
}

typedef struct proof {
    const batch_noted_job *job;
    bool any, ours;
} proof;

/* Note whether the first result belongs to our job. The id of one result is enough, so this ends
 * the reading. */
static int on_result(void *payload, const char *id, beluga_batch_result *result)
{
    proof *p = payload;
    batch_job_line_id parts;
    (void)result;
    p->any = true;
    p->ours = batch_line_id_read(id, &parts) && batch_job_name_has_tag(p->job->name, parts.tag);
    return 1;
}

/* Returns whether the results of a job were deleted: their owner has them already, so the job is
 * another one. Results that are missing shortly after the job has ended may come yet. */
static bool is_gone(const beluga_batch_job *seen, beluga_error *err)
{
    int64_t since = seen->ended ? seen->ended : seen->created;
    if (err->code != BELUGA_ERROR_NOT_FOUND) return false;
    err->retryable = 1;
    return since && beluga__wall_s() - since > RESULTS_LAG_S;
}

/* Find out whether a job in the list is the one that is looked for. Returns false if this can't be
 * decided yet, because the job has not ended or its results can't be read. */
static bool judge_candidate(batch_jobs *self, batch_noted_job *job, const beluga_batch_job *seen)
{
    beluga_error err;
    proof p = {.job = job};
    if (!beluga_batch_state_is_end(seen->state)) return false;
    int rc =
        beluga_batch_job_results(self->work->model, self->context, seen->id, on_result, &p, &err);
    if (rc && !p.any && !is_gone(seen, &err)) {
        batch_jobs_fail(self, BATCH_TROUBLE_LOOK, &err);
        return false;
    }
    batch_jobs_recover(self, BATCH_TROUBLE_LOOK);
    rc = p.ours ? batch_journal_created(self->journal, job, seen->id)
                : batch_journal_other(self->journal, job, seen->id);
    if (rc) batch_jobs_stop_for_journal(self);
    return true;
}

/* ---- the list of a provider ------------------------------------------------------------------ */

/* Returns whether a job in the list is, or may be, the job that is looked for. */
static bool match(batch_jobs *self, batch_noted_job *job, const beluga_batch_job *seen)
{
    if (self->named) {
        if (strcmp(seen->name, job->name) != 0) return false;
        if (batch_journal_created(self->journal, job, seen->id) != 0)
            batch_jobs_stop_for_journal(self);
        return true;
    }
    if (!is_candidate(self, job, seen)) return false;
    return !judge_candidate(self, job, seen) || job->phase == BATCH_JOB_OPEN;
}

/* Returns the longest time that a request to create the job may take, or the time between two
 * rounds if that is longer. */
static int64_t find_patience_ms(const batch_jobs *self, const batch_noted_job *job)
{
    int64_t request = self->timeout_ms + (int64_t)(job->bytes / (256 * 1024)) * 1000;
    return request > self->poll_ms ? request : self->poll_ms;
}

static void miss(batch_jobs *self, batch_noted_job *job)
{
    int rc = 0;
    int64_t now = beluga__wall_ms();
    if (!job->looked_ms || job->looked_ms > now)
        rc = batch_journal_looked(self->journal, job, now);
    else if (now - job->looked_ms >= find_patience_ms(self, job))
        rc = batch_journal_lost(self->journal, job);
    if (rc) batch_jobs_stop_for_journal(self);
    if (rc == 0 && job->phase == BATCH_JOB_FILES)
        out_note("the job %s was never created, so its lines are asked again", job->name);
}

static void look_for(batch_jobs *self, batch_noted_job *job, const beluga_batch_job *list, size_t n)
{
    bool maybe = false;
    for (size_t i = 0; i < n && !self->stopped && job->phase == BATCH_JOB_UNSURE; i++)
        maybe |= match(self, job, &list[i]);
    if (job->phase == BATCH_JOB_OPEN) {
        out_note("the job %s was created: its id is %s", job->name, job->id);
        self->doubts = 0;
        job->seen = true;
    }
    if (!maybe && !self->stopped && job->phase == BATCH_JOB_UNSURE) miss(self, job);
}

static bool has_id(const beluga_batch_job *list, size_t n, const char *id)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i].id, id) == 0) return true;
    return false;
}

/* Returns whether a list of the jobs since `since` must contain this job of ours. The job must be
 * some minutes old, since lists may lag behind. */
static bool is_witness(const batch_jobs *self, const batch_noted_job *job, int64_t since)
{
    return job->phase == BATCH_JOB_OPEN && strcmp(job->model, self->model) == 0 &&
           job->time - CLOCKS_DIFFER_S >= since && beluga__wall_s() - job->time > LISTS_LAG_S;
}

/* Returns whether a list contains all jobs of ours that it must contain. The list of another key or
 * account does not, so a job that is missing there may still exist. */
static bool is_our_list(const batch_jobs *self, const beluga_batch_job *list, size_t n,
                        int64_t since)
{
    for (size_t i = 0; i < self->journal->count; i++)
        if (is_witness(self, &self->journal->jobs[i], since) &&
            !has_id(list, n, self->journal->jobs[i].id))
            return false;
    return true;
}

/* Returns whether the provider's list shows names of jobs. A server that people run themselves may
 * have the API of a provider that keeps names, and drop them. Its list has no name at all, so a job
 * is recognized by its results there. */
static bool has_names(const beluga_batch_job *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (*list[i].name) return true;
    return false;
}

static void look_for_all(batch_jobs *self, const beluga_batch_job *list, size_t n)
{
    for (size_t i = 0; i < self->journal->count && !self->stopped; i++)
        if (self->journal->jobs[i].phase == BATCH_JOB_UNSURE)
            look_for(self, &self->journal->jobs[i], list, n);
}

/* Returns the creation time of the oldest job in this phase, ignoring jobs before `from`;
 * INT64_MAX: none. */
static int64_t find_oldest(const batch_journal *journal, batch_job_phase phase, int64_t from)
{
    int64_t oldest = INT64_MAX;
    for (size_t i = 0; i < journal->count; i++) {
        const batch_noted_job *job = &journal->jobs[i];
        if (job->phase == phase && job->time >= from && job->time < oldest) oldest = job->time;
    }
    return oldest;
}

static int64_t find_since(const batch_journal *journal, int64_t oldest)
{
    int64_t witness = find_oldest(journal, BATCH_JOB_OPEN, oldest - WITNESSES_S);
    if (witness < oldest) oldest = witness;
    return oldest > CLOCKS_DIFFER_S ? oldest - CLOCKS_DIFFER_S : 0;
}

/* If the server has no list, say how to go on, since the next run could do no more. */
static void explain_no_list(const batch_jobs *self, int status)
{
    if (status != 404 && status != 405 && status != 501) return;
    out_note("the server may have no list of jobs, so beluga can't find out whether it created the "
             "last job: look for the job there. To ask its lines again, remove %s when no other "
             "job is under way",
             self->journal->path);
}

void batch_jobs_find(batch_jobs *self)
{
    beluga_error err;
    beluga_batch_job *list = NULL;
    size_t n = 0;
    int64_t oldest = find_oldest(self->journal, BATCH_JOB_UNSURE, INT64_MIN);
    if (oldest == INT64_MAX) return;
    int64_t since = find_since(self->journal, oldest);
    if (beluga_batch_job_list(self->work->model, self->context, since, &list, &n, &err) != 0) {
        explain_no_list(self, err.http_status);
        batch_jobs_fail(self, BATCH_TROUBLE_LIST, &err);
        return;
    }
    batch_jobs_recover(self, BATCH_TROUBLE_LIST);
    self->named = self->limits.keeps_names && has_names(list, n);
    if (is_our_list(self, list, n, since))
        look_for_all(self, list, n);
    else
        out_note("the provider's list does not show a job that is under way: use the key that "
                 "created the job");
    beluga_free(list);
}
