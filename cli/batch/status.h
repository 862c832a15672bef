/* --status: the progress of a job of many machines, and its workers. */
#ifndef BELUGA_CLI_BATCH_STATUS_H
#define BELUGA_CLI_BATCH_STATUS_H

#include "args.h"

/* Draw the job that --status names, or with --json print it as an object. @return the exit code. */
int batch_status_tell(const cli_args *args);

#endif
