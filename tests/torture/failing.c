#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE
#include "failing.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

static failing_plan own, *plan = &own;

failing_plan *failing_get(void)
{
    return plan;
}

#define REAL(name)                                   \
    __extension__({                                  \
        static void *_Atomic found;                  \
        if (!found) found = dlsym(RTLD_NEXT, #name); \
        (__typeof__(&name))(uintptr_t)found;         \
    })

/* Map the plan of a preloaded library, and remove the variables, so that child processes do not
 * fail. */
__attribute__((constructor)) static void take_plan(void)
{
    const char *path = getenv("FAILING");
    if (!path) return;
    int fd = REAL(open)(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) return;
    void *at = REAL(mmap)(NULL, sizeof *plan, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    REAL(close)(fd);
    if (at != MAP_FAILED) plan = at;
    unsetenv("FAILING");
    unsetenv("LD_PRELOAD");
}

/* Count a system call. Returns 0 if it may proceed, or the fault that it must have. */
static int fault_of(int kind)
{
    if (!atomic_load(&plan->armed)) return 0;
    atomic_fetch_add(&plan->calls[kind], 1);
    if (plan->kind != kind || plan->first < 0) return 0;
    long i = atomic_fetch_add(&plan->seen, 1);
    if (i < plan->first || (i > plan->first && !plan->lasting)) return 0;
    atomic_fetch_add(&plan->hits, 1);
    return plan->fault;
}

/* is_number marks the descriptors of an eventfd or a timerfd. Calls for these, and for stderr,
 * where failures are reported, neither fail nor are short. */
enum { NUMBERS = 65536 };
static atomic_bool is_number[NUMBERS];

static bool whole(int fd)
{
    return fd == STDERR_FILENO || (fd >= 0 && fd < NUMBERS && is_number[fd]);
}

static int numbered(int fd, bool number)
{
    if (fd >= 0 && fd < NUMBERS) is_number[fd] = number;
    return fd;
}

#define WRAP(kind, type, failed, name, params, args) \
    type name params;                                \
    type name params                                 \
    {                                                \
        int fault = fault_of(FAILING_##kind);        \
        if (fault <= 0) return REAL(name) args;      \
        errno = fault;                               \
        return failed;                               \
    }

/* Wraps a function that transfers n bytes. A short transfer has only the first byte. */
#define WRAP_BYTES(kind, name, params, args, short_args)           \
    ssize_t name params                                            \
    {                                                              \
        int fault = whole(fd) ? 0 : fault_of(FAILING_##kind);      \
        if (fault == SHORT && n > 1) return REAL(name) short_args; \
        if (fault <= 0) return REAL(name) args;                    \
        errno = fault;                                             \
        return -1;                                                 \
    }

/* Wraps a function that returns its error code. */
#define WRAP_CODE(kind, name, params, args)         \
    int name params                                 \
    {                                               \
        int fault = fault_of(FAILING_##kind);       \
        return fault > 0 ? fault : REAL(name) args; \
    }

/* Wraps a function that does its work and then fails, since errors such as a full disk may be
 * reported late. */
#define WRAP_LATE(kind, name, params, args)   \
    int name params                           \
    {                                         \
        int fault = fault_of(FAILING_##kind); \
        int done = REAL(name) args;           \
        if (fault <= 0) return done;          \
        errno = fault;                        \
        return -1;                            \
    }

#define WRAP_OPEN(name)                                                           \
    int name(const char *path, int flags, ...)                                    \
    {                                                                             \
        va_list rest;                                                             \
        va_start(rest, flags);                                                    \
        mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
        va_end(rest);                                                             \
        int fault = fault_of(FAILING_open);                                       \
        if (fault <= 0) return REAL(name)(path, flags, mode);                     \
        errno = fault;                                                            \
        return -1;                                                                \
    }

WRAP_OPEN(open)
WRAP_OPEN(open64)
WRAP(stdio_open, FILE *, NULL, fopen, (const char *path, const char *mode), (path, mode))
WRAP(stdio_open, FILE *, NULL, fopen64, (const char *path, const char *mode), (path, mode))
WRAP(stdio_open, FILE *, NULL, fdopen, (int fd, const char *mode), (fd, mode))
WRAP_LATE(stdio_flush, fflush, (FILE * f), (f))
WRAP_LATE(stdio_close, fclose, (FILE * f), (f))
WRAP(opendir, DIR *, NULL, opendir, (const char *path), (path))
WRAP(mkdir, int, -1, mkdir, (const char *path, mode_t mode), (path, mode))
WRAP(make_temporary, int, -1, mkostemp, (char *path, int flags), (path, flags))
WRAP(make_temporary, int, -1, mkostemp64, (char *path, int flags), (path, flags))
WRAP(stat, int, -1, stat, (const char *path, struct stat *to), (path, to))
WRAP(stat, int, -1, stat64, (const char *path, struct stat64 *to), (path, to))
WRAP(stat, int, -1, lstat, (const char *path, struct stat *to), (path, to))
WRAP(stat, int, -1, lstat64, (const char *path, struct stat64 *to), (path, to))
WRAP(stat, int, -1, fstat, (int fd, struct stat *to), (fd, to))
WRAP(stat, int, -1, fstat64, (int fd, struct stat64 *to), (fd, to))
WRAP_BYTES(read, read, (int fd, void *to, size_t n), (fd, to, n), (fd, to, 1))
WRAP_BYTES(pread, pread, (int fd, void *to, size_t n, off_t at), (fd, to, n, at), (fd, to, 1, at))
WRAP_BYTES(pread, pread64, (int fd, void *to, size_t n, off64_t at), (fd, to, n, at),
           (fd, to, 1, at))
WRAP_BYTES(write, write, (int fd, const void *from, size_t n), (fd, from, n), (fd, from, 1))
WRAP_BYTES(pwrite, pwrite, (int fd, const void *from, size_t n, off_t at), (fd, from, n, at),
           (fd, from, 1, at))
WRAP_BYTES(pwrite, pwrite64, (int fd, const void *from, size_t n, off64_t at), (fd, from, n, at),
           (fd, from, 1, at))
WRAP(sync, int, -1, fsync, (int fd), (fd))
WRAP(sync, int, -1, fdatasync, (int fd), (fd))
WRAP(rename, int, -1, rename, (const char *from, const char *to), (from, to))
WRAP(link, int, -1, link, (const char *from, const char *to), (from, to))
WRAP(unlink, int, -1, unlink, (const char *path), (path))
WRAP(truncate, int, -1, ftruncate, (int fd, off_t n), (fd, n))
WRAP(truncate, int, -1, ftruncate64, (int fd, off64_t n), (fd, n))
WRAP(flock, int, -1, flock, (int fd, int how), (fd, how))

int close(int fd)
{
    int fault = whole(fd) ? 0 : fault_of(FAILING_close);
    numbered(fd, false);
    int done = REAL(close)(fd);
    if (fault <= 0) return done;
    errno = fault;
    return -1;
}

WRAP(dup, int, -1, dup, (int fd), (fd))
WRAP(dup, int, -1, dup2, (int from, int to), (from, to))
WRAP(pipe, int, -1, pipe2, (int ends[2], int flags), (ends, flags))
WRAP(pipe, int, -1, pipe, (int ends[2]), (ends))
WRAP(socketpair, int, -1, socketpair, (int domain, int type, int protocol, int ends[2]),
     (domain, type, protocol, ends))
WRAP(socket, int, -1, socket, (int domain, int type, int protocol), (domain, type, protocol))
WRAP(connect, int, -1, connect, (int fd, __CONST_SOCKADDR_ARG to, socklen_t n), (fd, to, n))
WRAP(send, ssize_t, -1, send, (int fd, const void *from, size_t n, int flags), (fd, from, n, flags))
WRAP(recv, ssize_t, -1, recv, (int fd, void *to, size_t n, int flags), (fd, to, n, flags))
WRAP(poll, int, -1, poll, (struct pollfd * fds, nfds_t n, int ms), (fds, n, ms))
WRAP(poll, int, -1, ppoll,
     (struct pollfd * fds, nfds_t n, const struct timespec *for_, const sigset_t *set),
     (fds, n, for_, set))
WRAP(epoll_create, int, -1, epoll_create1, (int flags), (flags))
/* Removing a descriptor from the poller needs no resource, so it never fails. */
int epoll_ctl(int epoll, int what, int fd, struct epoll_event *event)
{
    int fault = what == EPOLL_CTL_DEL ? 0 : fault_of(FAILING_epoll_ctl);
    if (fault <= 0) return REAL(epoll_ctl)(epoll, what, fd, event);
    errno = fault;
    return -1;
}

WRAP(epoll_wait, int, -1, epoll_wait, (int epoll, struct epoll_event *events, int n, int ms),
     (epoll, events, n, ms))

int eventfd(unsigned n, int flags)
{
    int fault = fault_of(FAILING_eventfd);
    if (fault <= 0) return numbered(REAL(eventfd)(n, flags), true);
    errno = fault;
    return -1;
}

int timerfd_create(clockid_t clock, int flags)
{
    int fault = fault_of(FAILING_timerfd);
    if (fault <= 0) return numbered(REAL(timerfd_create)(clock, flags), true);
    errno = fault;
    return -1;
}

WRAP_CODE(thread, pthread_create,
          (pthread_t *restrict thread, const pthread_attr_t *restrict how, void *(*run)(void *),
           void *restrict argument),
          (thread, how, run, argument))
WRAP(fork, pid_t, -1, fork, (void), ())
WRAP_CODE(spawn, posix_spawn,
          (pid_t *restrict pid, const char *restrict path,
           const posix_spawn_file_actions_t *restrict actions,
           const posix_spawnattr_t *restrict how, char *const argv[restrict],
           char *const envp[restrict]),
          (pid, path, actions, how, argv, envp))
WRAP(mmap, void *, MAP_FAILED, mmap, (void *at, size_t n, int may, int how, int fd, off_t from),
     (at, n, may, how, fd, from))
WRAP(mmap, void *, MAP_FAILED, mmap64, (void *at, size_t n, int may, int how, int fd, off64_t from),
     (at, n, may, how, fd, from))
WRAP(getrandom, ssize_t, -1, getrandom, (void *to, size_t n, unsigned flags), (to, n, flags))

#define WRAP_FCNTL(name)                                       \
    int name(int fd, int what, ...)                            \
    {                                                          \
        va_list rest;                                          \
        va_start(rest, what);                                  \
        void *argument = va_arg(rest, void *);                 \
        va_end(rest);                                          \
        int fault = fault_of(FAILING_fcntl);                   \
        if (fault <= 0) return REAL(name)(fd, what, argument); \
        errno = fault;                                         \
        return -1;                                             \
    }

WRAP_FCNTL(fcntl)
WRAP_FCNTL(fcntl64)
