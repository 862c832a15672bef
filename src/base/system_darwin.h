/* Defines functions and constants that macOS lacks or calls by another name. The build includes
 * this header before each source for macOS, so that no other file has to ask for the system. */
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
/* macOS writes no core files unless a user turns them on, and has no way to keep memory out of
 * them. */
#define MADV_DONTDUMP MADV_NORMAL

/* --- memory ----------------------------------------------------------------------------------- */

/* The assembler statement keeps the compiler from removing the memset as useless. */
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

#define GRND_NONBLOCK 1 /* getentropy never blocks */
static inline ssize_t beluga__darwin_getrandom(void *at, size_t n, unsigned flags)
{
    (void)flags;
    return getentropy(at, n) ? -1 : (ssize_t)n;
}
#define getrandom beluga__darwin_getrandom

/* Condition variables of macOS always use the wall clock, so base/thread.c waits with another
 * function there. */
#define pthread_condattr_setclock(attributes, clock) ((void)(attributes), 0)

/* --- files ------------------------------------------------------------------------------------ */

/* On macOS fsync leaves data in the cache of the drive, where a power failure loses it. F_FULLFSYNC
 * writes it to the medium, but not every file system supports that. */
static inline int beluga__darwin_sync(int fd)
{
    return fcntl(fd, F_FULLFSYNC) == 0 ? 0 : fsync(fd);
}
#define fsync     beluga__darwin_sync
#define fdatasync beluga__darwin_sync

/* --- descriptors ------------------------------------------------------------------------------ */

/* macOS has no pipe2, so O_CLOEXEC is set after the pipe was made. If another thread forks in
 * between, its child inherits the pipe. */

/* Set O_CLOEXEC and O_NONBLOCK as `flags` says. Returns the descriptor; on failure closes it and
 * returns -1. */
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

/* Wait until one descriptor is readable, with a given signal mask. The command uses ppoll only for
 * this. */
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
