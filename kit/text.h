/* Growing text and whole files, for the kit. */
#ifndef BELUGA_KIT_TEXT_H
#define BELUGA_KIT_TEXT_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

/* The limit of a text, which is more than any story or fixture needs; a longer text fails. */
#define CHECK_MAX_TEXT_BYTES ((size_t)16 * 1024 * 1024)

/* Initialise this struct with zeros. `data` is NULL until text is written, and ends in a NUL.
 * `status` is not 0 if the text is incomplete, because there was no memory or the text is too
 * long. */
typedef beluga__buf check_text;

void check_text_add(check_text *text, const char *bytes, size_t n);
void check_text_puts(check_text *text, const char *string);
#define check_text_printf(text, ...) beluga__buf_printf(check_text_begin(text), __VA_ARGS__)
/* Prepare the text for writing, and return it. */
check_text *check_text_begin(check_text *text);
/* Add `string` with every `from` in it replaced; an empty `from` is ignored. */
void check_text_replace(check_text *text, const char *string, const char *from, const char *to);
/* Return the text, or "" when there is none. */
const char *check_text_get(const check_text *text);
/* Empty the text, and keep its memory. */
void check_text_clear(check_text *text);
void check_text_free(check_text *text);

/* Replace the text by a whole file. @return whether the file was read. */
bool check_text_read(check_text *text, const char *path);

#endif
