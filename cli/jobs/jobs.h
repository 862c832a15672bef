/*
 * Runs with the provider's own batch API: lines become jobs, which are created, watched, collected
 * and deleted. The journal beside the output records the jobs, so that another run can do the next
 * step.
 *
 *     state.c       how a run stops, and how the result of a line is written
 *     jobs.c        the rounds of a run, and the states that the provider reports for its jobs
 *     find_job.c    finds out whether jobs were created, when this is uncertain
 *     submit.c      creates jobs from lines
 *     collect.c     writes the results of a job that has ended
 */
#ifndef BELUGA_CLI_JOBS_JOBS_H
#define BELUGA_CLI_JOBS_JOBS_H

#include "batch/layout.h"
#include "batch/work.h"
#include "jobs/journal.h"

#include <beluga/batch_job.h>

/* A line is put into at most this number of jobs; if none has a result for it, its error is final.
 */
#define BATCH_JOB_TRIES 3

/* So often a job may be missing, one time after the other. */
#define BATCH_JOB_MISSES 5

/* Kinds of calls that can fail. */
typedef enum batch_trouble {
    BATCH_TROUBLE_LIST,    /* listing jobs */
    BATCH_TROUBLE_LOOK,    /* reading a job's results, to find out whether the job is ours */
    BATCH_TROUBLE_ASK,     /* reading the state of a job */
    BATCH_TROUBLE_RESULTS, /* fetching the results of a job */
    BATCH_TROUBLE_CANCEL,
    BATCH_TROUBLE_CREATE,
    BATCH_TROUBLE_DELETE,
    BATCH_TROUBLE_ROOM /* creating a job while the provider accepts no more jobs */
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
    int64_t max_tokens;        /* maximum length of each answer; 0: not limited */
    int64_t timeout_ms;        /* timeout of a request */
    int64_t poll_ms;           /* the first wait between two requests for the states of jobs */
    bool wait;                 /* wait until all lines are finished */
    bool cancel;               /* cancel the jobs under way, and create none */
    bool keep_files;           /* leave the uploaded files at the provider */
    /* The state of the run. */
    beluga_batch_limits limits;
    beluga_context *context;
    uint64_t most;     /* maximum number of lines in a job; 0: the provider's limit */
    bool submitted;    /* a job was created in this round */
    bool ended;        /* a job was collected in this round */
    bool completed;    /* a job was collected in this round that had not failed as a whole */
    bool gentle;       /* create only one job in each round, because the provider's queue was
                        * full before */
    bool named;        /* the provider's list shows names of jobs */
    unsigned doubts;   /* number of consecutive jobs that may or may not have been created */
    unsigned failures; /* number of consecutive jobs for which the provider's queue had no room */
    bool budget_spent; /* the next line could exceed the budget */
    bool full;         /* the provider accepts no more jobs at present */
    bool closed;       /* it has not even accepted a job of one line, and none since then */
    bool unreachable;  /* the provider could not be reached in this round */
    int64_t asked_ms;  /* the longest wait that the provider asked for in this round */
    bool stopped;      /* the run must stop; the error is in `work`, or in the output */
    bool told_warning;
    unsigned told_troubles; /* one bit for each batch_trouble that was reported and still lasts */
} batch_jobs;

/* Run until all lines are finished, or the run must stop. The outcome is in `work`. */
void batch_jobs_run(batch_jobs *jobs);

/* Cancel the jobs that the journal names; the input is not needed. A later run collects the answers
 * so far.
 * @return the number of jobs that the provider refused to cancel; notes report them. */
size_t batch_jobs_cancel(batch_jobs *jobs);

/* ---- functions that the files above share ---------------------------------------------------- */

/* Stop the run with an error. */
void batch_jobs_stop(batch_jobs *jobs, const beluga_error *err);
/* Stop the run because the journal can't be written, or memory ran out. */
void batch_jobs_stop_for_journal(batch_jobs *jobs);
/* Handle a failed call: a later round tries it again, or the run stops. A trouble that lasts for
 * several rounds is reported only once. */
void batch_jobs_fail(batch_jobs *jobs, batch_trouble trouble, const beluga_error *err);
/* Note that a kind of trouble is reported. @return whether it was reported before, and still lasts.
 */
bool batch_jobs_told(batch_jobs *jobs, batch_trouble trouble);
/* Mark an error as one that may pass if the provider did not find a job or its results, although it
 * has shown the job in this run (`seen`). Anthropic may not find a job for a moment, shortly after
 * it was created or has ended (anthropic-sdk-python, issue 1432). After BATCH_JOB_MISSES times the
 * job counts as deleted. @return whether the error is marked. */
bool batch_jobs_excuse(const batch_jobs *jobs, bool seen, unsigned *misses, beluga_error *err);
/* Note that a call of this kind succeeded, so that its next failure is reported again. */
void batch_jobs_recover(batch_jobs *jobs, batch_trouble trouble);
/* Write the result of a line. @param fits  Receives false if the answer is not one to this line,
 * which becomes an error; NULL allowed. @return 0, or -1 if the run has stopped. */
int batch_jobs_write(batch_jobs *jobs, const batch_item *item, const beluga_batch_result *result,
                     bool *fits);

/* Create jobs from the free lines, which are neither finished nor in a job. */
void batch_jobs_submit(batch_jobs *jobs);
/* Write the results of a job that has ended, and set its other lines free. */
void batch_jobs_collect(batch_jobs *jobs, batch_noted_job *job, const beluga_batch_job *seen);
/* Look in the provider's list for jobs that may or may not have been created. */
void batch_jobs_find(batch_jobs *jobs);

#endif
