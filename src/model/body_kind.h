/* Decides how the body of an answer is read. The bytes of the body decide this, and not the request
 * or the Content-Type: some servers stream although one answer was requested, or the other way
 * round, and proxies set a type of their own. The Content-Type counts only if the bytes do not
 * decide it. */
#ifndef BELUGA__BODY_KIND_H
#define BELUGA__BODY_KIND_H

#include "wire/sniff.h"

#include <beluga/provider/provider.h>

typedef enum beluga__body_kind {
    BELUGA__BODY_UNKNOWN, /* too few bytes have come to decide */
    BELUGA__BODY_FRAMES,  /* read as a stream of frames */
    BELUGA__BODY_WHOLE,   /* read as one answer */
    /* a body that can't be an answer, such as a web page; kept for the error message */
    BELUGA__BODY_REFUSED,
} beluga__body_kind;

/* Returns how a body of status 2xx is read. On entry `*framing` is the provider's own framing; it
 * is changed if the body has another one. `type` is the Content-Type, or NULL. */
beluga__body_kind beluga__body_kind_of(const beluga_provider *provider, beluga__sniffed sniffed,
                                       const char *type, bool streamed, uint32_t *framing);

/* Returns the framing of a body that was read as one answer, if it contains several JSON values; -1
 * if it contains one value or none. */
int beluga__body_framing_of_values(const char *body, size_t n);

#endif
