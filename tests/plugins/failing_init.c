/* A plug-in whose init function fails until the variable PLUGGED_LICENCE is set. */
#include "plugged.h"

#include <stdlib.h>

static int init(beluga_error *err)
{
    if (getenv("PLUGGED_LICENCE")) return 0;
    return beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION, "set PLUGGED_LICENCE");
}

static const beluga_provider one = {PLUGGED("plugged-one")};
static const beluga_provider two = {PLUGGED("plugged-two")};

BELUGA_PLUGIN_PROVIDERS(init, &one, &two)
