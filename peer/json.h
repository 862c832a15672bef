/* Reads JSON. Values are slices of the text, which is not copied. */
#ifndef BELUGA_PEER_JSON_H
#define BELUGA_PEER_JSON_H

#include "peer/bytes.h"

#include <stdbool.h>
#include <stddef.h>

/* deeper text is refused */
#define PEER_JSON_MAX_DEPTH 128

/* The text of one value, without space around it; `at` is NULL if there is no value. */
typedef struct json {
    const char *at;
    size_t n;
} json;

/* Return the value of a text that contains nothing else but space; {NULL} if the text is not
 * JSON. */
json peer__json_parse(const char *text, size_t n);
/* Return the member of an object; {NULL} if it is missing or the value is not an object. */
json peer__json_get(json object, const char *key);
/* Return the value of an object's first member; {NULL} if there is none. */
json peer__json_first(json object);
/* Walk over an array: set `item` to {NULL} at first. Returns false after the last item. */
bool peer__json_next(json array, json *item);
/* Append a string's characters. Returns false if the value is not a string, or if out of memory. */
bool peer__json_text(json string, bytes *out);
/* Return whether a value is this string, which must not need escapes. */
bool peer__json_is(json value, const char *text);
/* Return a new string; NULL if the value is not a string or contains a NUL, or if out of memory. */
char *peer__json_string(json value);

#endif
