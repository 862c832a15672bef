#include "queue/nats_library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

#define TEXT_OF(number) #number
#define TEXT(number)    TEXT_OF(number)
#define NATS_OLDEST     ((3u << 16) | (4u << 8))
#define NATS_RELEASE    TEXT(NATS_VERSION_MAJOR) "." TEXT(NATS_VERSION_MINOR)
/* The name includes the release, since the structs of another release may have other members. */
#define NATS_SONAME "libnats.so." NATS_RELEASE

static nats_library library;
static void *handle;
static char why[256];
static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool loaded;

/* Find all functions. Returns the name of a missing function, or NULL. */
static const char *find_functions(void)
{
#define XX(name)                                    \
    *(void **)&library.name = dlsym(handle, #name); \
    if (!library.name) return #name;
    NATS_FUNCTIONS(XX)
#undef XX
    return NULL;
}

/* The library stays loaded until the process ends, since its threads may still run. */
static void load(void)
{
    handle = dlopen(NATS_SONAME, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        snprintf(why, sizeof why,
                 "NATS needs libnats " NATS_RELEASE ", which can't be loaded (%.100s): "
                 "install it, on Debian 12 and 13 with apt install libnats" NATS_RELEASE,
                 dlerror());
        return;
    }
    const char *missing = find_functions();
    loaded = !missing && library.nats_GetVersionNumber() >= NATS_OLDEST;
    if (!loaded)
        snprintf(why, sizeof why, NATS_SONAME " is too old%s%s: NATS needs libnats 3.4",
                 missing ? ", and lacks " : "", missing ? missing : "");
}

const nats_library *nats_load(beluga_error *err)
{
    pthread_once(&once, load);
    if (loaded) return &library;
    beluga_error_set(err, BELUGA_ERROR_NOT_SUPPORTED, "%s", why);
    return NULL;
}

void *nats_symbol(const char *name)
{
    return handle ? dlsym(handle, name) : NULL;
}
