/* A configuration: merged settings, and the files from which more settings may come. */
#ifndef BELUGA__CONFIG_H
#define BELUGA__CONFIG_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "config/problems.h"
#include "config/yaml.h"
#include "options/settings.h"

#include <beluga/config.h>
#include <beluga/error.h>
#include <beluga/provider/provider.h>

#include <stdatomic.h>

/* One setting of a file. A name that is not in BELUGA_OPTION_MAP is kept as a provider's own
 * option until the provider is known. */
typedef struct beluga__config_entry {
    struct beluga__config_entry *next;
    const char *name; /* the name as it is in the file */
    beluga_option option;
    int line, column;
} beluga__config_entry;

/* The section of a provider or of a model. */
typedef struct beluga__config_section {
    struct beluga__config_section *next;
    const char *name;
    const char *reference; /* the reference in a model's section */
    const char *system;    /* the system text of the section, or NULL */
    beluga__config_entry *entries, **entries_end;
    size_t n_entries;
    int line, column; /* position of the reference, or else of the name */
    int name_line, name_column;
} beluga__config_section;

typedef struct beluga__config_sections {
    beluga__config_section *first, **end;
    size_t count;
} beluga__config_sections;

/* A plug-in, or a folder of plug-ins, that a configuration file names. */
typedef struct beluga__config_plugin {
    struct beluga__config_plugin *next;
    const char *path; /* absolute path */
    int line, column;
} beluga__config_plugin;

/* A section that the library does not use itself, and keeps for the host program. */
typedef struct beluga__config_kept {
    struct beluga__config_kept *next;
    const char *name, *json;
    size_t length;
    const beluga__yaml_node *node;
    int line, column; /* position of the name */
} beluga__config_kept;

/* A file that was read. It never changes, and copies of a configuration share it. */
typedef struct beluga__config_file {
    atomic_uint refs;
    /* The allocator of this struct. Strings, which may be keys, are in the arena. */
    const beluga_allocator *allocator;
    beluga__arena arena;
    const char *path;
    const char *default_model; /* the file's default model, or NULL */
    int line, column;          /* position of default_model */
    beluga__config_sections providers, models;
    beluga__config_plugin *plugins, **plugins_end;
    size_t n_plugins;
    beluga__config_kept *kept;
    beluga__yaml *yaml; /* owned; has the positions of values in `kept`; NULL if `kept` is empty */
} beluga__config_file;

struct beluga_config {
    const beluga_allocator *allocator;
    beluga__arena arena;
    beluga__settings settings;
    beluga__config_file *files[BELUGA__MAX_CONFIG_FILES]; /* later files win over earlier ones */
    size_t n_files;
    const char *system; /* system text of the alias that was resolved, or NULL; in the arena */
    /* An alias set another base URL than the provider's own, so settings for the provider's own
     * server do not apply. */
    bool own_host;
};

/* Returns the merged settings; borrowed until the configuration changes. */
beluga__settings *beluga__config_settings(beluga_config *config);

/* Set the system text; NULL: none. Returns 0, or NO_MEMORY. */
int beluga__config_set_system(beluga_config *config, const char *text);

/* Read the provider's environment variables into the environment layer, if the configuration asks
 * for that. The key becomes the reference "env:NAME", so that the variable's text is never taken
 * for a reference. */
int beluga__config_apply_env(beluga_config *config, const beluga_provider *provider);

/* Complete an address that has no scheme, with the scheme, host, port and path of the provider's
 * own URL. The address is returned unchanged if it has a scheme, or if the provider has no URL
 * (`own` is NULL). The result is in the arena. Returns NULL if out of memory. */
const char *beluga__config_complete_url(beluga__arena *arena, const char *url, const char *own);

enum { BELUGA__WRONG_URL = 192 };
/* Returns whether a base URL can be sent unchanged; if not, `wrong` explains why, without parts of
 * the URL that may be secret. */
bool beluga__config_check_url(const char *url, char *wrong);
/* Append a base URL to `out`, with the values of its placeholders: "{NAME}", an own option of the
 * protocol, and "{env:VARIABLE}". A value in the path or the query becomes one segment; a value in
 * the server name may have only letters, digits, "-", "_" and ".". If `settings` is NULL, only the
 * names of the placeholders are checked. Returns 0, NO_MEMORY, LIMIT_EXCEEDED, or INVALID_CONFIG,
 * for which `wrong` (BELUGA__WRONG_URL bytes) says what is missing or refused. */
int beluga__config_fill_url(const char *url, const beluga_provider *protocol,
                            const beluga__settings *settings, beluga__buf *out, char *wrong);
/* Returns whether two URLs differ at most in slashes at their ends. NULL differs from every URL. */
bool beluga__config_is_same_url(const char *a, const char *b);

/* Read a file. The caller owns the only reference. If `problems` is not NULL, every problem is
 * recorded in it, and the file has all settings that are correct. If it is NULL, the first problem
 * is returned as the error. */
int beluga__config_file_new(const char *path, beluga__config_problems *problems,
                            beluga__config_file **out, beluga_error *err);
/* Check a text as if it were the file at `path`. The settings are not kept. */
int beluga__config_try(const char *path, const beluga__buf *text, beluga_error *err);
void beluga__config_file_unref(beluga__config_file *file);

/* Find the position of a value in a kept section, or of its name, by a JSON Pointer. If there is no
 * such value, returns the position of the deepest value on the path that exists. */
beluga__yaml_place beluga__config_find_place(const beluga__config_kept *kept, const char *pointer,
                                             bool of_name);

/* Find the section of a model's alias in the newest file that has such a section. *file receives
 * that file. Returns NULL if no file has such a section. */
const beluga__config_section *beluga__config_find_alias(const beluga_config *config,
                                                        const char *name,
                                                        const beluga__config_file **file);

/* Find the base of a provider without code in the newest file that names one. Returns NULL if no
 * file names a base for this provider. `file` and `entry`, which may be NULL, receive the place
 * where the base is named. */
const char *beluga__config_find_base(const beluga_config *config, const char *name,
                                     const beluga__config_file **file,
                                     const beluga__config_entry **entry);

/* Like beluga_config_resolve, for a provider and its default model. */
int beluga__config_resolve_provider(const beluga_config *config, beluga_registry *registry,
                                    const char *name, beluga_config **out, beluga_error *err);

/* What a provider's name or a model's reference refers to. */
typedef struct beluga__config_meaning {
    /* position of the reference, or of the fault on failure */
    int line, column;
    /* own options of this provider may be set in the section that has the reference */
    const beluga_provider *protocol;
} beluga__config_meaning;

/* Find what a reference refers to. `err` does not contain the position. Its message is empty if the
 * problem was already reported when the file was read. */
int beluga__config_check_reference(const beluga_config *config, beluga_registry *registry,
                                   const char *reference, beluga__config_meaning *meaning,
                                   beluga_error *err);
int beluga__config_check_provider(const beluga_config *config, beluga_registry *registry,
                                  const char *name, beluga__config_meaning *meaning,
                                  beluga_error *err);

/* Set the name of a provider's own option to the name in the provider's table. (In a file the name
 * may be written without the provider's prefix.) Returns INVALID_CONFIG if the table has no such
 * option. Other kinds of options stay unchanged. */
int beluga__config_name_own(const beluga_provider *provider, beluga__arena *arena,
                            const char *written, beluga_option *option, beluga_error *err);
/* Check a provider's own option if the provider is not known: it is a mistake only if no provider
 * has it. */
int beluga__config_check_own(const beluga_registry *registry, const char *written,
                             const beluga_option *option, beluga_error *err);

#endif
