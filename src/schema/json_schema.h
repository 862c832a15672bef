/* Checks JSON values against a JSON Schema. It supports the keywords that schemas of tools and
 * structured output use (see the table in json_schema.c). An unknown keyword is reported once, and
 * is not an error. */
#ifndef BELUGA__JSON_SCHEMA_H
#define BELUGA__JSON_SCHEMA_H

#include "base/buf.h"

#include <beluga/provider/json.h>

/* Check a value. `why` gets a description of the first mismatch as one line, such as "days[1]: must
 * be at least 1". `unknown` (may be NULL) gets the names of the first 16 unknown keywords, each
 * once, separated by ", ".
 *
 * Returns 0 if the value fits; INVALID_INPUT if it does not; LIMIT_EXCEEDED for a schema that
 * refers to itself more than 64 levels deep, or needs more work than a million checks of one value
 * against one schema; NO_MEMORY. */
int beluga__json_schema_check(const beluga_json *schema, const beluga_json *value, beluga__buf *why,
                              beluga__buf *unknown);

#endif
