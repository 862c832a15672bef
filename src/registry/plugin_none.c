/* Replaces plugin.c and plugin_file.c in a build without plug-ins. All functions fail, except that
 * beluga_registry_load_plugin_path succeeds if the environment variable is not set. */
#include "base/left_out.h"
#include "registry/plugin.h"

#include <beluga/registry.h>

#include <stdlib.h>

static int refuse(size_t *loaded, beluga_error *err)
{
    if (loaded) *loaded = 0;
    return beluga__left_out(err, "plug-ins", "plugins=enabled");
}

int beluga_registry_load_plugin(beluga_registry *registry, const char *path, beluga_error *err)
{
    BELUGA__UNUSED(registry, path);
    return refuse(NULL, err);
}

int beluga_registry_load_plugins(beluga_registry *registry, const char *folder, size_t *loaded,
                                 beluga_error *err)
{
    BELUGA__UNUSED(registry, folder);
    return refuse(loaded, err);
}

int beluga_registry_load_plugin_path(beluga_registry *registry, size_t *loaded, beluga_error *err)
{
    (void)registry;
    const char *path = secure_getenv(BELUGA__PLUGIN_PATH);
    if (path && *path) return refuse(loaded, err);
    if (loaded) *loaded = 0;
    return 0;
}
