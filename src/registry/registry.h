/* A registry finds providers by name. */
#ifndef BELUGA__REGISTRY_H
#define BELUGA__REGISTRY_H

#include "base/limits.h"
#include "base/runtime.h"

#include <beluga/provider/plugin.h>
#include <beluga/registry.h>

/* The contents of a new registry. The client passes these in, since this room knows neither the
 * built-in providers nor the functions that plug-ins may call. */
typedef struct beluga__registry_stock {
    const beluga_provider *(*builtin)(size_t index); /* returns NULL behind the last provider */
    const beluga_plugin_host *host; /* functions for plug-ins; NULL: no plug-in can be loaded */
} beluga__registry_stock;

/* Make a registry with the built-in and the linked providers. The runtime is borrowed, since the
 * registry is part of a client. */
int beluga__registry_new(beluga__runtime *runtime, const beluga__registry_stock *stock,
                         beluga_registry **out);
void beluga__registry_free(beluga_registry *registry);
beluga__runtime *beluga__registry_runtime(beluga_registry *registry);
const beluga_plugin_host *beluga__registry_host(const beluga_registry *registry);
/* Write a hint for a name that no provider has; it may be NULL: "did you mean openai? there are
 * anthropic, azure and 20 more", with as many names as fit. */
void beluga__registry_hint(const beluga_registry *registry, const char *name, char *buffer,
                           size_t n);

/* Where a provider comes from: the table that was registered, and whether it is built in. */
typedef struct beluga__provider_origin {
    const beluga_provider *given;
    const char *file; /* file of its plug-in; NULL: not from a plug-in */
    bool builtin;
} beluga__provider_origin;
beluga__provider_origin beluga__registry_origin(const beluga_registry *registry,
                                                const beluga_provider *provider);
/* Check tables, whose list ends with NULL, as beluga_registry_register does, and check that their
 * names are free. */
int beluga__registry_check(beluga_registry *registry, const beluga_provider *const *providers,
                           beluga_error *err);
/* Register all tables of a plug-in's file, at most 64, or none of them. */
int beluga__registry_add(beluga_registry *registry, const beluga_provider *const *providers,
                         const char *file, beluga_error *err);

/* Find the provider with this name; UNSUPPORTED_PROVIDER with a hint if there is none. */
int beluga__registry_find(beluga_registry *registry, const char *name, const beluga_provider **out,
                          beluga_error *err);
/* Returns 0 if a provider may have this name; else `code`, with a message that lists the characters
 * of names. */
int beluga__provider_name_check(const char *name, int code, beluga_error *err);

#endif
