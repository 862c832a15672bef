/* epoll, for the server of the command and for the scripted one, which wait by it. Where there is a
 * kqueue instead, epoll_kqueue.c has what the two use of it: descriptors with a pointer each,
 * watched for reading, writing and the end, level-triggered or edge-triggered. The library's own
 * loop does not go this way: it has transport/poller.h. */
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
    EPOLLRDHUP = 0x2000, /* with EPOLLIN also where that alone is watched for */
    EPOLL_CTL_ADD = 1,
    EPOLL_CTL_DEL = 2,
    EPOLL_CTL_MOD = 3,
    EPOLL_CLOEXEC = 1, /* always so */
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
/* As the functions of Linux. Errors alone, and nothing else, are not watched for: who then writes
 * to the descriptor, or reads it, gets them. */
int beluga__epoll_create(int flags);
int beluga__epoll_ctl(int epoll, int what, int fd, const struct epoll_event *event);
int beluga__epoll_wait(int epoll, struct epoll_event *events, int n, int timeout_ms);

#endif
#endif
