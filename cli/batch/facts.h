/* The facts on which results depend: input, model, template, and options that change answers. */
#ifndef BELUGA_CLI_BATCH_FACTS_H
#define BELUGA_CLI_BATCH_FACTS_H

#include "batch/digest.h"
#include "batch/layout.h"
#include "batch/sidecar.h"

#include <beluga/config.h>

#define BATCH_MODEL_BYTES   256
#define BATCH_OPTIONS_BYTES 2048
#define BATCH_FORMAT_BYTES  128

/* Memory for the texts to which the facts point. */
typedef struct batch_fact_texts {
    char model[BATCH_MODEL_BYTES], options[BATCH_OPTIONS_BYTES];
    char format[BATCH_FORMAT_BYTES];
    char template[BATCH_DIGEST_TEXT], system[BATCH_DIGEST_TEXT], schema[BATCH_DIGEST_TEXT];
    char tools[BATCH_DIGEST_TEXT];
} batch_fact_texts;

/* The facts that come from the command line; NULL: not given. */
typedef struct batch_fact_source {
    const char *input_digest;
    const batch_layout *layout;
    bool openai; /* results have the form of OpenAI's batches */
    const char *prompt_column, *attach_column, *template, *system, *schema;
    const char *tools; /* the description of the tools that the model gets (tools_describe) */
} batch_fact_source;

/* @return 0, or -1 if memory runs out. */
int batch_facts_make(batch_facts *facts, batch_fact_texts *texts, const beluga_config *config,
                     const batch_fact_source *source);

#endif
