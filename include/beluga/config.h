/**
 * @file config.h
 * Configurations: options from several layers, configuration files, and references to models.
 *
 * Threads: while one thread changes a configuration no other thread may use it; otherwise any
 * number of threads may read it.
 */
#ifndef BELUGA_CONFIG_H
#define BELUGA_CONFIG_H

#include <beluga/common.h>
#include <beluga/option.h>

BELUGA_BEGIN_DECLS

/** The layer that a setting came from. A later layer in this list wins over an earlier one. */
typedef enum beluga_origin {
    BELUGA_ORIGIN_NONE = 0, /**< not set */
    BELUGA_ORIGIN_DEFAULT =
        1, /**< reserved: a provider's default is not a setting and counts as NONE */
    BELUGA_ORIGIN_FILE = 2,        /**< a section of a file */
    BELUGA_ORIGIN_ENVIRONMENT = 3, /**< an environment variable */
    BELUGA_ORIGIN_MODEL = 4,       /**< the options of beluga_config_new */
    BELUGA_ORIGIN_CALL = 5         /**< the options of a call */
} beluga_origin;

/**
 * Make a configuration from options.
 *
 * It does not check anything: all faults are reported together when a model is opened. All strings
 * are copied.
 *
 * @param opts, n  Borrowed; n may be BELUGA_OPTIONS_TERMINATED; NULL and 0 for none.
 * @return owned (beluga_config_free), or NULL when out of memory, or for more than 4,096 options or
 * a text of more than 64 MiB.
 *
 * Threads: any. Since: 0.1
 */
BELUGA_API beluga_config *beluga_config_new_n(const beluga_option *opts, size_t n);

/**
 * Set or add options in the model's layer of an existing configuration.
 *
 * @param opts, n  As for beluga_config_new_n.
 * @return 0; BELUGA_ERROR_LIMIT_EXCEEDED for more than 4,096 options or a text of more than 64 MiB;
 * BELUGA_ERROR_NO_MEMORY. On failure some of the options may be set.
 */
BELUGA_API int beluga_config_set_n(beluga_config *config, const beluga_option *opts, size_t n);

/** Copy a configuration. @return owned (beluga_config_free), or NULL when out of memory. */
BELUGA_API beluga_config *beluga_config_copy(const beluga_config *config);
/**
 * Free a configuration; NULL does nothing. Models that were opened with it have a copy of their
 * own.
 */
BELUGA_API void beluga_config_free(beluga_config *config);

/**
 * Read a YAML file into the file layer. Its sections are `model`, `providers`, `models` and
 * `plugins`, and `tools`, `mcp_servers` and `serve`, which are only kept for the host program
 * (beluga_config_section).
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
 * A file that is read later wins over an earlier one. A file with a `command:`, `plugins:`,
 * `tools:` or `mcp_servers:` is refused if other users can change it.
 *
 * @return 0; BELUGA_ERROR_NOT_FOUND if there is no such file; BELUGA_ERROR_INVALID_CONFIG if the
 * file can't be read or has a mistake (the message begins with "path:line:column: ");
 * BELUGA_ERROR_LIMIT_EXCEEDED if the file is larger than 1 MiB, or eight files were read before;
 * BELUGA_ERROR_NO_MEMORY; BELUGA_ERROR_NOT_SUPPORTED if the library was built without YAML. On
 * failure `config` is as before.
 *
 * Blocks: while it reads the file; it waits up to a minute for the bytes of a pipe.
 */
BELUGA_API int beluga_config_load_file(beluga_config *config, const char *path, beluga_error *err);

/**
 * Convert a YAML file of your own to JSON, with the rules of configuration files: plain values have
 * the types of YAML 1.2, and aliases, tags and duplicate names are mistakes.
 *
 * @param json    Receives the text, NUL-terminated; owned (beluga_free). "null" for an empty file.
 * NULL on failure.
 * @param length  Receives its length in bytes; NULL allowed.
 * @return 0; BELUGA_ERROR_NOT_FOUND if there is no such file; BELUGA_ERROR_INVALID_INPUT if the
 * file can't be read; BELUGA_ERROR_INVALID_CONFIG if the file has a mistake (the message begins
 * with "path:line:column: "); BELUGA_ERROR_LIMIT_EXCEEDED if the file is larger than 1 MiB;
 * BELUGA_ERROR_NO_MEMORY; BELUGA_ERROR_NOT_SUPPORTED if the library was built without YAML.
 *
 * Threads: any. Blocks: while it reads the file; it waits up to a minute for the bytes of a pipe.
 * Since: 0.1
 */
BELUGA_API int beluga_yaml_file_to_json(const char *path, char **json, size_t *length,
                                        beluga_error *err);

/**
 * Change values in a configuration file, and leave everything else in it unchanged, comments
 * included.
 *
 *     const char *const changes[] = {"/models/fast/model", "openai/gpt-5-mini",
 *                                    "/models/slow", NULL};
 *     int status = beluga_config_change_file(path, changes, 2, &err);
 *
 * The new text is checked first: it must be readable, and apart from the changed values it must
 * mean the same as before. Then it replaces the old text atomically. The file keeps its mode, and a
 * symbolic link stays a link. A missing file is created, readable by its owner only. Concurrent
 * calls of this function for the same file wait for each other.
 *
 * @param path     Its folder must exist.
 * @param changes  Pairs of a JSON Pointer (RFC 6901) with at most 8 names, and the new value as
 * text, or NULL to remove the value, which may be missing. Where the pointer needs a map, another
 * value is replaced by a map. Borrowed.
 * @param n        Number of pairs, at most 256.
 * @return 0; BELUGA_ERROR_INVALID_INPUT if an argument is NULL, or text that should be a JSON
 * Pointer is not one; BELUGA_ERROR_INVALID_CONFIG if the file can't be read or written, has a
 * mistake, or would have one with the new values (the message begins with "path:line:column: ");
 * BELUGA_ERROR_NOT_SUPPORTED if the value is written in a form that can't be changed alone (the
 * message has its line), or the library was built without YAML; BELUGA_ERROR_LIMIT_EXCEEDED if the
 * file is larger than 1 MiB; BELUGA_ERROR_NO_MEMORY. On failure the file is as before.
 *
 * Threads: any. Blocks: while it reads and writes the file; it waits up to 10 s for other calls.
 * Since: 0.1
 */
BELUGA_API int beluga_config_change_file(const char *path, const char *const *changes, size_t n,
                                         beluga_error *err);

/** The severity of a problem. */
typedef enum beluga_severity {
    BELUGA_SEVERITY_ERROR = 1, /**< the file, or the part with the problem, can't be used */
    /** the file can be used, but probably does not do what is wanted */
    BELUGA_SEVERITY_WARNING = 2
} beluga_severity;

/**
 * One problem in a file that is checked; borrowed until the callback returns. Read no further than
 * `size`.
 */
typedef struct beluga_config_problem {
    size_t size;
    beluga_severity severity; /**< how bad it is */
    int line, column;         /**< from 1 */
    const char *path;         /**< path of the file, as the caller gave it */
    const char *message; /**< one line that is safe to print (beluga_text_to_line); no secret */
} beluga_config_problem;

/** Callback that receives one problem; `payload` is the one that beluga_config_check_file got. */
typedef void (*beluga_config_problem_fn)(void *payload, const beluga_config_problem *problem);

/**
 * Check a whole file and report everything that is wrong with it: mistakes for which
 * beluga_config_load_file fails; mistakes in any section for which beluga_config_resolve or opening
 * a model would fail; references to things that do not exist; and secrets that are written in the
 * file. It runs no command and sends nothing.
 *
 * @param registry  The registry with the providers' names and options.
 * @param tell      Called on this thread for each problem, in the order of the file. After 1,000
 * problems one last call says that there are more.
 * @param payload   Passed to tell.
 * @param n_errors  Receives the number of errors; NULL allowed.
 * @return 0 when the file was checked, whatever was found; BELUGA_ERROR_NOT_FOUND if there is no
 * such file; BELUGA_ERROR_INVALID_CONFIG if the file can't be read or an argument is NULL;
 * BELUGA_ERROR_LIMIT_EXCEEDED if the file is larger than 1 MiB; BELUGA_ERROR_NO_MEMORY;
 * BELUGA_ERROR_NOT_SUPPORTED if the library was built without YAML.
 *
 * Threads: any. Blocks: while it reads the file, and checks whether the files that it refers to can
 * be read. Since: 0.1
 */
BELUGA_API int beluga_config_check_file(beluga_registry *registry, const char *path,
                                        beluga_config_problem_fn tell, void *payload,
                                        size_t *n_errors, beluga_error *err);

/** A check of a file that is running; opaque. */
typedef struct beluga_config_checking beluga_config_checking;

/**
 * Callback that checks the host program's sections and reports problems with beluga_config_report.
 *
 * @param payload   As for beluga_config_check_sections.
 * @param config    The configuration, as far as the file could be read; borrowed until the function
 * returns.
 * @param checking  Borrowed until the function returns.
 */
typedef void (*beluga_config_check_fn)(void *payload, const beluga_config *config,
                                       beluga_config_checking *checking);

/**
 * Check a file as beluga_config_check_file does, and let the host program check its own sections
 * (beluga_config_section).
 *
 * @param check    Called once on this thread, after the rest of the file was checked; NULL: the
 * host program's sections are not checked.
 * @param payload  Passed to check and to tell.
 * @return as beluga_config_check_file.
 *
 * Threads: any. Blocks: as beluga_config_check_file, and as check does. Since: 0.1
 */
BELUGA_API int beluga_config_check_sections(beluga_registry *registry, const char *path,
                                            beluga_config_check_fn check,
                                            beluga_config_problem_fn tell, void *payload,
                                            size_t *n_errors, beluga_error *err);
/**
 * Report a problem in a section of the file that is being checked.
 *
 * @param section, pointer, of_name  As for beluga_config_section_place.
 * @param message                    Copied; no secret.
 *
 * Threads: only the thread that runs the check. Since: 0.1
 */
BELUGA_API void beluga_config_report(beluga_config_checking *checking, beluga_severity severity,
                                     const char *section, const char *pointer, bool of_name,
                                     const char *message);

/**
 * Load the plug-ins that the configuration's files name under `plugins`: one path or a list of
 * paths.
 *
 *     plugins:
 *       - plugins                  # every *.so of a folder; relative to the file's own
 *       - /usr/lib/acme/acme.so
 *       - BELUGA_PLUGIN_PATH       # the files and folders that this variable names
 *
 * Reading a configuration file loads no plug-ins. Only a program whose users may choose the code
 * that runs should call this function. A plug-in that is refused does not prevent the others from
 * being loaded.
 *
 * @param loaded  Receives the number of plug-ins that were loaded; NULL allowed.
 * @return 0; the code of the first plug-in that was refused (see beluga_registry_load_plugin), with
 * "path:line:column: " before its message; BELUGA_ERROR_INVALID_INPUT if `config` or `registry` is
 * NULL.
 *
 * Threads: any. Blocks: while it loads files, and as a plug-in's `init` does. Since: 0.1
 */
BELUGA_API int beluga_config_load_plugins(const beluga_config *config, beluga_registry *registry,
                                          size_t *loaded, beluga_error *err);

/**
 * Make the configuration for a model's reference.
 *
 * A reference is an alias under `models`, or "provider/model" or "provider:model", or a provider's
 * name alone. The text before the first separator is the name of a registered provider, or of a
 * provider with a `base` in the file. NULL means the provider of beluga_with_provider, or else the
 * file's `model`.
 *
 * @param config  Borrowed.
 * @param out     Owned copy of `config` (beluga_config_free) to which the provider, the model's
 * name and the file's sections have been applied. NULL on failure.
 * @return 0; BELUGA_ERROR_INVALID_CONFIG if there is neither a reference nor a default, if aliases
 * refer to each other in a circle or in a chain of more than 8, if a section has an option that its
 * provider does not know, or if an argument is NULL; BELUGA_ERROR_UNSUPPORTED_PROVIDER if no
 * provider has that name (the message suggests a similar name, or lists the registered ones);
 * BELUGA_ERROR_NO_MEMORY.
 */
BELUGA_API int beluga_config_resolve(const beluga_config *config, beluga_registry *registry,
                                     const char *reference, beluga_config **out, beluga_error *err);

/**
 * Return the system text of a resolved reference: the value `system` of its alias, or of the alias
 * to which that one refers; NULL for none. The library does not send it: the host program adds it
 * to the messages.
 *
 * @param config  A result of beluga_config_resolve; with NULL the result is NULL.
 * @return the text, borrowed until the configuration is freed. Threads: any. Since: 0.1
 */
BELUGA_API const char *beluga_config_system(const beluga_config *config);

/**
 * Iterate over the aliases and their references, in the order of the files.
 *
 * @param index            From 0.
 * @param name, reference  Receive the strings, borrowed until the configuration changes.
 * @return false when `index` is out of range; nothing is written then.
 */
BELUGA_API bool beluga_config_alias(const beluga_config *config, size_t index, const char **name,
                                    const char **reference);

/**
 * Iterate over the files' providers without code: the entries under `providers` that have a `base`,
 * in the order of the files. Their models are opened like any other, with beluga_config_resolve and
 * beluga_registry_open.
 *
 * @param index       From 0.
 * @param name, base  Receive the provider's name and the name of its base, which might not exist;
 * borrowed until the configuration changes.
 * @return false when `index` is out of range; nothing is written then. Since: 0.1
 */
BELUGA_API bool beluga_config_provider(const beluga_config *config, size_t index, const char **name,
                                       const char **base);

/**
 * Iterate over the layers (such as retry or cache) through which calls of a model with this
 * configuration pass, from the outermost layer to the one around the provider. Only layers that the
 * configuration asks for are listed.
 *
 * @param name       Receives the layer's name, such as "retry"; static.
 * @param detail, n  Receives the layer's settings as text for a person, without secrets; "" if it
 * has none. A longer text is cut to `n` bytes.
 * @return false when `index` is out of range.
 *
 * Threads: as beluga_config_new_n. Blocks: never. Since: 0.1
 */
BELUGA_API bool beluga_config_layer(const beluga_config *config, size_t index, const char **name,
                                    char *detail, size_t n);

/**
 * Return a section that the library keeps for the host program, as a JSON object. The library does
 * not interpret these sections.
 *
 * @param name    "tools", "mcp_servers" or "serve".
 * @param index   Number of the file, counted from 0 over the files that have the section; earlier
 * files come first.
 * @param json    Receives the text, NUL-terminated; borrowed until the configuration changes.
 * @param length  Receives its length in bytes; NULL allowed.
 * @return false when `index` is out of range; nothing is written then. Since: 0.1
 */
BELUGA_API bool beluga_config_section(const beluga_config *config, const char *name, size_t index,
                                      const char **json, size_t *length);

/**
 * Find the place of a value of such a section in its file.
 *
 * @param pointer       JSON Pointer (RFC 6901) into the section: "/weather/command/0". If there is
 * no such value, the place is that of the last existing value on the path; "" means the section's
 * name.
 * @param of_name       True: find the member's name instead of its value. The name's place is also
 * used for a value that has no place of its own, such as a map.
 * @param path          Receives the file's path, borrowed until the configuration changes.
 * @param line, column  Receive the place, from 1.
 * @return false as beluga_config_section, or if an argument is NULL. Since: 0.1
 */
BELUGA_API bool beluga_config_section_place(const beluga_config *config, const char *name,
                                            size_t index, const char *pointer, bool of_name,
                                            const char **path, int *line, int *column);

/**
 * Return the reference of the default model in the files (`model`), or NULL. Borrowed until the
 * configuration changes.
 */
BELUGA_API const char *beluga_config_default_model(const beluga_config *config);

/**
 * Describe a setting as text for a person, and return where it came from. Secrets are not shown.
 *
 * @param key     beluga_option_key. Lists are joined with ", ".
 * @param buffer  Receives the value, NUL-terminated when n > 0; cut when it does not fit. A key or
 * a header is shown as "set" or as its reference, and a URL without user name, password and keys.
 * May be NULL when n is 0.
 * @param n       Bytes of `buffer`.
 * @param origin  Receives the layer that the setting came from; NULL allowed.
 * @return the length of the whole text in bytes, as snprintf does; 0, and origin NONE, when the
 * option is not set.
 */
BELUGA_API size_t beluga_config_describe(const beluga_config *config, int key, char *buffer,
                                         size_t n, beluga_origin *origin);

/**
 * Return whether an alias of the file sets a base URL that is not its provider's own; false for
 * NULL.
 *
 * A key must be sent only to the server that it is meant for. So for such a configuration the
 * provider's variables for key and URL are not used, nor is the key of the provider's section: only
 * a key that the alias itself names, or that is set in code. Since: 0.1
 */
BELUGA_API bool beluga_config_has_own_host(const beluga_config *config);

/**
 * Read one setting with the function for its type in BELUGA_OPTION_MAP. Bools (0, 1), durations
 * (milliseconds) and enums are read as integers.
 *
 * @param config  With NULL the result is false.
 * @param key     beluga_option_key.
 * @param value   Receives the value; a string is borrowed until the configuration changes.
 * @return false when the option is not set or has another type; nothing is written then.
 * @{
 */
BELUGA_API bool beluga_config_get_string(const beluga_config *config, int key, const char **value);
BELUGA_API bool beluga_config_get_int(const beluga_config *config, int key, int64_t *value);
BELUGA_API bool beluga_config_get_double(const beluga_config *config, int key, double *value);
/** @} */

/**
 * Return item `index` of a list option. Borrowed until the configuration changes.
 *
 * @param key     A beluga_option_key of an option of type LIST.
 * @param length  Receives the item's length in bytes when there is one; NULL allowed.
 * @return NULL if `index` is out of range, or when the option is not set or not a list. Since: 0.1
 */
BELUGA_API const char *beluga_config_get_item(const beluga_config *config, int key, size_t index,
                                              size_t *length);

/**
 * For a provider's functions `open` and encode_token: read one of the provider's own options.
 *
 * A number or bool that was set as text, as in a file, is converted.
 *
 * @param config  With NULL the result is false.
 * @param name    Such as "acme.region".
 * @param value   Receives the value; a string is borrowed until the configuration changes.
 * @param length  Receives the string's length in bytes; NULL allowed.
 * @return false when the option is not set or can't be converted to that type; nothing is written
 * then.
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

/**
 * Return the name of a layer as a static string: "default", "file", "environment", "model" or
 * "call"; "none" for other values.
 */
BELUGA_API const char *beluga_origin_name(beluga_origin origin);

BELUGA_END_DECLS

/** Call beluga_config_new_n with one or more options as arguments: beluga_config_new(option, …). */
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
