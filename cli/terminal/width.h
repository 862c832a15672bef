/* How much room characters take on a terminal. */
#ifndef BELUGA_CLI_TERMINAL_WIDTH_H
#define BELUGA_CLI_TERMINAL_WIDTH_H

#include <stddef.h>

/* Return the bytes of the first character of n > 0 bytes, 1 where they are none, and set the
 * number of columns that it takes: 0 to 2, and 1 for a control character. */
size_t width_of(const char *text, size_t n, size_t *columns);

/* Return where the character behind `at` begins. What is written over or under a character, or is
 * joined to it, goes with it. */
size_t width_next(const char *text, size_t n, size_t at);
/* Return where the character before `at` > 0 begins. */
size_t width_previous(const char *text, size_t n, size_t at);

#endif
