/* The table of functions through which every plug-in calls the library. */
#include "client/plugin_host.h"

#include <string.h>

#define SLOT(name) .name = name,
#define ROOM(name) char name[sizeof #name];
#define NAME(name) #name,

static beluga_function find(const char *name);

static const beluga_plugin_host host = {.size = sizeof(beluga_plugin_host),
                                        .abi = BELUGA_PROVIDER_ABI,
                                        .version = BELUGA_VERSION_NUMBER,
                                        .find = find,
                                        BELUGA_PLUGIN_FUNCTION_MAP(SLOT)};

/* The functions' names, stored one after the other in the order of the table. An array of pointers
 * to the names would need about as much memory again. */
static const struct {
    BELUGA_PLUGIN_FUNCTION_MAP(ROOM)
} names = {BELUGA_PLUGIN_FUNCTION_MAP(NAME)};

static beluga_function find(const char *name)
{
    const char *at = (const char *)&names, *end = at + sizeof names;
    const char *slot = (const char *)&host.find + sizeof host.find;
    beluga_function function = NULL;
    for (; name && at < end; at += strlen(at) + 1, slot += sizeof function)
        if (strcmp(at, name) == 0) memcpy(&function, slot, sizeof function);
    return function;
}

const beluga_plugin_host *const beluga__host_functions = &host;
