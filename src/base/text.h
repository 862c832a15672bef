/* Values written as text, whatever the locale, and words that are nearly alike. */
#ifndef BELUGA__TEXT_H
#define BELUGA__TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Each reads the whole text or returns false and leaves the value alone. */
bool beluga__text_to_int(const char *text, size_t n, int64_t *value);
/* Decimal, finite. */
bool beluga__text_to_double(const char *text, size_t n, double *value);
/* true, false, on, off, yes, no, 1, 0. */
bool beluga__text_to_bool(const char *text, size_t n, bool *value);
/* "30s", "500ms", "2m", "1h30m"; a number alone has no unit and is refused. */
bool beluga__text_to_ms(const char *text, size_t n, int64_t *ms);

/* Room for any of these. */
enum { BELUGA__NUMBER_TEXT = 32 };
/* The shortest text that reads back the same. */
void beluga__double_to_text(double value, char *text);
/* In the largest unit that is exact: "2m", "1500ms". */
void beluga__ms_to_text(int64_t ms, char *text);

/* How many letters must be changed, added, dropped or swapped with the next to make one word of the
 * other; more than `limit` counts as limit + 1. Words over 64 bytes are never near. */
unsigned beluga__text_distance(const char *a, const char *b, unsigned limit);

#endif
