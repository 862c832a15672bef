/* The configuration from its file, the environment, -o and --timeout. */
#ifndef BELUGA_CLI_CONFIGURATION_H
#define BELUGA_CLI_CONFIGURATION_H

#include "args.h"

#include <beluga/config.h>

#include <stdbool.h>

/*
 * Read the whole configuration.
 * @param config    Receives the configuration; owned, NULL if memory runs out.
 * @param path      Receives the path of the file, owned; NULL: no folder for the file is known,
 * because neither XDG_CONFIG_HOME nor HOME is set.
 * @param has_file  Receives whether the file exists and was read.
 * @return 0, or an exit code after reporting the error. Free config and path in either case.
 */
int configuration_read(const cli_args *args, beluga_config **config, char **path, bool *has_file);

/* Read the configuration again from the file `path` (NULL: none; the usual file may be missing),
 * for a program that continues if this fails.
 * @param config  Receives the configuration on success; owned. @return 0, or a code with an error.
 */
int configuration_reread(const cli_args *args, const char *path, beluga_config **config,
                         beluga_error *err);

/* Read a time from the command line, such as 90s or 5m; a number alone means seconds.
 * @return 0, or a code with an error. */
int configuration_read_time(const char *time, int64_t *ms, beluga_error *err);

/* Return whether the command line or BELUGA_CONFIG names the file, which must then exist. */
bool configuration_is_named(const cli_args *args);
/* Find the path of the configuration file: owned, NULL if there is none.
 * @return 0, or an exit code after reporting the error. */
int configuration_find_file(const cli_args *args, char **path);

/* The maximum number of values that one change of the configuration file may set. */
#define CONFIGURATION_MAX_CHANGES 128

typedef struct configuration_change {
    char *pointers[CONFIGURATION_MAX_CHANGES]; /* owned */
    const char *values[CONFIGURATION_MAX_CHANGES];
    size_t count;
    bool failed; /* memory ran out, or there were too many changes */
} configuration_change;

/* Set the value at a path, a NULL-terminated list of names, or remove it if `value` is NULL;
 * `value` is borrowed. Zero-initialise the change. */
void configuration_put(configuration_change *change, const char *value, const char *const *names);
#define configuration_set(change, value, ...) \
    configuration_put(change, value, (const char *const[]){__VA_ARGS__, NULL})
/* Make the changes in the file, and free them. A missing file is created. @return 0, or an exit
 * code after reporting the error. */
int configuration_write(const cli_args *args, configuration_change *change);

/* Return the value of an environment variable, or NULL if it is empty or not set. */
const char *configuration_variable(const char *name);

#endif
