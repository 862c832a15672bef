#include "base/sized.h"

#include <beluga/error.h>

#include <string.h>

int beluga__sized_copy(void *known, size_t known_size, const void *given, size_t given_size,
                       size_t least, bool strict)
{
    const char *bytes = given;
    memset(known, 0, known_size);
    if (!given) return 0;
    if (given_size < least) return BELUGA_ERROR_INVALID_INPUT;
    memcpy(known, given, given_size < known_size ? given_size : known_size);
    for (size_t i = known_size; strict && i < given_size; i++)
        if (bytes[i]) return BELUGA_ERROR_NOT_SUPPORTED;
    return 0;
}
