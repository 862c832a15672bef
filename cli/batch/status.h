/* Shows the progress of a shared batch, and its workers, for --status. */
#ifndef BELUGA_CLI_BATCH_STATUS_H
#define BELUGA_CLI_BATCH_STATUS_H

#include "args.h"

/* Print the state of the job that --status names, with --json as an object. @return the exit code.
 */
int batch_status_tell(const cli_args *args);

#endif
