/* beluga check --list: the checks, which answers each plays, and what it proves. */
#ifndef BELUGA_CLI_COMMANDS_CHECK_LISTING_H
#define BELUGA_CLI_COMMANDS_CHECK_LISTING_H

#include "args.h"

/* Print the list. @return the exit code. */
int check_listing(const cli_args *args);
/* Look for a check of that name. @return 0, or an exit code, with the nearest name reported. */
int check_listing_find(const char *name);

#endif
