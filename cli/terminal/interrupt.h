/* Ctrl-C: cancels the call under way. */
#ifndef BELUGA_CLI_TERMINAL_INTERRUPT_H
#define BELUGA_CLI_TERMINAL_INTERRUPT_H

#include <beluga/context.h>

#include <stdbool.h>

/*
 * From here on SIGINT cancels `context` (borrowed until interrupt_unwatch). A second one ends the
 * program, for the impatient, unless it is to `survive`.
 */
void interrupt_watch(beluga_context *context, bool survive);
/* SIGINT is again what it was. */
void interrupt_unwatch(void);

#endif
