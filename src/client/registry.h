/* Providers by name. */
#ifndef BELUGA__REGISTRY_H
#define BELUGA__REGISTRY_H

#include "model/target.h"

#include <beluga/registry.h>

/* With the built-in and the linked providers. The client is borrowed: the registry is part of it. */
int beluga__registry_new(beluga_client *client, beluga_registry **out);
void beluga__registry_free(beluga_registry *registry);
beluga_client *beluga__registry_client(beluga_registry *registry);
/* What to say where no provider has this name, which may be NULL: "did you mean openai? there are
 * anthropic, azure and 20 more", as many as fit. */
void beluga__registry_hint(const beluga_registry *registry, const char *name, char *buffer, size_t n);

/* open.c: build what a configuration says. */
int beluga__target_open(beluga_client *client, const beluga_provider *provider,
                        const beluga_config *config, beluga__target **out,
                        beluga_error *err);

#endif
