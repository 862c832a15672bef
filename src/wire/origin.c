#include "wire/origin.h"

#include <string.h>
#include <strings.h>

typedef struct origin {
    const char *scheme, *host, *port; /* these strings are not terminated */
    size_t n_scheme, n_host, n_port;
} origin;

/* Set the scheme's default port if the URL has none. */
static void take_default_port(origin *o)
{
    bool tls = o->n_scheme == 5 && strncasecmp(o->scheme, "https", 5) == 0;
    if (o->n_port) return;
    o->port = tls ? "443" : "80";
    o->n_port = strlen(o->port);
}

/* Read the parts of a URL. Returns false if it is not a URL, or has a backslash, which clients
 * interpret in different ways. */
static bool read_origin(const char *url, origin *o)
{
    const char *authority = strstr(url, "://");
    if (!authority) return false;
    *o = (origin){.scheme = url, .n_scheme = (size_t)(authority - url)};
    authority += 3;
    const char *end = authority + strcspn(authority, "/?#");
    if (memchr(authority, '\\', (size_t)(end - authority))) return false;
    const char *at = memrchr(authority, '@', (size_t)(end - authority));
    o->host = at ? at + 1 : authority;
    const char *bracket = memchr(o->host, ']', (size_t)(end - o->host)); /* ends an IPv6 address */
    const char *from = bracket ? bracket : o->host;
    const char *colon = memchr(from, ':', (size_t)(end - from));
    o->n_host = (size_t)((colon ? colon : end) - o->host);
    if (colon) {
        o->port = colon + 1;
        o->n_port = (size_t)(end - colon) - 1;
    }
    take_default_port(o);
    return o->n_host > 0;
}

static bool same(const char *a, size_t n_a, const char *b, size_t n_b)
{
    return n_a == n_b && strncasecmp(a, b, n_a) == 0;
}

bool beluga__same_origin(const char *a, const char *b)
{
    origin x, y;
    return read_origin(a, &x) && read_origin(b, &y) &&
           same(x.scheme, x.n_scheme, y.scheme, y.n_scheme) &&
           same(x.host, x.n_host, y.host, y.n_host) && same(x.port, x.n_port, y.port, y.n_port);
}
