/* Loading plug-ins: the parts that the files of this room share. */
#ifndef BELUGA__PLUGIN_H
#define BELUGA__PLUGIN_H

#include <beluga/error.h>

#include <limits.h>
#include <stdio.h>
#include <sys/types.h>

/* A file that passed the check. */
typedef struct beluga__plugin_file {
    char real[PATH_MAX]; /* its path without links */
    dev_t device;
    ino_t inode;
} beluga__plugin_file;

/*
 * plugin_file.c: find a file, and see that it is a shared object of this machine's kind which
 * nobody but its user or root can have changed. The error does not name it.
 *
 * The linker is given `real`, and not /proc/self/fd: it takes equal names for equal files and looks
 * for a plug-in's own libraries beside the name it was given, and debuggers open it. Since nobody
 * else can change what `real` leads to, it leads to the file that was checked; the recheck, once it
 * is loaded, sees whether its owner has put a new one there meanwhile.
 */
int beluga__plugin_file_check(const char *path, beluga__plugin_file *file, beluga_error *err);
int beluga__plugin_file_recheck(const beluga__plugin_file *file, beluga_error *err);

/* The name of a variable with folders and files, separated by colons. It is read only where a
 * caller asks for it. */
#define BELUGA__PLUGIN_PATH "BELUGA_PLUGIN_PATH"

/* Add the number of refused plug-ins to the error of the first one. */
static inline void beluga__plugins_wrap_refused(beluga_error *err, size_t refused)
{
    char context[64];
    snprintf(context, sizeof context, "%zu plug-ins were refused; the first", refused);
    beluga_error_wrap(err, "load", context);
}

#endif
