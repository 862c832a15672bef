/* What the answers of all protocols are written with. A stream's bytes go straight into its buffer:
 * nothing allocates but the buffer where it must grow, and a failure sticks to it. */
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

/* Counts that are not known are negative; an answer has 0 for them. */
static inline int64_t protocol_known(int64_t tokens)
{
    return tokens < 0 ? 0 : tokens;
}

/* Append a number. */
void protocol_put_int(beluga__buf *out, int64_t value);

/* Let a writer fail, so that an answer without one of its parts never goes out. */
void protocol_give_up(beluga_json_writer *w);

/* Append the object that is the body of an error: {"error": {…}}, or the like of the protocol.
 * Without memory it is one that says so. */
void protocol_put_error(beluga__buf *out, const protocol *table, const beluga_error *error);

#endif
