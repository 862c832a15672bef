/* Plug-ins may call functions of every room, so the table of those functions is made in the room
 * above all others. */
#ifndef BELUGA__PLUGIN_HOST_H
#define BELUGA__PLUGIN_HOST_H

#include <beluga/provider/plugin.h>

/* NULL in a library that loads no plug-ins. */
extern const beluga_plugin_host *const beluga__host_functions;

#endif
