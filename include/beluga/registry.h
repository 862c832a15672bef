/**
 * @file registry.h
 * Providers by name, and opening models.
 *
 * A registry starts with the providers that are built in and those linked with
 * BELUGA_REGISTER_PROVIDER. It belongs to a client and lives as long.
 */
#ifndef BELUGA_REGISTRY_H
#define BELUGA_REGISTRY_H

#include <beluga/common.h>
#include <beluga/config.h>
#include <beluga/error.h>

BELUGA_BEGIN_DECLS

/**
 * Return the default client's registry (Go's GetRegistry).
 *
 * @return borrowed as long as the default client; NULL without memory. Threads: any.
 */
BELUGA_API beluga_registry *beluga_registry_default(void);

/**
 * Add a provider.
 *
 * @param provider  Borrowed for the life of the registry: usually static.
 * @return 0; BELUGA_ERROR_INVALID_INPUT a missing or contradictory slot, a bad name, or a name that
 * is taken (registering the same table again is 0); BELUGA_ERROR_PLUGIN_ABI a table of another ABI,
 * or shorter than the first; BELUGA_ERROR_NO_MEMORY.
 *
 * Threads: any. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_registry_register(beluga_registry *registry, const beluga_provider *provider,
                                        beluga_error *err);

/**
 * Return whether a provider has that name (Go's IsRegistered); false for NULL. Threads: any.
 */
BELUGA_API bool beluga_registry_contains(const beluga_registry *registry, const char *name);

/**
 * Return the provider of that name, borrowed as long as the registry; NULL without one, or for
 * NULL. Threads: any.
 */
BELUGA_API const beluga_provider *beluga_registry_get(const beluga_registry *registry,
                                                      const char *name);

/**
 * List the names of all providers, sorted.
 *
 * @param names  Array of the caller, which receives at most n; the strings are borrowed as long as
 * the registry. NULL with n 0 only counts.
 * @return the number of providers, which may be more than n. Threads: any.
 */
BELUGA_API size_t beluga_registry_list(const beluga_registry *registry, const char **names,
                                       size_t n);

/**
 * Write the table of the provider that a configuration names: the registered one, or that of a
 * provider without code, which has a `base`.
 *
 * @param config  Borrowed. Resolved (beluga_config_resolve), or made with beluga_with_provider.
 * @param out     Filled on success; all that it points to is borrowed as long as registry and
 * configuration.
 * @return 0; BELUGA_ERROR_INVALID_CONFIG no provider is named, or it has a base and a bad name or
 * that of a registered provider; BELUGA_ERROR_UNSUPPORTED_PROVIDER no provider has that name, or
 * that of the base: the message lists the names there are.
 *
 * Threads: any. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_registry_describe(beluga_registry *registry, const beluga_config *config,
                                        beluga_provider *out, beluga_error *err);

/**
 * Load a plug-in: a shared object with providers, made with provider/plugin.h.
 *
 * Its code runs with all your rights. So the library loads no file that a program or its user did
 * not ask for, and it refuses a file that anybody else can have changed: it, each link and each
 * folder on the way to it must belong to root or to this process's user, and be writable for nobody
 * else (folders with the sticky bit may be; a group of the owner's name without other members is
 * the owner). It stays loaded until the process ends. Loading it again is 0, and adds it to another
 * registry too.
 *
 * @param path  A file; without a slash in it one of the current folder. Nothing is searched.
 * @return 0; otherwise nothing of it is registered, and the message names the file:
 * BELUGA_ERROR_NOT_FOUND no such file; BELUGA_ERROR_PLUGIN_ABI another ABI (the message says which
 * side is older), another architecture, not a shared object or no plug-in, a symbol that was not
 * found; BELUGA_ERROR_INVALID_INPUT a file that others may change, a missing slot, a name that is
 * taken; BELUGA_ERROR_LIMIT_EXCEEDED over 256 plug-ins in the process, or 64 providers in one;
 * BELUGA_ERROR_NO_MEMORY; BELUGA_ERROR_NOT_SUPPORTED in a library without plug-ins; the code that
 * its `init` gave.
 *
 * Threads: any. Blocks: for the file, and as its `init` does. Since: 0.1
 */
BELUGA_API int beluga_registry_load_plugin(beluga_registry *registry, const char *path,
                                           beluga_error *err);

/**
 * Load every *.so of a folder, in the order of their names, but not those of folders below it. A
 * path that is no folder is loaded as a file.
 *
 * A plug-in that is refused does not keep the others out.
 *
 * @param loaded  Receives how many were loaded; NULL allowed.
 * @return 0; the code of the first plug-in that was refused; BELUGA_ERROR_NOT_FOUND no such folder;
 * BELUGA_ERROR_LIMIT_EXCEEDED more than 64 in it: none is loaded then;
 * BELUGA_ERROR_INVALID_INPUT registry or folder is NULL or empty.
 *
 * Threads: any. Blocks: as beluga_registry_load_plugin. Since: 0.1
 */
BELUGA_API int beluga_registry_load_plugins(beluga_registry *registry, const char *folder,
                                            size_t *loaded, beluga_error *err);

/**
 * Load the plug-ins that the environment's BELUGA_PLUGIN_PATH names: folders and files, separated
 * by colons, each beginning with a slash.
 *
 * The variable has no effect until a program calls this function, or makes a client with
 * `load_plugin_path`. It is ignored in programs with more rights than their user (setuid).
 *
 * @param loaded  Receives how many were loaded; NULL allowed.
 * @return 0, also when the variable is not set; otherwise as beluga_registry_load_plugins.
 *
 * Threads: any. Blocks: as beluga_registry_load_plugin.
 */
BELUGA_API int beluga_registry_load_plugin_path(beluga_registry *registry, size_t *loaded,
                                                beluga_error *err);

/**
 * Return the file of the plug-in that a provider came with, borrowed as long as the registry; NULL
 * for a provider that came otherwise, or a name that no provider has. Threads: any. Since: 0.1
 */
BELUGA_API const char *beluga_registry_plugin_file(const beluga_registry *registry,
                                                   const char *name);

/**
 * Open a model of a provider (Go's GetProvider).
 *
 * Checks the configuration, and reports all its faults in one error. Sends nothing.
 *
 * With beluga_with_base the provider is one without code: it has a name of its own and the
 * functions of its base.
 *
 * @param name    Provider's name; NULL takes the configuration's.
 * @param config  Borrowed; NULL for none. Its environment layer is read when beluga_with_env was
 * given.
 * @param out     One reference, yours (beluga_chat_model_unref). NULL on failure.
 * @return 0; BELUGA_ERROR_UNSUPPORTED_PROVIDER no provider has that name: the message lists the
 * names there are; BELUGA_ERROR_INVALID_CONFIG no provider is named, or faults of the
 * configuration; BELUGA_ERROR_AUTHENTICATION there is no key: the message names the variable;
 * the codes of beluga_prices_load for a budget whose file of prices can't be read;
 * BELUGA_ERROR_NOT_SUPPORTED an option of a part that the library was built without;
 * BELUGA_ERROR_INVALID_INPUT no registry; BELUGA_ERROR_NO_MEMORY; the code that the provider's
 * `open` gave.
 *
 * Threads: any. Blocks: only if the provider's `open` does, and for the file of prices when there
 * is a budget. Since: 0.1
 */
BELUGA_API int beluga_registry_open(beluga_registry *registry, const char *name,
                                    const beluga_config *config, beluga_chat_model **out,
                                    beluga_error *err);

/**
 * Open a model by its reference, with the default registry and the environment's keys:
 * `beluga_model_open("openai/gpt-5-mini", &model, &err)`. It reads no file.
 *
 * @param reference  "provider/model" or "provider:model", or the name of a provider.
 * @param out        One reference, yours (beluga_chat_model_unref). NULL on failure.
 * @return as beluga_registry_open and beluga_config_resolve.
 *
 * Threads: any. Blocks: as beluga_registry_open.
 */
BELUGA_API int beluga_model_open(const char *reference, beluga_chat_model **out, beluga_error *err);

BELUGA_END_DECLS
#endif
