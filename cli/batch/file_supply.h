/* A supply that takes its lines from a surveyed file, and writes the results to an output file. */
#ifndef BELUGA_CLI_BATCH_FILE_SUPPLY_H
#define BELUGA_CLI_BATCH_FILE_SUPPLY_H

#include "batch/supply.h"
#include "batch/survey.h"

typedef struct batch_file_supply {
    batch_supply base;
    /* all borrowed */
    batch_reader *reader;
    const batch_survey *survey;
    batch_output *output;
} batch_file_supply;

void batch_file_supply_begin(batch_file_supply *supply, batch_reader *reader,
                             const batch_survey *survey, batch_output *output);

#endif
