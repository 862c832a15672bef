/* Loads the plug-ins that the files of a configuration name. */
#include "config/config.h"
#include "registry/plugin.h"

#include <beluga/registry.h>

#include <stdio.h>
#include <string.h>

enum { SHOWN = 120 }; /* an error shows the last bytes of a path */

/* Load one plug-in that a file names. The error gives its position in the file. */
static int load_named(beluga_registry *registry, const beluga__config_file *file,
                      const beluga__config_plugin *plugin, size_t *loaded, beluga_error *err)
{
    char place[SHOWN + 32];
    size_t n = strlen(file->path);
    int status = strcmp(plugin->path, BELUGA__PLUGIN_PATH) == 0
                     ? beluga_registry_load_plugin_path(registry, loaded, err)
                     : beluga_registry_load_plugins(registry, plugin->path, loaded, err);
    if (!status) return 0;
    snprintf(place, sizeof place, "%s:%d:%d", file->path + (n > SHOWN ? n - SHOWN : 0),
             plugin->line, plugin->column);
    beluga_error_wrap(err, "load", place);
    return status;
}

/* Load all plug-ins, even if one fails. The caller gets the first error. */
int beluga_config_load_plugins(const beluga_config *config, beluga_registry *registry,
                               size_t *loaded, beluga_error *err)
{
    size_t n = 0, n_loaded = 0, n_refused = 0;
    beluga_error why;
    int status = 0;
    if (loaded) *loaded = 0;
    if (!config || !registry)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "no %s was given",
                                config ? "registry" : "configuration");
    for (size_t i = 0; i < config->n_files; i++)
        for (const beluga__config_plugin *p = config->files[i]->plugins; p; p = p->next) {
            int one = load_named(registry, config->files[i], p, &n, &why);
            n_loaded += n;
            if (!one || n_refused++) continue;
            status = one;
            if (err) *err = why;
        }
    if (loaded) *loaded = n_loaded;
    if (n_refused > 1) beluga__plugins_wrap_refused(err, n_refused);
    return status;
}
