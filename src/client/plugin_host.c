/* The table of functions through which every plug-in calls the library. */
#include "client/plugin_host.h"

#include <string.h>

#define SLOT(name) .name = name,
#define NAME(name) {#name, offsetof(beluga_plugin_host, name)},

static beluga_function find(const char *name);

static const beluga_plugin_host host = {.size = sizeof(beluga_plugin_host),
                                        .abi = BELUGA_PROVIDER_ABI,
                                        .version = BELUGA_VERSION_NUMBER,
                                        .find = find,
                                        BELUGA_PLUGIN_FUNCTION_MAP(SLOT)};

static beluga_function find(const char *name)
{
    static const struct {
        const char *name;
        size_t offset;
    } slots[] = {BELUGA_PLUGIN_FUNCTION_MAP(NAME)};
    beluga_function function = NULL;
    for (size_t i = 0; name && i < sizeof slots / sizeof *slots; i++)
        if (strcmp(slots[i].name, name) == 0)
            memcpy(&function, (const char *)&host + slots[i].offset, sizeof function);
    return function;
}

const beluga_plugin_host *const beluga__host_functions = &host;
