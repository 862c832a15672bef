/* Decides how the body of an answer is read. The bytes decide, not the request and not the
 * declared type: some servers stream where one answer was asked for or the other way round, and
 * proxies declare types of their own. The declared type counts only where the bytes say nothing. */
#ifndef BELUGA__BODY_KIND_H
#define BELUGA__BODY_KIND_H

#include "wire/sniff.h"

#include <beluga/provider/provider.h>

typedef enum beluga__body_kind {
    BELUGA__BODY_UNKNOWN, /* too few bytes have come to decide */
    BELUGA__BODY_FRAMES,  /* a stream */
    BELUGA__BODY_WHOLE,   /* one answer */
    /* status >= 400, or a body that cannot be read; kept for the error message */
    BELUGA__BODY_REFUSED,
} beluga__body_kind;

/* Returns how a body of status 2xx is read. On entry `*framing` is the provider's own framing; it
 * is changed where the body has another one. `type` is the declared type, or NULL. */
beluga__body_kind beluga__body_kind_of(const beluga_provider *provider, beluga__sniffed sniffed,
                                       const char *type, bool streamed, uint32_t *framing);

/* Returns the framing of a body that was read as one answer and holds several JSON values; -1 for
 * one value or none. */
int beluga__body_framing_of_values(const char *body, size_t n);

#endif
