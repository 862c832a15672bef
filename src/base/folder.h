/* Finds the folder that contains a file. */
#ifndef BELUGA__FOLDER_H
#define BELUGA__FOLDER_H

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Write the path of the folder that contains the file; absolute and without links if the folder
 * exists. */
static inline void beluga__folder_of(const char *path, char folder[PATH_MAX])
{
    char whole[PATH_MAX];
    const char *found = realpath(path, whole) ? whole : path;
    const char *slash = strrchr(found, '/');
    snprintf(folder, PATH_MAX, "%.*s", slash ? (int)(slash - found) : 1, slash ? found : ".");
}

#endif
