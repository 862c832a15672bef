/* Loads plug-ins. A loaded plug-in stays loaded until the process ends, since threads may run its
 * code and callers may use its memory. A plug-in that is refused before its `init` has run is
 * unloaded again. */
#include "registry/plugin.h"

#include "base/limits.h"
#include "base/line.h"
#include "registry/registry.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SHOWN = 120 }; /* how many of the last bytes of a path an error shows */

/* Only one thread at a time can load a plug-in. A plug-in's `init` runs once in a process, even if
 * the plug-in is loaded into several registries. */
static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;
static const beluga_plugin *initialised[BELUGA__MAX_LOADED_PLUGINS];
static size_t n_initialised;

static const char *end_of(const char *path)
{
    size_t n = strlen(path);
    return n > SHOWN ? path + n - SHOWN : path;
}

static int name_file(beluga_error *err, int status, const char *path)
{
    char context[SHOWN + 16];
    snprintf(context, sizeof context, "plug-in %s%.*s", end_of(path) > path ? "..." : "", SHOWN,
             end_of(path));
    beluga_error_wrap(err, "load", context);
    return status;
}

/* --- checking a plug-in's description --------------------------------------------------------- */

static int refuse_abi(const beluga_plugin *p, beluga_error *err)
{
    return beluga_error_set(
        err, BELUGA_ERROR_PLUGIN_ABI,
        "the plug-in was built for ABI version %u, but this library has %d: the %s is older",
        p->abi, BELUGA_PROVIDER_ABI, p->abi < BELUGA_PROVIDER_ABI ? "plug-in" : "library");
}

static int refuse_functions(const beluga_plugin *p, beluga_error *err)
{
    return beluga_error_set(
        err, BELUGA_ERROR_PLUGIN_ABI,
        "the plug-in was built with the headers of beluga %u.%u.%u, and may call functions that "
        "this older library (%s) does not have: update the library",
        p->version >> 16 & 0xff, p->version >> 8 & 0xff, p->version & 0xff, BELUGA_VERSION_STRING);
}

static int check_providers(const beluga_plugin *p, beluga_error *err)
{
    size_t n = 0;
    while (p->providers && n <= BELUGA__MAX_PLUGINS && p->providers[n]) n++;
    if (!n)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                                "the plug-in contains no provider");
    if (n > BELUGA__MAX_PLUGINS)
        return beluga_error_set(err, BELUGA_ERROR_LIMIT_EXCEEDED,
                                "the plug-in contains more than %u providers", BELUGA__MAX_PLUGINS);
    return 0;
}

static int check_plugin(const beluga_registry *registry, const beluga_plugin *p, beluga_error *err)
{
    if (!p)
        return beluga_error_set(err, BELUGA_ERROR_PLUGIN_ABI,
                                "the plug-in does not export beluga_plugin_main: use "
                                "BELUGA_REGISTER_PROVIDER, and build it with the flags of "
                                "pkg-config --cflags beluga-provider");
    if (p->abi != BELUGA_PROVIDER_ABI) return refuse_abi(p, err);
    if (p->size < offsetof(beluga_plugin, reserved) || !p->host)
        return beluga_error_set(err, BELUGA_ERROR_PLUGIN_ABI,
                                "the plug-in's description (beluga_plugin) is too short");
    if (p->host_size > beluga__registry_host(registry)->size) return refuse_functions(p, err);
    return check_providers(p, err);
}

/* --- loading one plug-in ---------------------------------------------------------------------- */

static bool is_initialised(const beluga_plugin *p)
{
    for (size_t i = 0; i < n_initialised; i++)
        if (initialised[i] == p) return true;
    return false;
}

/* Call the plug-in's `init`. After this the plug-in must stay loaded, since its code has run. */
static int initialise(const beluga_plugin *p, beluga_error *err)
{
    if (n_initialised == BELUGA__MAX_LOADED_PLUGINS)
        return beluga_error_set(err, BELUGA_ERROR_LIMIT_EXCEEDED,
                                "the process has loaded %u plug-ins already, which is the maximum",
                                BELUGA__MAX_LOADED_PLUGINS);
    beluga_error why = {0};
    int status = p->init ? p->init(&why) : 0;
    if (status) {
        if (status > 0) status = BELUGA_ERROR_INTERNAL;
        if (!why.code) beluga_error_set(&why, status, "%s", beluga_error_text(status));
        beluga__error_clean(&why); /* the plug-in wrote this error, so it may contain any bytes */
        if (err) *err = why;
        beluga_error_wrap(err, "load", "its init function failed");
        return status;
    }
    initialised[n_initialised++] = p;
    return 0;
}

/* Set the error for a plug-in that the dynamic linker refused. The linker's message has the form
 * "path: reason". The path is removed, since our error names it already. */
static int refuse_link(const char *real, beluga_error *err)
{
    static const char undefined[] = "undefined symbol: ";
    const char *why = dlerror();
    if (!why) why = "the dynamic linker gives no reason";
    size_t n = strlen(real);
    if (strncmp(why, real, n) == 0 && strncmp(why + n, ": ", 2) == 0) why += n + 2;
    const char *symbol = strstr(why, undefined);
    if (!symbol)
        return beluga_error_set(err, BELUGA_ERROR_PLUGIN_ABI, "the plug-in can't be linked: %s",
                                why);
    symbol += sizeof undefined - 1;
    return beluga_error_set(
        err, BELUGA_ERROR_PLUGIN_ABI, "the symbol %.*s was not found%s",
        (int)strcspn(symbol, " \t("), symbol,
        strncmp(symbol, "beluga_", 7) == 0
            ? ": was the plug-in built with the flags of pkg-config --cflags beluga-provider?"
            : "");
}

static int take_in(beluga_registry *registry, void *handle, const beluga__plugin_file *file,
                   beluga_error *err)
{
    const beluga_plugin *p = dlsym(handle, "beluga_plugin_main");
    int status = beluga__plugin_file_recheck(file, err);
    if (!status) status = check_plugin(registry, p, err);
    if (!status) status = beluga__registry_check(registry, p->providers, err);
    if (status) {
        if (!p || !is_initialised(p)) dlclose(handle);
        return status;
    }
    *p->host = beluga__registry_host(registry);
    if (!is_initialised(p)) status = initialise(p, err);
    return status ? status : beluga__registry_add(registry, p->providers, file->real, err);
}

int beluga_registry_load_plugin(beluga_registry *registry, const char *path, beluga_error *err)
{
    beluga__plugin_file file;
    if (!registry || !path || !*path)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "no %s was given",
                                registry ? "plug-in" : "registry");
    int status = beluga__plugin_file_check(path, &file, err);
    if (status) return name_file(err, status, path);
    pthread_mutex_lock(&loading);
    void *handle = dlopen(file.real, RTLD_NOW | RTLD_LOCAL);
    status = handle ? take_in(registry, handle, &file, err) : refuse_link(file.real, err);
    pthread_mutex_unlock(&loading);
    return status ? name_file(err, status, path) : 0;
}

/* --- loading several plug-ins ----------------------------------------------------------------- */

/* The state of loading several plug-ins. All plug-ins are tried, and the caller gets the first
 * error. */
typedef struct several {
    beluga_registry *registry;
    beluga_error *err;
    size_t loaded, refused;
    int status;
} several;

static void count(several *s, int status, const beluga_error *why)
{
    if (!status) {
        s->loaded++;
    } else if (!s->refused++) {
        s->status = status;
        if (s->err) *s->err = *why;
    }
}

static int end_several(several *s, size_t *loaded)
{
    if (loaded) *loaded = s->loaded;
    if (s->refused > 1) beluga__plugins_wrap_refused(s->err, s->refused);
    return s->status;
}

static int is_plugin(const struct dirent *entry)
{
    return beluga__plugin_is_named(entry->d_name);
}

static void load_one(several *s, const char *path)
{
    beluga_error why;
    int status = beluga_registry_load_plugin(s->registry, path, &why);
    count(s, status, &why);
}

static void refuse_folder(several *s, const char *folder, int code, const char *text)
{
    beluga_error why;
    beluga_error_set(&why, code, "%s", text);
    count(s, name_file(&why, code, folder), &why);
}

static void load_folder(several *s, const char *folder)
{
    struct dirent **entries;
    char path[PATH_MAX];
    int n = scandir(folder, &entries, is_plugin, alphasort);
    if (n < 0) {
        refuse_folder(s, folder, errno == ENOMEM ? BELUGA_ERROR_NO_MEMORY : BELUGA_ERROR_NOT_FOUND,
                      strerror(errno));
        return;
    }
    if (n > (int)BELUGA__MAX_PLUGINS)
        refuse_folder(s, folder, BELUGA_ERROR_LIMIT_EXCEEDED,
                      "the folder contains more than 64 plug-ins");
    for (int i = 0; i < n; i++) {
        int length = snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        if (n <= (int)BELUGA__MAX_PLUGINS && length < (int)sizeof path) load_one(s, path);
        free(entries[i]);
    }
    free(entries);
}

static void load_item(several *s, const char *path)
{
    struct stat st;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        load_folder(s, path);
    else
        load_one(s, path);
}

int beluga_registry_load_plugins(beluga_registry *registry, const char *folder, size_t *loaded,
                                 beluga_error *err)
{
    several s = {.registry = registry, .err = err};
    if (loaded) *loaded = 0;
    if (!registry || !folder || !*folder)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "no %s was given",
                                registry ? "folder" : "registry");
    load_item(&s, folder);
    return end_several(&s, loaded);
}

static void load_path(several *s)
{
    char item[PATH_MAX];
    const char *at = secure_getenv(BELUGA__PLUGIN_PATH);
    for (; at && *at; at += *at == ':') {
        size_t n = strcspn(at, ":");
        snprintf(item, sizeof item, "%.*s", (int)(n < sizeof item ? n : 0), at);
        at += n;
        if (item[0] == '/') load_item(s, item);
        /* the meaning of a relative path would depend on the folder in which the program was
         * started */
        else if (n)
            refuse_folder(s, item, BELUGA_ERROR_INVALID_INPUT,
                          "in " BELUGA__PLUGIN_PATH " only absolute paths are read");
    }
}

int beluga_registry_load_plugin_path(beluga_registry *registry, size_t *loaded, beluga_error *err)
{
    several s = {.registry = registry, .err = err};
    if (loaded) *loaded = 0;
    if (!registry)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "no registry was given");
    load_path(&s);
    return end_several(&s, loaded);
}
