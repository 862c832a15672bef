/* Makes a line of output from an answer or a failure. */
#ifndef BELUGA_CLI_BATCH_RESULT_H
#define BELUGA_CLI_BATCH_RESULT_H

#include "batch/results.h"
#include "input.h"
#include "tools/runs.h"

#include <beluga/batch.h>
#include <beluga/price.h>

typedef struct batch_result_source {
    uint64_t line;
    const char *id;
    const beluga_prices *prices;    /* NULL: all prices are unknown */
    const beluga_chat_model *model; /* the model that was asked */
    const tool_runs *runs;          /* the calls of tools that it took */
} batch_result_source;

/* Append the line, with a newline, to `text`. @return 0, or -1 without memory. */
int batch_result_write(const batch_result_source *source, const beluga_batch_result *result,
                       cli_text *text, batch_entry *entry);

#endif
