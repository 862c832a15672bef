#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

ssize_t batch_read_at(int fd, void *bytes, size_t n, uint64_t offset)
{
    size_t done = 0;
    while (done < n) {
        ssize_t got = pread(fd, (char *)bytes + done, n - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -1;
        if (got == 0) break;
        done += (size_t)got;
    }
    return (ssize_t)done;
}

int batch_write_at(int fd, const char *bytes, size_t n, uint64_t offset)
{
    while (n) {
        ssize_t done = pwrite(fd, bytes, n, (off_t)offset);
        if (done < 0 && errno == EINTR) continue;
        if (done == 0) errno = ENOSPC;
        if (done <= 0) return -1;
        bytes += done;
        n -= (size_t)done;
        offset += (uint64_t)done;
    }
    return 0;
}

int batch_sync_directory(const char *path)
{
    char *copy = strdup(path);
    if (!copy) return -1;
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(copy);
    if (fd < 0) return -1;
    /* There are file systems whose directories can't be synced; theirs need not be. */
    int rc = fsync(fd) != 0 && errno != EINVAL ? -1 : 0;
    close(fd);
    return rc;
}

int batch_nameless_file(const char *beside)
{
    char *path = NULL;
    if (asprintf(&path, "%s.stdin.XXXXXX", beside) < 0) return -1;
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0) unlink(path);
    free(path);
    return fd;
}

/* The file that a name leads to: a link stays, and what it leads to gets the new content. A device
 * or a pipe must stay as well: with another file in its place, all programs would lose it. */
static char *find_place(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0) return strdup(path);
    if (S_ISREG(status.st_mode)) return realpath(path, NULL);
    errno = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
    return NULL;
}

int batch_new_file_begin(struct batch_new_file *file, const char *path)
{
    file->fd = -1;
    file->length = file->used = 0;
    file->temporary = NULL;
    file->path = find_place(path);
    if (!file->path || asprintf(&file->temporary, "%s.tmp", file->path) < 0) return -1;
    file->fd = open(file->temporary, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (file->fd < 0) return -1;
    /* The lock first: what is left of a run that was killed may be taken, another's file not. */
    if (flock(file->fd, LOCK_EX | LOCK_NB) == 0) return ftruncate(file->fd, 0);
    int error = errno;
    close(file->fd);
    file->fd = -1; /* so that drop leaves it alone */
    errno = error;
    return -1;
}

static int flush(struct batch_new_file *file)
{
    if (batch_write_at(file->fd, file->buffer, file->used, file->length) != 0) return -1;
    file->length += file->used;
    file->used = 0;
    return 0;
}

int batch_new_file_add(struct batch_new_file *file, const char *bytes, size_t n)
{
    while (n) {
        size_t room = sizeof file->buffer - file->used, part = n < room ? n : room;
        memcpy(file->buffer + file->used, bytes, part);
        file->used += part;
        bytes += part;
        n -= part;
        if (file->used == sizeof file->buffer && flush(file) != 0) return -1;
    }
    return 0;
}

int batch_new_file_finish(struct batch_new_file *file, int *fd)
{
    if (flush(file) != 0 || fsync(file->fd) != 0) return -1;
    if (rename(file->temporary, file->path) != 0 || batch_sync_directory(file->path) != 0)
        return -1;
    if (fd) {
        *fd = file->fd;
        file->fd = -1;
    }
    free(file->temporary);
    file->temporary = NULL;
    batch_new_file_drop(file);
    return 0;
}

void batch_new_file_drop(struct batch_new_file *file)
{
    int error = errno;
    if (file->fd >= 0 && file->temporary) unlink(file->temporary);
    if (file->fd >= 0) close(file->fd);
    free(file->temporary);
    free(file->path);
    file->temporary = file->path = NULL;
    file->fd = -1;
    errno = error;
}
