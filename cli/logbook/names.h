/* Functions of store.c that names.c also needs. */
#ifndef BELUGA_CLI_LOGBOOK_NAMES_H
#define BELUGA_CLI_LOGBOOK_NAMES_H

#include "logbook/store.h"

struct sqlite3;

/* Return the store's database. */
struct sqlite3 *logbook_store_database(logbook_store *store);
/* Write SQLite's error message to `why`. @return -1. */
int logbook_store_fail(const logbook_store *store, char *why);

#endif
