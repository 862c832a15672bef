/* A run over the lines of a batch, by calls or by batch jobs: its inputs and its outcome. */
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
    batch_supply *supply;       /* the supply of batch_run; its lines need not come from a file */
    const batch_totals *totals; /* the totals that the progress shows */
    batch_progress *progress;
    batch_prices prices;
    const char *schema; /* JSON Schema for lines that have no schema of their own; NULL: none */
    const beluga_option *options;
    size_t n_options;
    size_t jobs; /* calls at the same time */
    bool ordered;
    bool openai;    /* results have the form of OpenAI's batches */
    bool run_tools; /* tools were given on the command line; run them when the model calls them */
    /* The outcome of the run. */
    beluga_error error;   /* the error that stopped the run; code 0: none */
    beluga_error failure; /* the error of the first line that failed; code 0: none */
    /* number of consecutive similar failures that ended the run with `error`; 0: the run did not
     * end for this reason */
    size_t alike;
    bool interrupted;
    bool input_failed; /* the input can't be read any more */
    /* For batch jobs: the number of jobs under way at the end, and of their lines. */
    bool journal_failed; /* the journal can't be written, which was reported */
    size_t jobs_under_way;
    size_t jobs_in_doubt; /* those of jobs_under_way that may not have been created */
    uint64_t lines_under_way;
    bool cancels;      /* the run cancels its jobs, and sends no more lines */
    bool budget_waits; /* the budget is reserved for jobs under way, so that lines are left */
} batch_work;

/* Read a line in order to send it, and check whether another line has the same id.
 * @param plan  The plan of the run, or of another pass through the input.
 * @return as batch_item_parse. */
int batch_work_parse(const batch_work *work, const batch_plan *plan, const batch_record *record,
                     batch_item *item);

/* Read a line. @param repeated  Another line has the same id. @return as batch_item_parse. */
int batch_work_read(const batch_plan *plan, const batch_record *record, bool repeated,
                    batch_item *item);

/* Fill in the parts of a result that are known before the answer, which are all except its vectors
 * and its tool calls. */
batch_result_source batch_work_source(batch_work *work, const batch_item *item);

/* Make an error from the reason for which a line can't be sent. */
void batch_work_refuse(const batch_item *item, beluga_error *err);

#endif
