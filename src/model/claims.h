/* Compares what a call needs with the capabilities that its provider claims. */
#ifndef BELUGA__CLAIMS_H
#define BELUGA__CLAIMS_H

#include "model/call.h"

enum { BELUGA__CLAIMS = 8 };

/* Write a static warning for each capability that the call needs and the provider does not claim.
 * Returns the number of warnings. If `media` is true, only images, audio, files, cache marks and
 * repeated tool results are checked. This is for HTTP providers, whose other needs are checked by
 * recording which options the encoder reads. */
size_t beluga__claims_check(const beluga_call *call, bool media,
                            const char *warnings[BELUGA__CLAIMS]);

#endif
