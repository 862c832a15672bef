/**
 * @file config.h
 * Configurations: options in layers, files, and model references.
 */
#ifndef BELUGA_CONFIG_H
#define BELUGA_CONFIG_H

#include <beluga/common.h>
#include <beluga/option.h>

BELUGA_BEGIN_DECLS

/** Where a setting came from; a later layer wins over an earlier one. */
typedef enum beluga_origin {
    BELUGA_ORIGIN_NONE = 0, /**< not set */
    BELUGA_ORIGIN_DEFAULT = 1,
    BELUGA_ORIGIN_FILE = 2,
    BELUGA_ORIGIN_ENVIRONMENT = 3,
    BELUGA_ORIGIN_MODEL = 4, /**< the options of beluga_config_new */
    BELUGA_ORIGIN_CALL = 5
} beluga_origin;

/**
 * Make a configuration from options.
 *
 * Does not check anything yet: opening a model reports every fault at once. All strings are copied.
 *
 * @param opts, n  Borrowed; n may be BELUGA_OPTIONS_TERMINATED; NULL and 0 for none.
 * @return owned (beluga_config_free), or NULL without memory.
 *
 * Threads: any; the result one thread at a time while it changes, any number once it does not.
 * Since: 0.1
 */
BELUGA_API beluga_config *beluga_config_new_n(const beluga_option *opts, size_t n);

/** Set or add options later, in the model's layer. @return 0; BELUGA_ERROR_NO_MEMORY. */
BELUGA_API int beluga_config_set_n(beluga_config *config, const beluga_option *opts, size_t n);

/** Copy it. @return owned, or NULL without memory. */
BELUGA_API beluga_config *beluga_config_copy(const beluga_config *config);
BELUGA_API void beluga_config_free(beluga_config *config);

/**
 * Read a YAML file into the file layer: `model`, `providers`, `models`, `plugins`.
 *
 *     model: fast                  # what is taken when nothing is named
 *     providers:
 *       openai: {api_key: env:OPENAI_API_KEY, timeout: 60s}
 *       mine:                      # a provider of your own that speaks openai's protocol
 *         base: openai
 *         base_url: http://127.0.0.1:8080/v1
 *         models: {small: Qwen/Qwen3-0.6B}
 *     models:
 *       fast: {model: openai/gpt-5-mini, temperature: 0.2}
 *
 * @return 0; BELUGA_ERROR_NOT_FOUND no such file; BELUGA_ERROR_INVALID_CONFIG with
 * "path:line:column: …"; BELUGA_ERROR_LIMIT_EXCEEDED over 1 MiB; BELUGA_ERROR_NO_MEMORY;
 * BELUGA_ERROR_NOT_SUPPORTED where the library was built without YAML. On failure `config` is as
 * before.
 *
 * Threads: as beluga_config_new_n. Blocks: reads a file.
 */
BELUGA_API int beluga_config_load_file(beluga_config *config, const char *path, beluga_error *err);

/** How bad a problem is. */
typedef enum beluga_severity {
    BELUGA_SEVERITY_ERROR = 1,  /**< the file, or what it is about, can't be used */
    BELUGA_SEVERITY_WARNING = 2 /**< it can, but it is not what somebody wants */
} beluga_severity;

/** One problem of a file that is checked; borrowed for the call. Read no further than `size`. */
typedef struct beluga_config_problem {
    size_t size;
    beluga_severity severity;
    int line, column;    /**< from 1 */
    const char *path;    /**< of the file, as it was given */
    const char *message; /**< one line that is safe to print (beluga_text_to_line); no secret */
} beluga_config_problem;

typedef void (*beluga_config_problem_fn)(void *payload, const beluga_config_problem *problem);

/**
 * Check a whole file, and tell all that is wrong with it: what beluga_config_load_file refuses,
 * what beluga_config_resolve and opening a model would refuse of any of its sections, references
 * that lead nowhere, and secrets that stand in it. Runs no command and sends nothing.
 *
 * @param registry  For the providers' names and options.
 * @param tell      Called for each problem in the order of the file, in this thread; for the first
 * 1,000, and once more when there are more.
 * @param n_errors  Receives how many were errors; NULL allowed.
 * @return 0 when the file was checked, whatever was found; BELUGA_ERROR_NOT_FOUND no such file;
 *         BELUGA_ERROR_INVALID_CONFIG it can't be read; BELUGA_ERROR_LIMIT_EXCEEDED over 1 MiB;
 *         BELUGA_ERROR_NO_MEMORY; BELUGA_ERROR_NOT_SUPPORTED in a library without YAML.
 *
 * Threads: any. Blocks: reads the file, and sees whether those it refers to may be read. Since: 0.1
 */
BELUGA_API int beluga_config_check_file(beluga_registry *registry, const char *path,
                                        beluga_config_problem_fn tell, void *payload,
                                        size_t *n_errors, beluga_error *err);

/**
 * Load the plug-ins that files of the configuration name: `plugins`, one or a list.
 *
 *     plugins:
 *       - plugins                  # every *.so of a folder; relative to the file's own
 *       - /usr/lib/acme/acme.so
 *       - BELUGA_PLUGIN_PATH       # what this variable names
 *
 * Reading a file loads nothing: a host that lets its users name code calls this, others do not. One
 * that is refused does not keep the others out.
 *
 * @param loaded  How many were loaded; NULL allowed.
 * @return 0; what the first that was refused gave (see beluga_registry_load_plugin), with
 *         "path:line:column: …" before its message.
 *
 * Threads: any. Blocks: reads files, and as a plug-in's `init` does. Since: 0.1
 */
BELUGA_API int beluga_config_load_plugins(const beluga_config *config, beluga_registry *registry,
                                          size_t *loaded, beluga_error *err);

/**
 * Make the configuration that a model's reference means.
 *
 * The reference is an alias under `models`, else "provider/model" or "provider:model", where what
 * stands before the first separator is a registered provider, or one of the file with a `base`.
 * NULL means the file's `model`.
 *
 * @param out  Owned copy of `config` with provider, model's name and the file's sections applied.
 * @return 0; BELUGA_ERROR_INVALID_CONFIG no reference and no default;
 * BELUGA_ERROR_UNSUPPORTED_PROVIDER with the names there are; BELUGA_ERROR_NO_MEMORY.
 */
BELUGA_API int beluga_config_resolve(const beluga_config *config, beluga_registry *registry,
                                     const char *reference, beluga_config **out, beluga_error *err);

/**
 * Walk the aliases and their references, in the order of the file.
 * @return false when `index` is past the last. Strings borrowed until the configuration changes.
 */
BELUGA_API bool beluga_config_alias(const beluga_config *config, size_t index, const char **name,
                                    const char **reference);

/**
 * Walk the providers without code of the files: the entries under `providers` that have a `base`,
 * in the order of the files. They are opened as any other: beluga_config_resolve,
 * beluga_registry_open.
 * @param name, base  Receive the provider's name and that of its base, which may not exist.
 * @return false when `index` is past the last. Strings borrowed until the configuration changes.
 *
 * Since: 0.1
 */
BELUGA_API bool beluga_config_provider(const beluga_config *config, size_t index, const char **name,
                                       const char **base);

/**
 * Walk the layers that calls to a model of this configuration pass, from the outermost to the one
 * around the provider: those that it asks for, in the order in which a model that is opened with it
 * has them.
 *
 * @param name       Receives the layer's name, such as "retry"; static.
 * @param detail, n  Receives what is set for it as text for a person, without anything secret; ""
 *                   when there is nothing to say. It is cut where it is longer.
 * @return false when `index` is past the last.
 *
 * Threads: as beluga_config_new_n. Blocks: never. Since: 0.1
 */
BELUGA_API bool beluga_config_layer(const beluga_config *config, size_t index, const char **name,
                                    char *detail, size_t n);

/** Return the file's default model reference, or NULL. Borrowed until the configuration changes. */
BELUGA_API const char *beluga_config_default_model(const beluga_config *config);

/**
 * Tell what a setting is and where it came from.
 *
 * @param key     beluga_option_key; lists are joined with ", ".
 * @param buffer  Receives the value as text; a key's value is replaced by "set" or its reference.
 * @param origin  Receives the layer; NULL allowed.
 * @return the text's whole length, as snprintf does; 0 and origin NONE when it is not set.
 */
BELUGA_API size_t beluga_config_describe(const beluga_config *config, int key, char *buffer,
                                         size_t n, beluga_origin *origin);

/**
 * Return whether an alias of the file names a base URL that is not its provider's own. A key
 * belongs to the host it was given for: the provider's variables, for key and URL, and the key of
 * its section do not apply then; only one that the alias names itself, or that code gives.
 *
 * Threads: as beluga_config_new_n. Since: 0.1
 */
BELUGA_API bool beluga_config_has_own_host(const beluga_config *config);

/** Read one setting. @return false when it is not set or of another type. Strings are borrowed. */
BELUGA_API bool beluga_config_get_string(const beluga_config *config, int key, const char **value);
BELUGA_API bool beluga_config_get_int(const beluga_config *config, int key, int64_t *value);
BELUGA_API bool beluga_config_get_double(const beluga_config *config, int key, double *value);

/**
 * Return item `index` of a list option, or NULL past the last. Borrowed until the configuration
 * changes. Since: 0.1
 */
BELUGA_API const char *beluga_config_get_item(const beluga_config *config, int key, size_t index,
                                              size_t *length);

/* A provider's own settings, for full providers; the same in each type. */
BELUGA_API bool beluga_config_get_own_string(const beluga_config *config, const char *name,
                                             const char **value, size_t *length);
BELUGA_API bool beluga_config_get_own_int(const beluga_config *config, const char *name,
                                          int64_t *value);
BELUGA_API bool beluga_config_get_own_double(const beluga_config *config, const char *name,
                                             double *value);

/** Return "default", "file", "environment", "model", "call" or "none". */
BELUGA_API const char *beluga_origin_name(beluga_origin origin);

BELUGA_END_DECLS

/** beluga_config_new(option, …): at least one option. */
#ifdef __cplusplus
template <class... Options> inline beluga_config *beluga_config_new(Options... options)
{
    const beluga_option list[] = {options..., BELUGA_OPTIONS_END};
    return beluga_config_new_n(list, sizeof...(options));
}
#else
#define beluga_config_new(...)                                                \
    beluga_config_new_n(BELUGA_OPTION_LIST_(__VA_ARGS__, BELUGA_OPTIONS_END), \
                        BELUGA_OPTIONS_TERMINATED)
#endif

#endif
