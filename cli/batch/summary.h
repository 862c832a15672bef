/* The summary that a run prints at its end. */
#ifndef BELUGA_CLI_BATCH_SUMMARY_H
#define BELUGA_CLI_BATCH_SUMMARY_H

#include "args.h"
#include "batch/run.h"

/* Print the summary on stderr, or with --json as an object on stdout. @return the exit code. */
int batch_summary_tell(const cli_args *args, const batch_work *run);

/* Return the number of lines that this run should have sent and that are not finished. */
uint64_t batch_summary_left(const batch_work *run);

#endif
