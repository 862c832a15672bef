/* Public structs that grow at their end: the member `size` tells how much of a struct the caller's
 * build knows. This header has the one way to read such a struct. */
#ifndef BELUGA__SIZED_H
#define BELUGA__SIZED_H

#include <stdbool.h>
#include <stddef.h>

/* Copy the struct that `given` points to into *known, with zeros for the members that the caller's
 * build did not know; all zeros where `given` is NULL. `least` is the size that every caller must
 * have. Members that only a caller's later header knows are ignored, unless `strict` is true.
 *
 * Returns 0; INVALID_INPUT where the struct has less than `least`, and then *known is all zeros;
 * NOT_SUPPORTED where `strict` is true and a member that this library does not know is not zero. */
#define beluga__sized_read(known, given, least, strict) \
    beluga__sized_copy(known, sizeof *(known), given, (given) ? (given)->size : 0, least, strict)

int beluga__sized_copy(void *known, size_t known_size, const void *given, size_t given_size,
                       size_t least, bool strict);

#endif
