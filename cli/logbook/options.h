/* The model's options that the log stores for a conversation. */
#ifndef BELUGA_CLI_LOGBOOK_OPTIONS_H
#define BELUGA_CLI_LOGBOOK_OPTIONS_H

#include "args.h"
#include "text.h"

#include <beluga/config.h>

/*
 * Write the options of the command line, and those of an earlier entry (NULL: none) that the
 * command line does not set, as a JSON list; nothing if there are none. Only options that shape an
 * answer are stored, and no texts that could be secrets.
 * @return 0, or -1 if memory runs out.
 */
int logbook_options_make(const cli_args *args, const char *earlier, cli_text *json);

/* Set the options of a log entry in `config`, except those that the command line sets. @return 0,
 * or an exit code after reporting the error. */
int logbook_options_apply(const cli_args *args, const char *json, beluga_config *config);

#endif
