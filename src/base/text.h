/* Reads and writes values as text, whatever the locale, and compares words that are nearly
 * alike. */
#ifndef BELUGA__TEXT_H
#define BELUGA__TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline char beluga__lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* Returns the value of a hexadecimal digit in upper or lower case; -1 for any other character. */
static inline int beluga__hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    c = beluga__lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Write the lowest `digits` hexadecimal digits of a number, without a NUL. Returns the position
 * behind them. */
static inline char *beluga__put_hex(char *text, uint64_t number, int digits)
{
    while (digits--) *text++ = "0123456789abcdef"[number >> 4 * digits & 15];
    return text;
}

/* Read a value. Each of these functions reads the complete text, or returns false and leaves the
 * value unchanged. */
bool beluga__text_to_int(const char *text, size_t n, int64_t *value);
/* Read a decimal, finite number. */
bool beluga__text_to_double(const char *text, size_t n, double *value);
/* Read one of the words true, false, on, off, yes, no, 1, 0, in upper or lower case. */
bool beluga__text_to_bool(const char *text, size_t n, bool *value);
/* Read a duration such as "30s", "500ms", "2m", "1h30m". A number without a unit is refused. */
bool beluga__text_to_ms(const char *text, size_t n, int64_t *ms);

/* The size of the buffers to which the next two functions write, with the NUL. */
enum { BELUGA__NUMBER_TEXT = 32 };
/* Write the shortest text that reads back as the same number. */
void beluga__double_to_text(double value, char *text);
/* Write a duration in the largest unit in which it is a whole number: "2m", "1500ms". */
void beluga__ms_to_text(int64_t ms, char *text);

/* Append one token (a member's name or an index) to the JSON Pointer in a buffer, escaped as RFC
 * 6901 says. A token that does not fit is cut. */
void beluga__text_add_step(char *pointer, size_t size, const char *step);

/* Count the letters that must be changed, added, removed or swapped with the next one to turn one
 * word into the other. Case is ignored. A count above `limit` is returned as limit + 1. Words above
 * 64 bytes are never similar. */
unsigned beluga__text_distance(const char *a, const char *b, unsigned limit);

/* Returns whether the words of one name begin words of the other in the same order, as people
 * shorten and lengthen names: "stop" and "stop_sequences", "max_output_tokens" and "max_tokens". */
bool beluga__text_abbreviates(const char *a, const char *b);

/* Returns whether one name may be a misspelling of the other: at most two letters differ, or one
 * name abbreviates the other. */
bool beluga__text_is_near(const char *a, const char *b);

#endif
