/* Whether a file has an access list, by which others than the owner and the group have rights. */
#ifndef BELUGA__ACCESS_LIST_H
#define BELUGA__ACCESS_LIST_H

#include <stdbool.h>

/* Returns whether a path, which is not followed where it is a link, has an access list. */
bool beluga__has_access_list(const char *path);

#endif
