/* epoll, for the event loops of `beluga serve` and of the scripted server of the tests. On systems
 * with kqueue, epoll_kqueue.c implements the part of epoll that these two use: one pointer for each
 * descriptor; watching for reading, writing and the end of input; level- or edge-triggered. The
 * event loop of the library uses transport/poller.h instead. */
#ifndef BELUGA__EPOLL_H
#define BELUGA__EPOLL_H

#ifndef BELUGA__KQUEUE
#include <sys/epoll.h>
#else

#include <stdint.h>

enum {
    EPOLLIN = 0x1,
    EPOLLOUT = 0x4,
    EPOLLERR = 0x8,
    EPOLLHUP = 0x10,
    EPOLLRDHUP = 0x2000, /* reported together with EPOLLIN, even if only EPOLLRDHUP is watched */
    EPOLL_CTL_ADD = 1,
    EPOLL_CTL_DEL = 2,
    EPOLL_CTL_MOD = 3,
    EPOLL_CLOEXEC = 1, /* always set */
};
#define EPOLLET (1u << 31)

struct epoll_event {
    uint32_t events;
    struct {
        void *ptr;
    } data;
};

#define epoll_create1 beluga__epoll_create
#define epoll_ctl     beluga__epoll_ctl
#define epoll_wait    beluga__epoll_wait
/* These behave as on Linux, except that a descriptor that is watched for neither reading nor
 * writing reports no errors: the next read or write returns the error. */
int beluga__epoll_create(int flags);
int beluga__epoll_ctl(int epoll, int what, int fd, const struct epoll_event *event);
int beluga__epoll_wait(int epoll, struct epoll_event *events, int n, int timeout_ms);

#endif
#endif
