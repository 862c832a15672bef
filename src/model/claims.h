/* Compares what a call needs with the capabilities that its provider claims. */
#ifndef BELUGA__CLAIMS_H
#define BELUGA__CLAIMS_H

#include "model/call.h"

enum { BELUGA__CLAIMS = 8 };

/* Fill in a static warning for each capability that the call needs and the provider does not claim.
 * Returns the number of warnings. With `media` only images, audio, files, cache marks and repeated
 * tool results are checked; for an HTTP provider the other needs are checked by whether its encoder
 * reads them. */
size_t beluga__claims_check(const beluga_call *call, bool media,
                            const char *warnings[BELUGA__CLAIMS]);

#endif
