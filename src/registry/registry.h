/* Providers by name. */
#ifndef BELUGA__REGISTRY_H
#define BELUGA__REGISTRY_H

#include "base/limits.h"
#include "base/runtime.h"

#include <beluga/provider/plugin.h>
#include <beluga/registry.h>

/* A registry begins with this. The client hands it in, since this room knows neither the providers
 * that are built in nor the functions that plug-ins may call. */
typedef struct beluga__registry_stock {
    const beluga_provider *(*builtin)(size_t index); /* NULL past the last */
    const beluga_plugin_host *host; /* what plug-ins may call; NULL: none can be loaded */
} beluga__registry_stock;

/* Make one with the built-in and the linked providers. The runtime is borrowed: the registry is
 * part of a client. */
int beluga__registry_new(beluga__runtime *runtime, const beluga__registry_stock *stock,
                         beluga_registry **out);
void beluga__registry_free(beluga_registry *registry);
beluga__runtime *beluga__registry_runtime(beluga_registry *registry);
const beluga_plugin_host *beluga__registry_host(const beluga_registry *registry);
/* Write what to say where no provider has this name, which may be NULL: "did you mean openai?
 * there are anthropic, azure and 20 more", as many as fit. */
void beluga__registry_hint(const beluga_registry *registry, const char *name, char *buffer,
                           size_t n);

/* Where a provider comes from: what was registered, and whether it is built in. */
typedef struct beluga__provider_origin {
    const beluga_provider *given;
    const char *file; /* of the plug-in; NULL: another */
    bool builtin;
} beluga__provider_origin;
beluga__provider_origin beluga__registry_origin(const beluga_registry *registry,
                                                const beluga_provider *provider);
/* Check tables, ended by NULL, as beluga_registry_register does, and whether their names are free.
 */
int beluga__registry_check(beluga_registry *registry, const beluga_provider *const *providers,
                           beluga_error *err);
/* Register all of them, at most 64, from a plug-in's file, or none. */
int beluga__registry_add(beluga_registry *registry, const beluga_provider *const *providers,
                         const char *file, beluga_error *err);

/* Find the provider of that name; UNSUPPORTED_PROVIDER with what there is. */
int beluga__registry_find(beluga_registry *registry, const char *name, const beluga_provider **out,
                          beluga_error *err);
/* Whether a provider may have this name; else `code` with what names are made of. */
int beluga__provider_name_check(const char *name, int code, beluga_error *err);

#endif
