/* The answer of a function whose part was left out when the library was built. The functions
 * themselves always exist, so that there is one ABI and one set of headers. */
#ifndef BELUGA__LEFT_OUT_H
#define BELUGA__LEFT_OUT_H

#include <beluga/error.h>

/* Name the parameters of a function that was left out: nothing is done with them. */
#define BELUGA__UNUSED(...)                    \
    do {                                       \
        if (0) beluga__unused(0, __VA_ARGS__); \
    } while (0)

static inline void beluga__unused(int first, ...)
{
    (void)first;
}

/* `what` names the part for people, in the plural; the build option `option` includes the part. */
static inline int beluga__left_out(beluga_error *err, const char *what, const char *option)
{
    return beluga_error_set(err, BELUGA_ERROR_NOT_SUPPORTED,
                            "%s are not part of this library: -D%s builds them in", what, option);
}

#endif
