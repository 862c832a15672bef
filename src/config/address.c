/* Completes addresses as people write them in environment variables, such as "gpu", "gpu:8080",
 * ":8080" and "[::1]:8080/v1", and fills in the placeholders of addresses that contain an
 * account. */
#include "config/config.h"
#include "wire/outgoing.h"

#include <beluga/provider/http.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct slice {
    const char *at;
    int n;
} slice;

/* The parts of an address. The port includes its colon. */
typedef struct address {
    slice host, port, rest;
} address;

static slice from_to(const char *at, const char *end)
{
    return (slice){at, (int)(end - at)};
}

/* Split the text after the scheme. Two colons without brackets mean an IPv6 address. */
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
                 "base_url: \"#\" at byte %zu begins a fragment, which is never sent: remove it",
                 m.at);
    else if (!fits)
        snprintf(wrong, BELUGA__WRONG_URL, "base_url: %s at byte %zu can't be part of a URL",
                 m.what, m.at);
    else if (beluga__path_climbs(path, strcspn(path, "?")))
        snprintf(wrong, BELUGA__WRONG_URL,
                 "base_url has \".\" or \"..\" in its path: write the path without them");
    else
        return true;
    return false;
}

bool beluga__config_is_same_url(const char *a, const char *b)
{
    size_t n = a ? strlen(a) : 0, m = b ? strlen(b) : 0;
    while (n && a[n - 1] == '/') n--;
    while (m && b[m - 1] == '/') m--;
    return n && n == m && memcmp(a, b, n) == 0;
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

/* ---- placeholders in an address */

enum { MAX_VALUE = 1024 }; /* maximum bytes of a value after encoding */

/* The state of filling in a base URL. */
typedef struct filling {
    const beluga_provider *protocol;
    const beluga__settings *settings;
    const char *url, *end_of_host; /* the URL, and the end of its "scheme://host" */
    beluga__buf *out;
    char *wrong;
} filling;

/* A placeholder, "{account}" or "{env:VARIABLE}". The name is the text between the braces. */
typedef struct url_place {
    slice name;
    const char *begin, *end;
} url_place;

static int shown(slice name)
{
    return name.n < 60 ? name.n : 60;
}

static int refuse(filling *f, const char *format, ...) BELUGA_PRINTF(2, 3);
static int refuse(filling *f, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(f->wrong, BELUGA__WRONG_URL, format, args);
    va_end(args);
    return BELUGA_ERROR_INVALID_CONFIG;
}

/* Returns the row of the option "PROVIDER.NAME" if that option may be part of a base URL, else
 * NULL. */
static const beluga_own_option *find_row(const filling *f, slice name)
{
    size_t prefix = strlen(f->protocol->name), n = (size_t)name.n;
    const beluga_own_option *row = f->protocol->options;
    for (; row && row->name; row++)
        if (row->flags & BELUGA_OWN_OPTION_IN_URL && strlen(row->name) == prefix + 1 + n &&
            memcmp(row->name + prefix + 1, name.at, n) == 0)
            return row;
    return NULL;
}

/* Returns the option's environment variable, or NULL. A provider without code does not read the
 * variables of its base. */
static const char *variable_of(const filling *f, const beluga_own_option *row)
{
    return beluga__settings_has(f->settings, BELUGA_OPTION_BASE) ? NULL : row->variable;
}

static int find_own(filling *f, slice name, const char **what, const char **value)
{
    const beluga_own_option *row = find_row(f, name);
    if (!row)
        return refuse(f, "base_url: {%.*s} is not an option of %.48s that an address may contain",
                      shown(name), name.at, f->protocol->name);
    *what = row->name;
    *value = "x";
    if (!f->settings) return 0;
    const beluga__item *item = beluga__settings_own(f->settings, row->name);
    *value = item && item->type == BELUGA_OPTION_STRING ? item->value.string : NULL;
    if (*value && **value) return 0;
    const char *variable = variable_of(f, row);
    return refuse(f, "base_url needs %.*s: set %.60s%s%.60s", shown(name), name.at, row->name,
                  variable ? " or the variable " : "", variable ? variable : "");
}

static int find_variable(filling *f, slice name, char *variable, size_t size, const char **value)
{
    if ((size_t)name.n >= size)
        return refuse(f, "base_url: the name of the variable %.*s... has more than %zu characters",
                      shown(name), name.at, size - 1);
    snprintf(variable, size, "%.*s", name.n, name.at);
    *value = f->settings ? secure_getenv(variable) : "x";
    return *value && **value ? 0 : refuse(f, "base_url needs the variable %s", variable);
}

/* Remove the scheme and the slashes at the end from a value that replaces the whole server name:
 * people often copy the name together with them. */
static slice whole_host(const filling *f, const char *value)
{
    size_t scheme = (size_t)(strstr(f->url, "://") + 3 - f->url);
    if (strncasecmp(value, f->url, scheme) == 0) value += scheme;
    size_t n = strlen(value);
    while (n && value[n - 1] == '/') n--;
    return (slice){value, (int)n};
}

/* Returns whether a value can be part of a server name: it is not empty, and has no port, password
 * or path. */
static bool is_host(slice value)
{
    bool label = false;
    for (int i = 0; i < value.n; i++) {
        char c = value.at[i], lower = c | 0x20;
        bool inner = c == '-' || c == '_';
        if (c == '.' ? !label
                     : !((lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || inner))
            return false;
        label = c != '.';
    }
    return label;
}

static int put_value(filling *f, const url_place *p, const char *what, const char *value)
{
    char segment[MAX_VALUE];
    beluga_error why;
    if (p->end > f->end_of_host) {
        if (beluga_http_encode_segment(what, value, segment, sizeof segment, &why))
            return refuse(f, "%s", why.message);
        return beluga__buf_puts(f->out, segment);
    }
    bool whole = p->end == f->end_of_host && p->begin[-1] == '/';
    slice host = whole ? whole_host(f, value) : (slice){value, (int)strlen(value)};
    if (!is_host(host))
        return refuse(
            f, "%s can't be part of a host name: use letters, digits, \"-\", \"_\" and \".\"",
            what);
    return beluga__buf_append(f->out, host.at, (size_t)host.n);
}

static int fill_one(filling *f, const url_place *p)
{
    static const char env[] = "env:";
    char variable[128];
    const char *what = variable, *value = NULL;
    slice name = p->name;
    int status;
    if (name.n > (int)sizeof env - 1 && memcmp(name.at, env, sizeof env - 1) == 0) {
        name = from_to(name.at + sizeof env - 1, name.at + name.n);
        status = find_variable(f, name, variable, sizeof variable, &value);
    } else {
        status = find_own(f, name, &what, &value);
    }
    return status ? status : put_value(f, p, what, value);
}

static const char *end_of_name(const char *name)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-:";
    return name + strspn(name, letters);
}

int beluga__config_fill_url(const char *url, const beluga_provider *protocol,
                            const beluga__settings *settings, beluga__buf *out, char *wrong)
{
    const char *host = strstr(url, "://");
    filling f = {protocol, settings, url, url, out, wrong};
    int status = 0;
    if (host) f.end_of_host = host + 3 + strcspn(host + 3, "/?#");
    while (!status && *url) {
        size_t plain = strcspn(url, "{");
        beluga__buf_append(out, url, plain);
        url += plain;
        if (!*url) break;
        const char *close = end_of_name(url + 1);
        if (*close != '}' || close == url + 1)
            return refuse(&f, "base_url: expected \"{NAME}\" or \"{env:VARIABLE}\" at byte %zu",
                          (size_t)(url - f.url));
        url_place p = {from_to(url + 1, close), url, close + 1};
        status = fill_one(&f, &p);
        url = close + 1;
    }
    return status ? status : out->status;
}
