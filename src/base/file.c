#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 16 * 1024 };

static int system_error(beluga_error *err, const char *path, int error)
{
    char text[128];
    bool missing = error == ENOENT || error == ENOTDIR;
    return beluga_error_set(err, missing ? BELUGA_ERROR_NOT_FOUND : BELUGA_ERROR_INVALID_INPUT,
                            "%s: %s", path, strerror_r(error, text, sizeof text));
}

static int buffer_error(beluga_error *err, const char *path, const beluga__buf *buf)
{
    if (buf->status == BELUGA_ERROR_LIMIT_EXCEEDED)
        return beluga_error_set(err, buf->status, "%s: larger than %zu bytes", path, buf->max);
    return beluga_error_set(err, buf->status, "%s: %s", path, beluga_error_text(buf->status));
}

static int read_chunks(int fd, const char *path, beluga__buf *buf, char *chunk, beluga_error *err)
{
    for (;;) {
        ssize_t n = read(fd, chunk, CHUNK);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return system_error(err, path, errno);
        if (n == 0) return 0;
        if (beluga__buf_append(buf, chunk, (size_t)n)) return buffer_error(err, path, buf);
    }
}

/* A file may hold a key, which must not stay on the stack. */
static int read_all(int fd, const char *path, beluga__buf *buf, beluga_error *err)
{
    char chunk[CHUNK];
    int status = read_chunks(fd, path, buf, chunk, err);
    explicit_bzero(chunk, sizeof chunk);
    return status;
}

int beluga__file_read(const char *path, beluga__buf *buf, beluga_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) return system_error(err, path, errno);
    struct stat info;
    int status = 0;
    /* Room at once for what the file says it holds; the bytes decide. */
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0 &&
        beluga__buf_reserve(buf, (size_t)info.st_size))
        status = buffer_error(err, path, buf);
    if (!status) status = read_all(fd, path, buf, err);
    close(fd);
    return status;
}
