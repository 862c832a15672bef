/* Writes bodies of requests that are not JSON, such as forms, as text for a fixture. */
#ifndef BELUGA_KIT_BODY_H
#define BELUGA_KIT_BODY_H

#include "kit/text.h"
#include "peer/peer.h"

#include <stdbool.h>

/* Return whether request `i` of the peer's log has a body that is not JSON. */
bool check_body_is_other(const peer *p, size_t i);
/* Write the body of request `i`: lines end with a line feed, bytes that are not text become \x00 to
 * \xff, and the boundary between parts becomes {boundary}. */
void check_body_write(const peer *p, size_t i, check_text *out);
/* Write a header's value, with {boundary} in place of the boundary. */
void check_body_write_header(const peer *p, size_t i, const char *value, check_text *out);

#endif
