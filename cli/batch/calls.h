/* The number of calls that a batch makes at the same time. */
#ifndef BELUGA_CLI_BATCH_CALLS_H
#define BELUGA_CLI_BATCH_CALLS_H

#include "args.h"

#include <beluga/config.h>

/* Read the option -j. @param[out] jobs  Its value; 8 if it is not given. @return 0, or an exit code
 * after printing the error. */
int batch_calls_take(const cli_args *args, size_t *jobs);

/* Without -j, use the number of calls that the model's configuration allows, if it has such a
 * limit. Also raise the limit of open file descriptors if needed. */
void batch_calls_allow(const cli_args *args, const beluga_config *config, size_t *jobs);

#endif
