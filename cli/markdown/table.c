#include "markdown/table.h"

#include <stdlib.h>
#include <string.h>

/* A column is at least as wide as its longest word, but words longer than this may be broken. */
#define MAX_WORD 12

styled_text *grid_add(grid *g)
{
    if (g->count == g->room) {
        size_t room = g->room ? g->room * 2 : 32;
        styled_text *grown = realloc(g->cells, room * sizeof *grown);
        if (!grown) return NULL;
        g->cells = grown;
        g->room = room;
    }
    g->cells[g->count] = (styled_text){0};
    return &g->cells[g->count++];
}

void grid_free(grid *g)
{
    for (size_t i = 0; i < g->count; i++) styled_free(&g->cells[i]);
    free(g->cells);
    *g = (grid){0};
}

/* ---- widths ---------------------------------------------------------------------------------- */

static void measure(const grid *g, size_t *widths)
{
    for (size_t i = 0; i < g->columns; i++) widths[i] = 1;
    for (size_t i = 0; i < g->count; i++) {
        size_t width = styled_columns(&g->cells[i]), *column = &widths[i % g->columns];
        if (width > *column) *column = width;
    }
}

static size_t total(const size_t *widths, size_t n, size_t most)
{
    size_t sum = 3 * (n - 1);
    for (size_t i = 0; i < n; i++) sum += widths[i] < most ? widths[i] : most;
    return sum;
}

static size_t longest_word(const styled_text *cell)
{
    const char *text = text_get(&cell->text);
    size_t longest = 0;
    for (size_t n; *text; text += n + strspn(text + n, " \n")) {
        n = strcspn(text, " \n");
        size_t columns = styled_measure(text, n);
        if (columns > longest) longest = columns;
    }
    return longest < MAX_WORD ? longest : MAX_WORD;
}

/* Make the widest columns narrower until all columns fit. Returns false if they would be too
 * narrow. */
static bool fit(const grid *g, size_t *widths, size_t room)
{
    size_t most = room;
    while (most && total(widths, g->columns, most) > room) most--;
    for (size_t i = 0; i < g->columns; i++)
        if (widths[i] > most) widths[i] = most;
    for (size_t i = 0; i < g->count; i++)
        if (longest_word(&g->cells[i]) > widths[i % g->columns]) return false;
    return most > 0;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void put_spaces(cli_text *out, size_t n)
{
    text_printf(out, "%*s", (int)n, "");
}

static void put_cell(const canvas *c, const styled_text *cell, size_t from, size_t end,
                     size_t width, grid_align align, bool last)
{
    size_t used = end > from ? styled_measure(cell->text.data + from, end - from) : 0;
    size_t room = width > used ? width - used : 0;
    size_t left = align == GRID_RIGHT ? room : align == GRID_CENTER ? room / 2 : 0;
    put_spaces(c->out, left);
    styled_put(cell, from, end, c->coloured, c->out);
    if (!last) put_spaces(c->out, room - left);
}

/* Draw one terminal row of a row of the table. Returns whether a cell has more text, for the next
 * terminal row. */
static bool put_line(const grid *g, canvas *c, const styled_text *cells, const size_t *widths,
                     size_t *at)
{
    bool more = false;
    canvas_begin(c);
    for (size_t i = 0; i < g->columns; i++) {
        size_t from = at[i], end = from;
        if (from < cells[i].text.length) at[i] = styled_line(&cells[i], from, widths[i], &end);
        more |= at[i] < cells[i].text.length;
        put_cell(c, &cells[i], from, end, widths[i], g->aligns[i], i + 1 == g->columns);
        if (i + 1 < g->columns)
            styled_puts(c->utf8 ? " \u2502 " : " | ", STYLED_DIM, c->coloured, c->out);
    }
    canvas_end(c);
    return more;
}

static void put_rule(const grid *g, canvas *c, const size_t *widths)
{
    cli_text rule = {0};
    for (size_t i = 0; i < g->columns; i++) {
        for (size_t k = 0; k < widths[i]; k++) text_puts(&rule, c->utf8 ? "\u2500" : "-");
        if (i + 1 < g->columns) text_puts(&rule, c->utf8 ? "\u2500\u253c\u2500" : "-+-");
    }
    canvas_begin(c);
    styled_puts(text_get(&rule), STYLED_DIM, c->coloured, c->out);
    canvas_end(c);
    text_free(&rule);
}

static void draw_grid(const grid *g, canvas *c, const size_t *widths)
{
    for (size_t i = 0; i + g->columns <= g->count; i += g->columns) {
        size_t at[GRID_MAX_COLUMNS] = {0};
        while (put_line(g, c, g->cells + i, widths, at)) continue;
        if (i == 0) put_rule(g, c, widths);
    }
}

/* ---- drawing each row as a list -------------------------------------------------------------- */

static void put_field(canvas *c, const styled_text *title, const styled_text *cell)
{
    styled_text line = {0};
    styled_add(&line, STYLED_BOLD, text_get(&title->text), title->text.length);
    styled_add(&line, STYLED_BOLD, ": ", title->text.length ? 2 : 0);
    styled_add(&line, 0, text_get(&cell->text), cell->text.length);
    canvas_wrap(c, &line);
    styled_free(&line);
}

static void draw_lists(const grid *g, canvas *c)
{
    const styled_text none = {0};
    for (size_t k = 0; k < g->columns && g->count == g->columns; k++)
        put_field(c, &g->cells[k], &none);
    for (size_t i = g->columns; i + g->columns <= g->count; i += g->columns) {
        if (i > g->columns) c->gap = true;
        canvas_gap(c);
        for (size_t k = 0; k < g->columns; k++) put_field(c, &g->cells[k], &g->cells[i + k]);
    }
}

void grid_draw(const grid *g, canvas *c)
{
    size_t widths[GRID_MAX_COLUMNS];
    if (!g->columns || !g->count) return;
    bool few = g->columns <= GRID_MAX_COLUMNS;
    if (few) measure(g, widths);
    if (few && fit(g, widths, canvas_columns(c)))
        draw_grid(g, c, widths);
    else
        draw_lists(g, c);
}
