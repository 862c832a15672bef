/* The table of functions through which every plug-in calls the library. */
#include "client/plugin_host.h"

#define SLOT(name) .name = name,

static const beluga_plugin_host host = {.size = sizeof(beluga_plugin_host),
                                        .abi = BELUGA_PROVIDER_ABI,
                                        .version = BELUGA_VERSION_NUMBER,
                                        BELUGA_PLUGIN_FUNCTION_MAP(SLOT)};

const beluga_plugin_host *const beluga__host_functions = &host;
