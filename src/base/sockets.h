/* Makes sockets with `socket` and `accept4`, and the flags SOCK_CLOEXEC (programs that this process
 * starts do not inherit the socket) and SOCK_NONBLOCK. macOS lacks accept4 and both flags, so this
 * header defines them there. It also turns off SIGPIPE for each socket. */
#ifndef BELUGA__SOCKETS_H
#define BELUGA__SOCKETS_H

#include <sys/socket.h>

#ifdef __APPLE__

#include <fcntl.h>
#include <netinet/tcp.h>

#define TCP_KEEPIDLE TCP_KEEPALIVE

#define SOCK_CLOEXEC  0x10000000
#define SOCK_NONBLOCK 0x20000000

static inline int beluga__darwin_made_socket(int fd, int type)
{
    const int on = 1;
    if (fd >= 0) setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
    return beluga__darwin_made(fd, (type & SOCK_CLOEXEC ? O_CLOEXEC : 0) |
                                       (type & SOCK_NONBLOCK ? O_NONBLOCK : 0));
}

static inline int beluga__darwin_socket(int family, int type, int protocol)
{
    int fd = socket(family, type & ~(SOCK_CLOEXEC | SOCK_NONBLOCK), protocol);
    return beluga__darwin_made_socket(fd, type);
}
#define socket(family, type, protocol) beluga__darwin_socket(family, type, protocol)

/* On macOS the new socket inherits non-blocking mode from the listening socket. */
static inline int beluga__darwin_accept(int fd, struct sockaddr *who, socklen_t *n, int type)
{
    return beluga__darwin_made_socket(accept(fd, who, n), type);
}
#define accept4 beluga__darwin_accept

#endif
#endif
