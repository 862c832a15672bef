/* Writes text as the inside of a JSON string. */
#ifndef BELUGA__JSON_ESCAPE_H
#define BELUGA__JSON_ESCAPE_H

#include "base/buf.h"

/* Append a text, escaped, without quotes around it. Allocates only if the buffer must grow. Returns
 * out->status, or INVALID_INPUT if the text is not UTF-8; the part before the invalid byte has been
 * appended then. */
int beluga__json_escape(beluga__buf *out, const char *text, size_t length);

#endif
