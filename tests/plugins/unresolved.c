/* A plug-in that calls a function of a library with which it was not linked. */
#include "plugged.h"

int acme_sdk_open(void);

static int init(beluga_error *err)
{
    (void)err;
    return acme_sdk_open();
}

static const beluga_provider provider = {PLUGGED("plugged-unresolved")};

BELUGA_PLUGIN_PROVIDERS(init, &provider)
