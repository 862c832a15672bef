/* Makes ids and names of tool calls fit where a protocol allows less than another, always in the
 * same way, so that a call and its result still match. */
#ifndef BELUGA__PROVIDERS_FIT_H
#define BELUGA__PROVIDERS_FIT_H

#include <stddef.h>
#include <stdint.h>

enum { BELUGA__FITTED = 256 };

/* FNV-1a is enough, since a caller who makes two names collide harms only their own conversation.
 */
uint64_t beluga__hash(const char *text);
/* Returns `text` when it is 1 to `longest` of A-Z a-z 0-9 _ -; else its beginning and a hash of
 * the whole text, in `buffer`. `longest` is 24 to BELUGA__FITTED - 1. */
const char *beluga__fit_word(const char *text, size_t longest, char buffer[BELUGA__FITTED]);
/* Returns `id` when it is nine letters and digits, since Mistral's models take no other ids; else
 * nine characters derived from it, in `buffer`. */
const char *beluga__fit_nine(const char *id, char buffer[BELUGA__FITTED]);

#endif
