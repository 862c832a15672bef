/* Makes a line of output from an answer or a failure. */
#ifndef BELUGA_CLI_BATCH_RESULT_H
#define BELUGA_CLI_BATCH_RESULT_H

#include "batch/item.h"
#include "batch/reader.h"
#include "batch/results.h"
#include "input.h"
#include "tools/runs.h"

#include <beluga/batch.h>
#include <beluga/embedding.h>
#include <beluga/price.h>

#define BATCH_PRICED_BYTES 192

/* The price list, and the price of the last look-up, which is remembered since nearly all answers
 * of a run come from the same model. */
typedef struct batch_prices {
    const beluga_prices *list; /* borrowed; NULL: all prices are unknown */
    char provider[BATCH_PRICED_BYTES], model[BATCH_PRICED_BYTES]; /* model of the last look-up;
                                                                   * "": none */
    beluga_price price;
    bool known;
    double factor; /* price factor for batch jobs; 0: normal prices */
} batch_prices;

/* Return the cost of some usage at a price. */
double batch_price_cost(const batch_prices *prices, const beluga_price *price,
                        const beluga_usage *usage);

typedef struct batch_result_source {
    bool openai;                      /* write OpenAI's form, with our own members in "beluga" */
    const protocol_request *request;  /* the request that is answered */
    const beluga_embeddings *vectors; /* answer to a request for embeddings; NULL: none */
    uint64_t line, digest;
    const char *id;
    const char *schema; /* JSON Schema that the answer must fit; NULL: none */
    batch_prices *prices;
    const beluga_chat_model *model; /* the model to which the line was sent */
    const tool_runs *runs;          /* the tools that ran for the answer */
    const batch_entry *paid;        /* for an error: what its answer has cost; NULL: no answer */
    const beluga_error *misfit;     /* why the answer is not one to this line; NULL: it is */
} batch_result_source;

/* Append a result as one line, with a newline, to `text`. If the answer is not one to the line, or
 * the result would be longer than BATCH_MAX_RECORD_BYTES, an error with the answer's cost takes its
 * place. @return 0, or -1 if memory runs out. */
int batch_result_write(const batch_result_source *source, const beluga_batch_result *result,
                       cli_text *text, batch_entry *entry);

#endif
