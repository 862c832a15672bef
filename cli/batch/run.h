/* Runs a batch on one thread: claims lines, makes calls and stores results. */
#ifndef BELUGA_CLI_BATCH_RUN_H
#define BELUGA_CLI_BATCH_RUN_H

#include "batch/work.h"

/* Send every line that is not finished. @return 0, or an exit code, after printing the error, if
 * the run could not begin. */
int batch_run(batch_work *run);

#endif
