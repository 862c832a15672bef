/* Sockets of 127.0.0.1 for tests that need their own server. */
#ifndef TESTS_SOCKETS_H
#define TESTS_SOCKETS_H

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>

#include <cmocka.h>

static inline struct sockaddr_in address_of(int listener)
{
    struct sockaddr_in at;
    socklen_t n = sizeof at;
    assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &n), 0);
    return at;
}

/* Listen on a free port; `url` receives the base URL of an API at this port. */
static inline int listen_locally(int backlog, char *url, size_t size)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(listener, backlog), 0);
    snprintf(url, size, "http://127.0.0.1:%d/v1", ntohs(address_of(listener).sin_port));
    return listener;
}

/* Return a port of 127.0.0.1 where nothing listens. Until *fd is closed, the kernel gives it to
 * nobody else, and a server that sets SO_REUSEADDR, as most do, can listen there, also a second
 * time. */
static inline int keep_port(int *fd)
{
    static const int on = 1;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    *fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
    assert_int_equal(bind(*fd, (struct sockaddr *)&at, sizeof at), 0);
    return ntohs(address_of(*fd).sin_port);
}

/* Connect to a listener. With SOCK_NONBLOCK the connection may not be established yet. */
static inline int connect_to(int listener, int flags)
{
    struct sockaddr_in at = address_of(listener);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    int status = connect(fd, (struct sockaddr *)&at, sizeof at);
    if (!(flags & SOCK_NONBLOCK)) assert_int_equal(status, 0);
    return fd;
}

#endif
