#include "markdown/region.h"

#include "terminal/width.h"

#include <stdbool.h>
#include <string.h>

#define TAB_COLUMNS 8

typedef struct row {
    const char *text;
    size_t length;
} row;

/* Take the first row of a text. */
static row next_row(const char **text, size_t *n)
{
    const char *end = memchr(*text, '\n', *n);
    row taken = {*text, end ? (size_t)(end - *text) : *n};
    size_t all = taken.length + (end ? 1 : 0);
    *text += all;
    *n -= all;
    return taken;
}

/* Returns the column after a tab. A tab stops at the last column, and does not move to the next
 * row. */
static size_t behind_tab(size_t column, size_t width)
{
    size_t next = column + TAB_COLUMNS - column % TAB_COLUMNS;
    return next < width ? next : width - 1;
}

/* Returns the number of terminal rows that a row needs. It may be more than one, since the terminal
 * wraps a long row, such as a line of code. The only escape sequences are those of styles. */
static size_t height_of(row r, size_t width)
{
    size_t height = 1, column = 0, columns;
    for (size_t i = 0; i < r.length;) {
        if (r.text[i] == '\033') {
            const char *end = memchr(r.text + i, 'm', r.length - i);
            i = end ? (size_t)(end - r.text) + 1 : r.length;
            continue;
        }
        bool tab = r.text[i] == '\t';
        i += width_of(r.text + i, r.length - i, &columns);
        if (tab) {
            column = behind_tab(column, width);
            continue;
        }
        if (column + columns > width) {
            height++;
            column = 0;
        }
        column += columns;
    }
    return height;
}

static size_t heights(const char *text, size_t n, size_t columns)
{
    size_t all = 0;
    while (n) all += height_of(next_row(&text, &n), columns);
    return all;
}

/* ---- drawing --------------------------------------------------------------------------------- */

/* Move the cursor from the end of the drawn rows to the end of the first `kept` bytes, and erase
 * the rows after them. */
static void go_back(const region *r, size_t kept, size_t columns, cli_text *out)
{
    if (!r->rows.length) return;
    size_t rows = heights(text_get(&r->rows) + kept, r->rows.length - kept, columns);
    /* after a newline, the cursor is in the row below the last one */
    if (r->rows.data[r->rows.length - 1] == '\n') rows++;
    text_puts(out, "\r");
    if (rows > 1) text_printf(out, "\033[%zuA", rows - 1);
    text_puts(out, "\033[J");
}

/* Return the length in bytes of the drawn rows that do not change, from the beginning. The last
 * drawn row is not included, since the cursor is in it. */
static size_t same_rows(const cli_text *drawn, const cli_text *wanted)
{
    size_t same = 0;
    for (size_t i = 0; i < drawn->length && i < wanted->length; i++) {
        if (drawn->data[i] != wanted->data[i]) break;
        if (drawn->data[i] == '\n') same = i + 1;
    }
    return same;
}

/* Return the offset of the first row from which on all rows fit into the height. */
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
    if (shown) shown--; /* the last newline is left out */
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
