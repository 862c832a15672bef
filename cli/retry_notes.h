/* Notes about the wait before another attempt. */
#ifndef BELUGA_CLI_RETRY_NOTES_H
#define BELUGA_CLI_RETRY_NOTES_H

#include "args.h"

/* Report each wait on stderr where that is a terminal, except with --quiet. A log that is started
 * later replaces these notes. */
void retry_notes_start(const cli_args *args);

#endif
