/* Makes a line of output from an answer or a failure. */
#ifndef BELUGA_CLI_BATCH_RESULT_H
#define BELUGA_CLI_BATCH_RESULT_H

#include "batch/item.h"
#include "batch/results.h"
#include "input.h"
#include "tools/runs.h"

#include <beluga/batch.h>
#include <beluga/embedding.h>
#include <beluga/price.h>

#define BATCH_PRICED_BYTES 192

/* Prices, and the one that was last found: nearly always the answers of a run are of one model. */
typedef struct batch_prices {
    const beluga_prices *list; /* borrowed; NULL: all prices are unknown */
    char provider[BATCH_PRICED_BYTES], model[BATCH_PRICED_BYTES]; /* "": none was looked for */
    beluga_price price;
    bool known;
    double factor; /* of a price, where the lines are asked in batch jobs; 0: the usual prices */
} batch_prices;

/* Return what a usage costs at a price. */
double batch_price_cost(const batch_prices *prices, const beluga_price *price,
                        const beluga_usage *usage);

typedef struct batch_result_source {
    bool openai; /* write the form of OpenAI's batches, with ours in its member "beluga" */
    const protocol_request *request;  /* that is answered */
    const beluga_embeddings *vectors; /* of a request to Embeddings; NULL: none */
    uint64_t line, digest;
    const char *id;
    const char *schema; /* the answer must fit it; NULL: none */
    batch_prices *prices;
    const beluga_chat_model *model; /* the model that was asked */
    const tool_runs *runs;          /* the calls of tools that it took */
} batch_result_source;

/* Append the line, with a newline, to `text`. @return 0, or -1 without memory. */
int batch_result_write(const batch_result_source *source, const beluga_batch_result *result,
                       cli_text *text, batch_entry *entry);

#endif
