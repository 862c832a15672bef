/* Results in the form of OpenAI's batches: custom_id, response, error. */
#ifndef BELUGA_CLI_BATCH_OPENAI_RESULT_H
#define BELUGA_CLI_BATCH_OPENAI_RESULT_H

#include "batch/result.h"

/* Write the members of a result into the object that is open in the writer. */
void batch_openai_put(beluga_json_writer *w, const batch_result_source *source,
                      const beluga_batch_result *result);

#endif
