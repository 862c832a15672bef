/* Folders for the files that a test writes. */
#ifndef TESTS_FOLDER_H
#define TESTS_FOLDER_H

#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { FOLDER_BYTES = 48 };

/* Make a folder for a test; `name` is part of the folder's name. @return false if that is
 * impossible. */
static inline bool folder_make(char path[FOLDER_BYTES], const char *name)
{
    snprintf(path, FOLDER_BYTES, "/tmp/beluga-%s-XXXXXX", name);
    return mkdtemp(path);
}

static inline int folder_remove_entry(const char *path, const struct stat *info, int kind,
                                      struct FTW *where)
{
    (void)info;
    (void)kind;
    (void)where;
    return remove(path);
}

/* Remove a folder with everything in it. @return false if something remains. */
static inline bool folder_remove(const char *path)
{
    return nftw(path, folder_remove_entry, 8, FTW_DEPTH | FTW_PHYS) == 0;
}

#endif
