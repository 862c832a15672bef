/* Writing a stream's bytes straight into its buffer: nothing here allocates but the buffer where it
 * must grow, and a failure sticks to it. */
#ifndef BELUGA_CLI_PROTOCOL_PUT_H
#define BELUGA_CLI_PROTOCOL_PUT_H

#include "base/buf.h"
#include "base/json_escape.h"
#include "protocol/protocol.h"

#include <string.h>

/* Append a literal. */
#define PROTOCOL_PUT(out, literal) beluga__buf_append(out, "" literal, sizeof(literal) - 1)

/* Append a text as the inside of a JSON string. */
static inline void protocol_put_text(beluga__buf *out, const char *text, size_t length)
{
    beluga__json_escape(out, text, length);
}

/* Append a text as a JSON string. */
static inline void protocol_put_string(beluga__buf *out, const char *text)
{
    beluga__buf_putc(out, '"');
    beluga__json_escape(out, text, strlen(text));
    beluga__buf_putc(out, '"');
}

/* Append a number. */
void protocol_put_int(beluga__buf *out, int64_t value);

/* Append the object that is the body of an error: {"error": {…}}, or the like of the protocol.
 * Without memory it is one that says so. */
void protocol_put_error(beluga__buf *out, const protocol *table, const beluga_error *error);

#endif
