/* Bodies of requests that are not JSON, such as forms, in a form that a file of text can have. */
#ifndef BELUGA_KIT_BODY_H
#define BELUGA_KIT_BODY_H

#include "kit/text.h"
#include "peer/peer.h"

#include <stdbool.h>

/* Return whether request `i` of the peer's log has such a body. */
bool check_body_is_other(const peer *p, size_t i);
/* Write that body: lines end with a line feed, bytes that are no text are \x00 to \xff, and the
 * boundary between parts is {boundary}. */
void check_body_write(const peer *p, size_t i, check_text *out);
/* Write a header's value, with {boundary} in it. */
void check_body_write_header(const peer *p, size_t i, const char *value, check_text *out);

#endif
