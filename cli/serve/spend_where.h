/* Decides which values of the setting `spend` are NATS addresses, and not paths. */
#ifndef BELUGA_CLI_SERVE_SPEND_WHERE_H
#define BELUGA_CLI_SERVE_SPEND_WHERE_H

#include <stdbool.h>
#include <string.h>

static inline bool spend_is_nats(const char *where)
{
    return strncmp(where, "nats://", 7) == 0 || strncmp(where, "tls://", 6) == 0;
}

#endif
