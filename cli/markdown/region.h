/* The last rows of the output on a terminal, which are drawn again as a text grows. */
#ifndef BELUGA_CLI_MARKDOWN_REGION_H
#define BELUGA_CLI_MARKDOWN_REGION_H

#include "text.h"

/* Zero-initialise this struct. */
typedef struct region {
    cli_text rows; /* the rows that are drawn, separated by newlines */
} region;

/*
 * Write the bytes that change the rows on the terminal.
 * @param final     Rows that will not change any more, each ended by a newline.
 * @param open      Rows that the next call may change, each ended by a newline. If there are too
 * many for the terminal, only the last ones are drawn.
 * @param columns, height  Size of the terminal.
 * @param out       Receives the bytes. The cursor is left after the last row, or at the beginning
 * of the next row if `open` is empty.
 */
void region_draw(region *r, const cli_text *final, const cli_text *open, size_t columns,
                 size_t height, cli_text *out);

/* Write the bytes that erase the rows from the terminal. */
void region_erase(region *r, size_t columns, cli_text *out);

void region_free(region *r);

#endif
