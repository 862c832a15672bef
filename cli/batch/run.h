/* The run itself: lines in, calls, results out, on one thread. */
#ifndef BELUGA_CLI_BATCH_RUN_H
#define BELUGA_CLI_BATCH_RUN_H

#include "batch/ids.h"
#include "batch/item.h"
#include "batch/progress.h"
#include "batch/results.h"

#include <beluga/batch.h>
#include <beluga/price.h>

typedef struct batch_work {
    /* what it needs, all borrowed */
    beluga_chat_model *model;
    const batch_plan *plan;
    batch_reader *reader;
    const batch_lines *repeated; /* lines whose id an earlier one has */
    batch_output *output;
    batch_progress *progress;
    const beluga_prices *prices;
    const beluga_option *options;
    size_t n_options;
    size_t jobs; /* calls in flight */
    bool ordered;
    /* what came of it */
    beluga_error error;   /* code 0, or what stopped it */
    beluga_error failure; /* code 0, or that of the first line that failed */
    bool interrupted;
    bool input_failed; /* it can't be read any more */
} batch_work;

/* Ask every line that is not finished. @return 0, or an exit code, reported: it could not begin. */
int batch_run(batch_work *run);

#endif
