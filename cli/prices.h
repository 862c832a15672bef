/* Prices: loaded from where the configuration says. */
#ifndef BELUGA_CLI_PRICES_H
#define BELUGA_CLI_PRICES_H

#include "args.h"

#include <beluga/config.h>
#include <beluga/price.h>

#include <stdbool.h>

/*
 * Load the prices that a configuration names, else the installed ones.
 * @param out       NULL when they can't be read, which a note tells: then costs are unknown.
 * @param expected  Installed ones should be there: a note tells that they are not.
 * @return 0, or an exit code, reported: there is no memory.
 */
int prices_load(const beluga_config *config, bool expected, beluga_prices **out);

/* The same for a command that reads the configuration for nothing else; installed ones may be
 * missing. @return as above, or the exit code of a configuration that can't be read. */
int prices_load_configured(const cli_args *args, beluga_prices **out);

#endif
