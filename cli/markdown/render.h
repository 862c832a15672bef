/* Markdown drawn as rows of a terminal, by md4c, which is loaded when the first text is drawn. */
#ifndef BELUGA_CLI_MARKDOWN_RENDER_H
#define BELUGA_CLI_MARKDOWN_RENDER_H

#include "text.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct render_style {
    size_t width; /* columns of the terminal */
    bool coloured, utf8;
} render_style;

/* Load md4c. @return whether this system has it, and this command was built with it. */
bool render_is_there(void);

/*
 * Draw whole blocks.
 * @param number  The number of the first item when the text is an ordered list that goes on; -1:
 * the one that it has.
 * @param out     Receives the rows, each ended by a newline. Nothing in them but our own styles
 * controls the terminal.
 * @return 0, or -1 without memory.
 */
int render_blocks(const char *text, size_t n, const render_style *style, long number,
                  cli_text *out);

/* Draw the first row of a block of code, a line of it, and its last row. */
void render_code_begin(const char *label, size_t n, const render_style *style, cli_text *out);
void render_code_line(const char *line, size_t n, const render_style *style, cli_text *out);
void render_code_end(const render_style *style, cli_text *out);

#endif
