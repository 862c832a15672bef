/* Loading plug-ins: what the files of this room share. */
#ifndef BELUGA__PLUGIN_H
#define BELUGA__PLUGIN_H

#include <beluga/error.h>

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

/* A plug-in's file that has passed the check. */
typedef struct beluga__plugin_file {
    char real[PATH_MAX]; /* path without links */
    dev_t device;
    ino_t inode;
} beluga__plugin_file;

/* Find a file, and check that it is a shared object for this machine, and that only root and this
 * process's user can have changed it (plugin_file.c). The error does not name the file.
 *
 * The dynamic linker gets the path `real`, not /proc/self/fd, because it compares names to
 * recognize a file that is loaded already, it searches a plug-in's own libraries beside the name,
 * and debuggers open that name. No other user can change the path `real`, so it leads to the
 * checked file. The check after loading finds out whether the owner has replaced the file
 * meanwhile. */
int beluga__plugin_file_check(const char *path, beluga__plugin_file *file, beluga_error *err);
int beluga__plugin_file_recheck(const beluga__plugin_file *file, beluga_error *err);

/* Check the format of a regular file (plugin_elf.c, plugin_mach_o.c). */
int beluga__plugin_object_check(int file, off_t size, beluga_error *err);
/* Returns whether a file in a folder is to be loaded, by the end of its name. */
bool beluga__plugin_is_named(const char *file);
static inline bool beluga__plugin_ends_in(const char *file, const char *end)
{
    size_t n = strlen(file), length = strlen(end);
    return n > length && *file != '.' && strcmp(file + n - length, end) == 0;
}

/* Name of the environment variable that lists folders and files, separated by colons. It is read
 * only if a caller asks for it. */
#define BELUGA__PLUGIN_PATH "BELUGA_PLUGIN_PATH"

/* Add to the first error how many plug-ins were refused. */
static inline void beluga__plugins_wrap_refused(beluga_error *err, size_t refused)
{
    char context[64];
    snprintf(context, sizeof context, "%zu plug-ins were refused; the first", refused);
    beluga_error_wrap(err, "load", context);
}

#endif
