/* The last step of splitmix64, which turns neighbouring numbers into unrelated ones, and different
 * numbers into different ones. */
#ifndef BELUGA__MIX_H
#define BELUGA__MIX_H

#include <stdint.h>

static inline uint64_t beluga__mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

#endif
