/* Reads JSON: values are pieces of the text, which stays where it is. */
#ifndef BELUGA_PEER_JSON_H
#define BELUGA_PEER_JSON_H

#include "peer/bytes.h"

#include <stdbool.h>
#include <stddef.h>

/* Text that is nested deeper is no JSON to us. */
#define PEER_JSON_MAX_DEPTH 128

/* The text of one value, without space around it; `at` is NULL for one that is not there. */
typedef struct json {
    const char *at;
    size_t n;
} json;

/* Return the value that the text is, and nothing else but space; {NULL} for what is no JSON. */
json peer__json_parse(const char *text, size_t n);
/* Return the member of an object; {NULL} without one, and for values of other types. */
json peer__json_get(json object, const char *key);
/* Return the value of an object's first member; {NULL} without one. */
json peer__json_first(json object);
/* Walk over an array: begin with `at` of {NULL}; false behind the last item. */
bool peer__json_next(json array, json *item);
/* Append a string's characters; false for values of other types, and without memory. */
bool peer__json_text(json string, bytes *out);
/* Return whether a value is this string; it must have no escapes. */
bool peer__json_is(json value, const char *text);
/* Return a new string; NULL for values of other types, those with a NUL in it, and without memory.
 */
char *peer__json_string(json value);

#endif
