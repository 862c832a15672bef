/* AWS Signature Version 4, of requests that are not S3's: the path is encoded once more than it is
 * sent. Source: "Create a signed AWS API request" of Amazon's documentation. */
#include "providers/bedrock/bedrock.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    DIGEST = 32,
    HEX = 2 * DIGEST + 1,
    MAX_PARAMETERS = 64,
    MAX_HOST = 256,
    MAX_SCOPE = 160,
    MAX_SECRET = 256,
    MAX_AUTHORIZATION = 1024
};

#define ALGORITHM "AWS4-HMAC-SHA256"

/* The parts of a URL; pointers into it. */
struct address {
    const char *host, *path, *query; /* query without its '?' */
    size_t n_host, n_path, n_query;
};

/* What a signature is made of. */
struct signing {
    const beluga__sigv4 *with;
    beluga_http_request *request;
    struct address address;
    char host[MAX_HOST], scope[MAX_SCOPE], time[20], payload[HEX];
    const char *content_type;
    char signed_headers[128];
    EVP_MD_CTX *context;
};

static void to_hex(const unsigned char *digest, char *out)
{
    for (int i = 0; i < DIGEST; i++) snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

/* ---- the canonical request ------------------------------------------------------------------- */

static struct address parse(const char *url)
{
    struct address a = {0};
    const char *host = strstr(url, "://");
    a.host = host ? host + 3 : url;
    a.n_host = strcspn(a.host, "/?");
    a.path = a.host + a.n_host;
    a.n_path = strcspn(a.path, "?");
    a.query = a.path + a.n_path;
    if (*a.query) a.query++;
    a.n_query = strlen(a.query);
    return a;
}

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

static void add_n(struct signing *s, const char *text, size_t n)
{
    EVP_DigestUpdate(s->context, text, n);
}

static void add(struct signing *s, const char *text)
{
    add_n(s, text, strlen(text));
}

static void add_path(struct signing *s)
{
    const struct address *a = &s->address;
    char escape[4];
    if (!a->n_path) add(s, "/");
    for (size_t i = 0; i < a->n_path; i++) {
        if (is_unreserved(a->path[i]) || a->path[i] == '/') {
            add_n(s, a->path + i, 1);
        } else {
            snprintf(escape, sizeof escape, "%%%02X", (unsigned char)a->path[i]);
            add(s, escape);
        }
    }
    add(s, "\n");
}

struct parameter {
    const char *at;
    size_t n;
};

static bool is_before(struct parameter a, struct parameter b)
{
    int order = memcmp(a.at, b.at, a.n < b.n ? a.n : b.n);
    return order ? order < 0 : a.n < b.n;
}

/* Sorted as they are put in; the writer of the URL has encoded them. */
static size_t split_query(const struct address *a, struct parameter *sorted)
{
    size_t count = 0;
    for (size_t at = 0; at < a->n_query && count < MAX_PARAMETERS;) {
        struct parameter next = {a->query + at, strcspn(a->query + at, "&")};
        size_t i = count++;
        for (; i > 0 && is_before(next, sorted[i - 1]); i--) sorted[i] = sorted[i - 1];
        sorted[i] = next;
        at += next.n + 1;
    }
    return count;
}

static void add_query(struct signing *s)
{
    struct parameter sorted[MAX_PARAMETERS];
    size_t n = split_query(&s->address, sorted);
    for (size_t i = 0; i < n; i++) {
        if (i) add(s, "&");
        add_n(s, sorted[i].at, sorted[i].n);
        if (!memchr(sorted[i].at, '=', sorted[i].n)) add(s, "=");
    }
    add(s, "\n");
}

/* Adds the header, and its name to those that are signed. */
static void add_header(struct signing *s, const char *name, const char *value)
{
    size_t n = strlen(s->signed_headers);
    if (!value || !*value) return;
    add(s, name);
    add(s, ":");
    add(s, value);
    add(s, "\n");
    snprintf(s->signed_headers + n, sizeof s->signed_headers - n, "%s%s", n ? ";" : "", name);
}

static void add_headers(struct signing *s)
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

/* Returns its digest in hex, or false. */
static bool canonical_request(struct signing *s, char *hex)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    bool good = EVP_DigestInit_ex(s->context, EVP_sha256(), NULL) == 1;
    if (!good) return false;
    add(s, beluga_http_request_method(s->request));
    add(s, "\n");
    add_path(s);
    add_query(s);
    add_headers(s);
    add(s, s->payload);
    if (EVP_DigestFinal_ex(s->context, digest, NULL) != 1) return false;
    to_hex(digest, hex);
    return true;
}

/* ---- the signature --------------------------------------------------------------------------- */

static bool sign_with(const unsigned char *key, size_t n_key, const char *text, unsigned char *out)
{
    unsigned n = 0;
    return HMAC(EVP_sha256(), key, (int)n_key, (const unsigned char *)text, strlen(text), out,
                &n) &&
           n == DIGEST;
}

/* The secret is drawn through date, region and service, so that what signs is worth a day only. */
static bool signing_key(const struct signing *s, unsigned char *key)
{
    char secret[MAX_SECRET], date[9];
    int n = snprintf(secret, sizeof secret, "AWS4%s", s->with->secret);
    snprintf(date, sizeof date, "%.8s", s->time);
    bool good = n < (int)sizeof secret &&
                sign_with((unsigned char *)secret, (size_t)n, date, key) &&
                sign_with(key, DIGEST, s->with->region, key) &&
                sign_with(key, DIGEST, s->with->service, key) &&
                sign_with(key, DIGEST, "aws4_request", key);
    explicit_bzero(secret, sizeof secret);
    return good;
}

static bool signature(struct signing *s, char *hex)
{
    unsigned char key[DIGEST], digest[DIGEST];
    char request[HEX], text[sizeof ALGORITHM + sizeof s->time + MAX_SCOPE + HEX + 4];
    if (!canonical_request(s, request)) return false;
    snprintf(text, sizeof text, ALGORITHM "\n%s\n%s\n%s", s->time, s->scope, request);
    bool good = signing_key(s, key) && sign_with(key, DIGEST, text, digest);
    explicit_bzero(key, sizeof key);
    if (good) to_hex(digest, hex);
    return good;
}

/* ---- the headers ----------------------------------------------------------------------------- */

static bool digest_body(struct signing *s)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    size_t n;
    const void *body = beluga_http_request_body(s->request, &n);
    if (EVP_Digest(n ? body : "", n, digest, NULL, EVP_sha256(), NULL) != 1) return false;
    to_hex(digest, s->payload);
    return true;
}

static bool fits(struct signing *s)
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
    return n < (int)sizeof s->host && m < (int)sizeof s->scope &&
           strlen(with->secret) + 4 < MAX_SECRET;
}

static int set_headers(struct signing *s, const char *signature_hex, beluga_error *err)
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
    struct signing s = {.with = with, .request = request};
    char hex[HEX];
    if (!*with->id || !*with->secret)
        return beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION,
                                "the key is not \"ID:SECRET[:TOKEN[:REGION]]\"");
    if (!fits(&s))
        return beluga_error_set(err, BELUGA_ERROR_LIMIT_EXCEEDED,
                                "the request can't be signed: host, region or secret is too long");
    s.content_type = beluga_http_request_header(request, "Content-Type");
    s.context = EVP_MD_CTX_new();
    bool good = s.context && digest_body(&s) && signature(&s, hex);
    EVP_MD_CTX_free(s.context);
    if (!good)
        return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory to sign the request");
    return set_headers(&s, hex, err);
}
