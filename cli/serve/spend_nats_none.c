/* A build without libnats refuses to store the spend of keys in NATS, since each gateway would then
 * count a budget of its own. */
#include "serve/spend_store.h"

#include <stdio.h>

static int open_store(const char *where, spend_store **out, char *why)
{
    (void)where;
    *out = NULL;
    snprintf(why, SPEND_WHY_BYTES,
             "this beluga was built without NATS: install libnats 3.4 or later (libnats-dev), and "
             "build beluga with -Dqueue=enabled, or set spend: to a file");
    return -1;
}

/* A store is never opened, so no other function is called. */
const spend_backend spend_nats = {.open = open_store};
