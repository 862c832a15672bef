/* A run over the lines of a batch, in whichever way they are asked: all that it needs, and how it
 * ended. */
#ifndef BELUGA_CLI_BATCH_WORK_H
#define BELUGA_CLI_BATCH_WORK_H

#include "batch/item.h"
#include "batch/progress.h"
#include "batch/result.h"
#include "batch/results.h"
#include "batch/supply.h"
#include "batch/survey.h"

#include <beluga/batch.h>
#include <beluga/price.h>

typedef struct batch_work {
    /* The input of the run; all pointers are borrowed. */
    beluga_chat_model *model;
    const batch_plan *plan;
    batch_reader *reader;
    const batch_survey *survey;
    batch_output *output;
    batch_supply *supply;       /* of the run of run.h; its lines may be no file's */
    const batch_totals *totals; /* of what was put, which the progress of that run shows */
    batch_progress *progress;
    batch_prices prices;
    const char *schema; /* of answers to lines that bring none; NULL: none */
    const beluga_option *options;
    size_t n_options;
    size_t jobs; /* calls in flight */
    bool ordered;
    bool openai;    /* results have the form of OpenAI's batches */
    bool run_tools; /* the model has tools of the command line */
    /* The outcome of the run. */
    beluga_error error;   /* the error that stopped the run; code 0: none */
    beluga_error failure; /* the error of the first line that failed; code 0: none */
    size_t alike;         /* `error` ended the run because so many lines in a row had one like it */
    bool interrupted;
    bool input_failed; /* the input can't be read any more */
    /* of runs by batch jobs: how many jobs are under way at the end, and how many lines they have
     */
    bool journal_failed; /* and that was reported */
    size_t jobs_under_way;
    size_t jobs_in_doubt; /* among these: nobody knows whether they were created */
    uint64_t lines_under_way;
    bool cancels; /* they were to be cancelled, and nothing was to be asked */
} batch_work;

/* Read a line that is to be asked, whose id may be another line's. @param plan  The run's, or that
 * of another reading of the input. @return as batch_item_parse. */
int batch_work_parse(const batch_work *work, const batch_plan *plan, const batch_record *record,
                     batch_item *item);

/* Read a line. @param repeated  Its id is another line's. @return as batch_item_parse. */
int batch_work_read(const batch_plan *plan, const batch_record *record, bool repeated,
                    batch_item *item);

/* Make the part of a result that is known before it comes; its vectors and runs of tools are left
 * empty. */
batch_result_source batch_work_source(batch_work *work, const batch_item *item);

/* Say that a line can't be asked, for the reason that stands in its item. */
void batch_work_refuse(const batch_item *item, beluga_error *err);

#endif
