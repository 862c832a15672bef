/* The run itself: claims lines, makes calls and puts results, on one thread. */
#ifndef BELUGA_CLI_BATCH_RUN_H
#define BELUGA_CLI_BATCH_RUN_H

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
    batch_supply *supply;
    const batch_totals *totals; /* of what is put, which the progress shows */
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
    /* The input and the output that the summary tells of. */
    const batch_survey *survey;
    batch_output *output;
} batch_work;

/* Ask every line that is not finished. @return 0, or an exit code, reported, where the run could
 * not begin. */
int batch_run(batch_work *run);

#endif
