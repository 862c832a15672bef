/*
 * An answer that is drawn as it arrives. A block is final at its end, and a line of code at its
 * own; the open block is drawn again when more of it comes. What does not fit the terminal's height
 * is not shown before it is final, so that nothing that has scrolled away is ever drawn again.
 */
#ifndef BELUGA_CLI_MARKDOWN_STREAM_H
#define BELUGA_CLI_MARKDOWN_STREAM_H

#include <stdbool.h>
#include <stddef.h>

/* A larger block is printed as it is. */
#define MARKDOWN_MAX_BLOCK ((size_t)64 * 1024)

typedef struct markdown markdown;

/* Return whether answers can be drawn: stdout is a terminal with a cursor, BELUGA_NO_RENDER is not
 * set, and md4c is there. */
bool markdown_is_possible(void);

/* Begin an answer. @return owned, or NULL without memory. */
markdown *markdown_new(void);

/* Draw more of the answer. */
void markdown_add(markdown *m, const char *text, size_t n);

/* Draw the rest, and free it; NULL does nothing. */
void markdown_end(markdown *m);

#endif
