/* UTF-8 as Unicode 15 defines it in table 3-7: no surrogates, no overlong forms, at most
 * U+10FFFF. */
#ifndef BELUGA__UTF8_H
#define BELUGA__UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Returns the number of valid bytes from the start: n when all of them are. */
size_t beluga__utf8_valid(const char *text, size_t n);

/* Returns the number of bytes from the start that are ASCII and no control characters: ' ' to '~'.
 */
size_t beluga__ascii_visible(const char *text, size_t n);

/* Returns the length of the longest prefix of at most `max` bytes that cuts no character in two. */
size_t beluga__utf8_cut(const char *text, size_t n, size_t max);

/* Read the character at the beginning of n > 0 bytes. Returns its length, or 0 when it is not
 * valid. */
size_t beluga__utf8_read(const char *text, size_t n, uint32_t *c);

/* Returns how many of the n > 0 bytes are the beginning of a character that is cut; 0: none is. */
size_t beluga__utf8_begun(const char *text, size_t n);

/* Returns whether this byte continues a character. */
static inline bool beluga__utf8_continues(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* Count the characters, by the bytes that begin one. */
static inline size_t beluga__utf8_count(const char *text, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) count += !beluga__utf8_continues(text[i]);
    return count;
}

#endif
