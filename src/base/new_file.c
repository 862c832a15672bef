#include "base/new_file.h"

#include "base/errno_text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#if defined(__linux__) && !defined(HAVE_RENAMEAT2)
#include <linux/fs.h>
#include <sys/syscall.h>
#endif

enum { TRIES = 16 };

int beluga__file_write(int fd, const char *bytes, size_t n)
{
    while (n) {
        ssize_t done = write(fd, bytes, n);
        if (done < 0 && errno == EINTR) continue;
        if (done == 0) errno = EIO;
        if (done <= 0) return -1;
        bytes += done;
        n -= (size_t)done;
    }
    return 0;
}

const char *beluga__file_explain(int error, char *text, size_t size)
{
    switch (error) {
    case EPERM:
        return "another user created it, in a folder where everybody may write: use a folder of "
               "your own, or another name";
    case EMLINK:
        return "it is a hard link that another user may have created, in a folder where everybody "
               "may write: use a folder of your own, or another name";
    case ELOOP: return "it is a link: remove it";
    case EINVAL: return "it is not a regular file, so it is not replaced: remove it";
    case ENXIO: return "it is a pipe, and no program reads from it";
    default: return beluga__errno_text(error, text, size);
    }
}

/* --- folders ---------------------------------------------------------------------------------- */

/* Split a path: writes the folder to `folder` and returns the last part, or NULL if the path is too
 * long. */
static const char *split(const char *path, char folder[PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 1;
    if (n >= PATH_MAX || strlen(slash ? slash + 1 : path) > NAME_MAX) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    if (n == 0) n = 1; /* the root folder keeps its slash */
    memcpy(folder, slash ? path : ".", n);
    folder[n] = '\0';
    return slash ? slash + 1 : path;
}

/* Returns an errno if another user may have made this name, else 0. In a folder with the sticky bit
 * in which others may write, a name belongs to the user who made it, and only this process's user,
 * the folder's owner and root are trusted. (The kernel has the same rules with
 * fs.protected_symlinks and similar settings.) A file with a second name is refused, too, since
 * nobody can see who made that name: another user may have made a hard link to the user's own
 * file. */
static int planted(const struct stat *folder, const struct stat *entry)
{
    bool shared = folder->st_mode & S_ISVTX && folder->st_mode & (S_IWOTH | S_IWGRP);
    uid_t owner = entry->st_uid;
    if (!shared) return 0;
    if (owner != geteuid() && owner != 0 && owner != folder->st_uid) return EPERM;
    return S_ISREG(entry->st_mode) && entry->st_nlink > 1 ? EMLINK : 0;
}

/* Check the last name of a path. Returns EPERM or EMLINK if another user may have made that name, 0
 * if not, or -1 with errno. */
static int find_planted(const char *path)
{
    char folder[PATH_MAX];
    struct stat parent, entry;
    if (!split(path, folder) || stat(folder, &parent) || lstat(path, &entry)) return -1;
    return planted(&parent, &entry);
}

int beluga__file_check_folder(const char *path)
{
    char name[PATH_MAX];
    size_t n = strnlen(path, sizeof name);
    /* with a slash behind the name, lstat would follow a link */
    while (n > 1 && path[n - 1] == '/') n--;
    if (n == sizeof name) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(name, path, n);
    name[n] = '\0';
    int found = find_planted(name);
    if (found > 0) errno = found;
    return found ? -1 : 0;
}

/* --- files whose path a person gave ----------------------------------------------------------- */

/* Empty an open file. It was opened without O_TRUNC, so that neither a device nor a file that
 * another user made after the check is emptied. */
static int truncate_file(int fd)
{
    struct stat info;
    if (fstat(fd, &info) == 0 && (!S_ISREG(info.st_mode) || ftruncate(fd, 0) == 0)) return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static int open_existing(const char *path, int flags, mode_t mode)
{
    struct stat info;
    int fd = open(path, flags & ~O_TRUNC);
    /* the path may be the user's own link to a file that does not exist yet */
    if (fd < 0 && errno == ENOENT && lstat(path, &info) == 0)
        fd = open(path, flags | O_CREAT, mode);
    return fd >= 0 && flags & O_TRUNC ? truncate_file(fd) : fd;
}

int beluga__file_open(const char *path, int flags, mode_t mode)
{
    flags |= O_CLOEXEC | O_NOCTTY;
    for (int i = 0; i < TRIES; i++) {
        int fd = open(path, flags | O_CREAT | O_EXCL, mode);
        if (fd >= 0 || errno != EEXIST) return fd;
        int found = find_planted(path);
        if (found > 0) {
            errno = found;
            return -1;
        }
        if (found == 0 || errno != ENOENT) fd = open_existing(path, flags, mode);
        /* on ENOENT the file was removed in between, so try again */
        if (fd >= 0 || errno != ENOENT) return fd;
    }
    return -1;
}

/* --- a file that gets its name when it is complete -------------------------------------------- */

static int make_temporary_name(beluga__new_file *file)
{
    uint64_t number;
    ssize_t got;
    do got = getrandom(&number, sizeof number, 0);
    while (got < 0 && errno == EINTR);
    if (got != sizeof number) return -1;
    snprintf(file->temporary, sizeof file->temporary, ".%016llx.tmp", (unsigned long long)number);
    return 0;
}

static int open_named(beluga__new_file *file)
{
    const int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    int fd = -1;
    for (int i = 0; i < TRIES && fd < 0; i++) {
        if (make_temporary_name(file)) return -1;
        fd = openat(file->folder, file->temporary, flags, BELUGA__PRIVATE_MODE);
        if (fd < 0 && errno != EEXIST) return -1;
    }
    file->named = fd >= 0;
    return fd;
}

/* Open a file without a name if possible. Only Linux has such files, and they can get a name only
 * if /proc is mounted. */
static int open_new(beluga__new_file *file)
{
    int fd = -1;
#ifdef O_TMPFILE
    const int flags = O_RDWR | O_TMPFILE | O_CLOEXEC;
    if (access("/proc/self/fd", X_OK) == 0)
        fd = openat(file->folder, ".", flags, BELUGA__PRIVATE_MODE);
#endif
    return fd >= 0 ? fd : open_named(file);
}

/* Give a file the owner and mode of the file that it replaces. If the owning group can't be set,
 * the file's new group does not get the rights of the old one. */
static int take_after(int fd, const struct stat *old)
{
    mode_t mode = old->st_mode & 0777;
    struct stat now;
    if (fstat(fd, &now)) return -1;
    bool same = now.st_uid == old->st_uid && now.st_gid == old->st_gid;
    if (!same && fchown(fd, old->st_uid, old->st_gid) && fchown(fd, (uid_t)-1, old->st_gid))
        mode &= ~(mode_t)S_IRWXG;
    return fchmod(fd, mode);
}

/* Get the status of the file to be replaced. Returns 1 if the file exists, 0 if not, or -1. */
static int look(const beluga__new_file *file, struct stat *old)
{
    struct stat folder;
    if (fstatat(file->folder, file->name, old, AT_SYMLINK_NOFOLLOW))
        return errno == ENOENT ? 0 : -1;
    if (fstat(file->folder, &folder)) return -1;
    int found = planted(&folder, old);
    if (found) {
        errno = found;
        return -1;
    }
    if (S_ISREG(old->st_mode)) return 1;
    errno = S_ISDIR(old->st_mode) ? EISDIR : S_ISLNK(old->st_mode) ? ELOOP : EINVAL;
    return -1;
}

static int begin(beluga__new_file *file, const char *path)
{
    char folder[PATH_MAX];
    struct stat old;
    const char *name = split(path, folder);
    if (!name) return -1;
    strcpy(file->name, name);
    file->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file->folder < 0) return -1;
    int found = look(file, &old);
    if (found >= 0) file->fd = open_new(file);
    return file->fd >= 0 && found ? take_after(file->fd, &old) : file->fd < 0 ? -1 : 0;
}

/* Returns the target of a link; NULL if there is none, or if another user may have made the
 * link. */
static char *resolve(const char *path)
{
    int found = find_planted(path);
    if (found > 0) errno = found;
    return found ? NULL : realpath(path, NULL);
}

int beluga__new_file_begin(beluga__new_file *file, const char *path, bool follow)
{
    struct stat info;
    *file = (beluga__new_file){.fd = -1, .folder = -1};
    bool link = follow && lstat(path, &info) == 0 && S_ISLNK(info.st_mode);
    char *target = link ? resolve(path) : NULL;
    int rc = link && !target ? -1 : begin(file, target ? target : path);
    free(target);
    if (rc) beluga__new_file_end(file);
    return rc;
}

/* Link the file to a name, which must be free. A nameless file is linked by its descriptor. */
static int add_name(const beluga__new_file *file, const char *name)
{
    char self[40];
    if (file->named) return linkat(file->folder, file->temporary, file->folder, name, 0);
    snprintf(self, sizeof self, "/proc/self/fd/%d", file->fd);
    return linkat(AT_FDCWD, self, file->folder, name, AT_SYMLINK_FOLLOW);
}

int beluga__new_file_replace(beluga__new_file *file)
{
    for (int i = 0; i < TRIES && !file->named; i++) {
        if (make_temporary_name(file)) return -1;
        file->named = add_name(file, file->temporary) == 0;
        if (!file->named && errno != EEXIST) return -1;
    }
    if (!file->named || renameat(file->folder, file->temporary, file->folder, file->name))
        return -1;
    file->named = false;
    return 0;
}

/* Rename a file unless the new name exists. */
static int rename_new(int folder, const char *old_name, const char *new_name)
{
#ifdef HAVE_RENAMEAT2
    return renameat2(folder, old_name, folder, new_name, RENAME_NOREPLACE);
#elif defined(SYS_renameat2) /* the C library lacks a function for this system call */
    return (int)syscall(SYS_renameat2, folder, old_name, folder, new_name, RENAME_NOREPLACE);
#elif defined(RENAME_EXCL)   /* macOS */
    return renameatx_np(folder, old_name, folder, new_name, RENAME_EXCL);
#else
    (void)folder, (void)old_name, (void)new_name;
    errno = ENOTSUP;
    return -1;
#endif
}

int beluga__new_file_name(beluga__new_file *file, const char *name)
{
    if (add_name(file, name) == 0) return 0; /* beluga__new_file_end removes the temporary name */
    /* Some file systems have no hard links; there a file that has a temporary name is renamed. */
    bool links = errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS;
    if (links || !file->named) return -1;
    if (rename_new(file->folder, file->temporary, name)) return -1;
    file->named = false;
    return 0;
}

int beluga__new_file_sync_folder(const beluga__new_file *file)
{
    /* some file systems return EINVAL, since their folders need no sync */
    return fsync(file->folder) && errno != EINVAL ? -1 : 0;
}

void beluga__new_file_end(beluga__new_file *file)
{
    int error = errno;
    if (file->named) unlinkat(file->folder, file->temporary, 0);
    if (file->fd >= 0) close(file->fd);
    if (file->folder >= 0) close(file->folder);
    file->named = false;
    file->fd = file->folder = -1;
    errno = error;
}

int beluga__file_nameless(const char *beside)
{
    beluga__new_file file = {.fd = -1, .folder = -1};
    char folder[PATH_MAX];
    if (!split(beside, folder)) return -1;
    file.folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd = file.folder < 0 ? -1 : open_new(&file);
    beluga__new_file_end(&file);
    return fd;
}
