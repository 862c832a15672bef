/* Text as the inside of a JSON string. */
#ifndef BELUGA__JSON_ESCAPE_H
#define BELUGA__JSON_ESCAPE_H

#include "base/buf.h"

/* Append a text, escaped, without quotes around it. Allocates only where the buffer must grow.
 * Returns out->status, or INVALID_INPUT where the text is not UTF-8: what is before that place was
 * appended then. */
int beluga__json_escape(beluga__buf *out, const char *text, size_t length);

#endif
