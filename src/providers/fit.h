/* Ids and names of tool calls where a protocol allows less than another: made to fit, and always in
 * the same way, so that a call and its result still belong together. */
#ifndef BELUGA__PROVIDERS_FIT_H
#define BELUGA__PROVIDERS_FIT_H

#include <stddef.h>
#include <stdint.h>

enum { BELUGA__FITTED = 256 };

/* FNV-1a: who makes two names of one conversation alike on purpose harms only himself. */
uint64_t beluga__hash(const char *text);
/* Returns `text` when it is 1 to `longest` of A-Z a-z 0-9 _ -; else what is left of it and a hash
 * of the whole, in `buffer`. `longest` is 24 to BELUGA__FITTED - 1. */
const char *beluga__fit_word(const char *text, size_t longest, char buffer[BELUGA__FITTED]);
/* Returns `id` when it is nine letters and digits, which is all that Mistral's models take; else
 * nine that are made of it, in `buffer`. */
const char *beluga__fit_nine(const char *id, char buffer[BELUGA__FITTED]);

#endif
