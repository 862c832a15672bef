/* Plug-ins may call functions of every room, so only this one can put their table together. */
#ifndef BELUGA__PLUGIN_HOST_H
#define BELUGA__PLUGIN_HOST_H

#include <beluga/provider/plugin.h>

/* NULL in a library that loads no plug-ins. */
extern const beluga_plugin_host *const beluga__host_functions;

#endif
