#include "batch/files.h"

#include <errno.h>
#include <string.h>
#include <sys/file.h>
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

int batch_new_file_begin(batch_new_file *file, const char *path, bool follow)
{
    file->length = file->used = 0;
    if (beluga__new_file_begin(&file->file, path, follow) != 0) return -1;
    /* Lock the file before it gets the name by which another run would find it. */
    if (flock(file->file.fd, LOCK_EX | LOCK_NB) == 0) return 0;
    batch_new_file_drop(file);
    return -1;
}

static int flush(batch_new_file *file)
{
    if (batch_write_at(file->file.fd, file->buffer, file->used, file->length) != 0) return -1;
    file->length += file->used;
    file->used = 0;
    return 0;
}

int batch_new_file_add(batch_new_file *file, const char *bytes, size_t n)
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

int batch_new_file_finish(batch_new_file *file, int *fd)
{
    if (flush(file) != 0 || fsync(file->file.fd) != 0) return -1;
    if (beluga__new_file_replace(&file->file) != 0 ||
        beluga__new_file_sync_folder(&file->file) != 0)
        return -1;
    if (fd) {
        *fd = file->file.fd;
        file->file.fd = -1;
    }
    batch_new_file_drop(file);
    return 0;
}

void batch_new_file_drop(batch_new_file *file)
{
    beluga__new_file_end(&file->file);
}
