/*
 * The short form of a JSON Schema, which people can type:
 *
 *     name, age int, tags []                 an object with these three members
 *     name: who it is                        members on lines of their own may be described
 *     scores float[]: one for each round
 *     [name, age int]                        a list of such objects, in the member "items"
 *
 * A field is a name, an optional type (str, int, float, bool, with [] after it for a list; str by
 * default), and a description after a colon. If the text has newlines, they separate fields;
 * otherwise commas do. The answer must have every field, and no others.
 */
#ifndef BELUGA_CLI_SCHEMA_SHORT_H
#define BELUGA_CLI_SCHEMA_SHORT_H

#include "text.h"

#include <beluga/error.h>

/* A schema with more fields is refused. */
#define SCHEMA_MAX_FIELDS 256

/*
 * Write the JSON Schema of a short form.
 * @param json  The schema is appended here.
 * @return 0; BELUGA_ERROR_INVALID_INPUT, with the wrong field in `err`; NO_MEMORY.
 */
int schema_short_expand(const char *text, cli_text *json, beluga_error *err);

#endif
