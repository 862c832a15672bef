/*
 * Checks JSON values against a JSON Schema. It knows the keywords that schemas for tools and
 * structured output use (the table in json_schema.c). An unknown keyword is no fault, and is
 * reported once.
 */
#ifndef BELUGA__JSON_SCHEMA_H
#define BELUGA__JSON_SCHEMA_H

#include "base/buf.h"

#include <beluga/provider/json.h>

/*
 * Check a value. The first misfit is written to `why` as one line, such as "days[1]: must be at
 * least 1". Unknown keywords are added to `unknown` (may be NULL), the first 16 of them, each once,
 * separated by ", ".
 *
 * Returns 0 when it fits; INVALID_INPUT when it does not; LIMIT_EXCEEDED for schemas that refer to
 * themselves deeper than 64, or take more than a million steps, or as much work in lookups;
 * NO_MEMORY.
 */
int beluga__json_schema_check(const beluga_json *schema, const beluga_json *value, beluga__buf *why,
                              beluga__buf *unknown);

#endif
