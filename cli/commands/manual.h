/* The texts that help and the manual page share, and the manual page. */
#ifndef BELUGA_CLI_COMMANDS_MANUAL_H
#define BELUGA_CLI_COMMANDS_MANUAL_H

#include "commands/command.h"

/* A row of a list: a term and its meaning. Lists end with a NULL term. */
typedef struct manual_row {
    const char *term;
    const char *meaning;
} manual_row;

extern const manual_row manual_environment[];
extern const manual_row manual_files[];
extern const manual_row manual_examples[];

/* Print the manual page's source, for man(7). */
void manual_print(const cli_command *const *commands);

#endif
