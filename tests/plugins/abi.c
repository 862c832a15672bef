/* A plug-in that is built for the ABI version ABI, or (with FUTURE) with headers that have more
 * functions than the library. */
#include "plugged.h"

static const beluga_provider provider = {PLUGGED("plugged-abi")};
static const beluga_provider *const providers[] = {&provider, NULL};
const beluga_plugin_host *beluga_plugin_functions;

#ifndef ABI
#define ABI BELUGA_PROVIDER_ABI
#endif
#ifndef FUTURE
#define FUTURE 0
#endif

const beluga_plugin beluga_plugin_main = {
    .size = sizeof(beluga_plugin),
    .abi = ABI,
    .version = 99 << 16 | 2 << 8 | 1,
    .host_size = sizeof(beluga_plugin_host) + FUTURE * sizeof(void *),
    .host = &beluga_plugin_functions,
    .providers = providers,
};
