/* The rows in which a document is drawn. Each row begins with the frames that contain it: marks of
 * quotes and list items. */
#ifndef BELUGA_CLI_MARKDOWN_CANVAS_H
#define BELUGA_CLI_MARKDOWN_CANVAS_H

#include "markdown/styled.h"

#include <stdbool.h>

/* Frames that are nested more deeply are not drawn. */
#define CANVAS_MAX_DEPTH 16
/* The least number of columns for text, at any depth. */
#define CANVAS_MIN_COLUMNS 8

typedef struct canvas_frame {
    char first[24], rest[24]; /* text before the first row, and before the other rows */
    unsigned style;
    bool used;
} canvas_frame;

typedef struct canvas {
    cli_text *out; /* rows, each ended by a newline */
    size_t width;
    bool coloured, utf8;
    bool gap; /* an empty row must be drawn before the next block */
    canvas_frame frames[CANVAS_MAX_DEPTH];
    size_t depth; /* may be more than CANVAS_MAX_DEPTH */
} canvas;

/* Add a frame: the next row begins with `first`, and later rows with spaces of the same width, or
 * with `rest` if that is not NULL. */
void canvas_push(canvas *c, const char *first, const char *rest, unsigned style);
void canvas_pop(canvas *c);

/* Draw the empty row that must come before the next block, if any. */
void canvas_gap(canvas *c);
/* Return the columns of a row that remain after its frames. */
size_t canvas_columns(const canvas *c);

/* Begin a row with its frames, and end it with a newline. */
void canvas_begin(canvas *c);
void canvas_end(canvas *c);

/* Draw a text, wrapped into rows. */
void canvas_wrap(canvas *c, const styled_text *text);
/* Draw a line of code. It is never wrapped, and keeps its tabs, so that it can be copied. */
void canvas_code(canvas *c, const char *line, size_t n);
/* Draw a horizontal rule that contains `label`, which may be empty but not NULL. */
void canvas_rule(canvas *c, const char *label, size_t n);

#endif
