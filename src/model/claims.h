/* What a call wants and its provider does not claim to be able to do. */
#ifndef BELUGA__CLAIMS_H
#define BELUGA__CLAIMS_H

#include "model/call.h"

enum { BELUGA__CLAIMS = 8 };

/* Fill in a warning, static, for each of it; returns how many. With `media` only images, audio and
 * files are looked at: the encoder of an HTTP provider tells of the rest, since only it knows
 * whether it is sent. */
size_t beluga__claims_check(const beluga_call *call, bool media,
                            const char *warnings[BELUGA__CLAIMS]);

#endif
