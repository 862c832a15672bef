/* Reads times from text. */
#ifndef BELUGA__TIME_H
#define BELUGA__TIME_H

#include <stdbool.h>
#include <stdint.h>

/* Read an RFC 3339 time since 1970, "2026-01-31T07:27:46.5Z" or with an offset, as seconds since
 * then. Returns false for any other text. */
bool beluga__time_read(const char *text, int64_t *seconds);

#endif
