/* The line of output that an answer or a failure makes. */
#ifndef BELUGA_CLI_BATCH_RESULT_H
#define BELUGA_CLI_BATCH_RESULT_H

#include "batch/results.h"
#include "input.h"

#include <beluga/batch.h>
#include <beluga/price.h>

typedef struct batch_result_source {
    uint64_t line;
    const char *id;
    const beluga_prices *prices;    /* NULL: all are unknown */
    const beluga_chat_model *model; /* that was asked */
} batch_result_source;

/* Write it, with a newline, behind what is in `text`. @return 0, or -1 without memory. */
int batch_result_write(const batch_result_source *source, const beluga_batch_result *result,
                       cli_text *text, batch_entry *entry);

#endif
