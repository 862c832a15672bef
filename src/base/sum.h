/* Arithmetic on numbers from files or from other people's answers. A result stops at the ends of
 * its range, where an overflow would be undefined in C. */
#ifndef BELUGA__SUM_H
#define BELUGA__SUM_H

#include <stdint.h>

static inline int64_t beluga__add(int64_t a, int64_t b)
{
    int64_t sum;
    if (!__builtin_add_overflow(a, b, &sum)) return sum;
    return b < 0 ? INT64_MIN : INT64_MAX;
}

static inline int64_t beluga__multiply(int64_t a, int64_t b)
{
    int64_t product;
    if (!__builtin_mul_overflow(a, b, &product)) return product;
    return (a < 0) == (b < 0) ? INT64_MAX : INT64_MIN;
}

#endif
