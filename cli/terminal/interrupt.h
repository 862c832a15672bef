/* Ctrl-C, which cancels the running call. */
#ifndef BELUGA_CLI_TERMINAL_INTERRUPT_H
#define BELUGA_CLI_TERMINAL_INTERRUPT_H

#include <beluga/context.h>

#include <stdbool.h>

/*
 * Let SIGINT cancel `context` (borrowed until interrupt_unwatch). A second SIGINT ends the program
 * at once, unless `survive` is set.
 */
void interrupt_watch(beluga_context *context, bool survive);
/* Restore the previous handling of SIGINT. */
void interrupt_unwatch(void);

#endif
