/* Returns the message for an errno. Safe in all threads. */
#ifndef BELUGA__ERRNO_TEXT_H
#define BELUGA__ERRNO_TEXT_H

#include <stddef.h>
#include <string.h>

/* Returns the message, which is valid as long as the buffer `text`, though it may be stored
 * elsewhere. glibc has its own strerror_r, which differs from the one of POSIX. */
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
