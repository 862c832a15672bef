/**
 * @file config.h
 * Configurations: options in layers, files, and model references.
 *
 * Threads: one thread at a time uses a configuration while it changes; any number of threads read
 * it when it does not.
 */
#ifndef BELUGA_CONFIG_H
#define BELUGA_CONFIG_H

#include <beluga/common.h>
#include <beluga/option.h>

BELUGA_BEGIN_DECLS

/** The layer that a setting came from; a later layer wins over an earlier one. */
typedef enum beluga_origin {
    BELUGA_ORIGIN_NONE = 0, /**< not set */
    BELUGA_ORIGIN_DEFAULT =
        1,                  /**< reserved: a provider's default is no setting, and counts as NONE */
    BELUGA_ORIGIN_FILE = 2, /**< a section of a file */
    BELUGA_ORIGIN_ENVIRONMENT = 3, /**< a variable of the environment */
    BELUGA_ORIGIN_MODEL = 4,       /**< the options of beluga_config_new */
    BELUGA_ORIGIN_CALL = 5         /**< the options of a call */
} beluga_origin;

/**
 * Make a configuration from options.
 *
 * Does not check anything yet: opening a model reports every fault at once. All strings are copied.
 *
 * @param opts, n  Borrowed; n may be BELUGA_OPTIONS_TERMINATED; NULL and 0 for none.
 * @return owned (beluga_config_free), or NULL without memory, or for more than 4,096 options or a
 * text over 64 MiB.
 *
 * Threads: any. Since: 0.1
 */
BELUGA_API beluga_config *beluga_config_new_n(const beluga_option *opts, size_t n);

/**
 * Set or add options later, in the model's layer.
 *
 * @param opts, n  As for beluga_config_new_n.
 * @return 0; BELUGA_ERROR_LIMIT_EXCEEDED more than 4,096 options, or a text over 64 MiB;
 * BELUGA_ERROR_NO_MEMORY. On failure some of the options may be set.
 */
BELUGA_API int beluga_config_set_n(beluga_config *config, const beluga_option *opts, size_t n);

/** Copy a configuration. @return owned (beluga_config_free), or NULL without memory. */
BELUGA_API beluga_config *beluga_config_copy(const beluga_config *config);
/** Free a configuration; NULL does nothing. Models that were opened with it have a copy. */
BELUGA_API void beluga_config_free(beluga_config *config);

/**
 * Read a YAML file into the file layer: `model`, `providers`, `models`, `plugins`. The sections
 * `tools`, `mcp_servers` and `serve` are kept for the host (beluga_config_section).
 *
 *     model: fast                  # the model that is taken when none is named
 *     providers:
 *       openai: {api_key: env:OPENAI_API_KEY, timeout: 60s}
 *       mine:                      # a provider of your own that speaks openai's protocol
 *         base: openai
 *         base_url: http://127.0.0.1:8080/v1
 *         models: {small: Qwen/Qwen3-0.6B}
 *     models:
 *       fast: {model: openai/gpt-5-mini, temperature: 0.2}
 *
 * A file that is read later wins over an earlier one. A file that names a `command:`, `plugins:`,
 * `tools:` or `mcp_servers:` is refused when others can change it.
 *
 * @return 0; BELUGA_ERROR_NOT_FOUND no such file; BELUGA_ERROR_INVALID_CONFIG it can't be read, or
 * a mistake in it, with "path:line:column: …"; BELUGA_ERROR_LIMIT_EXCEEDED over 1 MiB, or over 8
 * files; BELUGA_ERROR_NO_MEMORY; BELUGA_ERROR_NOT_SUPPORTED in a library without YAML. On failure
 * `config` is as before.
 *
 * Blocks: reads a file, and waits up to a minute for bytes of a pipe.
 */
BELUGA_API int beluga_config_load_file(beluga_config *config, const char *path, beluga_error *err);

/**
 * Read a YAML file of your own as JSON, as files of a configuration are read: plain values are what
 * YAML 1.2 says, and aliases, tags and names that are there twice are mistakes.
 *
 * @param json    Receives the text, NUL-terminated; owned (beluga_free). "null" for an empty file.
 * NULL on failure.
 * @param length  Receives its bytes; NULL allowed.
 * @return 0; BELUGA_ERROR_NOT_FOUND no such file; BELUGA_ERROR_INVALID_INPUT it can't be read;
 * BELUGA_ERROR_INVALID_CONFIG a mistake in it, with "path:line:column: …";
 * BELUGA_ERROR_LIMIT_EXCEEDED over 1 MiB; BELUGA_ERROR_NO_MEMORY; BELUGA_ERROR_NOT_SUPPORTED in a
 * library without YAML.
 *
 * Threads: any. Blocks: reads a file, and waits up to a minute for bytes of a pipe. Since: 0.1
 */
BELUGA_API int beluga_yaml_file_to_json(const char *path, char **json, size_t *length,
                                        beluga_error *err);

/**
 * Change values of a configuration file, and leave all else of it as it is, comments included.
 *
 *     const char *const changes[] = {"/models/fast/model", "openai/gpt-5-mini",
 *                                    "/models/slow", NULL};
 *     int status = beluga_config_change_file(path, changes, 2, &err);
 *
 * The new text is checked before it takes the place of the old one in one step: but for the values
 * it says what it said before, and can be read. The file keeps its mode, and a link stays one. A
 * missing file is made, readable by its owner alone. Others who change it by this function wait.
 *
 * @param path     Its folder must exist.
 * @param changes  Pairs: a JSON Pointer (RFC 6901) of at most 8 names, and the value as text, or
 * NULL to remove it, which may be missing. A value where the pointer needs a map is replaced by
 * one. Borrowed.
 * @param n        Number of pairs, at most 256.
 * @return 0; BELUGA_ERROR_INVALID_INPUT an argument is NULL, or a pointer is none;
 * BELUGA_ERROR_INVALID_CONFIG the file can't be read or written, has a mistake, or would have one
 * with the values, with "path:line:column: …"; BELUGA_ERROR_NOT_SUPPORTED the value stands in a
 * form that can't be changed alone, with its line, or a library without YAML;
 * BELUGA_ERROR_LIMIT_EXCEEDED over 1 MiB; BELUGA_ERROR_NO_MEMORY. On failure the file is as before.
 *
 * Threads: any. Blocks: reads and writes the file, and waits up to 10 s for others.
 * Since: 0.1
 */
BELUGA_API int beluga_config_change_file(const char *path, const char *const *changes, size_t n,
                                         beluga_error *err);

/** How bad a problem is. */
typedef enum beluga_severity {
    BELUGA_SEVERITY_ERROR = 1,  /**< the file, or the part of it, can't be used */
    BELUGA_SEVERITY_WARNING = 2 /**< it can be used, but probably does not do what is wanted */
} beluga_severity;

/** One problem of a file that is checked; borrowed for the call. Read no further than `size`. */
typedef struct beluga_config_problem {
    size_t size;
    beluga_severity severity; /**< how bad it is */
    int line, column;         /**< from 1 */
    const char *path;         /**< of the file, as it was given */
    const char *message; /**< one line that is safe to print (beluga_text_to_line); no secret */
} beluga_config_problem;

/** Receives one problem; `payload` is the one of beluga_config_check_file. */
typedef void (*beluga_config_problem_fn)(void *payload, const beluga_config_problem *problem);

/**
 * Check a whole file, and tell all that is wrong with it: mistakes that beluga_config_load_file
 * refuses; mistakes that beluga_config_resolve and opening a model would refuse in any of its
 * sections; references that lead nowhere; and secrets that stand in it. Runs no command and sends
 * nothing.
 *
 * @param registry  Has the providers' names and options.
 * @param tell      Called for each problem in the order of the file, in this thread; for the first
 * 1,000, and once more when there are more.
 * @param payload   Handed to tell.
 * @param n_errors  Receives how many were errors; NULL allowed.
 * @return 0 when the file was checked, whatever was found; BELUGA_ERROR_NOT_FOUND no such file;
 * BELUGA_ERROR_INVALID_CONFIG it can't be read, or an argument is NULL;
 * BELUGA_ERROR_LIMIT_EXCEEDED over 1 MiB; BELUGA_ERROR_NO_MEMORY; BELUGA_ERROR_NOT_SUPPORTED in a
 * library without YAML.
 *
 * Threads: any. Blocks: reads the file, and looks whether the files that it refers to may be read.
 * Since: 0.1
 */
BELUGA_API int beluga_config_check_file(beluga_registry *registry, const char *path,
                                        beluga_config_problem_fn tell, void *payload,
                                        size_t *n_errors, beluga_error *err);

/** A check of a file that is under way; opaque. */
typedef struct beluga_config_checking beluga_config_checking;

/**
 * Check the host's sections, and report what is wrong in them with beluga_config_report.
 *
 * @param payload   As for beluga_config_check_sections.
 * @param config    Has what could be read of the file; borrowed for the call.
 * @param checking  Borrowed for the call.
 */
typedef void (*beluga_config_check_fn)(void *payload, const beluga_config *config,
                                       beluga_config_checking *checking);

/**
 * Do as beluga_config_check_file, and let the host check its sections (beluga_config_section).
 *
 * @param check    Called once, in this thread, when the rest of the file was checked; NULL: nobody
 * checks them.
 * @param payload  Handed to check and to tell.
 * @return as beluga_config_check_file.
 *
 * Threads: any. Blocks: as beluga_config_check_file, and as check does. Since: 0.1
 */
BELUGA_API int beluga_config_check_sections(beluga_registry *registry, const char *path,
                                            beluga_config_check_fn check,
                                            beluga_config_problem_fn tell, void *payload,
                                            size_t *n_errors, beluga_error *err);
/**
 * Report a problem in a section of the file that is checked.
 *
 * @param section, pointer, of_name  As for beluga_config_section_place.
 * @param message                    Copied; no secret.
 *
 * Threads: that of the check. Since: 0.1
 */
BELUGA_API void beluga_config_report(beluga_config_checking *checking, beluga_severity severity,
                                     const char *section, const char *pointer, bool of_name,
                                     const char *message);

/**
 * Load the plug-ins that files of the configuration name: `plugins`, one or a list.
 *
 *     plugins:
 *       - plugins                  # every *.so of a folder; relative to the file's own
 *       - /usr/lib/acme/acme.so
 *       - BELUGA_PLUGIN_PATH       # the files and folders that this variable names
 *
 * Reading a file loads nothing: a host that lets its users name code calls this, others do not. A
 * plug-in that is refused does not keep the others out.
 *
 * @param loaded  Receives how many were loaded; NULL allowed.
 * @return 0; the code of the first plug-in that was refused (see beluga_registry_load_plugin), with
 * "path:line:column: …" before its message; BELUGA_ERROR_INVALID_INPUT no configuration
 * or no registry.
 *
 * Threads: any. Blocks: reads files, and as a plug-in's `init` does. Since: 0.1
 */
BELUGA_API int beluga_config_load_plugins(const beluga_config *config, beluga_registry *registry,
                                          size_t *loaded, beluga_error *err);

/**
 * Make the configuration that a model's reference means.
 *
 * The reference is an alias under `models`, else "provider/model" or "provider:model", or a
 * provider's name alone. The text before the first separator is the name of a registered provider,
 * or of one of the file with a `base`. NULL means the provider of beluga_with_provider, else the
 * file's `model`.
 *
 * @param config  Borrowed.
 * @param out     Owned copy of `config` (beluga_config_free) with provider, model's name and the
 * file's sections applied. NULL on failure.
 * @return 0; BELUGA_ERROR_INVALID_CONFIG no reference and no default, aliases that lead in a circle
 * or through more than 8, a section with an option that its provider does not know, or an argument
 * that is NULL; BELUGA_ERROR_UNSUPPORTED_PROVIDER no provider has that name: the message has the
 * one that may be meant, or lists the names there are; BELUGA_ERROR_NO_MEMORY.
 */
BELUGA_API int beluga_config_resolve(const beluga_config *config, beluga_registry *registry,
                                     const char *reference, beluga_config **out, beluga_error *err);

/**
 * Return the system text that belongs to a resolved reference: `system` of its alias, or of the one
 * that this leads to; NULL for none. It is no option: a host puts it into the messages.
 *
 * @param config  As beluga_config_resolve made it; NULL gives NULL.
 * @return borrowed as long as the configuration. Threads: any. Since: 0.1
 */
BELUGA_API const char *beluga_config_system(const beluga_config *config);

/**
 * Walk the aliases and their references, in the order of the files.
 *
 * @param index            From 0.
 * @param name, reference  Receive the strings, borrowed until the configuration changes.
 * @return false when `index` is past the last; nothing is written then.
 */
BELUGA_API bool beluga_config_alias(const beluga_config *config, size_t index, const char **name,
                                    const char **reference);

/**
 * Walk the providers without code of the files: the entries under `providers` that have a `base`,
 * in the order of the files. They are opened as any other: beluga_config_resolve,
 * beluga_registry_open.
 *
 * @param index       From 0.
 * @param name, base  Receive the provider's name and that of its base, which may not exist;
 * borrowed until the configuration changes.
 * @return false when `index` is past the last; nothing is written then. Since: 0.1
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

/**
 * Read a section that the library keeps for its host as JSON: an object. The library gives these
 * sections no meaning and never looks into them.
 *
 * @param name    "tools", "mcp_servers" or "serve".
 * @param index   From 0: files that have the section, the earliest first.
 * @param json    Receives the text, NUL-terminated; borrowed until the configuration changes.
 * @param length  Receives its bytes; NULL allowed.
 * @return false when `index` is past the last; nothing is written then. Since: 0.1
 */
BELUGA_API bool beluga_config_section(const beluga_config *config, const char *name, size_t index,
                                      const char **json, size_t *length);

/**
 * Find where a value of such a section stands in its file.
 *
 * @param pointer       JSON Pointer (RFC 6901) into the section: "/weather/command/0". Where there
 * is no such value, the place is that of the last one on the way; "" is the section's name.
 * @param of_name       The place of the member's name and not of its value, which also stands in
 * for a value without a place, such as a map.
 * @param path          Receives the file's path, borrowed as the JSON is.
 * @param line, column  Receive the place, from 1.
 * @return false as beluga_config_section, or for a NULL. Since: 0.1
 */
BELUGA_API bool beluga_config_section_place(const beluga_config *config, const char *name,
                                            size_t index, const char *pointer, bool of_name,
                                            const char **path, int *line, int *column);

/** Return the files' default model reference, or NULL. Borrowed until the configuration changes. */
BELUGA_API const char *beluga_config_default_model(const beluga_config *config);

/**
 * Describe a setting as text for a person, and tell where it came from. Nothing secret is shown.
 *
 * @param key     beluga_option_key. Lists are joined with ", ".
 * @param buffer  Receives the value, NUL-terminated when n > 0; cut when it does not fit. The value
 * of a key or a header is "set" or its reference, and a URL has no name, password and key. May be
 * NULL when n is 0.
 * @param n       Bytes of `buffer`.
 * @param origin  Receives the layer; NULL allowed.
 * @return the whole text's bytes, as snprintf does; 0 and origin NONE when it is not set.
 */
BELUGA_API size_t beluga_config_describe(const beluga_config *config, int key, char *buffer,
                                         size_t n, beluga_origin *origin);

/**
 * Return whether an alias of the file names a base URL that is not its provider's own; false for
 * NULL.
 *
 * A key belongs to the host it was given for. So the provider's variables for key and URL do not
 * apply to such a configuration, nor does the key of its section; only a key that the alias names
 * itself, or that code gives. Since: 0.1
 */
BELUGA_API bool beluga_config_has_own_host(const beluga_config *config);

/**
 * Read one setting, in the type that BELUGA_OPTION_MAP gives it: a string; an integer, which is
 * also the form of bools (0, 1), durations (milliseconds) and enums; or a double.
 *
 * @param config  NULL gives false.
 * @param key     beluga_option_key.
 * @param value   Receives the value; a string is borrowed until the configuration changes.
 * @return false when it is not set or of another type; nothing is written then.
 * @{
 */
BELUGA_API bool beluga_config_get_string(const beluga_config *config, int key, const char **value);
BELUGA_API bool beluga_config_get_int(const beluga_config *config, int key, int64_t *value);
BELUGA_API bool beluga_config_get_double(const beluga_config *config, int key, double *value);
/** @} */

/**
 * Return item `index` of a list option. Borrowed until the configuration changes.
 *
 * @param key     beluga_option_key, of a list.
 * @param length  Receives the item's bytes, when there is one; NULL allowed.
 * @return NULL past the last, or when the option is not set or no list. Since: 0.1
 */
BELUGA_API const char *beluga_config_get_item(const beluga_config *config, int key, size_t index,
                                              size_t *length);

/**
 * Read one of a provider's own settings, in `open` or encode_token.
 *
 * A number that was written as text, as all is in a file, is read from it.
 *
 * @param config  NULL gives false.
 * @param name    Such as "acme.region".
 * @param value   Receives the value; a string is borrowed until the configuration changes.
 * @param length  Receives the string's bytes; NULL allowed.
 * @return false when it is not set or can't be read as that type; nothing is written then.
 * @{
 */
BELUGA_API bool beluga_config_get_own_string(const beluga_config *config, const char *name,
                                             const char **value, size_t *length);
BELUGA_API bool beluga_config_get_own_int(const beluga_config *config, const char *name,
                                          int64_t *value);
BELUGA_API bool beluga_config_get_own_double(const beluga_config *config, const char *name,
                                             double *value);
BELUGA_API bool beluga_config_get_own_bool(const beluga_config *config, const char *name,
                                           bool *value);
/** @} */

/** Return "default", "file", "environment", "model" or "call"; "none" otherwise. Static. */
BELUGA_API const char *beluga_origin_name(beluga_origin origin);

BELUGA_END_DECLS

/** beluga_config_new_n with options as arguments: beluga_config_new(option, …), at least one. */
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
