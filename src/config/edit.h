/* Changes of single values in a YAML text that leave every other byte as it is. */
#ifndef BELUGA__CONFIG_EDIT_H
#define BELUGA__CONFIG_EDIT_H

#include "base/buf.h"

#include <beluga/error.h>

enum { BELUGA__EDIT_NAMES = 8 }; /* names on the way to a value */

/* A value, and the names of the maps that lead to it. */
typedef struct beluga__edit_path {
    char text[512]; /* the names, with a NUL behind each */
    const char *names[BELUGA__EDIT_NAMES];
    size_t count;
} beluga__edit_path;

/* Read a JSON Pointer. Returns false for one that is empty or too long. */
bool beluga__edit_path_read(beluga__edit_path *path, const char *pointer);

/*
 * Write `text` with one value set, or removed where `value` is NULL, to `out`.
 * A value that stands where a map is needed is replaced by one.
 *
 * Returns 0; INVALID_CONFIG for a text that is no YAML; NOT_SUPPORTED where the change would alter
 * something else, too; and `why` says so with the line in *line; NO_MEMORY, LIMIT_EXCEEDED.
 */
int beluga__edit_text(const char *text, size_t length, const beluga__edit_path *path,
                      const char *value, beluga__buf *out, int *line, char *why, size_t why_size);

#endif
