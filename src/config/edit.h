/* Changes single values in a YAML text, and leaves every other byte as it is. */
#ifndef BELUGA__CONFIG_EDIT_H
#define BELUGA__CONFIG_EDIT_H

#include "base/buf.h"

#include <beluga/error.h>

enum { BELUGA__EDIT_NAMES = 8 }; /* maximum number of names on the path to a value */

/* The path to a value: the names of the maps that contain it, and its own name. */
typedef struct beluga__edit_path {
    char text[512]; /* the names, each followed by a NUL */
    const char *names[BELUGA__EDIT_NAMES];
    size_t count;
} beluga__edit_path;

/* Read a JSON Pointer as a path. Returns false if it is empty or too long. */
bool beluga__edit_path_read(beluga__edit_path *path, const char *pointer);

/* Write `text` to `out` with one value set, or removed if `value` is NULL. If there is another
 * value where the path needs a map, the map replaces that value.
 *
 * Returns 0; INVALID_CONFIG if the text is not YAML; NOT_SUPPORTED if the change would alter other
 * values, too; NO_MEMORY; LIMIT_EXCEEDED. For the first two codes `why` receives an explanation,
 * and *line the number of the line. */
int beluga__edit_text(const char *text, size_t length, const beluga__edit_path *path,
                      const char *value, beluga__buf *out, int *line, char *why, size_t why_size);

#endif
