/* A registry finds providers by name. */
#ifndef BELUGA__REGISTRY_H
#define BELUGA__REGISTRY_H

#include "base/limits.h"
#include "base/runtime.h"

#include <beluga/provider/plugin.h>
#include <beluga/registry.h>

/* The contents of a new registry. The client passes them, since this folder must not depend on the
 * built-in providers and on the functions that plug-ins may call. */
typedef struct beluga__registry_stock {
    const beluga_provider *(*builtin)(size_t index); /* returns NULL behind the last provider */
    const beluga_plugin_host *host; /* functions for plug-ins; NULL: no plug-in can be loaded */
} beluga__registry_stock;

/* Make a registry of the built-in providers and those that were linked into the program. The
 * runtime is borrowed from the client, which also owns the registry. */
int beluga__registry_new(beluga__runtime *runtime, const beluga__registry_stock *stock,
                         beluga_registry **out);
void beluga__registry_free(beluga_registry *registry);
beluga__runtime *beluga__registry_runtime(beluga_registry *registry);
const beluga_plugin_host *beluga__registry_host(const beluga_registry *registry);
/* Write a hint for a name (which may be NULL) that no provider has, such as "did you mean openai?
 * there are anthropic, azure and 20 more". It contains as many names as fit. */
void beluga__registry_hint(const beluga_registry *registry, const char *name, char *buffer,
                           size_t n);

/* The origin of a provider: the table that was registered, the plug-in's file, and whether it is
 * built in. */
typedef struct beluga__provider_origin {
    const beluga_provider *given;
    const char *file; /* file of the provider's plug-in, or NULL */
    bool builtin;
} beluga__provider_origin;
beluga__provider_origin beluga__registry_origin(const beluga_registry *registry,
                                                const beluga_provider *provider);
/* Check the tables in a list that ends with NULL, as beluga_registry_register does. Also check that
 * no other provider has one of their names. */
int beluga__registry_check(beluga_registry *registry, const beluga_provider *const *providers,
                           beluga_error *err);
/* Register all tables of a plug-in's file, of which there are at most 64. On failure none is
 * registered. */
int beluga__registry_add(beluga_registry *registry, const beluga_provider *const *providers,
                         const char *file, beluga_error *err);

/* Find the provider with this name. Returns UNSUPPORTED_PROVIDER, with a hint in the message, if
 * there is none. */
int beluga__registry_find(beluga_registry *registry, const char *name, const beluga_provider **out,
                          beluga_error *err);
/* Returns 0 if a provider may have this name; otherwise sets and returns the error `code`, whose
 * message lists the allowed characters. */
int beluga__provider_name_check(const char *name, int code, beluga_error *err);

#endif
