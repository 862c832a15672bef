/* A table that is drawn so that it fits into the width: its columns are made narrower, or each row
 * is drawn as a list of its cells. */
#ifndef BELUGA_CLI_MARKDOWN_TABLE_H
#define BELUGA_CLI_MARKDOWN_TABLE_H

#include "markdown/canvas.h"

/* A table with more columns is drawn as lists. */
#define GRID_MAX_COLUMNS 32

typedef enum grid_align { GRID_LEFT, GRID_CENTER, GRID_RIGHT } grid_align;

/* Zero-initialise this struct. */
typedef struct grid {
    styled_text *cells; /* row by row, beginning with the titles */
    size_t count, room, columns;
    grid_align aligns[GRID_MAX_COLUMNS];
} grid;

/* Add a cell. @return the empty cell, borrowed until the next call; NULL if memory runs out. */
styled_text *grid_add(grid *g);
void grid_draw(const grid *g, canvas *c);
void grid_free(grid *g);

#endif
