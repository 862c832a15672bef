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

/** Return the default client's registry (Go's GetRegistry), or NULL without memory. Threads: any.
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

/** Return whether a provider has that name (Go's IsRegistered). Threads: any. */
BELUGA_API bool beluga_registry_contains(const beluga_registry *registry, const char *name);

/** Return the provider, borrowed as long as the registry, or NULL. Threads: any. */
BELUGA_API const beluga_provider *beluga_registry_get(const beluga_registry *registry,
                                                      const char *name);

/**
 * List the names, sorted.
 * @param names  Caller's array of at most n; borrowed strings. NULL with n 0 to count.
 * @return how many there are.
 */
BELUGA_API size_t beluga_registry_list(const beluga_registry *registry, const char **names,
                                       size_t n);

/**
 * Write the table of the provider that a configuration names: the registered one, or that of a
 * provider without code, which has a `base`.
 *
 * @param config  Resolved, or made with beluga_with_provider. Borrowed.
 * @param out     Filled on success; what it points to is borrowed as long as registry and
 * configuration.
 * @return 0; BELUGA_ERROR_INVALID_CONFIG no provider is named, or it has a base and the name of a
 *         registered one; BELUGA_ERROR_UNSUPPORTED_PROVIDER with the names there are.
 *
 * Threads: any. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_registry_describe(beluga_registry *registry, const beluga_config *config,
                                        beluga_provider *out, beluga_error *err);

/**
 * Load a plug-in: a shared object with providers, made with provider/plugin.h.
 *
 * Its code runs with all your rights. So nothing is ever loaded that a program or its user did not
 * ask for, and a file is refused that anybody else can have changed: it, each link and each folder
 * on the way to it must belong to root or to this process's user, and be writable for nobody else
 * (folders with the sticky bit may be; a group of the owner's name without other members is the
 * owner). It stays loaded until the process ends. Loading it again is 0, and adds it to another
 * registry too.
 *
 * @param path  A file; without a slash in it one of the current folder. Nothing is searched.
 * @return 0; otherwise nothing of it is registered, and the message names the file:
 * BELUGA_ERROR_NOT_FOUND; BELUGA_ERROR_PLUGIN_ABI another ABI (says which side is older), another
 * architecture, not a shared object or no plug-in, a symbol that was not found;
 * BELUGA_ERROR_INVALID_INPUT a file that others may change, a missing slot, a name that is taken;
 * BELUGA_ERROR_LIMIT_EXCEEDED; BELUGA_ERROR_NO_MEMORY; BELUGA_ERROR_NOT_SUPPORTED in a library
 * without plug-ins; what its `init` gave.
 *
 * Threads: any. Blocks: for the file, and as its `init` does. Since: 0.1
 */
BELUGA_API int beluga_registry_load_plugin(beluga_registry *registry, const char *path,
                                           beluga_error *err);

/**
 * Load every *.so of a folder, in the order of their names, not those below it.
 *
 * One that is refused does not keep the others out.
 *
 * @param loaded  How many were loaded; NULL allowed.
 * @return 0; what the first that was refused gave; BELUGA_ERROR_NOT_FOUND no such folder;
 *         BELUGA_ERROR_LIMIT_EXCEEDED more than 64 in it: none is loaded then.
 *
 * Threads: any. Blocks: as beluga_registry_load_plugin. Since: 0.1
 */
BELUGA_API int beluga_registry_load_plugins(beluga_registry *registry, const char *folder,
                                            size_t *loaded, beluga_error *err);

/**
 * Load what the environment's BELUGA_PLUGIN_PATH names: folders and files, separated by colons,
 * each beginning with a slash.
 *
 * Calling this is what turns the variable on: the library does not read it otherwise, but for a
 * client made with `load_plugin_path`. Ignored in programs with more rights than their user
 * (setuid).
 *
 * @return 0, also where it is not set; otherwise as beluga_registry_load_plugins.
 */
BELUGA_API int beluga_registry_load_plugin_path(beluga_registry *registry, size_t *loaded,
                                                beluga_error *err);

/**
 * Return the file of the plug-in that a provider came with, borrowed as long as the registry; NULL
 * for all others. Threads: any. Since: 0.1
 */
BELUGA_API const char *beluga_registry_plugin_file(const beluga_registry *registry,
                                                   const char *name);

/**
 * Open a model of a provider (Go's GetProvider).
 *
 * Checks the configuration: all its faults are in one error. Sends nothing.
 *
 * With beluga_with_base the provider is one without code: its name is its own, its functions are
 * the base's.
 *
 * @param name    Provider's name; NULL takes the configuration's.
 * @param config  Borrowed; NULL for none. Its environment layer is read when beluga_with_env was
 * given.
 * @param out     One reference, yours (beluga_chat_model_unref). NULL on failure.
 * @return 0; BELUGA_ERROR_UNSUPPORTED_PROVIDER with the names there are;
 * BELUGA_ERROR_INVALID_CONFIG; BELUGA_ERROR_AUTHENTICATION no key: names the variable; what the
 * provider's `open` gave.
 *
 * Threads: any. Blocks: only if the provider's `open` does. Since: 0.1
 */
BELUGA_API int beluga_registry_open(beluga_registry *registry, const char *name,
                                    const beluga_config *config, beluga_chat_model **out,
                                    beluga_error *err);

/**
 * Open a model by its reference, with the default registry and the environment's keys:
 * `beluga_model_open("openai/gpt-5-mini", &model, &err)`.
 *
 * @return as beluga_registry_open and beluga_config_resolve.
 */
BELUGA_API int beluga_model_open(const char *reference, beluga_chat_model **out, beluga_error *err);

BELUGA_END_DECLS
#endif
