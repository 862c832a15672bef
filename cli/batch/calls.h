/* The number of calls that a batch makes at the same time. */
#ifndef BELUGA_CLI_BATCH_CALLS_H
#define BELUGA_CLI_BATCH_CALLS_H

#include "args.h"
#include "session.h"

#include <beluga/config.h>

/* Read the option -j. @param[out] jobs  Its value; 8 if it is not given. @return 0, or an exit code
 * after printing the error. */
int batch_calls_take(const cli_args *args, size_t *jobs);

/*
 * With a limit of the user's own, such as requests_per_minute, let each call wait for its turn as
 * long as that takes, unless limit_wait is set. Otherwise the calls that must wait longer than the
 * default would be refused, and with ten of them the run would end. A model with fallbacks keeps
 * the default, since its fallbacks answer calls that would wait longer.
 * @param session  Its model was resolved, and is opened later.
 * @return 0, or an exit code after printing the error.
 */
int batch_calls_wait(cli_session *session);

/* Without -j, use the number of calls that the model's configuration allows, if it has such a
 * limit. Also raise the limit of open file descriptors if needed. */
void batch_calls_allow(const cli_args *args, const beluga_config *config, size_t *jobs);

#endif
