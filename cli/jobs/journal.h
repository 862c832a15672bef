/*
 * The journal beside an output, OUT.jobs: which lines were given to which batch jobs of a provider.
 *
 * What is about to be done that costs money is written and made durable before it is done, so that
 * a run that is killed at any moment leaves behind what the next one has to look for:
 *
 *     begin      a file of this version
 *     intent     a job of this name, with these lines, is about to be created
 *     refused    the provider said that it did not create it: its lines are free again
 *     created    it is there, and has this id
 *     looked     the provider's list did not show it: once is not enough, see find_job.c
 *     other      a job of the list that might have been it is another one
 *     lost       it was never created: its lines are free again
 *     cancelled  the user cancelled it
 *     collected  its results are in the output; lines without a result are free, and were tried
 *     deleted    what was uploaded for it is deleted
 *     kept       or stays, as the user wishes
 *     retry      lines that failed are asked again, as often as new ones
 *
 * A line of the file is a JSON object whose last member is a digest of what stands before it. A
 * last line without its end was being written when the run was killed: nothing was done after it,
 * and it is dropped. Any other line that is not as it was written stops the run, for it may have
 * told of a job that is paid for.
 */
#ifndef BELUGA_CLI_JOBS_JOURNAL_H
#define BELUGA_CLI_JOBS_JOURNAL_H

#include "jobs/ranges.h"
#include "text.h"

#include <stdbool.h>
#include <stdint.h>

#define BATCH_JOB_NAME_BYTES  65  /* of the longest name, with its NUL */
#define BATCH_JOB_ID_BYTES    256 /* of the longest id that is kept, with its NUL */
#define BATCH_JOB_MODEL_BYTES 256

typedef enum batch_job_phase {
    BATCH_JOB_UNSURE,    /* nobody knows whether the provider has it */
    BATCH_JOB_OPEN,      /* the provider has it, or had it */
    BATCH_JOB_COLLECTED, /* only what was uploaded for it is left */
    BATCH_JOB_CLOSED     /* nothing is left of it */
} batch_job_phase;

/* Where a line begins in the input. */
typedef struct batch_place {
    uint64_t offset, line; /* line 0: not known */
} batch_place;

typedef struct batch_noted_job {
    batch_job_phase phase;
    char name[BATCH_JOB_NAME_BYTES];
    char id[BATCH_JOB_ID_BYTES];       /* "": not known */
    char model[BATCH_JOB_MODEL_BYTES]; /* PROVIDER/MODEL */
    batch_ranges lines;                /* empty once it is collected */
    uint64_t bytes;                    /* of its requests */
    int64_t time;                      /* of its intent; seconds since 1970 */
    int64_t looked_ms;                 /* since 1970: when a list did not show it; 0: never */
    double reserved;                   /* US dollars that it may cost; 0: not known */
    bool cancelled;                    /* by the user */
    cli_text others;                   /* ids of jobs that it is not, each between newlines */
    /* what the provider said last, and what was found, in this run; -1: it does not tell */
    uint32_t state; /* beluga_batch_state */
    int64_t answered;
    batch_place place;   /* of its first line, or of the first one behind that */
    bool told_to_end;    /* it was asked to cancel it */
    bool stays_this_run; /* what was uploaded could not be deleted */
} batch_noted_job;

/* Begins as zeros, with fd -1. */
typedef struct batch_journal {
    char *path; /* owned */
    int fd;     /* -1: there is no file, or it was only looked at */
    uint64_t end;
    batch_noted_job *jobs; /* owned; a pointer to one is good until the next intent */
    size_t count, room;
    uint8_t *tries; /* of each line: jobs that ended without a result for it; NULL: none did */
    uint64_t max_line;
    int error; /* errno of the failure after which nothing is written */
} batch_journal;

/*
 * Read the journal of an output; none is an empty one. The output is locked by its run, and that
 * holds for its journal as well.
 * @param max_line  The last line of the input.
 * @param writes    Drop a torn last line, and be ready for more.
 * @return 0, or an exit code, reported. Free the journal in either case.
 */
int batch_journal_open(batch_journal *journal, const char *out, uint64_t max_line, bool writes);

/* Return how many jobs are under way or may be, and how many lines they have. */
size_t batch_journal_open_jobs(const batch_journal *journal, uint64_t *lines);
/* Return how many jobs are in a phase. */
size_t batch_journal_count(const batch_journal *journal, batch_job_phase phase);
/* Return whether a job that is under way, or may be, has the line. */
bool batch_journal_has(const batch_journal *journal, uint64_t line);
/* Return what such jobs may cost together, in US dollars. */
double batch_journal_reserved(const batch_journal *journal);
/* Return whether any job has this id. */
bool batch_journal_knows(const batch_journal *journal, const char *id);
/* Return in how many jobs a line was that ended without a result for it. */
unsigned batch_journal_tries(const batch_journal *journal, uint64_t line);

/*
 * Write and make durable what happens. @return 0, or -1: `error` is set, and the file ends as
 * before.
 * @{
 */
/* Reads name, model, lines, bytes, time and reserved of `intent`. The job is the last one of
 * `jobs` then. */
int batch_journal_intend(batch_journal *journal, const batch_noted_job *intent);
int batch_journal_refused(batch_journal *journal, batch_noted_job *job);
int batch_journal_created(batch_journal *journal, batch_noted_job *job, const char *id);
int batch_journal_looked(batch_journal *journal, batch_noted_job *job, int64_t at_ms);
int batch_journal_other(batch_journal *journal, batch_noted_job *job, const char *id);
int batch_journal_lost(batch_journal *journal, batch_noted_job *job);
int batch_journal_cancelled(batch_journal *journal, batch_noted_job *job);
/* `again`: the lines that were tried in vain. */
int batch_journal_collected(batch_journal *journal, batch_noted_job *job,
                            const batch_ranges *again);
int batch_journal_deleted(batch_journal *journal, batch_noted_job *job, bool kept);
int batch_journal_retry(batch_journal *journal);
/** @} */

/* Report `error`. @return the exit code. */
int batch_journal_complain(const batch_journal *journal);

/* Remove a file that says nothing any more: no job is left of it. */
void batch_journal_remove(batch_journal *journal);
void batch_journal_free(batch_journal *journal);

#endif
