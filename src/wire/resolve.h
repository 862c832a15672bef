/* What a reference in an answer means, such as that of a header Location. */
#ifndef BELUGA__RESOLVE_H
#define BELUGA__RESOLVE_H

#include "base/buf.h"

/* Append the URL that `reference` means in an answer from the URL `base`, as RFC 3986 (5.2) says,
 * without its fragment. Whether it can be sent is not checked. Returns the buffer's status. */
int beluga__url_resolve(beluga__buf *out, const char *base, const char *reference);

#endif
