/* The width of characters on a terminal. */
#ifndef BELUGA_CLI_TERMINAL_WIDTH_H
#define BELUGA_CLI_TERMINAL_WIDTH_H

#include <stddef.h>

/* Return the length of the first character of n > 0 bytes, 1 if they are not a valid character.
 * `columns` receives its width: 0 to 2, and 1 for a control character. */
size_t width_of(const char *text, size_t n, size_t *columns);

/* Return the offset of the character after the one at `at`. Combining characters, and characters
 * that are joined to a character, count as a part of it. */
size_t width_next(const char *text, size_t n, size_t at);
/* Return the offset of the character before `at` > 0. */
size_t width_previous(const char *text, size_t n, size_t at);

#endif
