/* Compares what a call needs with the capabilities that its provider claims. */
#ifndef BELUGA__CLAIMS_H
#define BELUGA__CLAIMS_H

#include "model/call.h"

enum { BELUGA__CLAIMS = 8 };

/* Fill in a static warning for each want that the provider does not claim. Returns the number of
 * warnings. With `media` only images, audio, files and repeated tool results are checked: the
 * encoder of an HTTP provider warns about the rest, since only the encoder knows whether it sends
 * them. */
size_t beluga__claims_check(const beluga_call *call, bool media,
                            const char *warnings[BELUGA__CLAIMS]);

#endif
