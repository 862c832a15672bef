/* Hash functions and seeds. */
#ifndef BELUGA__MIX_H
#define BELUGA__MIX_H

#include "base/clock.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/random.h>
#include <unistd.h>

/* The last step of splitmix64. It turns neighbouring numbers into unrelated ones, and different
 * numbers into different ones. */
static inline uint64_t beluga__mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

/* Returns a number that differs between processes, for ids and hash tables, never for secrets. If
 * the system has no random numbers yet, it is made from the clock and the process id. Never 0. */
static inline uint64_t beluga__seed(void)
{
    uint64_t seed = 0;
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != sizeof seed)
        seed = beluga__mix((uint64_t)beluga__now_ns() ^ (uint64_t)getpid() << 32);
    return seed ? seed : 1;
}

/* FNV-1a over bytes. `hash` is the hash of earlier bytes, or BELUGA__FNV at the start. Only for
 * tables whose keys an attacker can't choose. */
#define BELUGA__FNV 2166136261u

static inline uint32_t beluga__fnv(uint32_t hash, const void *bytes, size_t n)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < n; i++) hash = (hash ^ at[i]) * 16777619u;
    return hash;
}

#endif
