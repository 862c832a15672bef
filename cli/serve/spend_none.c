/* A build without SQLite keeps the spend of keys only in memory. */
#include "serve/spend_store.h"

#include <stdio.h>

static int open_store(const char *where, spend_store **out, char *why)
{
    (void)where;
    *out = NULL;
    snprintf(why, SPEND_WHY_BYTES,
             "this beluga was built without SQLite: install libsqlite3-dev (or sqlite-devel) and "
             "build beluga again");
    return 1;
}

/* A store is never opened, so no other function is called. */
const spend_backend spend_sqlite = {.open = open_store};
