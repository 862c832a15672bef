/* A configuration from the inside: merged settings, and the files it may take more from. */
#ifndef BELUGA__CONFIG_H
#define BELUGA__CONFIG_H

#include "base/arena.h"
#include "base/limits.h"
#include "config/problems.h"
#include "options/settings.h"

#include <beluga/config.h>
#include <beluga/error.h>
#include <beluga/provider/provider.h>

#include <stdatomic.h>

/* One setting of a file. A name that is not in BELUGA_OPTION_MAP is kept as a provider's own,
 * until the provider is known. */
typedef struct beluga__config_entry {
    struct beluga__config_entry *next;
    const char *name; /* as it was written */
    beluga_option option;
    int line, column;
} beluga__config_entry;

/* One provider's section, or one model's. */
typedef struct beluga__config_section {
    struct beluga__config_section *next;
    const char *name;
    const char *reference; /* of a model */
    beluga__config_entry *entries, **entries_end;
    size_t n_entries;
    int line, column; /* of the reference, else of the name */
    int name_line, name_column;
} beluga__config_section;

typedef struct beluga__config_sections {
    beluga__config_section *first, **end;
    size_t count;
} beluga__config_sections;

/* A file, a folder, or BELUGA_PLUGIN_PATH. */
typedef struct beluga__config_plugin {
    struct beluga__config_plugin *next;
    const char *path; /* relative ones are completed */
    int line, column;
} beluga__config_plugin;

/* A file that was read; immutable and shared by the copies of a configuration. */
typedef struct beluga__config_file {
    atomic_uint refs;
    const beluga_allocator *allocator; /* of this; strings, among them keys, are in the arena */
    beluga__arena arena;
    const char *path;
    const char *default_model; /* or NULL */
    int line, column;          /* of it */
    beluga__config_sections providers, models;
    beluga__config_plugin *plugins, **plugins_end;
    size_t n_plugins;
} beluga__config_file;

struct beluga_config {
    const beluga_allocator *allocator;
    beluga__arena arena;
    beluga__settings settings;
    beluga__config_file *files[BELUGA__MAX_CONFIG_FILES]; /* later ones win */
    size_t n_files;
    bool own_host; /* an alias named it: what belongs to the provider's own host stays there */
};

/* The merged settings; borrowed as long as the configuration does not change. */
beluga__settings *beluga__config_settings(beluga_config *config);

/* Read the provider's variables into the environment layer, if the configuration asks for it. The
 * key becomes a reference, "env:NAME", so that what is in the variable is never taken for one
 * itself. */
int beluga__config_apply_env(beluga_config *config, const beluga_provider *provider);

/* Take what an address without a scheme lacks, of scheme, host, port and path, from the
 * provider's own URL. One with a scheme, or for a provider without a URL, is returned as it is.
 * In the arena, or NULL without memory. */
const char *beluga__config_complete_url(beluga__arena *arena, const char *url, const char *own);

enum { BELUGA__WRONG_URL = 128 };
/* Whether a base URL can be sent as it is; else `wrong` says why not, and names no part of it that
 * may be secret. */
bool beluga__config_check_url(const char *url, char *wrong);

/* Read a file; one reference, yours. With `problems` every problem is noted there, and the file has
 * all that is not at fault; without, the first one is the error. */
int beluga__config_file_new(const char *path, beluga__config_problems *problems,
                            beluga__config_file **out, beluga_error *err);
void beluga__config_file_unref(beluga__config_file *file);

/* Find the newest file's section of a model's alias, and its file; NULL when there is none. */
const beluga__config_section *beluga__config_find_alias(const beluga_config *config,
                                                        const char *name,
                                                        const beluga__config_file **file);

/* Find the base of a file's provider without code, in the newest file that gives one; NULL for
 * another name. `file` and `entry`, which may be NULL, tell where it stands. */
const char *beluga__config_find_base(const beluga_config *config, const char *name,
                                     const beluga__config_file **file,
                                     const beluga__config_entry **entry);

/* Do as beluga_config_resolve, for a provider and its default model. */
int beluga__config_resolve_provider(const beluga_config *config, beluga_registry *registry,
                                    const char *name, beluga_config **out, beluga_error *err);

/* The meaning of a provider's name, or of a model's reference. */
typedef struct beluga__config_meaning {
    int line, column;                /* of it, and on failure of what is at fault */
    const beluga_provider *protocol; /* what may be set is among its options */
} beluga__config_meaning;

/* Find out what it means; `err` does not tell the place. Its message is empty where the reading
 * told the problem. */
int beluga__config_check_reference(const beluga_config *config, beluga_registry *registry,
                                   const char *reference, beluga__config_meaning *meaning,
                                   beluga_error *err);
int beluga__config_check_provider(const beluga_config *config, beluga_registry *registry,
                                  const char *name, beluga__config_meaning *meaning,
                                  beluga_error *err);

/* Give a provider's own option, written with the provider's name or without, the name it has in the
 * table; INVALID_CONFIG when it has none. Other options are left alone. */
int beluga__config_name_own(const beluga_provider *provider, beluga__arena *arena,
                            const char *written, beluga_option *option, beluga_error *err);
/* The same where the provider is not known: an option that no provider has is a mistake. */
int beluga__config_check_own(const beluga_registry *registry, const char *written,
                             const beluga_option *option, beluga_error *err);

#endif
