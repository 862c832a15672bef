/* The stores for the spend of keys, which have a sum for each key and UTC day: an SQLite database
 * or a NATS bucket. Each backend is a table of functions. */
#ifndef BELUGA_CLI_SERVE_SPEND_STORE_H
#define BELUGA_CLI_SERVE_SPEND_STORE_H

#include "serve/spend.h"

#define SPEND_WHY_BYTES 512

/* Usage that must be added to a key's sum of a day. */
typedef struct spend_row {
    spend_account *account;
    int64_t day; /* days since 1970 */
    spend_sum sum;
} spend_row;

/* Receives the cost of a key on a day, and in the month up to that day. It may be called several
 * times for a key; the receiver must add up the costs. */
typedef void (*spend_total_fn)(void *payload, const char *key, double day, double month);

typedef struct spend_store spend_store;

typedef struct spend_backend {
    /* check each second whether other servers have written, even if no spend is read */
    bool watches;
    int (*open)(const char *where, spend_store **out, char *why);
    void (*close)(spend_store *store);
    int (*add)(spend_store *store, const spend_row *rows, size_t n, char *why);
    bool (*changed)(spend_store *store);
    int (*totals)(spend_store *store, int64_t day, spend_total_fn tell, void *payload, char *why);
} spend_backend;

/* Every backend's own struct begins with this. */
struct spend_store {
    const spend_backend *backend;
};

extern const spend_backend spend_sqlite, spend_nats;

/* Open the store at a path or NATS address. @return 0; -1 with `why`; 1 with `why` if this build
 * lacks SQLite. */
int spend_store_open(const char *where, spend_store **out, char *why);
/* NULL does nothing. */
void spend_store_close(spend_store *store);

/* Add all rows, or none. @return 0, or -1 with `why`. */
int spend_store_add(spend_store *store, const spend_row *rows, size_t n, char *why);
/* @return whether another process has written since the last call, or may have. */
bool spend_store_changed(spend_store *store);
/* Read the totals for the month of `day`, and pass them to `tell`. @return 0, or -1 with `why`. */
int spend_store_totals(spend_store *store, int64_t day, spend_total_fn tell, void *payload,
                       char *why);

#endif
