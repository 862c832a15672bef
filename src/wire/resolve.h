/* Resolves a reference in an answer, such as the value of the header Location. */
#ifndef BELUGA__RESOLVE_H
#define BELUGA__RESOLVE_H

#include "base/buf.h"

/* Append the URL that `reference` means in an answer from the URL `base` (RFC 3986, 5.2), without
 * its fragment. Whether it can be sent is not checked. Returns the buffer's status. */
int beluga__url_resolve(beluga__buf *out, const char *base, const char *reference);

#endif
