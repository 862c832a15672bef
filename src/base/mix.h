/* Hashes, and where they begin. */
#ifndef BELUGA__MIX_H
#define BELUGA__MIX_H

#include "base/clock.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/random.h>
#include <unistd.h>

/* The last step of splitmix64, which turns neighbouring numbers into unrelated ones, and different
 * numbers into different ones. */
static inline uint64_t beluga__mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

/* Returns a number that is unlike that of other processes, for ids and hashes, never for secrets:
 * where the system has no random numbers yet, the clock and the process make one. Never 0. */
static inline uint64_t beluga__seed(void)
{
    uint64_t seed = 0;
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != sizeof seed)
        seed = beluga__mix((uint64_t)beluga__now_ns() ^ (uint64_t)getpid() << 32);
    return seed ? seed : 1;
}

/* FNV-1a over bytes, which goes on from an earlier hash or BELUGA__FNV. Good for tables whose keys
 * nobody else chooses. */
#define BELUGA__FNV 2166136261u

static inline uint32_t beluga__fnv(uint32_t hash, const void *bytes, size_t n)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < n; i++) hash = (hash ^ at[i]) * 16777619u;
    return hash;
}

#endif
