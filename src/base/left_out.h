/* The error of a public function whose part of the library was left out of the build. The functions
 * themselves always exist, so that all builds have the same ABI and headers. */
#ifndef BELUGA__LEFT_OUT_H
#define BELUGA__LEFT_OUT_H

#include <beluga/error.h>

/* Mark the parameters of a function that was left out as unused. */
#define BELUGA__UNUSED(...)                    \
    do {                                       \
        if (0) beluga__unused(0, __VA_ARGS__); \
    } while (0)

static inline void beluga__unused(int first, ...)
{
    (void)first;
}

/* Set the error. `what` names the part in the plural, for people; `option` is the build option that
 * includes it. */
static inline int beluga__left_out(beluga_error *err, const char *what, const char *option)
{
    return beluga_error_set(err, BELUGA_ERROR_NOT_SUPPORTED,
                            "%s are not part of this library: -D%s builds them in", what, option);
}

#endif
