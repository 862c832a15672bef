/*
 * A run by the provider's own batch API: lines become jobs, which are created, watched, collected
 * and tidied up. The journal beside the output remembers them, so that each step may be another
 * run's.
 *
 *     state.c       how a run stops, and how the result of a line is written
 *     jobs.c        the rounds of a run, and what the provider says of each job
 *     find_job.c    jobs of which nobody knows whether they were created
 *     submit.c      lines into jobs
 *     collect.c     the results of a job that has ended
 */
#ifndef BELUGA_CLI_JOBS_JOBS_H
#define BELUGA_CLI_JOBS_JOBS_H

#include "batch/layout.h"
#include "batch/work.h"
#include "jobs/journal.h"

#include <beluga/batch_job.h>

/* A line is in so many jobs at most; if none has a result for it, its error is final. */
#define BATCH_JOB_TRIES 3

/* Calls that fail. */
typedef enum batch_trouble {
    BATCH_TROUBLE_LIST,    /* jobs can't be listed */
    BATCH_TROUBLE_LOOK,    /* nor looked into, for whose they are */
    BATCH_TROUBLE_ASK,     /* nor asked after */
    BATCH_TROUBLE_RESULTS, /* their results can't be fetched */
    BATCH_TROUBLE_CANCEL,
    BATCH_TROUBLE_CREATE,
    BATCH_TROUBLE_ROOM /* none is created, as the provider takes no more */
} batch_trouble;

typedef struct batch_jobs {
    /* The input of the run; all pointers are borrowed. */
    batch_work *work;
    batch_journal *journal;
    const batch_layout *layout;
    int input;
    const char *model;         /* PROVIDER/MODEL */
    const beluga_price *price; /* NULL: not known */
    double budget;             /* US dollars; 0: none */
    int64_t max_tokens;        /* of each answer; 0: not limited */
    int64_t timeout_ms;        /* of a request */
    int64_t poll_ms;           /* the first wait between two looks at the jobs */
    bool wait;                 /* until all lines are finished */
    bool cancel;               /* cancel what is under way, and create nothing */
    bool keep_files;           /* delete nothing at the provider */
    /* While it runs. */
    beluga_batch_limits limits;
    beluga_context *context;
    uint64_t most;     /* lines of a job; 0: what the provider takes */
    bool submitted;    /* a job was created in this round */
    bool ended;        /* a job was collected in this round */
    bool completed;    /* and it was not one that failed as a whole */
    bool gentle;       /* create one job a round: the provider's queue was full once */
    unsigned doubts;   /* jobs in a row of which nobody knew whether they were created */
    unsigned failures; /* jobs in a row that the provider's queue had no room for */
    bool budget_spent; /* the next line may pass the budget */
    bool full;         /* the provider takes no more jobs now */
    bool unreachable;  /* no connection came about in this round */
    bool stopped;      /* nothing more can be done: `work` has the error, or the output */
    bool told_warning;
    unsigned told_troubles; /* a bit for each batch_trouble that was told, and is not over */
} batch_jobs;

/* Run. The outcome is in the work. */
void batch_jobs_run(batch_jobs *jobs);

/* Cancel the jobs without the input: what was answered is collected by a later run.
 * @return how many the provider refused to cancel, which notes tell. */
size_t batch_jobs_cancel(batch_jobs *jobs);

/* ---- what the files above share -------------------------------------------------------------- */

/* Stop for an error. */
void batch_jobs_stop(batch_jobs *jobs, const beluga_error *err);
/* Stop where the journal or the memory fails. */
void batch_jobs_stop_for_journal(batch_jobs *jobs);
/* A call failed: a later round tries it again, or the run stops. A trouble that lasts is told once.
 */
void batch_jobs_fail(batch_jobs *jobs, batch_trouble trouble, const beluga_error *err);
/* Such a call succeeded: if it fails again, that is told again. */
void batch_jobs_recover(batch_jobs *jobs, batch_trouble trouble);
/* Write the result of a line. @return 0, or -1: the run has stopped. */
int batch_jobs_write(batch_jobs *jobs, const batch_item *item, const beluga_batch_result *result);

/* Give the lines that are free to jobs. */
void batch_jobs_submit(batch_jobs *jobs);
/* Write the results of a job that has ended, and free its other lines. */
void batch_jobs_collect(batch_jobs *jobs, batch_noted_job *job, const beluga_batch_job *seen);
/* Look for the jobs that nobody knows. */
void batch_jobs_find(batch_jobs *jobs);

#endif
