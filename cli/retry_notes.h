/* Notes to the user about waits before another attempt. */
#ifndef BELUGA_CLI_RETRY_NOTES_H
#define BELUGA_CLI_RETRY_NOTES_H

#include "args.h"

/* Tell of each on stderr where that is a terminal, unless it should be quiet. A log that is started
 * later takes the place of this. */
void retry_notes_start(const cli_args *args);

#endif
