/* Functions of the store that the queries about names also need. */
#ifndef BELUGA_CLI_LOGBOOK_NAMES_H
#define BELUGA_CLI_LOGBOOK_NAMES_H

#include "logbook/store.h"

struct sqlite3;

/* Return the store's database. */
struct sqlite3 *logbook_store_database(logbook_store *store);
/* Write why SQLite failed. @return -1. */
int logbook_store_fail(const logbook_store *store, char *why);

#endif
