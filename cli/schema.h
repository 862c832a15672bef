/* Reads the JSON Schema of --schema, and checks whether an answer fits it. */
#ifndef BELUGA_CLI_SCHEMA_H
#define BELUGA_CLI_SCHEMA_H

#include "args.h"
#include "text.h"

#include <beluga/response.h>

/*
 * Read a schema: JSON, the short form of schema_short.h, or the name of a file that has either.
 * @param given  What the user wrote; NULL leaves `json` empty.
 * @param json   Receives the JSON Schema.
 * @return 0, or CLI_EXIT_USAGE or CLI_EXIT_OTHER after reporting the error.
 */
int schema_read(const char *given, cli_text *json);

/*
 * Check that a whole answer fits a schema, and report the place where it does not fit. An
 * answer that calls tools and has no text always fits, and an empty schema fits every answer.
 * @return 0, or CLI_EXIT_RESPONSE or CLI_EXIT_OTHER.
 */
int schema_check(const cli_text *json, const beluga_response *response);

#endif
