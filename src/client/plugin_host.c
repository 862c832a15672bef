/* The table that every plug-in calls the library through. */
#include "client/plugin.h"

#define SLOT(name) .name = name,

const beluga_plugin_host beluga__plugin_host = {.size = sizeof(beluga_plugin_host),
                                                .abi = BELUGA_PROVIDER_ABI,
                                                .version = BELUGA_VERSION_NUMBER,
                                                BELUGA_PLUGIN_FUNCTION_MAP(SLOT)};
