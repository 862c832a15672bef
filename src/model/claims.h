/* Compares what a call wants with what its provider claims to be able to do. */
#ifndef BELUGA__CLAIMS_H
#define BELUGA__CLAIMS_H

#include "model/call.h"

enum { BELUGA__CLAIMS = 8 };

/* Fill in a warning, which is static, for each want that the provider does not claim. Returns how
 * many there are. With `media` only images, audio and files are looked at: the encoder of an HTTP
 * provider warns of the rest, since only it knows whether it is sent. */
size_t beluga__claims_check(const beluga_call *call, bool media,
                            const char *warnings[BELUGA__CLAIMS]);

#endif
