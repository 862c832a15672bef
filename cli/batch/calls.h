/* How many calls a batch has under way at once. */
#ifndef BELUGA_CLI_BATCH_CALLS_H
#define BELUGA_CLI_BATCH_CALLS_H

#include "args.h"

#include <beluga/config.h>

/* Read -j. @param[out] jobs  8 without it. @return 0, or an exit code, reported. */
int batch_calls_take(const cli_args *args, size_t *jobs);

/* Without -j the configuration may say it, once a model is chosen. Makes room for so many
 * descriptors, too. */
void batch_calls_allow(const cli_args *args, const beluga_config *config, size_t *jobs);

#endif
