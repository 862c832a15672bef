/* Public structs that grow at their end: their `size` says how much of one a caller's build knows.
 * There is one way to read them, which this is. */
#ifndef BELUGA__SIZED_H
#define BELUGA__SIZED_H

#include <stdbool.h>
#include <stddef.h>

/* Copy the struct that `given` points to into *known, with zeros for the members that the caller's
 * build did not know; all zeros where `given` is NULL. `least` is how much of it everybody must
 * have. A caller's later header may know more members than we do: they are ignored, unless `strict`
 * is true.
 *
 * Returns 0; INVALID_INPUT where it has less than `least`, and then *known is all zeros;
 * NOT_SUPPORTED where it is strict and a member that we do not know is not zero. */
#define beluga__sized_read(known, given, least, strict) \
    beluga__sized_copy(known, sizeof *(known), given, (given) ? (given)->size : 0, least, strict)

int beluga__sized_copy(void *known, size_t known_size, const void *given, size_t given_size,
                       size_t least, bool strict);

#endif
