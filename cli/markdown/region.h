/* The rows at the end of a terminal that are drawn again as a text grows. */
#ifndef BELUGA_CLI_MARKDOWN_REGION_H
#define BELUGA_CLI_MARKDOWN_REGION_H

#include "text.h"

/* Zero-initialise it. */
typedef struct region {
    cli_text rows; /* what is drawn: rows with a newline between them */
} region;

/*
 * Write what changes the rows on the terminal to others.
 * @param final     Rows that stay, each ended by a newline.
 * @param open      Rows that the next call may change, each ended by a newline; of many the last
 * ones are drawn, as far as the terminal shows them.
 * @param columns, height  Of the terminal.
 * @param out       Receives the bytes. The cursor stands behind the last row, or at the beginning
 * of the one below when `open` is empty.
 */
void region_draw(region *r, const cli_text *final, const cli_text *open, size_t columns,
                 size_t height, cli_text *out);

/* Write what takes the rows off the terminal. */
void region_erase(region *r, size_t columns, cli_text *out);

void region_free(region *r);

#endif
