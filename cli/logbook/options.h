/* The options of a model that a conversation keeps. */
#ifndef BELUGA_CLI_LOGBOOK_OPTIONS_H
#define BELUGA_CLI_LOGBOOK_OPTIONS_H

#include "args.h"
#include "text.h"

#include <beluga/config.h>

/*
 * Write the options of the command line behind those of an earlier entry (NULL: none) that it does
 * not give anew, as a list of JSON; nothing where there are none. Only what shapes an answer is
 * kept, and no text that could be a secret.
 * @return 0, or -1 without memory.
 */
int logbook_options_make(const cli_args *args, const char *earlier, cli_text *json);

/* Set the options of an entry that the command line does not give. @return 0, or an exit code,
 * reported. */
int logbook_options_apply(const cli_args *args, const char *json, beluga_config *config);

#endif
