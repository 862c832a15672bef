/* Reads times from text. */
#ifndef BELUGA__TIME_H
#define BELUGA__TIME_H

#include <stdbool.h>
#include <stdint.h>

/* Read an RFC 3339 time, such as "2026-01-31T07:27:46.5Z" or one with an offset, as seconds since
 * 1970. Earlier times and other texts return false. */
bool beluga__time_read(const char *text, int64_t *seconds);

#endif
