/* Loads the prices that the configuration names. */
#ifndef BELUGA_CLI_PRICES_H
#define BELUGA_CLI_PRICES_H

#include "args.h"

#include <beluga/config.h>
#include <beluga/price.h>

#include <stdbool.h>

/*
 * Load the prices that a configuration names, or else the installed ones.
 * @param out  NULL if the prices can't be read, which a note reports; costs are then unknown.
 * @param expected  Print a note if the installed prices are missing.
 * @return 0, or an exit code after reporting that memory ran out.
 */
int prices_load(const beluga_config *config, bool expected, beluga_prices **out);

/* Load prices for a command that needs the configuration for nothing else; installed prices may be
 * missing. @return as prices_load, or the exit code of a configuration that can't be read. */
int prices_load_configured(const cli_args *args, beluga_prices **out);

#endif
