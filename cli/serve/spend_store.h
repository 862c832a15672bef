/* The database of what keys have spent: a row for each key and UTC day. */
#ifndef BELUGA_CLI_SERVE_SPEND_STORE_H
#define BELUGA_CLI_SERVE_SPEND_STORE_H

#include "serve/spend.h"

#define SPEND_WHY_BYTES 512

typedef struct spend_store spend_store;

/* @return 0; -1 with `why`; 1 with `why`: built without SQLite. */
int spend_store_open(const char *path, spend_store **out, char *why);
void spend_store_close(spend_store *store);

/* A use to be added to a key's day. */
typedef struct spend_row {
    spend_account *account;
    int64_t day; /* since 1970 */
    spend_sum sum;
} spend_row;

/* Add all rows, or none. @return 0, or -1 with `why`. */
int spend_store_add(spend_store *store, const spend_row *rows, size_t n, char *why);
/* @return whether another process has written since the last call. */
bool spend_store_changed(spend_store *store);
/* Tell what each key has cost on a day, and in its month until then. @return 0, or -1 with `why`.
 */
typedef void (*spend_total_fn)(void *payload, const char *key, double day, double month);
int spend_store_totals(spend_store *store, int64_t day, spend_total_fn tell, void *payload,
                       char *why);

#endif
