/* Checks JSON values against a JSON Schema. It knows the keywords that schemas of tools and
 * structured output use (the table in json_schema.c). An unknown keyword is reported once, and is
 * not an error. */
#ifndef BELUGA__JSON_SCHEMA_H
#define BELUGA__JSON_SCHEMA_H

#include "base/buf.h"

#include <beluga/provider/json.h>

/* Check a value. The first thing that does not fit is written to `why` as one line, such as
 * "days[1]: must be at least 1". The names of the first 16 unknown keywords are added to `unknown`
 * (may be NULL), each once, separated by ", ".
 *
 * Returns 0 if the value fits; INVALID_INPUT if it does not; LIMIT_EXCEEDED for a schema that
 * refers to itself more than 64 levels deep, or needs more than a million steps or as much work in
 * lookups; NO_MEMORY. */
int beluga__json_schema_check(const beluga_json *schema, const beluga_json *value, beluga__buf *why,
                              beluga__buf *unknown);

#endif
