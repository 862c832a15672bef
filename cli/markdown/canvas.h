/* The rows that a document is drawn in, each behind what it stands in: quotes and items of lists.
 */
#ifndef BELUGA_CLI_MARKDOWN_CANVAS_H
#define BELUGA_CLI_MARKDOWN_CANVAS_H

#include "markdown/styled.h"

#include <stdbool.h>

/* Deeper blocks are indented as those of this depth. */
#define CANVAS_MAX_DEPTH 16
/* Text has at least so many columns, however deep it stands. */
#define CANVAS_MIN_COLUMNS 8

typedef struct canvas_frame {
    char first[24], rest[24]; /* what stands before the first row, and before the others */
    unsigned style;
    bool used;
} canvas_frame;

typedef struct canvas {
    cli_text *out; /* rows, each ended by a newline */
    size_t width;
    bool coloured, utf8;
    bool gap; /* an empty row is due before the next block */
    canvas_frame frames[CANVAS_MAX_DEPTH];
    size_t depth; /* may be more than CANVAS_MAX_DEPTH */
} canvas;

/* Stand what follows behind `first`, and its later rows behind spaces of that width, or behind
 * `rest` when that is not NULL. */
void canvas_push(canvas *c, const char *first, const char *rest, unsigned style);
void canvas_pop(canvas *c);

/* Draw the empty row that is due. */
void canvas_gap(canvas *c);
/* Return how many columns a row has behind what it stands in. */
size_t canvas_columns(const canvas *c);

/* Begin a row, and end it. */
void canvas_begin(canvas *c);
void canvas_end(canvas *c);

/* Draw a text in as many rows as it takes. */
void canvas_wrap(canvas *c, const styled_text *text);
/* Draw a line of code: it is never wrapped, and tabs stay, so that it can be copied. */
void canvas_code(canvas *c, const char *line, size_t n);
/* Draw a rule; `label`, which is not NULL, stands in it. */
void canvas_rule(canvas *c, const char *label, size_t n);

#endif
