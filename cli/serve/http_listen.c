/* Parses addresses, and opens the sockets that listen at them. */
#include "base/sockets.h"
#include "serve/http_connection.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 4096, MOST_HOST = 256 };

#define UNIX_PREFIX "unix:"

static int fail(int failure, const char *address, const char *what, char *why, size_t n)
{
    snprintf(why, n, "%s: %s: %s", address, what, strerror(failure));
    return failure;
}

/* --- properties of a socket ---------------------------------------------------------------------
 */

typedef union socket_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un local;
} socket_address;

static char *make_origin(int fd)
{
    socket_address address = {.any.sa_family = AF_UNSPEC};
    socklen_t length = sizeof address;
    char host[NI_MAXHOST], port[NI_MAXSERV], *origin = NULL;
    if (getsockname(fd, &address.any, &length) != 0) return NULL;
    if (address.any.sa_family == AF_UNIX) {
        int n = (int)(length > offsetof(struct sockaddr_un, sun_path)
                          ? length - offsetof(struct sockaddr_un, sun_path)
                          : 0);
        return asprintf(&origin, UNIX_PREFIX "%.*s", n, address.local.sun_path) < 0 ? NULL : origin;
    }
    if (getnameinfo(&address.any, length, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return NULL;
    bool is_v6 = address.any.sa_family == AF_INET6;
    int made =
        asprintf(&origin, "http://%s%s%s:%s", is_v6 ? "[" : "", host, is_v6 ? "]" : "", port);
    return made < 0 ? NULL : origin;
}

static void set(int fd, int level, int name, int value)
{
    setsockopt(fd, level, name, &value, sizeof value);
}

/* Set options, which accepted sockets inherit. If the client's machine has gone, it does not answer
 * keep-alive probes, and the kernel notices within two minutes, even while nothing is sent. For
 * unix sockets these options do nothing. */
static void set_up(int fd)
{
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 60);
    set(fd, IPPROTO_TCP, TCP_KEEPINTVL, 15);
    set(fd, IPPROTO_TCP, TCP_KEEPCNT, 4);
}

static int take(http_listener *l, int fd)
{
    set_up(fd);
    l->watch.fd = fd;
    l->origin = make_origin(fd);
    return l->origin ? 0 : ENOMEM;
}

/* --- HOST:PORT ----------------------------------------------------------------------------------
 */

/* Copy the host of an address. @return the digits of the port after it; NULL if the address is not
 * valid. */
static const char *split(const char *address, char host[MOST_HOST])
{
    const char *colon = strrchr(address, ':');
    if (!colon || colon == address || !colon[1] || strspn(colon + 1, "0123456789") > 5 ||
        colon[1 + strspn(colon + 1, "0123456789")])
        return NULL;
    const char *end = colon;
    if (*address == '[' && end[-1] == ']') {
        address++;
        end--;
    } else if (memchr(address, ':', (size_t)(colon - address))) {
        return NULL; /* an IPv6 address without brackets */
    }
    if (end - address >= MOST_HOST || atoi(colon + 1) > 65535) return NULL;
    memcpy(host, address, (size_t)(end - address));
    host[end - address] = '\0';
    return colon + 1;
}

static int open_at(const struct addrinfo *at, int *out)
{
    int fd = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return errno;
    set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0) {
        *out = fd;
        return 0;
    }
    int failure = errno;
    close(fd);
    return failure;
}

/* Returns whether this machine does not have the address, for example because IPv6 is off. */
static bool is_absent(int failure)
{
    return failure == EADDRNOTAVAIL || failure == EAFNOSUPPORT;
}

static bool is_repeated(const struct addrinfo *found, const struct addrinfo *at)
{
    for (; found != at; found = found->ai_next)
        if (found->ai_addrlen == at->ai_addrlen &&
            memcmp(found->ai_addr, at->ai_addr, at->ai_addrlen) == 0)
            return true;
    return false;
}

/* Listen at all addresses of a host name, since a client may use any of them. With port 0, each
 * address would get another free port, so then only the first address is used. */
static int open_all(const struct addrinfo *found, bool is_any_port, http_listener *opened,
                    size_t *n)
{
    int absent = EADDRNOTAVAIL;
    for (const struct addrinfo *at = found; at && *n < HTTP_MAX_OPENED; at = at->ai_next) {
        int fd = -1, failure = is_repeated(found, at) ? EADDRNOTAVAIL : open_at(at, &fd);
        if (!failure && (failure = take(&opened[*n], fd))) close(fd);
        if (failure && !is_absent(failure)) return failure;
        if (failure) absent = failure;
        *n += !failure;
        if (is_any_port && *n) break;
    }
    return *n ? 0 : absent;
}

/* Resolve a host name. Without /etc/hosts, as in a small container, the name localhost can't be
 * resolved; if no host is given, the resolver returns the same addresses. */
static int look_up(const char *host, const char *port, struct addrinfo **found)
{
    struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
    int status = getaddrinfo(host, port, &hints, found);
    if (status == 0 || strcasecmp(host, "localhost") != 0) return status;
    hints.ai_flags = AI_NUMERICSERV;
    return getaddrinfo(NULL, port, &hints, found);
}

static int open_port(http_listener *opened, size_t *n_opened, const char *address, char *why,
                     size_t n)
{
    char host[MOST_HOST];
    const char *port = split(address, host);
    if (!port) {
        snprintf(why, n, "%s is not an address: write HOST:PORT, [IPv6]:PORT or unix:PATH",
                 address);
        return EINVAL;
    }
    struct addrinfo *found = NULL;
    int status = look_up(host, port, &found);
    if (status != 0) {
        snprintf(why, n, "%s: the host name can't be resolved: %s", address, gai_strerror(status));
        return EADDRNOTAVAIL;
    }
    int failure = open_all(found, atoi(port) == 0, opened, n_opened);
    freeaddrinfo(found);
    if (failure == EADDRINUSE) {
        snprintf(
            why, n,
            "%s: another program listens at this address: end that program, or choose another port",
            address);
        return failure;
    }
    return failure ? fail(failure, address, "can't listen at this address", why, n) : 0;
}

/* --- unix:PATH ----------------------------------------------------------------------------------
 */

/* Remove the socket file of a server that has ended. @return 0, or errno if the path is not a
 * socket, or another server uses it. */
static int remove_stale(const struct sockaddr_un *at)
{
    struct stat status;
    if (lstat(at->sun_path, &status) != 0) return errno == ENOENT ? 0 : errno;
    if (!S_ISSOCK(status.st_mode)) return EEXIST;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return errno;
    int failure = connect(fd, (const struct sockaddr *)at, sizeof *at) == 0 ? 0 : errno;
    close(fd);
    if (failure != ECONNREFUSED) return EADDRINUSE;
    return unlink(at->sun_path) == 0 || errno == ENOENT ? 0 : errno;
}

/* Open a unix socket. Its permissions are those of its file: only the owner may connect, whatever
 * the umask. */
static int open_local(const struct sockaddr_un *at, int *out)
{
    int failure = remove_stale(at);
    if (failure) return failure;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return errno;
    if (fchmod(fd, 0600) == 0 && bind(fd, (const struct sockaddr *)at, sizeof *at) == 0 &&
        listen(fd, BACKLOG) == 0) {
        *out = fd;
        return 0;
    }
    failure = errno;
    close(fd);
    return failure;
}

static int open_path(http_listener *l, const char *address, char *why, size_t n)
{
    const char *path = address + strlen(UNIX_PREFIX);
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct stat status;
    int fd = -1;
    if (!*path || strlen(path) >= sizeof at.sun_path) {
        snprintf(why, n, "%s: the path of a socket must have 1 to %zu bytes", address,
                 sizeof at.sun_path - 1);
        return EINVAL;
    }
    memcpy(at.sun_path, path, strlen(path));
    int failure = open_local(&at, &fd);
    if (failure == EEXIST)
        return fail(failure, address, "there is already a file that is not a socket", why, n);
    if (failure == EADDRINUSE)
        return fail(failure, address, "another server listens at this socket: end that server", why,
                    n);
    if (failure) return fail(failure, address, "can't listen at this socket", why, n);
    l->unix_path = strdup(path);
    if (l->unix_path && lstat(path, &status) == 0) {
        l->device = status.st_dev;
        l->inode = status.st_ino;
    }
    failure = l->unix_path ? take(l, fd) : ENOMEM;
    if (!failure) return 0;
    l->watch.fd = fd;
    http_listener_close(l);
    return fail(failure, address, "can't listen at this socket", why, n);
}

/* --- all kinds of addresses ---------------------------------------------------------------------
 */

int http_listener_open(http_listener opened[HTTP_MAX_OPENED], size_t *n_opened, const char *address,
                       char *why, size_t n)
{
    if (strncmp(address, UNIX_PREFIX, strlen(UNIX_PREFIX)) != 0)
        return open_port(opened, n_opened, address, why, n);
    int failure = open_path(opened, address, why, n);
    *n_opened = !failure;
    return failure;
}

int http_listener_adopt(http_listener *l, int fd)
{
    int listens = 0;
    socklen_t length = sizeof listens;
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) != 0) return errno;
    if (!listens) return EINVAL;
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) return errno;
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) return errno;
    return take(l, fd);
}

/* Remove the socket file, unless the path now belongs to another server. */
static void remove_own(const http_listener *l)
{
    struct stat status;
    if (lstat(l->unix_path, &status) == 0 && status.st_dev == l->device &&
        status.st_ino == l->inode)
        unlink(l->unix_path);
}

void http_listener_close(http_listener *l)
{
    if (l->unix_path) remove_own(l);
    close(l->watch.fd);
    free(l->unix_path);
    free(l->origin);
    *l = (http_listener){0};
}
