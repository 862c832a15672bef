/* A configuration from the inside: merged settings, and the files it may take more from. */
#ifndef BELUGA__CONFIG_H
#define BELUGA__CONFIG_H

#include "base/arena.h"
#include "base/limits.h"
#include "model/settings.h"

#include <beluga/config.h>
#include <beluga/error.h>
#include <beluga/provider/provider.h>
#include <stdatomic.h>

/* One setting of a file. What is not in BELUGA_OPTION_MAP is kept as a provider's own, for the
 * provider to be known. */
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
} beluga__config_section;

/* A file that was read; immutable and shared by the copies of a configuration. */
typedef struct beluga__config_file {
    atomic_uint refs;
    beluga__arena arena;
    const char *path;
    const char *default_model; /* or NULL */
    int line, column;          /* of it */
    struct beluga__config_sections {
        beluga__config_section *first, **end;
        size_t count;
    } providers, models;
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

/* What an address without a scheme lacks, of scheme, host, port and path, is taken from the provider's own
 * URL; one with a scheme, or for a provider without a URL, is returned as it is. In the arena, or
 * NULL without memory. */
const char *beluga__config_complete_url(beluga__arena *arena, const char *url, const char *own);

/* config_file.c: one reference, yours. */
int beluga__config_file_new(const char *path, beluga__config_file **out, beluga_error *err);
void beluga__config_file_unref(beluga__config_file *file);

/* "path:line:column: …", with INVALID_CONFIG. */
int beluga__config_fault(beluga_error *err, int code, const beluga__config_file *file, int line,
                         int column, const char *format, ...) BELUGA_PRINTF(6, 7);

/* The newest file's section of a model's alias, and its file; NULL when there is none. */
const beluga__config_section *beluga__config_find_alias(const beluga_config *config,
                                                        const char *name,
                                                        const beluga__config_file **file);

#endif
