#include "serve/spend_store.h"

#include "serve/spend_where.h"

int spend_store_open(const char *where, spend_store **out, char *why)
{
    const spend_backend *backend = spend_is_nats(where) ? &spend_nats : &spend_sqlite;
    int rc = backend->open(where, out, why);
    if (rc == 0) (*out)->backend = backend;
    return rc;
}

void spend_store_close(spend_store *store)
{
    if (store) store->backend->close(store);
}

int spend_store_add(spend_store *store, const spend_row *rows, size_t n, char *why)
{
    return store->backend->add(store, rows, n, why);
}

bool spend_store_changed(spend_store *store)
{
    return store->backend->changed(store);
}

int spend_store_totals(spend_store *store, int64_t day, spend_total_fn tell, void *payload,
                       char *why)
{
    return store->backend->totals(store, day, tell, payload, why);
}
