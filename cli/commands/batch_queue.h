/* The parts of `beluga batch` that know a queue and no file: workers, and what is asked of a job.
 */
#ifndef BELUGA_CLI_COMMANDS_BATCH_QUEUE_H
#define BELUGA_CLI_COMMANDS_BATCH_QUEUE_H

#include "args.h"

#include <stdbool.h>

/* Return whether --work, --status or --remove is given, so that there is no input. */
bool batch_queue_is_asked(const cli_args *args);

/* Do what is asked. @return the exit code. */
int batch_queue_run(const cli_args *args);

#endif
