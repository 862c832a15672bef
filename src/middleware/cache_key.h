#ifndef BELUGA__CACHE_KEY_H
#define BELUGA__CACHE_KEY_H

#include "base/sha256.h"
#include "model/call.h"

enum { BELUGA__CACHE_KEY = BELUGA__SHA256_TEXT };

/* Compute the key of a call. Two calls have the same key if the provider receives the same request
 * for both. */
void beluga__cache_key(const beluga_call *call, char key[BELUGA__CACHE_KEY]);

#endif
