/* Decides how the body of an answer is read: by what it is, not by what it was asked or declared to
 * be. Servers stream where one answer was asked for and the other way round, and proxies declare
 * types of their own; only where the bytes say nothing the declared type counts. */
#ifndef BELUGA__BODY_KIND_H
#define BELUGA__BODY_KIND_H

#include "wire/sniff.h"

#include <beluga/provider/provider.h>

typedef enum beluga__body_kind {
    BELUGA__BODY_UNKNOWN, /* its first bytes are still to come */
    BELUGA__BODY_FRAMES,  /* a stream */
    BELUGA__BODY_WHOLE,   /* one answer */
    BELUGA__BODY_REFUSED, /* status >= 400, or nothing we can read: kept for the message */
} beluga__body_kind;

/* How a body of status 2xx is read. `framing`, the provider's own, is changed where the body has
 * another; `type` is the declared one, or NULL. */
beluga__body_kind beluga__body_kind_of(const beluga_provider *provider, beluga__sniffed sniffed,
                                       const char *type, bool streamed, uint32_t *framing);

/* Returns the framing of a body that was read as one answer, but is several JSON values; -1 for one
 * value, or none. */
int beluga__body_framing_of_values(const char *body, size_t n);

#endif
