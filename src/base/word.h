/* Reads eight bytes of a text as one number, so that one operation tests all of them. The first
 * byte is in the lowest bits on every machine, and the address need not be aligned. */
#ifndef BELUGA__WORD_H
#define BELUGA__WORD_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The number in which all eight bytes are `byte`. */
#define BELUGA__EIGHT(byte) (0x0101010101010101u * (uint64_t)(byte))

static inline uint32_t beluga__load4(const char *at)
{
    uint32_t word;
    memcpy(&word, at, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap32(word);
#endif
    return word;
}

static inline uint64_t beluga__load8(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

static inline void beluga__store8(char *at, uint64_t word)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    memcpy(at, &word, sizeof word);
}

/* Returns the index of the first byte whose highest bit is set. The word must have such a byte. */
static inline size_t beluga__first_high(uint64_t word)
{
    return (unsigned)__builtin_ctzll(word & BELUGA__EIGHT(0x80)) / 8;
}

#endif
