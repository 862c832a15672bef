/* Lets the user write a text in an editor. */
#ifndef BELUGA_CLI_TERMINAL_COMPOSE_H
#define BELUGA_CLI_TERMINAL_COMPOSE_H

#include "text.h"

/*
 * Let the user change a text in $VISUAL, $EDITOR or vi, and wait until the editor ends. Newlines at
 * the end are removed.
 * @return 0, or an exit code after reporting the error, and then the text is unchanged.
 */
int compose(cli_text *text);

#endif
