#include "serve/origin.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

/* Returns the length of the host in "host:port" or "[address]:port", including brackets. */
static size_t host_length(const char *authority)
{
    if (authority[0] != '[') return strcspn(authority, ":");
    size_t n = strcspn(authority, "]");
    return authority[n] ? n + 1 : n;
}

static bool is_host(const char *authority, const char *host)
{
    size_t n = host_length(authority);
    if (n != host_length(host) || strncasecmp(authority, host, n) != 0) return false;
    const char *rest = authority + n;
    return *rest == '\0' || (*rest == ':' && rest[1 + strspn(rest + 1, "0123456789")] == '\0');
}

/* Returns whether this is an address of 127.0.0.0/8, in four numbers. */
static bool is_loopback(const char *authority)
{
    char text[INET_ADDRSTRLEN];
    struct in_addr address;
    size_t n = host_length(authority);
    if (n >= sizeof text) return false;
    memcpy(text, authority, n);
    text[n] = '\0';
    return is_host(authority, text) && inet_pton(AF_INET, text, &address) == 1 &&
           ntohl(address.s_addr) >> 24 == 127;
}

bool origin_is_local(const char *authority)
{
    return is_loopback(authority) || is_host(authority, "localhost") || is_host(authority, "[::1]");
}

/* Returns whether a host is a name of this machine that nobody else can point to another address.
 * The port may differ from the server's port, for example behind a tunnel. */
static bool is_own_host(const serve_settings *settings, const char *host)
{
    if (origin_is_local(host)) return true;
    for (size_t i = 0; i < settings->n_listen; i++)
        if (strncmp(settings->listen[i], "unix:", 5) != 0 && is_host(host, settings->listen[i]))
            return true;
    return false;
}

/* Returns whether this server sent the page with this origin: the host of the origin is then the
 * Host of the request. */
static bool is_own_origin(const char *origin, const char *host)
{
    const char *authority = strstr(origin, "://");
    return authority && host && strcasecmp(authority + 3, host) == 0;
}

bool origin_is_allowed(const serve_settings *settings, const char *origin)
{
    for (const char *const *allowed = settings->origins; allowed && *allowed; allowed++)
        if (strcmp(*allowed, "*") == 0 || strcasecmp(*allowed, origin) == 0) return true;
    return false;
}

const char *origin_refusal(const serve_settings *settings, const char *peer, const char *host,
                           const char *origin)
{
    if (serve_has_keys(settings)) return NULL;
    if (host && strcmp(peer, "unix") != 0 && !is_own_host(settings, host))
        return "the Host header names another machine: send the request to http://127.0.0.1 or "
               "http://localhost, or configure keys (serve.keys) to allow other names";
    if (origin && !is_own_origin(origin, host) && !origin_is_allowed(settings, origin))
        return "a page of another site sent this request: add its origin to serve.cors.origins, or "
               "configure keys (serve.keys)";
    return NULL;
}
