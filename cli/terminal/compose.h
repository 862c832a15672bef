/* A text that is written in the user's editor. */
#ifndef BELUGA_CLI_TERMINAL_COMPOSE_H
#define BELUGA_CLI_TERMINAL_COMPOSE_H

#include "text.h"

/*
 * Let the user change a text in $VISUAL, $EDITOR or vi, and wait for the end of that. Newlines at
 * the end are left out.
 * @return 0, or an exit code, reported, and then the text is as before.
 */
int compose(cli_text *text);

#endif
