/* The HTTP server: its listeners, the limit of connections, and its end. */
#include "base/epoll.h"
#include "base/sockets.h"
#include "serve/http_connection.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ACCEPT_AT_ONCE = 64, ACCEPT_AT_END = 4096, ACCEPT_AGAIN_MS = 100 };

/* --- accepting ----------------------------------------------------------------------------------
 */

static void watch_listeners(http_server *s, uint32_t events)
{
    for (size_t i = 0; i < s->n_listeners; i++)
        reactor_set(s->reactor, &s->listeners[i].watch, events);
}

static void accept_again(reactor_timer *timer)
{
    http_server *s = beluga__container_of(timer, http_server, accept_again);
    if (!s->is_draining) watch_listeners(s, EPOLLIN);
}

/* Returns whether accept failed because the process or the machine lacks a resource. The kernel
 * would report the waiting connection again and again, so the listeners pause for a moment. */
static bool is_scarce(int failure)
{
    return failure == EMFILE || failure == ENFILE || failure == ENOBUFS || failure == ENOMEM;
}

/* Accept one connection. @return false when no connection waits. */
static bool accept_one(http_listener *l)
{
    http_server *s = l->server;
    union {
        struct sockaddr any;
        struct sockaddr_storage room;
    } peer = {.any.sa_family = AF_UNSPEC};
    socklen_t length = sizeof peer;
    int fd = accept4(l->watch.fd, &peer.any, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        if (s->n_connections < s->limits->max_connections)
            http_connection_open(s, fd, &peer.any);
        else
            http_turn_away(s, fd);
        return true;
    }
    if (is_scarce(errno)) {
        watch_listeners(s, 0);
        reactor_set_timer(s->reactor, &s->accept_again, ACCEPT_AGAIN_MS);
        return false;
    }
    return errno == EINTR || errno == ECONNABORTED || errno == EPROTO || errno == EPERM;
}

static void ready(reactor_watch *watch, uint32_t events)
{
    http_listener *l = beluga__container_of(watch, http_listener, watch);
    http_server *s = l->server;
    (void)events;
    http_enter(s);
    for (int i = 0; i < ACCEPT_AT_ONCE && !s->is_freed && accept_one(l); i++) {
    }
    http_leave(s);
}

/* --- listeners ----------------------------------------------------------------------------------
 */

static int add_listener(http_server *s, http_listener *l)
{
    http_listener *place = &s->listeners[s->n_listeners];
    *place = *l;
    place->server = s;
    place->watch.ready = ready;
    int failure = reactor_set(s->reactor, &place->watch, EPOLLIN);
    if (failure)
        http_listener_close(place);
    else
        s->n_listeners++;
    return failure;
}

int http_server_listen(http_server *s, const char *address, char *why, size_t n)
{
    http_listener opened[HTTP_MAX_OPENED] = {0};
    size_t n_opened = 0;
    if (s->n_listeners + HTTP_MAX_OPENED > HTTP_MAX_LISTENERS) {
        snprintf(why, n, "%s: there are too many addresses", address);
        return ENOSPC;
    }
    int failure = http_listener_open(opened, &n_opened, address, why, n);
    for (size_t i = 0; i < n_opened; i++) {
        if (failure)
            http_listener_close(&opened[i]);
        else if ((failure = add_listener(s, &opened[i])))
            snprintf(why, n, "%s: can't watch this socket: %s", address, strerror(failure));
    }
    return failure;
}

int http_server_adopt(http_server *s, int fd)
{
    http_listener l = {0};
    if (s->n_listeners == HTTP_MAX_LISTENERS) return ENOSPC;
    int failure = http_listener_adopt(&l, fd);
    return failure ? failure : add_listener(s, &l);
}

const char *http_server_origin(const http_server *s, size_t index)
{
    return index < s->n_listeners ? s->listeners[index].origin : NULL;
}

static void close_listeners(http_server *s)
{
    watch_listeners(s, 0);
    reactor_stop_timer(s->reactor, &s->accept_again);
    for (size_t i = 0; i < s->n_listeners; i++) http_listener_close(&s->listeners[i]);
    s->n_listeners = 0;
}

/* --- the server ---------------------------------------------------------------------------------
 */

int http_server_new(reactor *r, const http_limits *limits, const http_handler *handler,
                    void *payload, http_server **out)
{
    http_server *s = calloc(1, sizeof *s);
    if (!s || reactor_reserve(r, 1) != 0) {
        free(s);
        return ENOMEM;
    }
    s->reactor = r;
    s->limits = limits;
    s->handler = handler;
    s->payload = payload;
    s->accept_again.due = accept_again;
    s->turn_ends.run = http_turn_ends;
    *out = s;
    return 0;
}

size_t http_server_connections(const http_server *s)
{
    return s->n_connections + s->n_turned_away;
}

/* Returns whether bytes of another request have already arrived. This request must still be
 * answered. */
static bool has_input(const http_connection *c)
{
    char byte;
    return c->ahead.length || recv(c->watch.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

void http_server_drain(http_server *s)
{
    if (s->is_draining) return;
    http_enter(s);
    for (size_t i = 0; i < s->n_listeners; i++)
        for (int k = 0; k < ACCEPT_AT_END && accept_one(&s->listeners[i]); k++) continue;
    close_listeners(s);
    s->is_draining = true;
    for (http_connection *c = s->first, *next; c; c = next) {
        next = c->next;
        if (c->phase == PHASE_IDLE && !has_input(c)) http_connection_close(c);
    }
    http_leave(s);
}

void http_server_free(http_server *s)
{
    if (!s || s->is_freed) return;
    http_enter(s);
    s->is_freed = true;
    close_listeners(s);
    reactor_unreserve(s->reactor, 1);
    while (s->first) http_connection_close(s->first);
    http_leave(s);
}
