/* Plug-ins from the inside. */
#ifndef BELUGA__PLUGIN_H
#define BELUGA__PLUGIN_H

#include <beluga/provider/plugin.h>
#include <limits.h>

/* plugin_host.c: what a plug-in may call. */
extern const beluga_plugin_host beluga__plugin_host;

/* plugin_file.c: find a file, and see that it is a shared object of this machine's kind which
 * nobody but its user or root can have changed. `real` becomes its path without links. The error
 * does not name it. */
int beluga__plugin_file_check(const char *path, char real[PATH_MAX], beluga_error *err);

/* Folders and files, separated by colons. Read only where a caller asks for it. */
#define BELUGA__PLUGIN_PATH "BELUGA_PLUGIN_PATH"

#endif
