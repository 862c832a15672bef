/* A build without SQLite keeps what keys spend in memory alone. */
#include "serve/spend_store.h"

#include <stdio.h>

int spend_store_open(const char *path, spend_store **out, char *why)
{
    (void)path;
    *out = NULL;
    snprintf(why, SPEND_WHY_BYTES,
             "this beluga was built without SQLite: install libsqlite3-dev (or sqlite-devel) and "
             "build it anew");
    return 1;
}

void spend_store_close(spend_store *store)
{
    (void)store;
}

int spend_store_add(spend_store *store, const spend_row *rows, size_t n, char *why)
{
    (void)store;
    (void)rows;
    (void)n;
    (void)why;
    return -1;
}

bool spend_store_changed(spend_store *store)
{
    (void)store;
    return false;
}

int spend_store_totals(spend_store *store, int64_t day, spend_total_fn tell, void *payload,
                       char *why)
{
    (void)store;
    (void)day;
    (void)tell;
    (void)payload;
    (void)why;
    return -1;
}
