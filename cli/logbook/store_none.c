/* Replaces store.c in a build without SQLite: its functions report that the log is not available.
 */
#include "logbook/store.h"

#include <stdio.h>

static int tell(char *why)
{
    snprintf(why, LOGBOOK_WHY_BYTES,
             "this beluga was built without SQLite, which the log needs: install libsqlite3-dev "
             "(or sqlite-devel) and build beluga again");
    return -1;
}

int logbook_store_open(const char *path, bool create, logbook_store **out, char *why)
{
    (void)path;
    (void)create;
    *out = NULL;
    return tell(why);
}

void logbook_store_close(logbook_store *store)
{
    (void)store;
}

int logbook_store_add(logbook_store *store, logbook_entry *entry, char *why)
{
    (void)store;
    (void)entry;
    return tell(why);
}

int logbook_store_each(logbook_store *store, logbook_which which, int64_t id, int64_t most,
                       logbook_visit visit, void *payload, char *why)
{
    (void)store;
    (void)which;
    (void)id;
    (void)most;
    (void)visit;
    (void)payload;
    return tell(why);
}

int logbook_store_search(logbook_store *store, const char *const *words, size_t n_words,
                         int64_t most, logbook_visit visit, void *payload, char *why)
{
    (void)words;
    return logbook_store_each(store, LOGBOOK_NEWEST, (int64_t)n_words, most, visit, payload, why);
}

int64_t logbook_store_find(logbook_store *store, const char *name, char *why)
{
    (void)store;
    (void)name;
    return tell(why);
}

int logbook_store_rename(logbook_store *store, int64_t id, const char *name, char *why)
{
    (void)id;
    return (int)logbook_store_find(store, name, why);
}

int logbook_store_names(logbook_store *store, logbook_visit_name visit, void *payload, char *why)
{
    (void)store;
    (void)visit;
    (void)payload;
    return tell(why);
}

int64_t logbook_store_clear(logbook_store *store, int64_t before_ms, char *why)
{
    (void)store;
    (void)before_ms;
    return tell(why);
}

int64_t logbook_store_count(logbook_store *store, char *why)
{
    (void)store;
    return tell(why);
}
