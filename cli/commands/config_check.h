/* beluga config check: reports every problem of a file. */
#ifndef BELUGA_CLI_COMMANDS_CONFIG_CHECK_H
#define BELUGA_CLI_COMMANDS_CONFIG_CHECK_H

#include "args.h"

/* Check the file in the second operand, or the usual file. @return exit code. */
int config_check(const cli_args *args);

#endif
