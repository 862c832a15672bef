#include "markdown/region.h"

#include "terminal/width.h"

#include <stdbool.h>
#include <string.h>

#define TAB_COLUMNS 8

typedef struct row {
    const char *text;
    size_t length;
} row;

/* Take the row at the beginning of a text. */
static row next_row(const char **text, size_t *n)
{
    const char *end = memchr(*text, '\n', *n);
    row taken = {*text, end ? (size_t)(end - *text) : *n};
    size_t all = taken.length + (end ? 1 : 0);
    *text += all;
    *n -= all;
    return taken;
}

/* The columns of a row; of escapes there are only those of styles. */
static size_t columns_of(row r)
{
    size_t all = 0, columns;
    for (size_t i = 0; i < r.length;) {
        if (r.text[i] == '\033') {
            const char *end = memchr(r.text + i, 'm', r.length - i);
            i = end ? (size_t)(end - r.text) + 1 : r.length;
            continue;
        }
        if (r.text[i] == '\t') all += TAB_COLUMNS - 1 - all % TAB_COLUMNS;
        i += width_of(r.text + i, r.length - i, &columns);
        all += columns;
    }
    return all;
}

/* A long row, such as one of code, takes several of the terminal's. */
static size_t height_of(row r, size_t columns)
{
    size_t width = columns_of(r);
    return width ? (width + columns - 1) / columns : 1;
}

static size_t heights(const char *text, size_t n, size_t columns)
{
    size_t all = 0;
    while (n) all += height_of(next_row(&text, &n), columns);
    return all;
}

/* ---- drawing --------------------------------------------------------------------------------- */

/* Go from the end of the drawn rows to the beginning of those behind the first `kept` bytes, and
 * take them off. */
static void go_back(const region *r, size_t kept, size_t columns, cli_text *out)
{
    size_t rows = heights(text_get(&r->rows) + kept, r->rows.length - kept, columns);
    if (!rows) return;
    text_puts(out, "\r");
    if (rows > 1) text_printf(out, "\033[%zuA", rows - 1);
    text_puts(out, "\033[J");
}

/* Return the bytes of the rows at the beginning that are the same; the last drawn row is not kept,
 * for the cursor stands in it. */
static size_t same_rows(const cli_text *drawn, const cli_text *wanted)
{
    size_t same = 0;
    for (size_t i = 0; i < drawn->length && i < wanted->length; i++) {
        if (drawn->data[i] != wanted->data[i]) break;
        if (drawn->data[i] == '\n') same = i + 1;
    }
    return same;
}

/* Return where the last rows begin that fit the height. */
static size_t first_shown(const cli_text *open, size_t columns, size_t height)
{
    const char *text = text_get(open);
    size_t n = open->length, all = heights(text, n, columns);
    while (n && all > height) all -= height_of(next_row(&text, &n), columns);
    return open->length - n;
}

void region_draw(region *r, const cli_text *final, const cli_text *open, size_t columns,
                 size_t height, cli_text *out)
{
    cli_text wanted = {0};
    size_t from = first_shown(open, columns, height > 2 ? height - 1 : 1);
    size_t shown = open->length - from;
    if (shown) shown--; /* the last newline */
    text_add(&wanted, text_get(final), final->length);
    text_add(&wanted, text_get(open) + from, shown);
    bool grows = r->rows.length <= wanted.length &&
                 (!r->rows.length || memcmp(r->rows.data, text_get(&wanted), r->rows.length) == 0);
    size_t kept = grows ? r->rows.length : same_rows(&r->rows, &wanted);
    if (!grows) go_back(r, kept, columns, out);
    text_add(out, text_get(&wanted) + kept, wanted.length - kept);
    if (r->rows.allocator) beluga__buf_clear(&r->rows);
    text_add(&r->rows, text_get(open) + from, shown);
    text_free(&wanted);
}

void region_erase(region *r, size_t columns, cli_text *out)
{
    go_back(r, 0, columns, out);
    if (r->rows.allocator) beluga__buf_clear(&r->rows);
}

void region_free(region *r)
{
    text_free(&r->rows);
}
