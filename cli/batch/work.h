/* A worker: asks the lines of a job of many machines. */
#ifndef BELUGA_CLI_BATCH_WORK_H
#define BELUGA_CLI_BATCH_WORK_H

#include "args.h"

/* Work on the job that --work names, until it is over. @return the exit code. */
int batch_work_command(const cli_args *args);

#endif
