/* beluga check --list: the checks, the answers that they play, and what they prove. */
#ifndef BELUGA_CLI_COMMANDS_CHECK_LISTING_H
#define BELUGA_CLI_COMMANDS_CHECK_LISTING_H

#include "args.h"

/* Print the list. @return the exit code. */
int check_listing(const cli_args *args);
/* Find the check with this name. @return 0, or an exit code, after reporting the nearest name. */
int check_listing_find(const char *name);

#endif
