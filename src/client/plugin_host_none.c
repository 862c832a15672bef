/* Replaces plugin_host.c in a library that loads no plug-ins. */
#include "client/plugin_host.h"

const beluga_plugin_host *const beluga__host_functions = NULL;
