/* Checks a plug-in's file before the dynamic linker opens it. The linker's own errors explain less.
 * It also does not check who may have changed the file, and crashes on a truncated file. The file's
 * format is checked in plugin_elf.c or plugin_mach_o.c, depending on the system. */
#include "base/trust.h"
#include "registry/plugin.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int check_kind(int file, const struct stat *s, beluga_error *err)
{
    if (S_ISDIR(s->st_mode))
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "the path is a folder");
    if (!S_ISREG(s->st_mode))
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "the path is not a regular file");
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
                            "the file was replaced while it was loaded: load it again");
}
