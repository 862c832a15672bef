/* Addresses as people write them in environment variables: "gpu", "gpu:8080", ":8080",
 * "[::1]:8080/v1". */
#include "config/config.h"
#include "wire/outgoing.h"

#include <stdio.h>
#include <string.h>

typedef struct slice {
    const char *at;
    int n;
} slice;

/* The parts of an address; the port includes its colon. */
typedef struct address {
    slice host, port, rest;
} address;

static slice from_to(const char *at, const char *end)
{
    return (slice){at, (int)(end - at)};
}

/* Split the text behind the scheme. Two colons without brackets mean an IPv6 address. */
static address split(const char *text)
{
    const char *end = text + strcspn(text, "/?#");
    const char *host_end = memchr(text, *text == '[' ? ']' : ':', (size_t)(end - text));
    if (host_end && *host_end == ']') host_end++;
    if (!host_end) host_end = end;
    if (host_end < end && memchr(host_end + 1, ':', (size_t)(end - host_end) - 1)) host_end = end;
    return (address){from_to(text, host_end), from_to(host_end, end),
                     from_to(end, end + strlen(end))};
}

static slice either(slice a, slice b)
{
    return a.n ? a : b;
}

static bool needs_brackets(slice host)
{
    return host.n && *host.at != '[' && memchr(host.at, ':', (size_t)host.n);
}

bool beluga__config_check_url(const char *url, char *wrong)
{
    beluga__misfit m;
    const char *scheme = strstr(url, "://"), *path = scheme ? scheme + 3 : url;
    bool fits = beluga__fits_url(url, strlen(url), &m);
    if (!fits && m.what[1] == '#')
        snprintf(wrong, BELUGA__WRONG_URL,
                 "base_url: \"#\" at byte %zu begins a fragment, which is never sent: take it away",
                 m.at);
    else if (!fits)
        snprintf(wrong, BELUGA__WRONG_URL, "base_url: %s at byte %zu can't be part of a URL",
                 m.what, m.at);
    else if (beluga__path_climbs(path, strcspn(path, "?")))
        snprintf(wrong, BELUGA__WRONG_URL,
                 "base_url has \".\" or \"..\" in its path: say the path that is meant");
    else
        return true;
    return false;
}

const char *beluga__config_complete_url(beluga__arena *arena, const char *url, const char *own)
{
    const char *after_scheme = own ? strstr(own, "://") : NULL;
    if (!after_scheme || strstr(url, "://")) return url;
    after_scheme += 3;
    address given = split(url), other = split(after_scheme);
    slice host = either(given.host, other.host), port = either(given.port, other.port);
    slice rest = either(given.rest, other.rest);
    bool brackets = needs_brackets(host);
    size_t size = strlen(url) + strlen(own) + sizeof "[]";
    char *whole = beluga__arena_alloc(arena, size);
    if (!whole) return NULL;
    snprintf(whole, size, "%.*s%s%.*s%s%.*s%.*s", (int)(after_scheme - own), own,
             brackets ? "[" : "", host.n, host.at, brackets ? "]" : "", port.n, port.at, rest.n,
             rest.at);
    return whole;
}
