/* What macOS has under another name, or does not have. The build includes this before each source
 * for that system, so that no other file asks which system it is. */
#ifndef BELUGA__SYSTEM_DARWIN_H
#define BELUGA__SYSTEM_DARWIN_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/select.h>
#include <unistd.h>
#include <xlocale.h>

/* --- names ------------------------------------------------------------------------------------ */

#define program_invocation_short_name getprogname()
#define CLOCK_REALTIME_COARSE         CLOCK_REALTIME
/* There are no core files unless somebody asks for them, and no way to keep pages out of them. */
#define MADV_DONTDUMP MADV_NORMAL

/* --- memory ----------------------------------------------------------------------------------- */

/* The compiler can't see that nobody reads the zeros. */
static inline void beluga__darwin_bzero(void *at, size_t n)
{
    memset(at, 0, n);
    __asm__ volatile("" : : "r"(at) : "memory");
}
#define explicit_bzero beluga__darwin_bzero

static inline void *beluga__darwin_memrchr(const void *in, int c, size_t n)
{
    const unsigned char *at = in;
    while (n--)
        if (at[n] == (unsigned char)c) return (void *)(uintptr_t)(at + n);
    return NULL;
}
#define memrchr beluga__darwin_memrchr

static inline void *beluga__darwin_reallocarray(void *old, size_t n, size_t size)
{
    size_t bytes;
    if (!__builtin_mul_overflow(n, size, &bytes)) return realloc(old, bytes);
    errno = ENOMEM;
    return NULL;
}
#define reallocarray beluga__darwin_reallocarray

/* --- the process ------------------------------------------------------------------------------ */

static inline char *beluga__darwin_getenv(const char *name)
{
    return issetugid() ? NULL : getenv(name);
}
#define secure_getenv beluga__darwin_getenv

#define GRND_NONBLOCK 1 /* it never waits there */
static inline ssize_t beluga__darwin_getrandom(void *at, size_t n, unsigned flags)
{
    (void)flags;
    return getentropy(at, n) ? -1 : (ssize_t)n;
}
#define getrandom beluga__darwin_getrandom

/* A condition's clock is the wall's; base/thread.c waits by another function. */
#define pthread_condattr_setclock(attributes, clock) ((void)(attributes), 0)

/* --- files ------------------------------------------------------------------------------------ */

/* There fsync leaves bytes in the drive's own memory, which power failures empty. Not every file
 * system knows the other request. */
static inline int beluga__darwin_sync(int fd)
{
    return fcntl(fd, F_FULLFSYNC) == 0 ? 0 : fsync(fd);
}
#define fsync     beluga__darwin_sync
#define fdatasync beluga__darwin_sync

/* --- descriptors: none is made without the chance that a fork comes first -----------------------
 */

/* Returns the descriptor with O_CLOEXEC and O_NONBLOCK as asked for, or -1; then it is closed. */
static inline int beluga__darwin_made(int fd, int flags)
{
    bool failed = fd >= 0 && flags & O_CLOEXEC && fcntl(fd, F_SETFD, FD_CLOEXEC);
    if (fd >= 0 && !failed && flags & O_NONBLOCK) failed = fcntl(fd, F_SETFL, O_NONBLOCK);
    if (!failed) return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static inline int beluga__darwin_pipe(int ends[2], int flags)
{
    if (pipe(ends)) return -1;
    bool first = beluga__darwin_made(ends[0], flags) >= 0;
    bool second = beluga__darwin_made(ends[1], flags) >= 0;
    if (first && second) return 0;
    if (first) close(ends[0]);
    if (second) close(ends[1]);
    return -1;
}
#define pipe2 beluga__darwin_pipe

/* --- waiting ---------------------------------------------------------------------------------- */

/* Wait for one descriptor to be readable, without an end, under another mask of signals: that is
 * what the command's terminal needs of it. */
static inline int beluga__darwin_ppoll(struct pollfd *in, nfds_t n, const struct timespec *timeout,
                                       const sigset_t *mask)
{
    fd_set set;
    if (n != 1 || in->fd < 0 || in->fd >= FD_SETSIZE) {
        errno = EINVAL;
        return -1;
    }
    FD_ZERO(&set);
    FD_SET(in->fd, &set);
    int ready = pselect(in->fd + 1, &set, NULL, NULL, timeout, mask);
    in->revents = ready > 0 ? POLLIN : 0;
    return ready;
}
#define ppoll beluga__darwin_ppoll

#endif
