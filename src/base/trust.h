/* Tells whether another user can have changed a file. */
#ifndef BELUGA__TRUST_H
#define BELUGA__TRUST_H

#include <beluga/error.h>

#include <limits.h>
#include <sys/stat.h>

/*
 * Open a file to read it, if root and this process's user alone can have changed it: every folder
 * on the way from the root, every link and the file itself belong to root or to the user, and
 * nobody else may write to them. A group of the owner's name without other members is the owner;
 * all other groups are somebody else. In a folder with the sticky bit others may write, for there
 * nobody replaces another's file. So until root or the user changes it, `real`, its path without
 * links, leads to the file that is open.
 * @return a descriptor that does not wait; -1: NOT_FOUND or INVALID_INPUT, with a message that
 * calls the file "it".
 */
int beluga__trusted_open(const char *path, char real[PATH_MAX], beluga_error *err);

/* Check one file or folder without the folders above; the error calls it `what`.
 *
 * @param path NULL where the file has no path, such as a pipe. */
int beluga__trust_check(const struct stat *info, const char *path, const char *what,
                        beluga_error *err);

#endif
