/* --dry-run: what a batch would take, and how that is known. */
#ifndef BELUGA_CLI_BATCH_ESTIMATE_H
#define BELUGA_CLI_BATCH_ESTIMATE_H

#include "args.h"
#include "batch/item.h"
#include "batch/results.h"
#include "batch/survey.h"

#include <beluga/config.h>
#include <beluga/price.h>

typedef struct batch_estimate {
    const batch_plan *plan;
    batch_reader *reader;
    const batch_survey *survey;
    const batch_output *output; /* what is finished */
    const beluga_config *config;
    const beluga_prices *prices; /* NULL: unknown */
    const char *model;           /* as PROVIDER/MODEL */
} batch_estimate;

/* Read the input and tell. @return the exit code. */
int batch_estimate_tell(const cli_args *args, const batch_estimate *estimate);

#endif
