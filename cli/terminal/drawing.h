/*
 * A text with a prompt, drawn on a terminal over as many rows as it needs, or as there are. Where
 * a line is too long the terminal itself wraps it, so that it wraps it anew when its size changes.
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
    size_t columns, rows;     /* of the terminal */
    bool begun;               /* something is drawn */
    size_t first;             /* row of the text that is the first shown */
    drawn_place cursor;       /* in the text */
    drawn_place end;          /* of the text */
} drawing;

/* Begin on a new row of the terminal at descriptor `fd`. The texts are borrowed. */
void drawing_begin(drawing *d, int fd, const char *prompt, const char *continuation);
/* Draw the text, with the cursor at this byte. */
void drawing_show(drawing *d, const char *text, size_t n, size_t cursor);
/* Draw what was added at the end, from byte `from` on, where the cursor was and is. */
void drawing_add(drawing *d, const char *text, size_t n, size_t from);
/* Draw the text again after the size of the terminal has changed. */
void drawing_resize(drawing *d, const char *text, size_t n, size_t cursor);
/* Draw the text again on a cleared screen. */
void drawing_clear(drawing *d, const char *text, size_t n, size_t cursor);
/* Leave the drawing: go to the beginning of the row behind it. */
void drawing_end(drawing *d, const char *text, size_t n);

/* Return the byte that stands this many rows below the cursor, or above where `down` is false, in
 * its column or before. @return SIZE_MAX: there are not as many rows. */
size_t drawing_find(const drawing *d, const char *text, size_t n, bool down, size_t rows);

#endif
