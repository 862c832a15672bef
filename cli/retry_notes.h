/* Notes about the wait before another attempt. */
#ifndef BELUGA_CLI_RETRY_NOTES_H
#define BELUGA_CLI_RETRY_NOTES_H

#include "args.h"

/* Print a note on stderr before each wait, if stderr is a terminal, but not with --quiet. A log
 * that is started later replaces these notes. */
void retry_notes_start(const cli_args *args);

#endif
