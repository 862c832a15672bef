/* --dry-run: what a batch would take, and how that is known. */
#ifndef BELUGA_CLI_BATCH_ESTIMATE_H
#define BELUGA_CLI_BATCH_ESTIMATE_H

#include <beluga/config.h>
#include <beluga/price.h>

#include "args.h"
#include "batch/item.h"
#include "batch/results.h"
#include "batch/survey.h"

struct batch_estimate {
    const struct batch_plan *plan;
    struct batch_reader *reader;
    const struct batch_survey *survey;
    const struct batch_output *output; /* what is finished */
    const beluga_config *config;
    const beluga_prices *prices; /* NULL: unknown */
    const char *model;           /* as PROVIDER/MODEL */
};

/* Read the input and tell. @return the exit code. */
int batch_estimate_tell(const struct args *args, const struct batch_estimate *estimate);

#endif
