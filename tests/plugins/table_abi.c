/* A plug-in with this library's ABI version. The table of its second provider has another
 * version. */
#include "plugged.h"

static const beluga_provider fits = {PLUGGED("plugged-fits")};
static const beluga_provider other = {
    .size = sizeof(beluga_provider),
    .abi = BELUGA_PROVIDER_ABI + 1,
    .name = "plugged-other",
    .start = plugged_start,
    .cancel = plugged_cancel,
};

BELUGA_PLUGIN_PROVIDERS(NULL, &fits, &other)
