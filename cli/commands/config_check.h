/* beluga config check: all that is wrong with a file. */
#ifndef BELUGA_CLI_COMMANDS_CONFIG_CHECK_H
#define BELUGA_CLI_COMMANDS_CONFIG_CHECK_H

#include "args.h"

/* Check the file that is the second operand, or the usual one. @return exit code. */
int config_check(const cli_args *args);

#endif
