#include "kit/places.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool is_there(const char *folder, const char *below)
{
    char path[CHECK_PLACE_BYTES];
    int n = snprintf(path, sizeof path, "%s%s", folder, below);
    return n > 0 && (size_t)n < sizeof path && access(path, R_OK) == 0;
}

static bool has_cases(const char *folder, const char *provider)
{
    char below[128];
    snprintf(below, sizeof below, "/%s/check", provider);
    return is_there(folder, below);
}

bool check_place_is_of(const char *folder, const char *provider)
{
    return is_there(folder, "/check") || has_cases(folder, provider);
}

/* Shorten a path below the current folder, as a person would write it. */
static const char *shorten(const char *path)
{
    char here[CHECK_PLACE_BYTES];
    size_t n = getcwd(here, sizeof here) ? strlen(here) : 0;
    return n && strncmp(path, here, n) == 0 && path[n] == '/' ? path + n + 1 : path;
}

const char *check_place_find(const char *plugin, const char *provider, char path[CHECK_PLACE_BYTES])
{
    const char *slash = plugin ? strrchr(plugin, '/') : NULL;
    int n = slash ? (int)(slash - plugin) : 0;
    static const char *const places[] = {"/fixtures", "/../fixtures"};
    for (size_t i = 0; slash && i < sizeof places / sizeof *places; i++) {
        snprintf(path, CHECK_PLACE_BYTES, "%.*s%s", n, plugin, places[i]);
        if (check_place_is_of(path, provider)) return shorten(path);
    }
    snprintf(path, CHECK_PLACE_BYTES, "fixtures");
    return has_cases(path, provider) ? path : NULL;
}
