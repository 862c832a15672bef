/* A client for the tests of the peer: a plain blocking socket, so that no library between the test
 * and the network can repair or hide what the peer does. Each read times out after a minute. */
#ifndef TESTS_PEER_CLIENT_H
#define TESTS_PEER_CLIENT_H

#include "peer/peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#define WAIT_MS 60000

static inline int start(void **state)
{
    *state = peer_start();
    return *state ? 0 : -1;
}

static inline int stop(void **state)
{
    peer_stop(*state);
    return 0;
}

static inline int dial_port(int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct timeval limit = {.tv_sec = WAIT_MS / 1000};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    return fd;
}

static inline int dial(peer *p)
{
    return dial_port(peer_port(p));
}

static inline void say_n(int fd, const void *data, size_t n)
{
    assert_int_equal(send(fd, data, n, MSG_NOSIGNAL), (ssize_t)n);
}

static inline void say(int fd, const char *text)
{
    say_n(fd, text, strlen(text));
}

static inline void get(int fd, const char *path)
{
    char text[512];
    snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: peer\r\n\r\n", path);
    say(fd, text);
}

static inline void post(int fd, const char *path, const char *body)
{
    char text[4096];
    int n = snprintf(text, sizeof text,
                     "POST %s HTTP/1.1\r\nHost: peer\r\nContent-Length: %zu\r\n\r\n%s", path,
                     strlen(body), body);
    assert_true(n > 0 && (size_t)n < sizeof text);
    say(fd, text);
}

/* Send a chat request with "Connection: close", so that the connection ends after the answer. */
static inline void post_last(int fd, const char *body)
{
    char text[512];
    int n = snprintf(text, sizeof text,
                     "POST /v1/chat/completions HTTP/1.1\r\nConnection: close\r\n"
                     "Content-Length: %zu\r\n\r\n%s",
                     strlen(body), body);
    assert_true(n > 0 && (size_t)n < sizeof text);
    say(fd, text);
}

/* Read until `text` ends with `end`, or until the connection ends. Returns the length of the
 * text. */
static inline size_t hear_until(int fd, char *text, size_t size, const char *end)
{
    size_t len = 0;
    text[0] = '\0';
    while (len + 1 < size && (!end || !strstr(text, end))) {
        ssize_t n = recv(fd, text + len, end ? 1 : size - 1 - len, 0);
        assert_false(n < 0 && errno == EAGAIN);
        if (n <= 0) break;
        len += (size_t)n;
        text[len] = '\0';
    }
    return len;
}

static inline size_t hear_all(int fd, char *text, size_t size)
{
    return hear_until(fd, text, size, NULL);
}

/* Read one answer: its head, and a body with a Content-Length. Returns the status. */
static inline int hear_answer(int fd, char *text, size_t size)
{
    size_t head = hear_until(fd, text, size, "\r\n\r\n");
    const char *length = strstr(text, "Content-Length: ");
    assert_non_null(length);
    size_t left = strtoul(length + 16, NULL, 10);
    assert_true(head + left < size);
    if (left) assert_int_equal(recv(fd, text + head, left, MSG_WAITALL), (ssize_t)left);
    text[head + left] = '\0';
    return atoi(text + 9);
}

/* Send a GET request. `text` receives the answer. Returns the status. */
static inline int get_answer(int fd, const char *path, char *text, size_t size)
{
    get(fd, path);
    return hear_answer(fd, text, size);
}

/* Send a GET request on a new connection, and read until the peer closes the connection. */
static inline size_t get_all(peer *p, const char *path, char *text, size_t size)
{
    int fd = dial(p);
    get(fd, path);
    size_t n = hear_all(fd, text, size);
    close(fd);
    return n;
}

/* Assert that no more bytes arrive. Returns how the connection ends: 0 for a FIN, otherwise
 * errno. */
static inline int hear_end(int fd)
{
    char byte;
    ssize_t n = recv(fd, &byte, 1, 0);
    assert_true(n <= 0);
    return n == 0 ? 0 : errno;
}

static inline int count(const char *text, const char *part)
{
    int n = 0;
    for (; (text = strstr(text, part)) != NULL; text++) n++;
    return n;
}

#endif
