/* Runs a worker, which sends the lines of a shared batch to a model. */
#ifndef BELUGA_CLI_BATCH_WORKER_H
#define BELUGA_CLI_BATCH_WORKER_H

#include "args.h"

/* Work on the job that --work names, until it is finished. @return the exit code. */
int batch_worker_run(const cli_args *args);

#endif
