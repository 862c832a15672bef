#include "base/line.h"
#include "base/text.h"
#include "wire/http.h"

#include <beluga/error.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#define MAX_WAIT_MS (INT64_C(24) * 60 * 60 * 1000)

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

void beluga__http_response_init(beluga_http_response *response, const beluga_allocator *allocator,
                                size_t max_body)
{
    response->status = 0;
    response->multiplexed = false;
    beluga__buf_init(&response->headers, allocator, BELUGA__MAX_HEADER_BYTES);
    beluga__buf_init(&response->body, allocator, max_body);
}

void beluga__http_response_free(beluga_http_response *response)
{
    beluga__buf_free(&response->headers);
    beluga__buf_free(&response->body);
}

void beluga__http_response_clear(beluga_http_response *response)
{
    response->status = 0;
    beluga__buf_clear(&response->headers);
    beluga__buf_clear(&response->body);
}

/* ---- header lines ---------------------------------------------------------------------------- */

static int status_line(beluga_http_response *response, const char *line, size_t n)
{
    const char *at = memchr(line, ' ', n), *end = line + n;
    int status = 0, digits = 0;
    beluga__http_response_clear(response);
    while (at && at < end && *at == ' ') at++;
    for (; at && at < end && *at >= '0' && *at <= '9' && digits < 4; at++, digits++)
        status = status * 10 + (*at - '0');
    if (digits != 3) return BELUGA_ERROR_INVALID_RESPONSE;
    response->status = status;
    response->multiplexed = n > 5 && line[5] != '1';
    return 0;
}

/* Add a folded line: a line that begins with a space continues the value of the header before
 * it. */
static int folded_line(beluga__buf *headers, const char *line, size_t n)
{
    for (; is_space(*line); n--) line++;
    if (!headers->length) return 0;
    headers->length--;
    beluga__buf_putc(headers, ' ');
    beluga__buf_append(headers, line, n);
    return beluga__buf_putc(headers, '\0');
}

static int header_line(beluga__buf *headers, const char *line, size_t name_n, const char *value,
                       size_t n)
{
    enum { USUAL_HEADERS = 250 };
    size_t at = headers->length;
    if (!at) beluga__buf_reserve(headers, USUAL_HEADERS);
    for (; n && is_space(*value); n--) value++;
    beluga__buf_append(headers, line, name_n);
    for (; at < headers->length; at++) headers->data[at] = beluga__lower(headers->data[at]);
    beluga__buf_append(headers, ": ", 2);
    beluga__buf_append(headers, value, n);
    return beluga__buf_putc(headers, '\0');
}

int beluga__http_response_add_line(beluga_http_response *response, const char *line, size_t n)
{
    while (n && is_space(line[n - 1])) n--;
    if (!n || memchr(line, '\0', n)) return 0;
    if (n >= 5 && memcmp(line, "HTTP/", 5) == 0) return status_line(response, line, n);
    if (is_space(*line)) return folded_line(&response->headers, line, n);
    const char *colon = memchr(line, ':', n);
    if (!colon || colon == line) return 0;
    size_t name_n = (size_t)(colon - line);
    while (is_space(line[name_n - 1])) name_n--;
    return header_line(&response->headers, line, name_n, colon + 1, (size_t)(line + n - colon) - 1);
}

static bool is_name(const char *header, const char *name, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (header[i] != beluga__lower(name[i])) return false;
    return header[n] == ':';
}

const char *beluga_http_response_header(const beluga_http_response *response, const char *name)
{
    const beluga__buf *headers = &response->headers;
    size_t n = strlen(name);
    for (size_t at = 0; at < headers->length; at += strlen(headers->data + at) + 1)
        if (is_name(headers->data + at, name, n)) return headers->data + at + n + 2;
    return NULL;
}

bool beluga__http_is_framed(const beluga_http_response *response)
{
    return response->multiplexed || beluga_http_response_header(response, "content-length") ||
           beluga_http_response_header(response, "transfer-encoding");
}

int beluga_http_response_status(const beluga_http_response *response)
{
    return response->status;
}

const char *beluga_http_response_body(const beluga_http_response *response, size_t *length)
{
    size_t n = response->body.length;
    if (length) *length = n < BELUGA__MAX_ERROR_BODY ? n : BELUGA__MAX_ERROR_BODY;
    return response->body.data;
}

/* ---- when to retry --------------------------------------------------------------------------- */

/* Returns the value of a decimal number, regardless of the locale; -1 for any other text. */
static double number(const char *text)
{
    double value = 0, scale = 1;
    const char *start = text;
    for (; *text >= '0' && *text <= '9'; text++) value = value * 10 + (*text - '0');
    if (text == start) return -1;
    if (*text == '.')
        for (text++; *text >= '0' && *text <= '9'; text++) value += (*text - '0') * (scale /= 10);
    return *text ? -1 : value;
}

static int month_of(const char *name)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (int i = 0; i < 12; i++)
        if (strncmp(names + (size_t)3 * (size_t)i, name, 3) == 0) return i;
    return -1;
}

/* Read one of the three forms of a date that RFC 9110, section 5.6.7, allows. */
static bool scan_date(const char *text, struct tm *t, char month[4])
{
    int *d = &t->tm_mday, *y = &t->tm_year, *h = &t->tm_hour, *m = &t->tm_min, *s = &t->tm_sec;
    if (sscanf(text, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d", d, month, y, h, m, s) == 6)
        return true;
    if (sscanf(text, "%*3[A-Za-z] %3[A-Za-z] %2d %2d:%2d:%2d %4d", month, d, h, m, s, y) == 6)
        return true;
    if (sscanf(text, "%*[A-Za-z], %2d-%3[A-Za-z]-%2d %2d:%2d:%2d", d, month, y, h, m, s) != 6)
        return false;
    *y += *y < 70 ? 2000 : 1900;
    return true;
}

/* Returns an HTTP date in seconds since 1970, or -1 if the text is not such a date. */
static int64_t http_date(const char *text)
{
    struct tm t = {0};
    char month[4] = "";
    if (!scan_date(text, &t, month)) return -1;
    t.tm_mon = month_of(month);
    bool right = t.tm_mon >= 0 && t.tm_year >= 1970 && t.tm_mday >= 1 && t.tm_mday <= 31 &&
                 t.tm_hour >= 0 && t.tm_hour < 24 && t.tm_min >= 0 && t.tm_min < 60 &&
                 t.tm_sec >= 0 && t.tm_sec <= 60;
    t.tm_year -= 1900;
    return right ? (int64_t)timegm(&t) : -1;
}

int64_t beluga__http_date(const beluga_http_response *response)
{
    const char *date = beluga_http_response_header(response, "date");
    return date ? http_date(date) : -1;
}

int64_t beluga__http_retry_after_ms(const beluga_http_response *response, int64_t now)
{
    const char *ms = beluga_http_response_header(response, "retry-after-ms");
    const char *after = beluga_http_response_header(response, "retry-after");
    double wait = ms ? number(ms) : -1;
    if (wait < 0 && after) {
        wait = number(after) * 1000;
        int64_t date = wait < 0 ? http_date(after) : -1;
        if (date >= 0) wait = date > now ? (double)(date - now) * 1000 : 0;
    }
    if (wait < 0) return -1;
    return wait > (double)MAX_WAIT_MS ? MAX_WAIT_MS : (int64_t)wait;
}

int beluga__http_should_retry(const beluga_http_response *response)
{
    const char *value = beluga_http_response_header(response, "x-should-retry");
    if (!value) return -1;
    return strcmp(value, "true") == 0 ? 1 : strcmp(value, "false") == 0 ? 0 : -1;
}

const char *beluga__http_request_id(const beluga_http_response *response)
{
    static const char *const names[] = {"x-request-id",    "request-id",      "x-amzn-requestid",
                                        "apim-request-id", "x-generation-id", "x-goog-request-id"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *id = beluga_http_response_header(response, names[i]);
        if (id && *id) return id;
    }
    return NULL;
}

/* ---- for logs -------------------------------------------------------------------------------- */

static const char *const shown[] = {"accept",
                                    "accept-encoding",
                                    "age",
                                    "alt-svc",
                                    "anthropic-beta",
                                    "anthropic-version",
                                    "cache-control",
                                    "connection",
                                    "content-encoding",
                                    "content-length",
                                    "content-type",
                                    "date",
                                    "host",
                                    "openai-processing-ms",
                                    "openai-version",
                                    "request-id",
                                    "retry-after",
                                    "retry-after-ms",
                                    "server",
                                    "traceparent",
                                    "transfer-encoding",
                                    "user-agent",
                                    "vary",
                                    "via",
                                    "x-amzn-errortype",
                                    "x-amzn-requestid",
                                    "x-generation-id",
                                    "x-request-id",
                                    "x-should-retry"};

static const char *const shown_families[] = {"anthropic-ratelimit-", "x-ratelimit-"};

static bool starts_with(const char *name, const char *start)
{
    for (; *start && beluga__lower(*name) == *start; start++) name++;
    return !*start;
}

bool beluga__http_may_show(const char *name)
{
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        if (starts_with(name, shown[i]) && !name[strlen(shown[i])]) return true;
    for (size_t i = 0; i < sizeof shown_families / sizeof *shown_families; i++)
        if (starts_with(name, shown_families[i])) return true;
    return false;
}

void beluga__http_redact_header(beluga__buf *out, const char *name, const char *value)
{
    beluga__line_append(out, name, strlen(name), BELUGA__BREAKS_ESCAPED);
    beluga__buf_puts(out, ": ");
    if (!beluga__http_may_show(name)) value = "[redacted]";
    beluga__line_append(out, value, strlen(value), BELUGA__BREAKS_BLANK);
}

/* Returns whether a parameter's name says that its value is a secret. */
static bool is_secret(const char *name, size_t n)
{
    static const char *const words[] = {"key",       "token", "secret",     "password",
                                        "signature", "sig",   "credential", "auth"};
    if (starts_with(name, "page"))
        return false; /* "page_token" is a position in a list, not a secret */
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t length = strlen(words[i]);
        bool ends = n >= length && starts_with(name + n - length, words[i]);
        if (ends && (n == length || strchr("-_.", name[n - length - 1]))) return true;
    }
    return n == 6 && starts_with(name, "apikey");
}

static int redact_query(beluga__buf *out, const char *at)
{
    for (;;) {
        size_t n = strcspn(at, "&#"), name = strcspn(at, "=&#");
        bool hide = name < n && is_secret(at, name);
        beluga__buf_append(out, at, hide ? name + 1 : n);
        if (hide) beluga__buf_puts(out, "[redacted]");
        at += n;
        if (*at != '&') return beluga__buf_puts(out, at);
        beluga__buf_putc(out, *at++);
    }
}

/* Returns the end of the part of a URL that may contain a user name and password. Usually this is
 * the end of the authority. But if the authority has a colon that is not followed by a port, and no
 * "@", then a "/" or "?" may belong to the password, so the part ends with the text. A text without
 * a scheme is searched to its end, too. */
static const char *find_end(const char *host, bool has_scheme)
{
    const char *end = host + strcspn(host, "/?#");
    const char *colon = memchr(host, ':', (size_t)(end - host));
    bool port = colon && colon + 1 + strspn(colon + 1, "0123456789") == end;
    bool plain = !colon || port || *host == '[' || memchr(host, '@', (size_t)(end - host));
    return has_scheme && plain ? end : host + strlen(host);
}

int beluga__http_redact_url(beluga__buf *out, const char *url)
{
    const char *scheme = strstr(url, "://"), *host = scheme ? scheme + 3 : url;
    const char *at = find_end(host, scheme != NULL);
    while (at > host && at[-1] != '@') at--;
    beluga__buf_append(out, url, (size_t)(host - url));
    if (at > host) beluga__buf_puts(out, "[redacted]@");
    size_t n = strcspn(at, "?");
    beluga__buf_append(out, at, n + (at[n] == '?'));
    return at[n] ? redact_query(out, at + n + 1) : out->status;
}
