/* Runs a batch: claims lines, makes calls and puts results, on one thread. */
#ifndef BELUGA_CLI_BATCH_RUN_H
#define BELUGA_CLI_BATCH_RUN_H

#include "batch/work.h"

/* Ask every line that is not finished. @return 0, or an exit code, reported, if the run could not
 * begin. */
int batch_run(batch_work *run);

#endif
