/* Prints entries for beluga logs: in a table, as one line each, as JSON, and in full. */
#ifndef BELUGA_CLI_COMMANDS_LOGS_ENTRY_H
#define BELUGA_CLI_COMMANDS_LOGS_ENTRY_H

#include "logbook/store.h"

#include <beluga/provider/json.h>

#include <stdbool.h>

enum { LOG_COLUMNS = 7 };

/* An entry as the texts of its cells. They are kept, since the table is laid out again with fewer
 * columns until it fits. */
typedef struct log_row {
    char *cells[LOG_COLUMNS];
    int64_t time_ms;
} log_row;

/* The rows of a table; zero-initialise it. */
typedef struct log_table {
    log_row *items;
    size_t count, room;
} log_table;

/* Add an entry; this is a logbook_visit whose payload is a log_table. @return 0, or an exit code
 * after reporting the error. */
int log_table_add(void *payload, const logbook_entry *e);
/* Print the table as wide as the terminal. @return 0, or an exit code after reporting the error. */
int log_table_print(const log_table *rows);
void log_table_free(log_table *rows);

/* Print an entry for a pipe: all columns separated by tabs, times in UTC, texts in full on one
 * line. This is a logbook_visit whose payload is an int, which receives an exit code. */
int log_print_line(void *payload, const logbook_entry *e);

/* Write an entry as an object; this is a logbook_visit whose payload is a writer. */
int log_put_json(void *payload, const logbook_entry *e);

/* The state of printing a conversation up to one entry. */
typedef struct log_conversation {
    int64_t id;   /* the last entry, whose details are printed, too */
    char *system; /* system text of the previous turn; owned */
    bool any;     /* a turn was printed */
} log_conversation;

/* Print a turn; this is a logbook_visit whose payload is a log_conversation. */
int log_print_turn(void *payload, const logbook_entry *e);

#endif
