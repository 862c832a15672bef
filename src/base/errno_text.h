/* The words for an errno, which any thread may ask for. */
#ifndef BELUGA__ERRNO_TEXT_H
#define BELUGA__ERRNO_TEXT_H

#include <stddef.h>
#include <string.h>

/* Returns words that stay as long as `text` does, which may or may not hold them. The C library of
 * GNU has a function of its own under the name of the one that POSIX has. */
static inline const char *beluga__errno_text(int error, char *text, size_t size)
{
#ifdef __GLIBC__
    return strerror_r(error, text, size);
#else
    *text = '\0';
    int failure = strerror_r(error, text, size);
    return failure && !*text ? "an unknown error" : text;
#endif
}

#endif
