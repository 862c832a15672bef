/* Estimates the cost of a batch for --dry-run, and explains how it was estimated. */
#ifndef BELUGA_CLI_BATCH_ESTIMATE_H
#define BELUGA_CLI_BATCH_ESTIMATE_H

#include "args.h"
#include "batch/item.h"
#include "batch/results.h"
#include "batch/survey.h"
#include "jobs/journal.h"

#include <beluga/config.h>
#include <beluga/price.h>

typedef struct batch_estimate {
    const batch_plan *plan;
    batch_reader *reader;
    const batch_survey *survey;
    const batch_output *output; /* has the lines that are already finished */
    const beluga_config *config;
    const beluga_prices *prices;  /* NULL: prices are unknown */
    const char *model;            /* in the form PROVIDER/MODEL */
    const batch_journal *journal; /* has the lines that are in batch jobs */
    double factor; /* price factor for batch jobs; 0: the lines are not sent in batch jobs */
    double budget; /* US dollars, for this and all earlier runs; 0: none */
} batch_estimate;

/* Find the price of a model in the form PROVIDER/MODEL. */
bool batch_estimate_price(const beluga_prices *prices, const char *model, beluga_price *price);

/* Estimate the number of input tokens of a line. */
int64_t batch_estimate_input(const batch_item *item);

/* Read the input and print the estimate. @return the exit code. */
int batch_estimate_tell(const cli_args *args, const batch_estimate *estimate);

#endif
