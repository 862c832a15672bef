/* The texts that a caller wants to embed. */
#ifndef BELUGA__TEXTS_H
#define BELUGA__TEXTS_H

#include "base/arena.h"
#include "model/call.h"

/* Check the texts of a call, and make an array of them in the arena.
 * @param lengths  NULL: each text ends in NUL.
 * @param copies   Copy the texts, too, since the caller may free them before they are sent.
 * Returns 0, or a code with detail in err. */
int beluga__texts_take(const char *const *texts, const size_t *lengths, size_t n, bool copies,
                       beluga__arena *arena, const beluga__input **out, beluga_error *err);

#endif
