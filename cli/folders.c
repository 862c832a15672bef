#include "folders.h"

#include "base/new_file.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int folders_make(char *path)
{
    struct stat info = {.st_uid = geteuid()};
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        bool there = mkdir(path, 0700) != 0 && errno == EEXIST;
        if (there && beluga__file_check_folder(path) != 0 && errno == EPERM) {
            *slash = '/';
            return -1;
        }
        if (!strchr(slash + 1, '/') && stat(path, &info) != 0) info.st_uid = geteuid();
        *slash = '/';
    }
    if (info.st_uid == geteuid() || info.st_uid == 0) return 0;
    errno = EPERM;
    return -1;
}
