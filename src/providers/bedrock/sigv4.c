/* AWS Signature Version 4 for services other than S3, where the signed path is encoded once more
 * than the path that is sent. Source: "Create a signed AWS API request" of Amazon's
 * documentation. */
#include "base/sha256.h"
#include "providers/bedrock/bedrock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    DIGEST = BELUGA__SHA256,
    HEX = BELUGA__SHA256_TEXT,
    MAX_PIECES = 64, /* maximum number of a path's segments, and of a query's parameters */
    MAX_HOST = 256,
    MAX_SCOPE = 160,
    MAX_SECRET = 256,
    MAX_AUTHORIZATION = 1024
};

#define ALGORITHM "AWS4-HMAC-SHA256"

/* The parts of a URL, which point into the URL. */
typedef struct url_parts {
    const char *host, *path, *query; /* query without its '?' */
    size_t n_host, n_path, n_query;
} url_parts;

/* The input of a signature. */
typedef struct signature_input {
    const beluga__sigv4 *with;
    beluga_http_request *request;
    url_parts address;
    char host[MAX_HOST], scope[MAX_SCOPE], time[20], payload[HEX];
    const char *content_type;
    char signed_headers[128];
    beluga__sha256 sha;
} signature_input;

/* ---- the canonical request ------------------------------------------------------------------- */

/* Split a URL into its parts. It is signed without its user, and without the default port of its
 * scheme. */
static url_parts parse(const char *url)
{
    url_parts a = {0};
    const char *host = strstr(url, "://"), *end, *user;
    const char *port = strncmp(url, "https:", 6) == 0 ? ":443" : ":80";
    a.host = host ? host + 3 : url;
    end = a.host + strcspn(a.host, "/?");
    while ((user = memchr(a.host, '@', (size_t)(end - a.host)))) a.host = user + 1;
    a.n_host = (size_t)(end - a.host);
    size_t n = strlen(port);
    if (a.n_host > n && memcmp(end - n, port, n) == 0) a.n_host -= n;
    a.path = end;
    a.n_path = strcspn(a.path, "?");
    a.query = a.path + a.n_path;
    if (*a.query == '?') a.query++;
    a.n_query = strlen(a.query);
    return a;
}

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

static void add_n(signature_input *s, const char *text, size_t n)
{
    beluga__sha256_add(&s->sha, text, n);
}

static void add(signature_input *s, const char *text)
{
    add_n(s, text, strlen(text));
}

static void add_byte(signature_input *s, unsigned char byte)
{
    char escape[4] = {(char)byte};
    if (!is_unreserved((char)byte)) snprintf(escape, sizeof escape, "%%%02X", byte);
    add(s, escape);
}

/* ---- its path -------------------------------------------------------------------------------- */

typedef struct url_piece {
    const char *at;
    size_t n;
} url_piece;

/* Split a path into its segments; fits() has checked their number. Empty segments are left out. "."
 * and ".." need not be resolved, since a path with such segments is never sent
 * (wire/outgoing.h). */
static size_t split_path(const url_parts *a, url_piece *segments)
{
    size_t count = 0;
    for (size_t at = 0; at < a->n_path;) {
        url_piece next = {a->path + at, 0};
        while (at + next.n < a->n_path && next.at[next.n] != '/') next.n++;
        at += next.n + 1;
        if (next.n) segments[count++] = next;
    }
    return count;
}

static void add_path(signature_input *s)
{
    const url_parts *a = &s->address;
    url_piece segments[MAX_PIECES];
    size_t n = split_path(a, segments);
    add(s, "/");
    for (size_t i = 0; i < n; i++) {
        if (i) add(s, "/");
        for (size_t k = 0; k < segments[i].n; k++) add_byte(s, (unsigned char)segments[i].at[k]);
    }
    if (n && a->path[a->n_path - 1] == '/') add(s, "/");
    add(s, "\n");
}

/* ---- its query ------------------------------------------------------------------------------- */

typedef struct url_parameter {
    url_piece name, value;
} url_parameter;

static int digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Remove the first byte from a piece of the URL and return it decoded, since the URL may contain
 * more or fewer escapes than the signed text. Returns -1 at the end of the piece. */
static int take(url_piece *p)
{
    if (!p->n) return -1;
    bool escaped = p->n > 2 && *p->at == '%' && digit(p->at[1]) >= 0 && digit(p->at[2]) >= 0;
    int byte = escaped ? digit(p->at[1]) * 16 + digit(p->at[2]) : (unsigned char)*p->at;
    size_t n = escaped ? 3 : 1;
    p->at += n;
    p->n -= n;
    return byte;
}

/* Returns the rank of a byte in the order in which parameters are signed. A byte that is escaped
 * ranks first, since its escape begins with '%'. */
static int rank(int byte)
{
    return byte >= 0 && is_unreserved((char)byte) ? byte + 256 : byte;
}

static int compare(url_piece a, url_piece b)
{
    int x, y;
    do {
        x = rank(take(&a));
        y = rank(take(&b));
    } while (x == y && x >= 0);
    return x - y;
}

static bool is_before(const url_parameter *a, const url_parameter *b)
{
    int order = compare(a->name, b->name);
    return order ? order < 0 : compare(a->value, b->value) < 0;
}

static url_parameter split_parameter(const char *at, size_t n)
{
    const char *sign = memchr(at, '=', n);
    size_t n_name = sign ? (size_t)(sign - at) : n;
    size_t skipped = n_name + (sign ? 1 : 0);
    return (url_parameter){{at, n_name}, {at + skipped, n - skipped}};
}

/* Split a query into its parameters and sort them; fits() has checked their number. */
static size_t split_query(const url_parts *a, url_parameter *sorted)
{
    size_t count = 0;
    for (size_t at = 0, n; at < a->n_query; at += n + 1) {
        for (n = 0; at + n < a->n_query && a->query[at + n] != '&';) n++;
        if (!n) continue;
        url_parameter next = split_parameter(a->query + at, n);
        size_t i = count++;
        for (; i > 0 && is_before(&next, &sorted[i - 1]); i--) sorted[i] = sorted[i - 1];
        sorted[i] = next;
    }
    return count;
}

static void add_piece(signature_input *s, url_piece p)
{
    for (int byte; (byte = take(&p)) >= 0;) add_byte(s, (unsigned char)byte);
}

static void add_query(signature_input *s)
{
    url_parameter sorted[MAX_PIECES];
    size_t n = split_query(&s->address, sorted);
    for (size_t i = 0; i < n; i++) {
        if (i) add(s, "&");
        add_piece(s, sorted[i].name);
        add(s, "=");
        add_piece(s, sorted[i].value);
    }
    add(s, "\n");
}

/* ---- its headers ----------------------------------------------------------------------------- */

/* Add the value of a header. Consecutive spaces are signed as one space, and spaces at the ends are
 * left out, since a proxy may change them. */
static void add_value(signature_input *s, const char *value)
{
    for (const char *at = value + strspn(value, " \t"); *at;) {
        size_t n = strcspn(at, " \t"), gap = strspn(at + n, " \t");
        add_n(s, at, n);
        at += n + gap;
        if (gap && *at) add(s, " ");
    }
}

/* Add a header to the input, and its name to the list of signed headers. */
static void add_header(signature_input *s, const char *name, const char *value)
{
    size_t n = strlen(s->signed_headers);
    if (!value || !*value) return;
    add(s, name);
    add(s, ":");
    add_value(s, value);
    add(s, "\n");
    snprintf(s->signed_headers + n, sizeof s->signed_headers - n, "%s%s", n ? ";" : "", name);
}

static void add_headers(signature_input *s)
{
    add_header(s, "content-type", s->content_type);
    add_header(s, "host", s->host);
    add_header(s, "x-amz-content-sha256", s->payload);
    add_header(s, "x-amz-date", s->time);
    add_header(s, "x-amz-security-token", s->with->token);
    add(s, "\n");
    add(s, s->signed_headers);
    add(s, "\n");
}

/* ---- its digest ------------------------------------------------------------------------------ */

static void canonical_request(signature_input *s, char *hex)
{
    beluga__sha256_begin(&s->sha);
    add(s, beluga_http_request_method(s->request));
    add(s, "\n");
    add_path(s);
    add_query(s);
    add_headers(s);
    add(s, s->payload);
    beluga__sha256_end(&s->sha, hex);
}

/* ---- the signature --------------------------------------------------------------------------- */

static void sign_with(const uint8_t *key, const char *text, uint8_t *out)
{
    beluga__hmac_sha256(key, DIGEST, text, strlen(text), out);
}

/* Derive the signing key from the secret, the date, the region and the service. It is valid for one
 * day only. */
static void signing_key(const signature_input *s, uint8_t *key)
{
    char secret[MAX_SECRET];
    /* fits() has checked the length of the secret */
    int n = snprintf(secret, sizeof secret, "AWS4%s", s->with->secret);
    beluga__hmac_sha256(secret, (size_t)n, s->time, 8, key);
    sign_with(key, s->with->region, key);
    sign_with(key, s->with->service, key);
    sign_with(key, "aws4_request", key);
    explicit_bzero(secret, sizeof secret);
}

static void signature(signature_input *s, char *hex)
{
    uint8_t key[DIGEST], digest[DIGEST];
    char request[HEX], text[sizeof ALGORITHM + sizeof s->time + MAX_SCOPE + HEX + 4];
    canonical_request(s, request);
    snprintf(text, sizeof text, ALGORITHM "\n%s\n%s\n%s", s->time, s->scope, request);
    signing_key(s, key);
    sign_with(key, text, digest);
    explicit_bzero(key, sizeof key);
    beluga__sha256_text(digest, hex);
}

/* ---- the headers ----------------------------------------------------------------------------- */

static void digest_body(signature_input *s)
{
    size_t n;
    const void *body = beluga_http_request_body(s->request, &n);
    beluga__sha256_begin(&s->sha);
    if (n) beluga__sha256_add(&s->sha, body, n);
    beluga__sha256_end(&s->sha, s->payload);
}

static size_t count_pieces(const char *text, size_t n, char between)
{
    size_t count = 1;
    for (size_t i = 0; i < n; i++) count += text[i] == between;
    return count;
}

static bool fits(signature_input *s)
{
    const beluga__sigv4 *with = s->with;
    struct tm utc;
    time_t now = (time_t)with->now;
    s->address = parse(beluga_http_request_url(s->request));
    if (!gmtime_r(&now, &utc) || !strftime(s->time, sizeof s->time, "%Y%m%dT%H%M%SZ", &utc))
        return false;
    int n = snprintf(s->host, sizeof s->host, "%.*s", (int)s->address.n_host, s->address.host);
    int m = snprintf(s->scope, sizeof s->scope, "%.8s/%s/%s/aws4_request", s->time, with->region,
                     with->service);
    if (count_pieces(s->address.path, s->address.n_path, '/') > MAX_PIECES ||
        count_pieces(s->address.query, s->address.n_query, '&') > MAX_PIECES)
        return false;
    return n < (int)sizeof s->host && m < (int)sizeof s->scope &&
           strlen(with->secret) + 4 < MAX_SECRET;
}

static int set_headers(signature_input *s, const char *signature_hex, beluga_error *err)
{
    const beluga__sigv4 *with = s->with;
    char value[MAX_AUTHORIZATION];
    int n =
        snprintf(value, sizeof value, ALGORITHM " Credential=%s/%s, SignedHeaders=%s, Signature=%s",
                 with->id, s->scope, s->signed_headers, signature_hex);
    if (n >= (int)sizeof value)
        return beluga_error_set(err, BELUGA_ERROR_LIMIT_EXCEEDED,
                                "the access key's id is too long");
    beluga_http_request_set_header(s->request, "X-Amz-Date", s->time);
    beluga_http_request_set_header(s->request, "X-Amz-Content-Sha256", s->payload);
    beluga_http_request_set_header(s->request, "X-Amz-Security-Token",
                                   with->token && *with->token ? with->token : NULL);
    beluga_http_request_set_header(s->request, "Authorization", value);
    return 0;
}

int beluga__sigv4_sign(beluga_http_request *request, const beluga__sigv4 *with, beluga_error *err)
{
    signature_input s = {.with = with, .request = request};
    char hex[HEX];
    if (!*with->id || !*with->secret)
        return beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION,
                                "the key is not \"ID:SECRET[:TOKEN[:REGION]]\"");
    if (!fits(&s))
        return beluga_error_set(err, BELUGA_ERROR_LIMIT_EXCEEDED,
                                "the request can't be signed: host, path, query, region or "
                                "secret is too long");
    s.content_type = beluga_http_request_header(request, "Content-Type");
    digest_body(&s);
    signature(&s, hex);
    return set_headers(&s, hex, err);
}
