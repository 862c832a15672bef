/* macOS and FreeBSD have lists of more than one kind, behind one set of functions. */
#include "base/access_list.h"

#include <stddef.h>
#include <sys/acl.h>
#include <sys/types.h>

#ifdef __APPLE__
/* Only a file to which somebody gave a list has one. */
bool beluga__has_access_list(const char *path)
{
    acl_t list = acl_get_link_np(path, ACL_TYPE_EXTENDED);
    if (list) acl_free(list);
    return list;
}
#else
static bool has(const char *path, acl_type_t type)
{
    int trivial = 1; /* it says no more than the mode does */
    acl_t list = acl_get_link_np(path, type);
    if (list) acl_is_trivial_np(list, &trivial);
    if (list) acl_free(list);
    return !trivial;
}

bool beluga__has_access_list(const char *path)
{
    return has(path, ACL_TYPE_ACCESS) || has(path, ACL_TYPE_NFS4);
}
#endif
