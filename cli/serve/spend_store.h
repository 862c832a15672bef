/* Where what keys have spent is kept: a sum for each key and UTC day. A path is a SQLite database, an
 * address of NATS a bucket there; what each can do stands behind a table. */
#ifndef BELUGA_CLI_SERVE_SPEND_STORE_H
#define BELUGA_CLI_SERVE_SPEND_STORE_H

#include "serve/spend.h"

#define SPEND_WHY_BYTES 512

/* A use to be added to a key's day. */
typedef struct spend_row {
    spend_account *account;
    int64_t day; /* since 1970 */
    spend_sum sum;
} spend_row;

/* What a key has cost on a day, and in its month until then; the same key may be told several
 * times, and all of that adds up. */
typedef void (*spend_total_fn)(void *payload, const char *key, double day, double month);

typedef struct spend_store spend_store;

typedef struct spend_backend {
    bool watches; /* it is to be looked at each second, even where nobody asks */
    int (*open)(const char *where, spend_store **out, char *why);
    void (*close)(spend_store *store);
    int (*add)(spend_store *store, const spend_row *rows, size_t n, char *why);
    bool (*changed)(spend_store *store);
    int (*totals)(spend_store *store, int64_t day, spend_total_fn tell, void *payload, char *why);
} spend_backend;

/* What each backend's store begins with. */
struct spend_store {
    const spend_backend *backend;
};

extern const spend_backend spend_sqlite, spend_nats;

/* @return 0; -1 with `why`; 1 with `why`: built without SQLite. */
int spend_store_open(const char *where, spend_store **out, char *why);
/* NULL does nothing. */
void spend_store_close(spend_store *store);

/* Add all rows, or none. @return 0, or -1 with `why`. */
int spend_store_add(spend_store *store, const spend_row *rows, size_t n, char *why);
/* @return whether another process has written since the last call, or may have. */
bool spend_store_changed(spend_store *store);
/* @return 0, or -1 with `why`. */
int spend_store_totals(spend_store *store, int64_t day, spend_total_fn tell, void *payload,
                       char *why);

#endif
