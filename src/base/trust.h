/* Finds out whether another user can have changed a file. */
#ifndef BELUGA__TRUST_H
#define BELUGA__TRUST_H

#include <beluga/error.h>

#include <limits.h>
#include <sys/stat.h>

/* Open a file for reading, if only root and this process's user can have changed it: every folder
 * from the root on, every link and the file itself belong to root or the user, and nobody else may
 * write to them. A group with the owner's name and without other members counts as the owner, any
 * other group as another user. Others may write in a folder with the sticky bit, since there they
 * can't replace another user's file. So `real`, the path without links, leads to the opened file
 * until root or the user changes it.
 * @return a descriptor that does not block; or -1: NOT_FOUND or INVALID_INPUT, with a message that
 * calls the file "it" */
int beluga__trusted_open(const char *path, char real[PATH_MAX], beluga_error *err);

/* Check one file or folder, but not the folders above it; the error calls it `what`.
 * @param path  NULL if the file has no path, such as a pipe. */
int beluga__trust_check(const struct stat *info, const char *path, const char *what,
                        beluga_error *err);

#endif
