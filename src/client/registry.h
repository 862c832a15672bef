/* Providers by name. */
#ifndef BELUGA__REGISTRY_H
#define BELUGA__REGISTRY_H

#include "model/target.h"

#include <beluga/registry.h>

/* With the built-in and the linked providers. The client is borrowed: the registry is part of it.
 */
int beluga__registry_new(beluga_client *client, beluga_registry **out);
void beluga__registry_free(beluga_registry *registry);
beluga_client *beluga__registry_client(beluga_registry *registry);
/* What to say where no provider has this name, which may be NULL: "did you mean openai? there are
 * anthropic, azure and 20 more", as many as fit. */
void beluga__registry_hint(const beluga_registry *registry, const char *name, char *buffer,
                           size_t n);

/* Where a provider comes from: what was registered, and whether it is built in. */
typedef struct beluga__origin_of {
    const beluga_provider *given;
    const char *file; /* of the plug-in; NULL: another */
    bool builtin;
} beluga__origin_of;
beluga__origin_of beluga__registry_origin(const beluga_registry *registry,
                                          const beluga_provider *provider);
/* Check tables, ended by NULL, as beluga_registry_register does, and whether their names are free.
 */
int beluga__registry_check(beluga_registry *registry, const beluga_provider *const *providers,
                           beluga_error *err);
/* Register all of them, at most 64, from a plug-in's file, or none. */
int beluga__registry_add(beluga_registry *registry, const beluga_provider *const *providers,
                         const char *file, beluga_error *err);

/* The provider of that name, or UNSUPPORTED_PROVIDER with what there is. */
int beluga__registry_find(beluga_registry *registry, const char *name, const beluga_provider **out,
                          beluga_error *err);
/* Open a model of a resolved configuration; its provider may be without code. One reference, yours.
 */
int beluga__registry_open_target(beluga_registry *registry, const char *name,
                                 const beluga_config *config, beluga__target **out,
                                 beluga_error *err);
bool beluga__provider_name_is_good(const char *name);
#define BELUGA__BAD_PROVIDER_NAME "a provider's name has 1 to 47 of a-z 0-9 _ - (is \"%.60s\")"

/* open.c: build what a configuration says. With a `name` that is not the provider's the model is of
 * a provider of that name, without code, whose base `provider` is. */
int beluga__target_open(beluga_client *client, const beluga_provider *provider, const char *name,
                        const beluga_config *config, beluga__target **out, beluga_error *err);

/* derive.c: the base that a configuration names, or NULL. */
const char *beluga__derived_base(const beluga_config *config);
/* Whether a provider of that name may be built on the base, and that provider. */
int beluga__derived_check(beluga_registry *registry, const char *name, const char *base,
                          const beluga_provider **out, beluga_error *err);
/* Its table; borrows the name and the configuration's strings. */
void beluga__derive(beluga_provider *out, const beluga_provider *base, const char *name,
                    const beluga_config *config);

#endif
