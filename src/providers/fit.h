/* Changes ids and names of tool calls that a protocol does not allow. The same text is always
 * changed in the same way, so that a call and its result still match. */
#ifndef BELUGA__PROVIDERS_FIT_H
#define BELUGA__PROVIDERS_FIT_H

#include <stddef.h>
#include <stdint.h>

enum { BELUGA__FITTED = 256 };

/* Returns the FNV-1a hash of a text. No stronger hash is needed, since a caller who makes two names
 * collide harms only their own conversation. */
uint64_t beluga__hash(const char *text);
/* Returns `text` if it consists of 1 to `longest` characters of A-Z a-z 0-9 _ -. Otherwise returns,
 * in `buffer`, its beginning and a hash of the whole text. `longest` is 24 to BELUGA__FITTED -
 * 1. */
const char *beluga__fit_word(const char *text, size_t longest, char buffer[BELUGA__FITTED]);
/* Returns `id` if it consists of nine letters and digits, since Mistral's models accept only such
 * ids. Otherwise returns, in `buffer`, nine characters derived from it. */
const char *beluga__fit_nine(const char *id, char buffer[BELUGA__FITTED]);

#endif
