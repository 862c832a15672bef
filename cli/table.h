/* Lists for people: columns that line up on a terminal, and tabs between them elsewhere. */
#ifndef BELUGA_CLI_TABLE_H
#define BELUGA_CLI_TABLE_H

#include <stddef.h>

#define TABLE_MAX_COLUMNS 6

struct table {
    size_t columns;
    char **cells; /* owned, row by row */
    size_t count, room;
    int failed; /* without memory: table_print says so */
};

/* Begin with a row of `columns` titles; it is printed on a terminal only. */
void table_begin(struct table *table, size_t columns, const char *const *titles);
/* Add a cell; NULL is empty. */
void table_add(struct table *table, const char *text);
/* Print the rows that are whole and free everything. @return 0, or an exit code, reported. */
int table_print(struct table *table);

#endif
