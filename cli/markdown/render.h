/* Draws Markdown as rows of a terminal, with md4c, which is loaded when the first text is drawn. */
#ifndef BELUGA_CLI_MARKDOWN_RENDER_H
#define BELUGA_CLI_MARKDOWN_RENDER_H

#include "text.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct render_style {
    size_t width; /* columns of the terminal */
    bool coloured, utf8;
} render_style;

/* Load md4c. @return false if it is not installed, or the command was built without it. */
bool render_is_there(void);

/*
 * Draw whole blocks.
 * @param number  The number of the first item, if the text continues an ordered list; -1: use the
 * number in the text.
 * @param out     Receives the rows, each ended by a newline. They contain no control sequences
 * except our own styles.
 * @return 0, or -1 if memory runs out.
 */
int render_blocks(const char *text, size_t n, const render_style *style, long number,
                  cli_text *out);

/* Draw the first row of a block of code, one of its lines, and its last row. */
void render_code_begin(const char *label, size_t n, const render_style *style, cli_text *out);
void render_code_line(const char *line, size_t n, const render_style *style, cli_text *out);
void render_code_end(const render_style *style, cli_text *out);

#endif
