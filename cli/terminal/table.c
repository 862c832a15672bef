#include "terminal/table.h"

#include "base/utf8.h"
#include "output.h"
#include "terminal/term.h"

#include <beluga/log.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void table_begin(term_table *table, size_t columns, const char *const *titles)
{
    *table = (term_table){.columns = columns};
    for (size_t i = 0; i < columns; i++) table_add(table, titles[i]);
}

static int make_room(term_table *table)
{
    if (table->count < table->room) return 0;
    size_t room = table->room ? table->room * 2 : 64;
    char **cells = realloc(table->cells, room * sizeof *cells);
    if (!cells) return -1;
    table->cells = cells;
    table->room = room;
    return 0;
}

/* Return a text as one line, since a newline or a tab in a name would shift the cells after it.
 * Owned; NULL if memory runs out. */
static char *line_of(const char *text)
{
    size_t length = strlen(text), size = beluga_text_to_line(text, length, NULL, 0) + 1;
    char *line = malloc(size);
    if (line) beluga_text_to_line(text, length, line, size);
    return line;
}

void table_add(term_table *table, const char *text)
{
    char *cell = table->failed || make_room(table) != 0 ? NULL : line_of(text ? text : "");
    if (!cell) {
        table->failed = 1;
        return;
    }
    table->cells[table->count++] = cell;
}

/* Return the width in characters; wide characters count as one. */
static size_t width_of(const char *text)
{
    return beluga__utf8_count(text, strlen(text));
}

static void measure(const term_table *table, size_t *widths)
{
    for (size_t i = 0; i < table->count; i++) {
        size_t width = width_of(table->cells[i]);
        size_t *column = &widths[i % table->columns];
        if (width > *column) *column = width;
    }
}

static size_t gap_after(const term_table *table, size_t column)
{
    return column >= table->first_tight && column < table->last_tight ? 1 : 2;
}

size_t table_width(const term_table *table)
{
    size_t widths[TABLE_MAX_COLUMNS] = {0}, total = 0;
    measure(table, widths);
    for (size_t i = 0; i < table->columns; i++)
        total += widths[i] + (i + 1 < table->columns ? gap_after(table, i) : 0);
    return total;
}

static void print_row(const term_table *table, size_t first, const size_t *widths)
{
    size_t last = table->columns - 1;
    while (last && !*table->cells[first + last]) last--;
    for (size_t i = 0; i <= last; i++) {
        const char *cell = table->cells[first + i];
        out_name(cell);
        if (i == last) break;
        if (widths)
            out_printf("%*s", (int)(widths[i] - width_of(cell) + gap_after(table, i)), "");
        else
            out_printf("\t");
    }
    out_printf("\n");
}

static void print_rows(const term_table *table)
{
    size_t widths[TABLE_MAX_COLUMNS] = {0};
    bool fine = term_is_out();
    size_t i = fine ? 0 : table->columns;
    measure(table, widths);
    for (; i + table->columns <= table->count; i += table->columns) {
        if (i == 0) out_style(TERM_BOLD);
        print_row(table, i, fine ? widths : NULL);
        if (i == 0) out_style(TERM_PLAIN);
    }
}

int table_print(term_table *table)
{
    int rc = table->failed ? out_no_memory() : 0;
    if (rc == 0) print_rows(table);
    table_free(table);
    return rc;
}

void table_free(term_table *table)
{
    for (size_t i = 0; i < table->count; i++) free(table->cells[i]);
    free(table->cells);
    *table = (term_table){0};
}
