/* The configuration from its file, the environment, -o and --timeout. */
#ifndef BELUGA_CLI_CONFIGURATION_H
#define BELUGA_CLI_CONFIGURATION_H

#include "args.h"

#include <beluga/config.h>

#include <stdbool.h>

/*
 * Read the whole configuration.
 * @param config    Receives the configuration; owned, NULL without memory.
 * @param path      Receives the path of the file, owned; NULL: there is no place for it.
 * @param has_file  Receives whether the file exists and was read.
 * @return 0, or an exit code, reported. Free config and path in either case.
 */
int configuration_read(const cli_args *args, beluga_config **config, char **path, bool *has_file);

/* Return whether the command line or BELUGA_CONFIG names the file, so that it must be there. */
bool configuration_is_named(const cli_args *args);
/* Tell where the configuration file is: owned, NULL for nowhere.
 * @return 0, or an exit code, reported. */
int configuration_find_file(const cli_args *args, char **path);

/* Return the value of an environment variable, or NULL where it is empty or not set. */
const char *configuration_variable(const char *name);

#endif
