/* Opens and closes sockets for libcurl, and watches them with the loop's poller. */
#include "base/mem.h"
#include "base/sockets.h"
#include "transport/http_transfer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

typedef struct socket_watch {
    beluga__watch watch;
    beluga__list node; /* a node of `sockets` or `spare_sockets` */
    beluga__http *http;
    const beluga__transfer *transfer; /* the transfer for which the socket was watched first */
} socket_watch;

/* --- opening ---------------------------------------------------------------------------------- */

/* Returns whether an IPv4 address reaches this machine. The "any" address 0.0.0.0 does; people
 * often copy it from a server's settings to a client's. */
static bool is_v4_here(uint32_t address)
{
    return address >> 24 == IN_LOOPBACKNET || address == INADDR_ANY;
}

static bool is_v6_here(const struct in6_addr *a)
{
    uint32_t last;
    memcpy(&last, a->s6_addr + 12, sizeof last);
    return IN6_IS_ADDR_LOOPBACK(a) || IN6_IS_ADDR_UNSPECIFIED(a) ||
           (IN6_IS_ADDR_V4MAPPED(a) && is_v4_here(ntohl(last)));
}

static uint16_t port_in(const struct sockaddr *address)
{
    const void *any = address;
    if (address->sa_family == AF_INET) return ntohs(((const struct sockaddr_in *)any)->sin_port);
    if (address->sa_family == AF_INET6) return ntohs(((const struct sockaddr_in6 *)any)->sin6_port);
    return 0;
}

static bool is_on_this_machine(const struct sockaddr *address)
{
    const void *any = address;
    if (address->sa_family == AF_UNIX) return true;
    if (address->sa_family == AF_INET)
        return is_v4_here(ntohl(((const struct sockaddr_in *)any)->sin_addr.s_addr));
    return address->sa_family == AF_INET6 &&
           is_v6_here(&((const struct sockaddr_in6 *)any)->sin6_addr);
}

/* Open a socket for libcurl, with close-on-exec, which libcurl itself does not set. */
curl_socket_t beluga__socket_open(void *payload, curlsocktype purpose,
                                  struct curl_sockaddr *address)
{
    beluga__transfer *t = payload;
    bool near = is_on_this_machine(&address->addr);
    (void)purpose;
    t->near |= near;
    t->far |= !near;
    t->port = port_in(&address->addr);
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd < 0) t->no_socket = errno;
    t->tried[1] = t->tried[0];
    t->tried[0] = fd;
    return fd;
}

/* --- watching --------------------------------------------------------------------------------- */

/* Let libcurl handle a socket or its timers. If libcurl has no memory, it reports a failure, but
 * not which of its transfers it lost. */
void beluga__http_act(beluga__http *http, curl_socket_t fd, int mask)
{
    int running;
    http->in_curl = true;
    CURLMcode code = curl_multi_socket_action(http->multi, fd, mask, &running);
    http->in_curl = false;
    if (code != CURLM_OK) http->lost = true;
}

static void socket_ready(beluga__watch *watch, int events)
{
    socket_watch *s = beluga__container_of(watch, socket_watch, watch);
    int mask = (events & BELUGA__POLL_READ ? CURL_CSELECT_IN : 0) |
               (events & BELUGA__POLL_WRITE ? CURL_CSELECT_OUT : 0) |
               (events & BELUGA__POLL_ERROR ? CURL_CSELECT_ERR : 0);
    beluga__http_act(s->http, watch->fd, mask);
}

static beluga__list *bucket_of(beluga__http *http, curl_socket_t fd)
{
    return &http->sockets[(unsigned)fd % BELUGA__SOCKET_BUCKETS];
}

static socket_watch *new_socket(beluga__http *http, CURL *easy, curl_socket_t fd)
{
    socket_watch *s;
    if (beluga__list_empty(&http->spare_sockets)) {
        s = beluga__zalloc(&http->loop->base.runtime->allocator, sizeof *s);
        if (!s) return NULL;
        s->http = http;
        beluga__list_init(&s->node);
    } else {
        s = beluga__container_of(http->spare_sockets.next, socket_watch, node);
        beluga__list_remove(&s->node);
    }
    s->watch = (beluga__watch){fd, socket_ready};
    beluga__transfer *t = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &t);
    s->transfer = t;
    beluga__list_append(bucket_of(http, fd), &s->node);
    return s;
}

static void drop_socket(beluga__http *http, socket_watch *s)
{
    beluga__poller_del(&http->loop->poller, &s->watch);
    beluga__list_remove(&s->node);
    beluga__list_append(&http->spare_sockets, &s->node);
}

/* Stop watching a descriptor that is being closed. libcurl closes some sockets before it asks to
 * stop watching them; by then the same descriptor number may belong to another thread's socket, or
 * to another socket of this loop. */
static void drop_number(beluga__http *http, curl_socket_t fd, const beluga__transfer *of)
{
    beluga__list *bucket = bucket_of(http, fd);
    for (beluga__list *n = bucket->next; n != bucket; n = n->next) {
        socket_watch *s = beluga__container_of(n, socket_watch, node);
        if (s->watch.fd != fd || (of && s->transfer != of)) continue;
        drop_socket(http, s);
        curl_multi_assign(http->multi, fd, NULL);
        break;
    }
}

int beluga__socket_close(void *payload, curl_socket_t fd)
{
    drop_number(payload, fd, NULL);
    return close(fd);
}

void beluga__sockets_drop_unconnected(beluga__transfer *t)
{
    curl_off_t connected_us = 0;
    if (t->tried[0] < 0) return; /* the transfer opened no socket */
    if (curl_easy_getinfo(t->easy, CURLINFO_CONNECT_TIME_T, &connected_us) || connected_us) return;
    for (size_t i = 0; i < 2; i++)
        if (t->tried[i] >= 0) drop_number(t->http, t->tried[i], t);
}

void beluga__transfer_fail_later(beluga__transfer *t, int refusal)
{
    t->refusal = refusal;
    beluga__transfer_move(t, &t->http->to_fail);
}

/* Handle a socket that can't be watched. An error that is returned to libcurl would end all
 * transfers of its multi handle. So this function returns 0, and makes only this transfer fail in
 * the next step. */
static int cannot_watch(beluga__http *http, CURL *easy, int status)
{
    beluga__transfer *t = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &t);
    if (!t || !t->added) return 0;
    beluga__transfer_fail_later(t, status);
    t->unwatched = status == BELUGA_ERROR_LIMIT_EXCEEDED;
    http->due = true;
    return 0;
}

int beluga__socket_changed(CURL *easy, curl_socket_t fd, int what, void *userp, void *socketp)
{
    beluga__http *http = userp;
    socket_watch *s = socketp;
    if (what == CURL_POLL_REMOVE) {
        if (s) drop_socket(http, s);
        curl_multi_assign(http->multi, fd, NULL);
        return 0;
    }
    int status, events = (what & CURL_POLL_IN ? BELUGA__POLL_READ : 0) |
                         (what & CURL_POLL_OUT ? BELUGA__POLL_WRITE : 0);
    if (s) {
        status = beluga__poller_mod(&http->loop->poller, &s->watch, events);
        return status ? cannot_watch(http, easy, status) : 0;
    }
    s = new_socket(http, easy, fd);
    if (!s) return cannot_watch(http, easy, BELUGA_ERROR_NO_MEMORY);
    status = beluga__poller_add(&http->loop->poller, &s->watch, events);
    if (!status) {
        curl_multi_assign(http->multi, fd, s);
        return 0;
    }
    drop_socket(http, s);
    return cannot_watch(http, easy, status);
}

/* --- all sockets of a loop -------------------------------------------------------------------- */

void beluga__sockets_init(beluga__http *http)
{
    for (size_t i = 0; i < BELUGA__SOCKET_BUCKETS; i++) beluga__list_init(&http->sockets[i]);
    beluga__list_init(&http->spare_sockets);
}

static void free_all(beluga__http *http, beluga__list *list)
{
    while (!beluga__list_empty(list)) {
        socket_watch *s = beluga__container_of(list->next, socket_watch, node);
        beluga__list_remove(&s->node);
        beluga__release(&http->loop->base.runtime->allocator, s);
    }
}

void beluga__sockets_free(beluga__http *http)
{
    for (size_t i = 0; i < BELUGA__SOCKET_BUCKETS; i++) free_all(http, &http->sockets[i]);
    free_all(http, &http->spare_sockets);
}
