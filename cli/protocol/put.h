/* Functions with which all protocols write answers. The bytes of a stream are written directly into
 * its buffer; memory is allocated only when the buffer grows. A failure stays in the buffer's
 * status. */
#ifndef BELUGA_CLI_PROTOCOL_PUT_H
#define BELUGA_CLI_PROTOCOL_PUT_H

#include "base/buf.h"
#include "base/json_escape.h"
#include "protocol/protocol.h"

#include <string.h>

/* Append a literal. */
#define PROTOCOL_PUT(out, literal) beluga__buf_append(out, "" literal, sizeof(literal) - 1)

/* Append a text as the contents of a JSON string. */
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

/* Convert a count for an answer: unknown counts are negative, and become 0. */
static inline int64_t protocol_known(int64_t tokens)
{
    return tokens < 0 ? 0 : tokens;
}

/* Append a number. */
void protocol_put_int(beluga__buf *out, int64_t value);

/* Make a writer fail, so that an incomplete answer is never sent. */
void protocol_give_up(beluga_json_writer *w);

/* Append the body of an error as an object: {"error": {…}}, or the form of the protocol. Without
 * memory, append a fixed error that reports this. */
void protocol_put_error(beluga__buf *out, const protocol *table, const beluga_error *error);

#endif
