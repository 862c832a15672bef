/* System calls that fail on request. This library is linked to a test or preloaded into the
 * command, and its functions replace those of the C library. Of one kind of call, the n-th fails,
 * or the n-th and all later ones. */
#ifndef TESTS_FAILING_H
#define TESTS_FAILING_H

#include <stdatomic.h>
#include <stdbool.h>

/* For each kind, the faults that it may have: values of errno, or SHORT, with which the call
 * transfers only one byte. */
#define SHORT (-1)
#define FAILING_KINDS(XX)                   \
    XX(open, EMFILE, EACCES)                \
    XX(stdio_open, EMFILE, EACCES)          \
    XX(stdio_flush, ENOSPC, EIO)            \
    XX(stdio_close, ENOSPC)                 \
    XX(opendir, EMFILE, EACCES)             \
    XX(mkdir, EACCES, ENOSPC)               \
    XX(make_temporary, EMFILE, EACCES)      \
    XX(stat, EACCES)                        \
    XX(read, EIO, EINTR, SHORT)             \
    XX(pread, EIO, EINTR, SHORT)            \
    XX(write, ENOSPC, EINTR, SHORT)         \
    XX(pwrite, ENOSPC, EINTR, SHORT)        \
    XX(sync, EIO, ENOSPC)                   \
    XX(rename, EACCES, ENOSPC)              \
    XX(link, EACCES)                        \
    XX(unlink, EACCES)                      \
    XX(truncate, EIO)                       \
    XX(flock, ENOLCK)                       \
    XX(close, EIO, EINTR)                   \
    XX(dup, EMFILE)                         \
    XX(fcntl, ENOMEM)                       \
    XX(pipe, EMFILE)                        \
    XX(socketpair, EMFILE)                  \
    XX(socket, EMFILE, ENOBUFS)             \
    XX(connect, EADDRNOTAVAIL, ENETUNREACH) \
    XX(send, ECONNRESET, EAGAIN)            \
    XX(recv, ECONNRESET, EAGAIN)            \
    XX(poll, EINTR, ENOMEM)                 \
    XX(epoll_create, EMFILE)                \
    XX(epoll_ctl, ENOMEM, ENOSPC)           \
    XX(epoll_wait, EINTR)                   \
    XX(eventfd, EMFILE)                     \
    XX(timerfd, EMFILE)                     \
    XX(thread, EAGAIN)                      \
    XX(fork, EAGAIN)                        \
    XX(spawn, EAGAIN, ENOMEM)               \
    XX(mmap, ENOMEM)                        \
    XX(getrandom, ENOSYS, EINTR)

typedef enum failing_kind {
#define XX(kind, ...) FAILING_##kind,
    FAILING_KINDS(XX)
#undef XX
        FAILING_COUNT
} failing_kind;

typedef struct failing_plan {
    atomic_bool armed;
    int kind, fault;
    bool lasting;
    long first;       /* -1: none fails */
    atomic_long seen; /* number of calls of this kind while the plan is armed */
    atomic_long hits;
    atomic_long calls[FAILING_COUNT]; /* number of calls of every kind while the plan is armed */
} failing_plan;

/* Return the plan of this process. In a preloaded library it is mapped from the file that the
 * variable FAILING names. */
failing_plan *failing_get(void);

#endif
