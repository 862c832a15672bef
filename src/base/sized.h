/* Public structs may grow at their end. Their member `size` is the size of the struct in the header
 * with which the caller was compiled. All such structs are read with this function. */
#ifndef BELUGA__SIZED_H
#define BELUGA__SIZED_H

#include <stdbool.h>
#include <stddef.h>

/* Copy the struct that `given` points to into *known, with zeros for members that the caller's
 * build did not know; all zeros if `given` is NULL. `least` is the smallest size that a caller may
 * have. Members that only the caller's later header knows are ignored, unless `strict` is true.
 *
 * Returns 0; INVALID_INPUT if the struct is smaller than `least`, and *known is all zeros then;
 * NOT_SUPPORTED if `strict` is true and a member that this library does not know is not zero. */
#define beluga__sized_read(known, given, least, strict) \
    beluga__sized_copy(known, sizeof *(known), given, (given) ? (given)->size : 0, least, strict)

int beluga__sized_copy(void *known, size_t known_size, const void *given, size_t given_size,
                       size_t least, bool strict);

#endif
