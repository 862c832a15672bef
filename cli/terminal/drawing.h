/*
 * A text with a prompt, drawn on a terminal in as many rows as it needs, but not more than the
 * terminal has. Long lines are wrapped by the terminal itself, so that it can wrap them again when
 * its size changes.
 */
#ifndef BELUGA_CLI_TERMINAL_DRAWING_H
#define BELUGA_CLI_TERMINAL_DRAWING_H

#include <stdbool.h>
#include <stddef.h>

typedef struct drawn_place {
    size_t row, column;
} drawn_place;

typedef struct drawing {
    int fd;
    const char *prompt;       /* before the first line */
    const char *continuation; /* before each other line */
    size_t columns, rows;     /* size of the terminal */
    bool begun;               /* the text was drawn, and is on the screen */
    size_t first;             /* the first row of the text that is shown */
    drawn_place cursor;       /* place in the text */
    drawn_place end;          /* place of the end of the text */
} drawing;

/* Begin on a new row of the terminal at descriptor `fd`. The texts are borrowed. */
void drawing_begin(drawing *d, int fd, const char *prompt, const char *continuation);
/* Draw the text. The cursor is placed before the byte with the index `cursor`. */
void drawing_show(drawing *d, const char *text, size_t n, size_t cursor);
/* Draw the bytes that were added at the end of the text, from `from` on. The cursor was at the end,
 * and is there afterwards. */
void drawing_add(drawing *d, const char *text, size_t n, size_t from);
/* Draw the text again after the size of the terminal has changed. */
void drawing_resize(drawing *d, const char *text, size_t n, size_t cursor);
/* Draw the text again on a cleared screen. */
void drawing_clear(drawing *d, const char *text, size_t n, size_t cursor);
/* End the drawing: move the cursor to the beginning of the next row. */
void drawing_end(drawing *d, const char *text, size_t n);

/* Find the place that is `rows` rows below the cursor (above it if `down` is false), in the same
 * column or before it. @return the index of the byte there, or SIZE_MAX if the text has not enough
 * rows. */
size_t drawing_find(const drawing *d, const char *text, size_t n, bool down, size_t rows);

#endif
