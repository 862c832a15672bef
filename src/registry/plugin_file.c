/* Checks a file before the dynamic linker opens it, to explain why it can't be loaded. The linker
 * explains less, does not check who can have changed the file, and crashes on a truncated file.
 * The format of the file is that of the system: plugin_elf.c, or plugin_mach_o.c. */
#include "base/trust.h"
#include "registry/plugin.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int check_kind(int file, const struct stat *s, beluga_error *err)
{
    if (S_ISDIR(s->st_mode))
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "it is a folder");
    if (!S_ISREG(s->st_mode))
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "it is not a regular file");
    return beluga__plugin_object_check(file, s->st_size, err);
}

int beluga__plugin_file_check(const char *path, beluga__plugin_file *out, beluga_error *err)
{
    beluga_error why = {0};
    struct stat s;
    int file = beluga__trusted_open(path, out->real, &why);
    int status = file < 0 ? why.code : 0;
    if (!status && fstat(file, &s))
        status = beluga_error_set(&why, BELUGA_ERROR_INVALID_INPUT, "%s", strerror(errno));
    if (!status) status = check_kind(file, &s, &why);
    if (file >= 0) close(file);
    if (status && err) *err = why;
    if (status) return status;
    out->device = s.st_dev;
    out->inode = s.st_ino;
    return 0;
}

int beluga__plugin_file_recheck(const beluga__plugin_file *file, beluga_error *err)
{
    struct stat s;
    if (stat(file->real, &s) == 0 && s.st_dev == file->device && s.st_ino == file->inode) return 0;
    return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                            "it was replaced while it was loaded: load it again");
}
