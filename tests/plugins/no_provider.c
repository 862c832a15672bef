#include "plugged.h"

BELUGA_PLUGIN_PROVIDERS(NULL, NULL)
