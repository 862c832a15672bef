/* Ctrl-C, which cancels the running call. */
#ifndef BELUGA_CLI_TERMINAL_INTERRUPT_H
#define BELUGA_CLI_TERMINAL_INTERRUPT_H

#include <beluga/context.h>

#include <stdbool.h>

/*
 * From here on SIGINT cancels `context` (borrowed until interrupt_unwatch). A second SIGINT ends
 * the program at once, unless the program is to `survive`.
 */
void interrupt_watch(beluga_context *context, bool survive);
/* Restore the previous handling of SIGINT. */
void interrupt_unwatch(void);

#endif
