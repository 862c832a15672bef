/* Arithmetic on numbers that come from files or servers. A result that would overflow, which is
 * undefined in C, becomes the largest or smallest number of its type. */
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
