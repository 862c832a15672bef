/* The number of calls that a batch makes at the same time. */
#ifndef BELUGA_CLI_BATCH_CALLS_H
#define BELUGA_CLI_BATCH_CALLS_H

#include "args.h"

#include <beluga/config.h>

/* Read -j. @param[out] jobs  8 without it. @return 0, or an exit code, reported. */
int batch_calls_take(const cli_args *args, size_t *jobs);

/* Without -j, use the number that the configuration of the model sets, if any. Also raises the
 * limit of open file descriptors if needed. */
void batch_calls_allow(const cli_args *args, const beluga_config *config, size_t *jobs);

#endif
