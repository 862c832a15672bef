/* Ids and names of tool calls are made to fit where a protocol allows less than another, and always
 * in the same way, so that a call and its result still belong together. */
#ifndef BELUGA__PROVIDERS_FIT_H
#define BELUGA__PROVIDERS_FIT_H

#include <stddef.h>
#include <stdint.h>

enum { BELUGA__FITTED = 256 };

/* FNV-1a; a caller who makes two names collide on purpose harms only the own conversation. */
uint64_t beluga__hash(const char *text);
/* Returns `text` when it is 1 to `longest` of A-Z a-z 0-9 _ -; else its beginning and a hash of the
 * whole, in `buffer`. `longest` is 24 to BELUGA__FITTED - 1. */
const char *beluga__fit_word(const char *text, size_t longest, char buffer[BELUGA__FITTED]);
/* Returns `id` when it is nine letters and digits, since Mistral's models take nothing else; else
 * nine that are made of it, in `buffer`. */
const char *beluga__fit_nine(const char *id, char buffer[BELUGA__FITTED]);

#endif
