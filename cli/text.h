/* A text that grows: the buffer of src/base/buf.h, which may also be zero-initialised. */
#ifndef BELUGA_CLI_TEXT_H
#define BELUGA_CLI_TEXT_H

#include "base/buf.h"

#include <beluga/allocator.h>

/* The maximum size of a text, which is more than any input needs, even if all of it is escaped. */
#define TEXT_MAX_BYTES ((size_t)1 << 30)

/* `data` is NULL until text is added, and ends in a NUL that `length` does not count. A failure
 * stays in `status`, so that one check is enough after many additions. */
typedef beluga__buf cli_text;

static inline cli_text *text_begin(cli_text *text)
{
    if (text->allocator) return text;
    int status = text->status; /* a previous addition may have failed before there was any text */
    beluga__buf_init(text, beluga_allocator_default(), TEXT_MAX_BYTES);
    text->status = status;
    return text;
}

/* These functions return 0, or BELUGA_ERROR_NO_MEMORY or another code. */
static inline int text_add(cli_text *text, const char *bytes, size_t n)
{
    return beluga__buf_append(text_begin(text), bytes, n);
}

static inline int text_puts(cli_text *text, const char *string)
{
    return beluga__buf_puts(text_begin(text), string);
}

/* arguments as for printf */
#define text_printf(text, ...) beluga__buf_printf(text_begin(text), __VA_ARGS__)

/* Reserve room for n more bytes after the last one; the caller then writes them. */
static inline int text_reserve(cli_text *text, size_t n)
{
    return beluga__buf_reserve(text_begin(text), n);
}

/* Return the text, or "" if it is empty. */
static inline const char *text_get(const cli_text *text)
{
    return text->data ? text->data : "";
}

static inline void text_free(cli_text *text)
{
    beluga__buf_free(text);
}

#endif
