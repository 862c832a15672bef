/* The parts of the store that its queries about names use, too. */
#ifndef BELUGA_CLI_LOGBOOK_NAMES_H
#define BELUGA_CLI_LOGBOOK_NAMES_H

#include "logbook/store.h"

struct sqlite3;

/* Return the store's database. */
struct sqlite3 *logbook_store_database(logbook_store *store);
/* Write why SQLite failed. @return -1. */
int logbook_store_fail(const logbook_store *store, char *why);

#endif
