/* Replaces the NATS backend in a build without libnats. */
#include "queue/backend.h"

static int open_queue(const queue_settings *settings, queue **out, beluga_error *err)
{
    (void)settings;
    *out = NULL;
    beluga_error_set(err, BELUGA_ERROR_NOT_SUPPORTED,
                     "this beluga was built without queues of NATS: install libnats 3.4 or later "
                     "(libnats-dev), and build beluga again");
    return BELUGA_ERROR_NOT_SUPPORTED;
}

/* A queue is never opened, so no other function is called. */
const queue_backend queue_nats = {.open = open_queue};
