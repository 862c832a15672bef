/* A table that fits the width: its columns are narrowed, or each row becomes a list of its cells.
 */
#ifndef BELUGA_CLI_MARKDOWN_TABLE_H
#define BELUGA_CLI_MARKDOWN_TABLE_H

#include "markdown/canvas.h"

/* The rows of a table with more columns are drawn as lists. */
#define GRID_MAX_COLUMNS 32

typedef enum grid_align { GRID_LEFT, GRID_CENTER, GRID_RIGHT } grid_align;

/* Zero-initialise it. */
typedef struct grid {
    styled_text *cells; /* row by row, the titles first */
    size_t count, room, columns;
    grid_align aligns[GRID_MAX_COLUMNS];
} grid;

/* Add a cell. @return it, to be filled, or NULL without memory; borrowed until the next one. */
styled_text *grid_add(grid *g);
void grid_draw(const grid *g, canvas *c);
void grid_free(grid *g);

#endif
