/* Common members of small providers that tests write: they have no server, and nothing to
 * cancel. */
#ifndef TESTS_SMALL_PROVIDER_H
#define TESTS_SMALL_PROVIDER_H

#include <beluga/provider/provider.h>

static inline void small_provider_cancel(void *self, beluga_emit *emit)
{
    (void)self;
    (void)emit;
}

/* The first members of the provider's table. */
#define SMALL_PROVIDER(provider_name, start_function) \
    BELUGA_PROVIDER_INIT(provider_name), .start = (start_function), .cancel = small_provider_cancel

#endif
