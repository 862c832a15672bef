/* UTF-8, as Unicode 15 table 3-7 defines it: no surrogates, nothing overlong, at most U+10FFFF. */
#ifndef BELUGA__UTF8_H
#define BELUGA__UTF8_H

#include <stddef.h>

/* The number of valid bytes from the start: n when all of them are. */
size_t beluga__utf8_valid(const char *text, size_t n);

/* The length of the longest prefix of at most `max` bytes that does not cut a character in two. */
size_t beluga__utf8_cut(const char *text, size_t n, size_t max);

#endif
