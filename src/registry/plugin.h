/* Declarations that the files of the plug-in loader share. */
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
    char real[PATH_MAX]; /* path without symbolic links */
    dev_t device;
    ino_t inode;
} beluga__plugin_file;

/* Find a file, and check that it is a shared object for this machine, and that only root and this
 * process's user can have changed it (plugin_file.c). The error does not name the file.
 *
 * The dynamic linker gets the path `real`, not /proc/self/fd, because it compares names to
 * recognize a file that is loaded already, it searches a plug-in's own libraries in the same
 * folder, and debuggers open that name. No other user can change the path `real`, so it leads to
 * the checked file. The second check, after loading, detects whether the owner has replaced the
 * file meanwhile. */
int beluga__plugin_file_check(const char *path, beluga__plugin_file *file, beluga_error *err);
int beluga__plugin_file_recheck(const beluga__plugin_file *file, beluga_error *err);

/* Check the format of a regular file (plugin_elf.c, plugin_mach_o.c). */
int beluga__plugin_object_check(int file, off_t size, beluga_error *err);
/* Returns whether a file's name has the extension of plug-ins. When a folder is loaded, other files
 * in it are skipped. */
bool beluga__plugin_is_named(const char *file);
static inline bool beluga__plugin_ends_in(const char *file, const char *end)
{
    size_t n = strlen(file), length = strlen(end);
    return n > length && *file != '.' && strcmp(file + n - length, end) == 0;
}

/* Name of the environment variable that lists folders and files, separated by colons. Only
 * beluga_registry_load_plugin_path reads it. */
#define BELUGA__PLUGIN_PATH "BELUGA_PLUGIN_PATH"

/* Add to the first error how many plug-ins were refused. */
static inline void beluga__plugins_wrap_refused(beluga_error *err, size_t refused)
{
    char context[64];
    snprintf(context, sizeof context, "%zu plug-ins were refused; the first", refused);
    beluga_error_wrap(err, "load", context);
}

#endif
