/* The table of functions that plug-ins may call. The functions come from all rooms, so the table
 * must be in the topmost room. */
#ifndef BELUGA__PLUGIN_HOST_H
#define BELUGA__PLUGIN_HOST_H

#include <beluga/provider/plugin.h>

/* NULL in a library that loads no plug-ins. */
extern const beluga_plugin_host *const beluga__host_functions;

#endif
