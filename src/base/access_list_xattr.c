#include "base/access_list.h"

#include <stddef.h>
#include <sys/xattr.h>

bool beluga__has_access_list(const char *path)
{
    return lgetxattr(path, "system.posix_acl_access", NULL, 0) > 0;
}
