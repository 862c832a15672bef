/* Printing of entries for beluga logs: in a table, as a line each, as JSON, and one whole. */
#ifndef BELUGA_CLI_COMMANDS_LOGS_ENTRY_H
#define BELUGA_CLI_COMMANDS_LOGS_ENTRY_H

#include "logbook/store.h"

#include <beluga/provider/json.h>

#include <stdbool.h>

enum { LOG_COLUMNS = 7 };

/* An entry as texts: they are laid out more than once, until they fit. */
typedef struct log_row {
    char *cells[LOG_COLUMNS];
    int64_t time_ms;
} log_row;

/* Zero-initialise it. */
typedef struct log_table {
    log_row *items;
    size_t count, room;
} log_table;

/* Add an entry; a logbook_visit whose payload is a log_table. @return 0, or an exit code, reported.
 */
int log_table_add(void *payload, const logbook_entry *e);
/* Print it as wide as the terminal. @return 0, or an exit code, reported. */
int log_table_print(const log_table *rows);
void log_table_free(log_table *rows);

/* Print an entry for a pipe: all columns between tabs, its time in UTC, texts in full but on one
 * line. A logbook_visit whose payload is an int, which receives an exit code. */
int log_print_line(void *payload, const logbook_entry *e);

/* Write an entry as an object; a logbook_visit whose payload is a writer. */
int log_put_json(void *payload, const logbook_entry *e);

/* A conversation up to one entry, while it is printed. */
typedef struct log_conversation {
    int64_t id;   /* of that entry: its details are printed, too */
    char *system; /* of the turn before; owned */
    bool any;     /* a turn was printed */
} log_conversation;

/* Print a turn; a logbook_visit whose payload is a log_conversation. */
int log_print_turn(void *payload, const logbook_entry *e);

#endif
