/*
 * Draws an answer as it arrives. A block is final at its end, and a line of code at the end of the
 * line. The open block is drawn again when more of it arrives. Rows that do not fit into the
 * terminal's height are shown only when they are final, so that a row that has scrolled away is
 * never drawn again.
 */
#ifndef BELUGA_CLI_MARKDOWN_STREAM_H
#define BELUGA_CLI_MARKDOWN_STREAM_H

#include <stdbool.h>
#include <stddef.h>

/* A larger block is printed unchanged. */
#define MARKDOWN_MAX_BLOCK ((size_t)64 * 1024)

typedef struct markdown markdown;

/* Return whether answers can be drawn: stdout is a terminal with a cursor, BELUGA_NO_RENDER is not
 * set, and md4c is installed. */
bool markdown_is_possible(void);

/* Begin an answer. @return owned, or NULL if memory runs out. */
markdown *markdown_new(void);

/* Draw the next piece of the answer. */
void markdown_add(markdown *m, const char *text, size_t n);

/* Draw the rest of the answer, and free the struct; NULL does nothing. */
void markdown_end(markdown *m);

#endif
