/* macOS and FreeBSD have several kinds of ACLs, which the same functions read. */
#include "base/access_list.h"

#include <stddef.h>
#include <sys/acl.h>
#include <sys/types.h>

#ifdef __APPLE__
/* On macOS only a file that was explicitly given an ACL has one. */
bool beluga__has_access_list(const char *path)
{
    acl_t list = acl_get_link_np(path, ACL_TYPE_EXTENDED);
    if (list) acl_free(list);
    return list;
}
#else
static bool has(const char *path, acl_type_t type)
{
    int trivial = 1; /* the ACL only repeats the permission bits of the mode */
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
