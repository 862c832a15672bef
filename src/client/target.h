/* Making a target: a provider with its settings, key, connection and stack. */
#ifndef BELUGA__CLIENT_TARGET_H
#define BELUGA__CLIENT_TARGET_H

#include "base/limits.h"
#include "client/client.h"
#include "model/target.h"

#include <beluga/config.h>

/* The targets to which a model falls back, with one reference each. */
typedef struct beluga__others {
    beluga__target *targets[BELUGA__MAX_FALLBACKS];
    size_t n;
} beluga__others;

/* Open the targets that a configuration names as fallbacks. `out` is empty at first, and the caller
 * frees it, also on failure. */
typedef int (*beluga__open_others_fn)(beluga_client *client, const beluga_config *config,
                                      beluga__others *out, beluga_error *err);

/* Make a target with one reference, which the caller owns. If `name` differs from the provider's,
 * it is a provider without code whose base is `provider`. The configuration is copied; NULL is the
 * same as an empty one. */
int beluga__target_new(beluga_client *client, const beluga_provider *provider, const char *name,
                       const beluga_config *config, beluga__open_others_fn open_others,
                       beluga__target **out, beluga_error *err);

#endif
