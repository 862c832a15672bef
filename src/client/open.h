/* Opening a model. */
#ifndef BELUGA__OPEN_H
#define BELUGA__OPEN_H

#include "client/client.h"
#include "model/target.h"

#include <beluga/config.h>

/* Open what a resolved configuration says; its provider may be without code. One reference, yours.
 */
int beluga__target_open(beluga_client *client, const char *name, const beluga_config *config,
                        beluga__target **out, beluga_error *err);

/* target.c: build it. With a `name` that is not the provider's the target is of a provider of that
 * name, without code, whose base `provider` is. */
int beluga__target_new(beluga_client *client, const beluga_provider *provider, const char *name,
                       const beluga_config *config, beluga__target **out, beluga_error *err);

#endif
