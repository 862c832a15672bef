/* Public structs begin with their size, and grow at their end. */
#ifndef BELUGA__SIZED_H
#define BELUGA__SIZED_H

#include <beluga/error.h>
#include <string.h>

/* Copy a caller's struct into `to`, which has `size` bytes, zero where it says less. NULL is an
 * empty one. INVALID_INPUT for one of less than `least` bytes. One that was built with a later
 * header may say more than we know: NOT_SUPPORTED unless the rest is zero. */
static inline int beluga__sized_read(void *to, size_t size, const void *given, size_t least)
{
    size_t given_size = 0;
    memset(to, 0, size);
    if (!given) return 0;
    memcpy(&given_size, given, sizeof given_size);
    if (given_size < least) return BELUGA_ERROR_INVALID_INPUT;
    for (size_t i = size; i < given_size; i++)
        if (((const char *)given)[i]) return BELUGA_ERROR_NOT_SUPPORTED;
    memcpy(to, given, given_size < size ? given_size : size);
    return 0;
}

#endif
