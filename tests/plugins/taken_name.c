/* A plug-in whose first name is free, but whose second name is that of a built-in provider. Its
 * init function must not run. */
#include "plugged.h"

#include <stdlib.h>

static int init(beluga_error *err)
{
    (void)err;
    abort();
}

static const beluga_provider own = {PLUGGED("plugged-own")};
static const beluga_provider taken = {PLUGGED("mock")};

BELUGA_PLUGIN_PROVIDERS(init, &own, &taken)
