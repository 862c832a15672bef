/* Tables: aligned columns on a terminal, and tabs between columns elsewhere. */
#ifndef BELUGA_CLI_TERMINAL_TABLE_H
#define BELUGA_CLI_TERMINAL_TABLE_H

#include <stddef.h>

#define TABLE_MAX_COLUMNS 24

typedef struct term_table {
    size_t columns;
    /* Columns first_tight to last_tight - 1 are followed by one space, the others by two. */
    size_t first_tight, last_tight;
    char **cells; /* owned, row by row */
    size_t count, room;
    int failed; /* memory ran out; table_print reports this */
} term_table;

/* Begin a table with a row of `columns` titles, which is printed only on a terminal. */
void table_begin(term_table *table, size_t columns, const char *const *titles);
/* Add a cell; NULL is empty. */
void table_add(term_table *table, const char *text);
/* Return the width of the widest row, in columns of a terminal. */
size_t table_width(const term_table *table);
/* Print the complete rows and free everything. @return 0, or an exit code after reporting the
 * error. */
int table_print(term_table *table);

/* Free everything without printing. */
void table_free(term_table *table);

#endif
