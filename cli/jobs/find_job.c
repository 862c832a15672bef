/*
 * A run that was killed, or got no answer, while it created a job leaves an intent without an id.
 * Creating the job once more could be paying twice, so it is looked for in the provider's list: by
 * its name, or, where the provider keeps none, among the jobs of its time that nobody knows and
 * that have as many requests. Which of these it is shows in the ids of its results, when it has
 * ended; until then its lines are under way.
 *
 * A list that does not show it proves little: a server may still work on the request, and lists may
 * lag. So it counts as lost after two lists that are as far apart as such a request may take, and
 * one wait between two looks at least.
 */
#include "base/clock.h"
#include "jobs/chunk.h"
#include "jobs/jobs.h"
#include "output.h"

#include <stdio.h>
#include <string.h>

/* The clocks of this machine and of the provider may differ by so much. */
#define CLOCKS_DIFFER_S ((int64_t)24 * 60 * 60)

/* ---- jobs without names ---------------------------------------------------------------------- */

static bool is_candidate(const batch_jobs *self, const batch_noted_job *job,
                         const beluga_batch_job *seen)
{
    char id[BATCH_JOB_ID_BYTES + 2];
    snprintf(id, sizeof id, "\n%s\n", seen->id);
    if (strlen(seen->id) >= BATCH_JOB_ID_BYTES || strstr(text_get(&job->others), id)) return false;
    if (batch_journal_knows(self->journal, seen->id)) return false;
    if (seen->created && seen->created < job->time - CLOCKS_DIFFER_S) return false;
    return seen->total < 0 || (uint64_t)seen->total == job->lines.lines;
}

typedef struct proof {
    const batch_noted_job *job;
    bool any, ours;
} proof;

/* The first result proves it. */
static int on_result(void *payload, const char *id, beluga_batch_result *result)
{
    proof *p = payload;
    batch_job_line_id parts;
    (void)result;
    p->any = true;
    p->ours = batch_line_id_read(id, &parts) && batch_job_name_has_tag(p->job->name, parts.tag);
    return 1;
}

/* Returns false where it can't be told yet. */
static bool judge_candidate(batch_jobs *self, batch_noted_job *job, const beluga_batch_job *seen)
{
    beluga_error err;
    proof p = {.job = job};
    if (!beluga_batch_state_is_end(seen->state)) return false;
    int rc =
        beluga_batch_job_results(self->work->model, self->context, seen->id, on_result, &p, &err);
    if (rc && !p.any) {
        batch_jobs_fail(self, "the results of a job can't be looked at", &err);
        return false;
    }
    rc = p.ours ? batch_journal_created(self->journal, job, seen->id)
                : batch_journal_other(self->journal, job, seen->id);
    if (rc) batch_jobs_stop_for_journal(self);
    return true;
}

/* ---- a list ---------------------------------------------------------------------------------- */

/* Returns whether the list may have the job, or has it. */
static bool match(batch_jobs *self, batch_noted_job *job, const beluga_batch_job *seen)
{
    if (self->limits.keeps_names) {
        if (strcmp(seen->name, job->name) != 0) return false;
        if (batch_journal_created(self->journal, job, seen->id) != 0)
            batch_jobs_stop_for_journal(self);
        return true;
    }
    if (!is_candidate(self, job, seen)) return false;
    return !judge_candidate(self, job, seen) || job->phase == BATCH_JOB_OPEN;
}

/* How long a request that creates a job may be under way; at least one wait. */
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
    if (rc == 0 && job->phase == BATCH_JOB_CLOSED)
        out_note("the job %s was never created: its lines are asked again", job->name);
}

static void look_for(batch_jobs *self, batch_noted_job *job, const beluga_batch_job *list, size_t n)
{
    bool maybe = false;
    for (size_t i = 0; i < n && !self->stopped && job->phase == BATCH_JOB_UNSURE; i++)
        maybe |= match(self, job, &list[i]);
    if (job->phase == BATCH_JOB_OPEN) out_note("the job %s was found: %s", job->name, job->id);
    if (!maybe && !self->stopped && job->phase == BATCH_JOB_UNSURE) miss(self, job);
}

static int64_t find_oldest(const batch_journal *journal)
{
    int64_t oldest = INT64_MAX;
    for (size_t i = 0; i < journal->count; i++)
        if (journal->jobs[i].phase == BATCH_JOB_UNSURE && journal->jobs[i].time < oldest)
            oldest = journal->jobs[i].time;
    return oldest;
}

void batch_jobs_find(batch_jobs *self)
{
    beluga_error err;
    beluga_batch_job *list = NULL;
    size_t n = 0;
    batch_journal *journal = self->journal;
    int64_t oldest = find_oldest(journal);
    if (oldest == INT64_MAX) return;
    int64_t since = oldest > CLOCKS_DIFFER_S ? oldest - CLOCKS_DIFFER_S : 0;
    if (beluga_batch_job_list(self->work->model, self->context, since, &list, &n, &err) != 0) {
        batch_jobs_fail(self, "the provider's jobs can't be listed", &err);
        return;
    }
    for (size_t i = 0; i < journal->count && !self->stopped; i++)
        if (journal->jobs[i].phase == BATCH_JOB_UNSURE) look_for(self, &journal->jobs[i], list, n);
    beluga_free(list);
}
