#include "base/file.h"

#include "base/errno_text.h"
#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 16 * 1024 };

static int system_error(beluga_error *err, const char *path, int error)
{
    char text[128];
    bool missing = error == ENOENT || error == ENOTDIR;
    return beluga_error_set(err, missing ? BELUGA_ERROR_NOT_FOUND : BELUGA_ERROR_INVALID_INPUT,
                            "%s: %s", path, beluga__errno_text(error, text, sizeof text));
}

static int buffer_error(beluga_error *err, const char *path, const beluga__buf *buf)
{
    if (buf->status == BELUGA_ERROR_LIMIT_EXCEEDED)
        return beluga_error_set(err, buf->status, "%s: larger than %zu bytes", path, buf->max);
    return beluga_error_set(err, buf->status, "%s: %s", path, beluga_error_text(buf->status));
}

/* Wait for bytes of a pipe. The wait is limited, since the pipe may have no writer, or one that
 * writes nothing. */
static int wait_for_bytes(int fd, const char *path, beluga_error *err)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int ready;
    do ready = poll(&p, 1, BELUGA__PIPE_WAIT_MS);
    while (ready < 0 && errno == EINTR);
    if (ready < 0) return system_error(err, path, errno);
    if (ready > 0) return 0;
    return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                            "%s: it is a pipe or a device, and gave no data for %d s", path,
                            BELUGA__PIPE_WAIT_MS / 1000);
}

static int read_all(int fd, bool waits, const char *path, beluga__buf *buf, beluga_error *err)
{
    char chunk[CHUNK];
    int status = 0;
    for (ssize_t n = -1; n && !status;) {
        if (waits) status = wait_for_bytes(fd, path, err);
        if (status) break;
        n = read(fd, chunk, CHUNK);
        if (n < 0 && (errno == EINTR || (waits && errno == EAGAIN))) continue;
        if (n < 0)
            status = system_error(err, path, errno);
        else if (n && beluga__buf_append(buf, chunk, (size_t)n))
            status = buffer_error(err, path, buf);
    }
    explicit_bzero(chunk, sizeof chunk); /* the file may hold a key */
    return status;
}

static int read_opened(int fd, bool only_files, const char *path, beluga__buf *buf,
                       beluga_error *err)
{
    struct stat info;
    if (fstat(fd, &info)) return system_error(err, path, errno);
    bool is_file = S_ISREG(info.st_mode);
    if (only_files && !is_file && !S_ISDIR(info.st_mode))
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "%s: it is not a regular file",
                                path);
    /* Reserve room for the current size; the file may still turn out longer or shorter. */
    if (is_file && info.st_size > 0 && beluga__buf_reserve(buf, (size_t)info.st_size))
        return buffer_error(err, path, buf);
    return read_all(fd, !is_file, path, buf, err);
}

static int read_path(const char *path, bool only_files, beluga__buf *buf, beluga_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) return system_error(err, path, errno);
    int status = read_opened(fd, only_files, path, buf, err);
    close(fd);
    return status;
}

int beluga__file_read(const char *path, beluga__buf *buf, beluga_error *err)
{
    return read_path(path, false, buf, err);
}

int beluga__file_read_regular(const char *path, beluga__buf *buf, beluga_error *err)
{
    return read_path(path, true, buf, err);
}
