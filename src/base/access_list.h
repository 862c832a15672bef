/* Finds out whether a file has an access control list (ACL), which may give rights to others than
 * its owner and group. */
#ifndef BELUGA__ACCESS_LIST_H
#define BELUGA__ACCESS_LIST_H

#include <stdbool.h>

/* Returns whether the file at a path has an ACL. A symbolic link is not followed. */
bool beluga__has_access_list(const char *path);

#endif
