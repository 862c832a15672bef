/* Replaces render.c in a build without md4c: nothing is drawn, and answers are printed unchanged.
 */
#include "markdown/render.h"

bool render_is_there(void)
{
    return false;
}

int render_blocks(const char *text, size_t n, const render_style *style, long number, cli_text *out)
{
    (void)text;
    (void)n;
    (void)style;
    (void)number;
    (void)out;
    return -1;
}

void render_code_begin(const char *label, size_t n, const render_style *style, cli_text *out)
{
    (void)label;
    (void)n;
    (void)style;
    (void)out;
}

void render_code_line(const char *line, size_t n, const render_style *style, cli_text *out)
{
    (void)line;
    (void)n;
    (void)style;
    (void)out;
}

void render_code_end(const render_style *style, cli_text *out)
{
    (void)style;
    (void)out;
}
