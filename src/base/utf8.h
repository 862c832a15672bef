/* UTF-8 as Unicode 15 defines it in table 3-7: no surrogates, no overlong forms, nothing above
 * U+10FFFF. */
#ifndef BELUGA__UTF8_H
#define BELUGA__UTF8_H

#include "base/word.h"

#include <stdbool.h>
#include <string.h>

/* Returns how many bytes at the beginning are valid UTF-8; n if all are. */
size_t beluga__utf8_valid(const char *text, size_t n);

/* Returns how many bytes at the beginning are visible ASCII: ' ' to '~'. */
size_t beluga__ascii_visible(const char *text, size_t n);

/* Returns the length of the longest prefix of at most `max` bytes that does not cut a character. */
size_t beluga__utf8_cut(const char *text, size_t n, size_t max);

/* Read the character at the beginning of n > 0 bytes. Returns its length, or 0 if it is not
 * valid. */
size_t beluga__utf8_read(const char *text, size_t n, uint32_t *c);

/* If the first character of n > 0 bytes was cut, returns how many bytes of it there are. Returns 0
 * if that character is complete or not valid. */
size_t beluga__utf8_begun(const char *text, size_t n);

/* Returns whether this byte begins a character of more than one byte. */
static inline bool beluga__utf8_is_multibyte(char c)
{
    return (unsigned char)c >= 0x80;
}

/* Returns the length of the character at the beginning of a word, whose lowest bits are the first
 * byte. Returns 0 if the character is ASCII or not valid. */
static inline size_t beluga__utf8_multibyte(uint32_t word)
{
    /* c0 and c1 begin overlong forms */
    if (!(word & 0x20)) return (word & 0xc0e0) == 0x80c0 && word & 0x1e ? 2 : 0;
    if (!(word & 0x10)) {
        uint32_t top = word & 0x200f; /* 0: an overlong form; 0x200d: a surrogate */
        return (word & 0xc0c0f0) == 0x8080e0 && top && top != 0x200d ? 3 : 0;
    }
    /* 0: an overlong form; above 16: not a character */
    uint32_t plane = (word & 7) << 2 | (word >> 12 & 3);
    return (word & 0xc0c0c0f8) == 0x808080f0 && plane && plane <= 16 ? 4 : 0;
}

/* Returns the length of two characters if both have two bytes, or both have three, as in most
 * scripts other than Latin. Otherwise returns 0, which says nothing about the first character. */
static inline size_t beluga__utf8_two(uint64_t word)
{
    if ((word & 0xc0c0f0c0c0f0) == 0x8080e08080e0) {
        /* Both characters are tested at once, as above: after the addition bit 15 is set unless the
         * top is 0. */
        uint64_t tops = word & 0x200f00200f;
        uint64_t known = (tops + 0x7fff007fff) & ((tops ^ 0x200d00200d) + 0x7fff007fff);
        return (known & 0x8000008000) == 0x8000008000 ? 6 : 0;
    }
    return (word & 0xc0e0c0e0) == 0x80c080c0 && word & 0x1e && word & 0x1e0000 ? 4 : 0;
}

/* Copy characters of two or more bytes, up to the first byte that is ASCII or not valid. `to` has
 * room for n bytes, or is NULL. Returns the number of bytes. Inlined, since its callers use it in
 * loops. */
static inline size_t beluga__utf8_copy_multibyte(char *to, const char *text, size_t n)
{
    size_t i = 0, length;
    for (; n - i >= 8 && beluga__utf8_is_multibyte(text[i]); i += length) {
        uint64_t word = beluga__load8(text + i);
        length = beluga__utf8_two(word);
        if (!length) length = beluga__utf8_multibyte((uint32_t)word);
        if (!length) return i;
        if (to) memcpy(to + i, text + i, 8);
    }
    for (; i < n && beluga__utf8_is_multibyte(text[i]); i += length) {
        uint32_t word = 0;
        for (size_t k = 0; k < 4 && k < n - i; k++)
            word |= (uint32_t)(unsigned char)text[i + k] << 8 * k;
        length = beluga__utf8_multibyte(word);
        if (!length) return i;
        if (to) memcpy(to + i, text + i, length);
    }
    return i;
}

/* Returns whether this is a continuation byte. */
static inline bool beluga__utf8_continues(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* Count characters by the bytes that begin one. */
static inline size_t beluga__utf8_count(const char *text, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) count += !beluga__utf8_continues(text[i]);
    return count;
}

#endif
