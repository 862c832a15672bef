#ifndef BELUGA__CACHE_KEY_H
#define BELUGA__CACHE_KEY_H

#include "model/call.h"

enum { BELUGA__CACHE_KEY = 65 }; /* a SHA-256 in hexadecimal, and a NUL */

/* Two calls have the same key when nothing that the provider sees tells them apart. False without
 * memory. */
bool beluga__cache_key(const beluga_call *call, char key[BELUGA__CACHE_KEY]);

#endif
