/**
 * @file registry.h
 * The registry of providers, and functions that open models.
 *
 * A registry starts with the providers that are built in and those linked with
 * BELUGA_REGISTER_PROVIDER. It belongs to a client and is freed with it.
 */
#ifndef BELUGA_REGISTRY_H
#define BELUGA_REGISTRY_H

#include <beluga/common.h>
#include <beluga/config.h>
#include <beluga/error.h>

BELUGA_BEGIN_DECLS

/**
 * Return the default client's registry. Beluga AI for Go calls it GetRegistry.
 *
 * @return borrowed until the default client is closed; NULL when out of memory. Threads: any.
 */
BELUGA_API beluga_registry *beluga_registry_default(void);

/**
 * Add a provider.
 *
 * @param provider  Borrowed until the registry is freed; usually static.
 * @return 0; BELUGA_ERROR_INVALID_INPUT if a required function is missing, functions contradict
 * each other, or the name is bad or taken (registering the same table again returns 0);
 * BELUGA_ERROR_PLUGIN_ABI if the table is of another ABI version, or shorter than
 * BELUGA_PROVIDER_MIN_SIZE; BELUGA_ERROR_NO_MEMORY.
 *
 * Threads: any. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_registry_register(beluga_registry *registry, const beluga_provider *provider,
                                        beluga_error *err);

/**
 * Return whether a provider of that name is registered; false for NULL. Beluga AI for Go calls it
 * IsRegistered. Threads: any.
 */
BELUGA_API bool beluga_registry_contains(const beluga_registry *registry, const char *name);

/**
 * Return the provider of that name, borrowed until the registry is freed; NULL if there is none or
 * `name` is NULL. Threads: any.
 */
BELUGA_API const beluga_provider *beluga_registry_get(const beluga_registry *registry,
                                                      const char *name);

/**
 * List the names of all providers, sorted.
 *
 * @param names  The caller's array, which receives at most n names, borrowed until the registry is
 * freed. With NULL and n 0 the function only counts.
 * @return the number of providers, which may be more than n. Threads: any.
 */
BELUGA_API size_t beluga_registry_list(const beluga_registry *registry, const char **names,
                                       size_t n);

/**
 * Get the table of the provider that a configuration names. It may be a registered provider, or a
 * provider without code, which has a `base`.
 *
 * @param config  Borrowed; a result of beluga_config_resolve, or a configuration with
 * beluga_with_provider.
 * @param out     Filled on success; all that it points to is borrowed until the registry or the
 * configuration is freed.
 * @return 0; BELUGA_ERROR_INVALID_CONFIG if no provider is named, or if a provider with a base has
 * a bad name or the name of a registered provider; BELUGA_ERROR_UNSUPPORTED_PROVIDER if the
 * provider or its base is not registered (the message lists the registered names).
 *
 * Threads: any. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_registry_describe(beluga_registry *registry, const beluga_config *config,
                                        beluga_provider *out, beluga_error *err);

/**
 * Load a plug-in: a shared object with providers, made with provider/plugin.h.
 *
 * The code of a plug-in runs with all rights of the process. So the library loads only files that
 * the program or its user asked for, and it refuses a file that others could have changed: the
 * file, and each link and folder on the path to it, must belong to root or to this process's user
 * and must not be writable for others. (Folders with the sticky bit may be writable. A group that
 * has the owner's name and no other members counts as the owner.) A plug-in stays loaded until the
 * process ends. Loading it again returns 0, and can add it to another registry.
 *
 * @param path  Path of a file. A name without a slash means a file in the current folder; no other
 * folder is searched.
 * @return 0; otherwise none of its providers is registered, and the message names the file:
 * BELUGA_ERROR_NOT_FOUND if there is no such file; BELUGA_ERROR_PLUGIN_ABI if the ABI version
 * differs (the message says which side is older), the architecture differs, the file is not a
 * shared object or not a plug-in, or a symbol is not found; BELUGA_ERROR_INVALID_INPUT if others
 * may change the file, a provider lacks a required function, or its name is taken;
 * BELUGA_ERROR_LIMIT_EXCEEDED for more than 256 plug-ins in the process, or 64 providers in one;
 * BELUGA_ERROR_NO_MEMORY; BELUGA_ERROR_NOT_SUPPORTED if the library was built without plug-ins; the
 * code that the plug-in's `init` returned.
 *
 * Threads: any. Blocks: while the file is loaded, and as its `init` does. Since: 0.1
 */
BELUGA_API int beluga_registry_load_plugin(beluga_registry *registry, const char *path,
                                           beluga_error *err);

/**
 * Load every *.so file of a folder in the order of their names, but none from subfolders. If the
 * path is a file, that file is loaded.
 *
 * A plug-in that is refused does not prevent the others from being loaded.
 *
 * @param loaded  Receives the number of plug-ins that were loaded; NULL allowed.
 * @return 0; the code of the first plug-in that was refused; BELUGA_ERROR_NOT_FOUND if there is no
 * such folder; BELUGA_ERROR_LIMIT_EXCEEDED if the folder has more than 64 of them, of which none is
 * then loaded; BELUGA_ERROR_INVALID_INPUT if `registry` or `folder` is NULL or empty.
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
 * @param loaded  Receives the number of plug-ins that were loaded; NULL allowed.
 * @return 0, also when the variable is not set; otherwise as beluga_registry_load_plugins.
 *
 * Threads: any. Blocks: as beluga_registry_load_plugin.
 */
BELUGA_API int beluga_registry_load_plugin_path(beluga_registry *registry, size_t *loaded,
                                                beluga_error *err);

/**
 * Return the file of the plug-in that a provider came from, borrowed until the registry is freed;
 * NULL if it did not come from a plug-in, or no provider has that name. Threads: any. Since: 0.1
 */
BELUGA_API const char *beluga_registry_plugin_file(const beluga_registry *registry,
                                                   const char *name);

/**
 * Open a model of a provider. Beluga AI for Go calls it GetProvider.
 *
 * It checks the configuration and reports all its faults in one error. It sends nothing.
 *
 * With beluga_with_base the provider is one without code: it has a name of its own and the
 * functions of its base.
 *
 * @param name    Name of the provider; NULL: the configuration names it.
 * @param config  Borrowed; NULL for none. With beluga_with_env, environment variables are read,
 * too.
 * @param out     A reference that the caller releases (beluga_chat_model_unref). NULL on failure.
 * @return 0; BELUGA_ERROR_UNSUPPORTED_PROVIDER if no provider has that name (the message lists the
 * registered names); BELUGA_ERROR_INVALID_CONFIG if no provider is named, or the configuration has
 * faults; BELUGA_ERROR_AUTHENTICATION if there is no key (the message names its variable); the
 * codes of beluga_prices_load if the prices for a budget can't be read; BELUGA_ERROR_NOT_SUPPORTED
 * if an option needs a part that the library was built without; BELUGA_ERROR_INVALID_INPUT if
 * `registry` is NULL; BELUGA_ERROR_NO_MEMORY; the code that the provider's `open` returned.
 *
 * Threads: any. Blocks: only if the provider's `open` does, and while the prices for a budget are
 * read. Since: 0.1
 */
BELUGA_API int beluga_registry_open(beluga_registry *registry, const char *name,
                                    const beluga_config *config, beluga_chat_model **out,
                                    beluga_error *err);

/**
 * Open a model by its reference, with the default registry and the environment's keys:
 * `beluga_model_open("openai/gpt-5-mini", &model, &err)`. It reads no file.
 *
 * @param reference  "provider/model" or "provider:model", or the name of a provider.
 * @param out        A reference that the caller releases (beluga_chat_model_unref). NULL on
 * failure.
 * @return as beluga_registry_open and beluga_config_resolve.
 *
 * Threads: any. Blocks: as beluga_registry_open.
 */
BELUGA_API int beluga_model_open(const char *reference, beluga_chat_model **out, beluga_error *err);

BELUGA_END_DECLS
#endif
