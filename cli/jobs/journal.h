/*
 * The journal OUT.jobs beside an output: which lines were put into which batch jobs of a provider.
 *
 * An event is written and made durable before any step that costs money. So a run that is killed at
 * any moment leaves a record for the next run. These are the events:
 *
 *     begin      a new file of this version
 *     intent     a job with this name and these lines will be created now
 *     refused    the job was certainly not created: its lines are free again, but its file may have
 *                been uploaded
 *     created    the job exists, and has this id
 *     looked     the provider's list did not show the job; one list is no proof, see find_job.c. Or
 *                its results were incomplete, see collect.c
 *     other      a job in the list, which might have been this job, is another job
 *     lost       the job was never created: as after refused
 *     cancelled  the user cancelled the job
 *     collected  the results are in the output; its other lines are free, and this job may count
 *                as one of their tries
 *     deleted    the job's uploaded files are deleted
 *     kept       the job's uploaded files stay, as the user wishes
 *     retry      failed lines will be sent again; the tries of all lines count from 0 again
 *
 * Each line of the file is a JSON object whose last member is a digest of the text before it. If
 * the last line is incomplete, the run was killed while it wrote it; no step followed, so the line
 * is dropped. Any other damaged line stops the run, since it may have been about a job that is paid
 * for.
 */
#ifndef BELUGA_CLI_JOBS_JOURNAL_H
#define BELUGA_CLI_JOBS_JOURNAL_H

#include "jobs/ranges.h"
#include "text.h"

#include <stdbool.h>
#include <stdint.h>

#define BATCH_JOB_NAME_BYTES  65  /* for the longest name, with its NUL */
#define BATCH_JOB_ID_BYTES    256 /* for the longest id that is kept, with its NUL */
#define BATCH_JOB_MODEL_BYTES 256

typedef enum batch_job_phase {
    BATCH_JOB_UNSURE, /* the provider may or may not have created the job */
    BATCH_JOB_OPEN,   /* the provider has created the job */
    BATCH_JOB_FILES,  /* its results are collected, or it was never created; only uploaded files may
                       * remain */
    BATCH_JOB_CLOSED  /* nothing remains to be done */
} batch_job_phase;

/* The place in the input where a line begins. */
typedef struct batch_place {
    uint64_t offset, line; /* line 0: not known */
} batch_place;

typedef struct batch_noted_job {
    batch_job_phase phase;
    char name[BATCH_JOB_NAME_BYTES];
    char id[BATCH_JOB_ID_BYTES];       /* "": not known */
    char model[BATCH_JOB_MODEL_BYTES]; /* PROVIDER/MODEL */
    batch_ranges lines;                /* empty after the job was collected */
    uint64_t bytes;                    /* size of its requests */
    int64_t time;                      /* time of the intent, in seconds since 1970 */
    int64_t looked_ms; /* time at which the provider's list did not show the job, or its results
                        * were incomplete, in milliseconds since 1970; 0: never */
    double reserved;   /* maximum cost in US dollars; 0: not known */
    bool cancelled;    /* the user has cancelled the job */
    cli_text others;   /* ids of jobs at the provider that looked like this job, but are not; each
                        * between newlines */
    /* The members below are not in the journal: each run finds them out again. */
    uint32_t state;    /* beluga_batch_state that the provider reported last */
    int64_t answered;  /* number of answered lines that the provider reported last; -1: not known */
    batch_place place; /* place of its first line, or of the first line after that which still
                        * exists */
    bool told_to_end;  /* the provider was asked to cancel it */
    bool stays_this_run; /* its uploaded files could not be deleted; the next run tries again */
    bool seen;           /* the provider has shown it in this run, so it belongs to our key */
    /* how often in a row the provider did not find the job, and how often its results were not
     * found or could not be read */
    unsigned misses, missed_results;
} batch_noted_job;

/* Zero-initialise this struct, with fd -1. */
typedef struct batch_journal {
    char *path; /* owned */
    int fd;     /* descriptor for writing; -1: the file does not exist, or is only read */
    uint64_t end;
    batch_noted_job *jobs; /* owned; a pointer to an item is valid until the next job is
                            * recorded */
    size_t count, room;
    uint8_t *tries; /* for each line, the number of failed tries: jobs that ended without a result
                     * for it; NULL: all are 0 */
    uint64_t max_line;
    int error; /* errno of the failed write, after which nothing more is written; 0: none */
} batch_journal;

/*
 * Read the journal of an output; a missing journal is empty. The lock on the output also protects
 * the journal.
 * @param max_line  The number of the last line of the input.
 * @param writes    Drop a torn last line, and prepare for writing.
 * @return 0, or an exit code after reporting the error. Free the journal in either case.
 */
int batch_journal_open(batch_journal *journal, const char *out, uint64_t max_line, bool writes);

/* Return the number of jobs that are under way or may be; `lines` receives the number of their
 * lines. */
size_t batch_journal_open_jobs(const batch_journal *journal, uint64_t *lines);
/* Return the number of jobs in a phase. */
size_t batch_journal_count(const batch_journal *journal, batch_job_phase phase);
/* Return whether a job that is under way, or may be, contains the line. */
bool batch_journal_has(const batch_journal *journal, uint64_t line);
/* Return the sum of the maximum costs of all jobs that are under way or may be, in US dollars. */
double batch_journal_reserved(const batch_journal *journal);
/* Return whether any job has this id. */
bool batch_journal_knows(const batch_journal *journal, const char *id);
/* Return the number of jobs that contained a line and ended without a result for it. */
unsigned batch_journal_tries(const batch_journal *journal, uint64_t line);

/*
 * Write an event, and make it durable. @return 0, or -1: `error` is set, and the file is unchanged.
 * @{
 */
/* Reads the members name, model, lines, bytes, time and reserved of `intent`. The new job becomes
 * the last of `jobs`. */
int batch_journal_intend(batch_journal *journal, const batch_noted_job *intent);
int batch_journal_refused(batch_journal *journal, batch_noted_job *job);
int batch_journal_created(batch_journal *journal, batch_noted_job *job, const char *id);
int batch_journal_looked(batch_journal *journal, batch_noted_job *job, int64_t at_ms);
int batch_journal_other(batch_journal *journal, batch_noted_job *job, const char *id);
int batch_journal_lost(batch_journal *journal, batch_noted_job *job);
int batch_journal_cancelled(batch_journal *journal, batch_noted_job *job);
/* Note that the results of a job are in the output. @param again The lines without a result. */
int batch_journal_collected(batch_journal *journal, batch_noted_job *job,
                            const batch_ranges *again);
int batch_journal_deleted(batch_journal *journal, batch_noted_job *job, bool kept);
int batch_journal_retry(batch_journal *journal);
/** @} */

/* Report the failure in `error`. @return the exit code. */
int batch_journal_complain(const batch_journal *journal);

/* Remove the file, if no job in it needs further steps in a run with this model. */
void batch_journal_remove(batch_journal *journal, const char *model);
void batch_journal_free(batch_journal *journal);

#endif
