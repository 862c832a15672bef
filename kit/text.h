/* Text that grows, and files read whole: what the kit reads and tells. */
#ifndef BELUGA_KIT_TEXT_H
#define BELUGA_KIT_TEXT_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

/* More than any story or file of a fixture needs; what is longer fails. */
#define CHECK_MAX_TEXT_BYTES ((size_t)16 * 1024 * 1024)

/* Zero-initialise it. `data` is NULL before something was written and ends in a NUL. `status` is
 * not 0 where what it holds is not all: there was no memory, or it is too long. */
typedef beluga__buf check_text;

void check_text_add(check_text *text, const char *bytes, size_t n);
void check_text_puts(check_text *text, const char *string);
#define check_text_printf(text, ...) beluga__buf_printf(check_text_begin(text), __VA_ARGS__)
/* Return it, ready to be written to. */
check_text *check_text_begin(check_text *text);
/* Add `string` with every `from` in it replaced; an empty `from` is not looked for. */
void check_text_replace(check_text *text, const char *string, const char *from, const char *to);
/* Return what it holds, "" when that is nothing. */
const char *check_text_get(const check_text *text);
/* Forget what it holds, and keep its memory. */
void check_text_clear(check_text *text);
void check_text_free(check_text *text);

/* Read a file whole in place of what `text` holds. @return whether it could be read. */
bool check_text_read(check_text *text, const char *path);

#endif
