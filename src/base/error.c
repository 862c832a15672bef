#include "base/line.h"
#include "base/utf8.h"

#include <beluga/error.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* For each code its name, a NUL, and its text. */
static const char *const words[] = {
#define XX(constant, value, name, retryable, text) [-(value)] = name "\0" text,
    BELUGA_ERROR_MAP(XX)
#undef XX
};
/* One bit for each code: 1 if a retry may succeed. */
static const uint64_t retryable =
#define XX(constant, value, name, retryable, text) (uint64_t)(retryable) << -(value) |
    BELUGA_ERROR_MAP(XX) 0;
#undef XX
_Static_assert(BELUGA_ERROR_COUNT < 64, "each code has a bit");

static int known(int code)
{
    return code < 0 && code >= -BELUGA_ERROR_COUNT;
}

const char *beluga_error_name(int code)
{
    if (code == 0) return "ok";
    return known(code) ? words[-code] : "unknown_error";
}

const char *beluga_error_text(int code)
{
    if (code == 0) return "no error";
    return known(code) ? words[-code] + strlen(words[-code]) + 1
                       : "an error code of a later library version";
}

int beluga_error_code_from_name(const char *name)
{
    for (int i = 1; name && i <= BELUGA_ERROR_COUNT; i++)
        if (strcmp(words[i], name) == 0) return -i;
    return 0;
}

int beluga_error_set(beluga_error *err, int code, const char *format, ...)
{
    if (!err) return code;
    char text[2 * sizeof err->message];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    size_t length = n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
    return beluga_error_set_text(err, code, text, length);
}

int beluga_error_set_text(beluga_error *err, int code, const char *text, size_t length)
{
    if (!err) return code;
    memset(err, 0, sizeof *err);
    err->code = code;
    err->retry_after_ms = -1;
    err->retryable = known(code) && retryable >> -code & 1;
    beluga__error_sentence(err, message, text ? text : "", text ? length : 0);
    return code;
}

void beluga_error_set_provider_code(beluga_error *err, const char *code, size_t len)
{
    if (err)
        beluga__line(err->provider_code, sizeof err->provider_code, code ? code : "",
                     code ? len : 0, BELUGA__BREAKS_ESCAPED);
}

void beluga_error_set_cause(beluga_error *err, const char *cause, size_t len)
{
    if (err) beluga__error_sentence(err, cause, cause ? cause : "", cause ? len : 0);
}

int beluga_error_wrap(beluga_error *err, const char *operation, const char *context)
{
    if (!err) return 0;
    if (operation) beluga__error_label(err, operation, operation);
    if (context && *context) {
        char text[2 * sizeof err->message];
        int n = snprintf(text, sizeof text, "%s: %s", context, err->message);
        size_t length = (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
        beluga__error_sentence(err, message, text, length);
    }
    return err->code;
}

static void clean(char *field, size_t size, beluga__line_breaks breaks)
{
    char text[sizeof((beluga_error *)0)->message];
    size_t n = strnlen(field, size);
    if (n < size && beluga__is_line(field, n)) return;
    memcpy(text, field, n);
    beluga__line(field, size, text, n, breaks);
}

void beluga__error_clean(beluga_error *err)
{
    clean(err->operation, sizeof err->operation, BELUGA__BREAKS_ESCAPED);
    clean(err->provider, sizeof err->provider, BELUGA__BREAKS_ESCAPED);
    clean(err->model, sizeof err->model, BELUGA__BREAKS_ESCAPED);
    clean(err->provider_code, sizeof err->provider_code, BELUGA__BREAKS_ESCAPED);
    clean(err->request_id, sizeof err->request_id, BELUGA__BREAKS_ESCAPED);
    clean(err->message, sizeof err->message, BELUGA__BREAKS_BLANK);
    clean(err->cause, sizeof err->cause, BELUGA__BREAKS_BLANK);
}

int beluga_error_from_http(int status)
{
    switch (status) {
    case 401: return BELUGA_ERROR_AUTHENTICATION;
    case 402: return BELUGA_ERROR_QUOTA_EXCEEDED;
    case 403: return BELUGA_ERROR_AUTHORIZATION;
    case 404: return BELUGA_ERROR_NOT_FOUND;
    case 408:
    case 504: return BELUGA_ERROR_TIMEOUT;
    case 413: return BELUGA_ERROR_LIMIT_EXCEEDED;
    case 429: return BELUGA_ERROR_RATE_LIMIT;
    case 501: return BELUGA_ERROR_NOT_SUPPORTED; /* trying again does not help */
    case 503:
    case 529: return BELUGA_ERROR_OVERLOADED;
    }
    if (status >= 200 && status < 300) return 0;
    if (status >= 400 && status < 500) return BELUGA_ERROR_INVALID_REQUEST;
    if (status >= 500 && status < 600) return BELUGA_ERROR_INTERNAL;
    return BELUGA_ERROR_INVALID_RESPONSE;
}

bool beluga_error_is_retryable(const beluga_error *err)
{
    return err && err->code && err->retryable;
}

/* Append like snprintf. *at is increased by the bytes that the text needs, even if they don't
 * fit. */
static void add(char *buffer, size_t n, size_t *at, const char *format, ...) BELUGA_PRINTF(4, 5);

static void add(char *buffer, size_t n, size_t *at, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(*at < n ? buffer + *at : NULL, *at < n ? n - *at : 0, format, args);
    va_end(args);
    if (length > 0) *at += (size_t)length;
}

size_t beluga_error_format(const beluga_error *err, char *buffer, size_t n)
{
    size_t at = 0;
    if (n) buffer[0] = '\0';
    if (!err) return 0;
    add(buffer, n, &at, "%s: %s", beluga_error_name(err->code),
        *err->message ? err->message : beluga_error_text(err->code));
    if (*err->cause) add(buffer, n, &at, " (%s)", err->cause);
    const char *separator = " [";
    const char *const fields[] = {err->provider, err->model, err->provider_code};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (*fields[i]) {
            add(buffer, n, &at, "%s%s", separator, fields[i]);
            separator = ", ";
        }
    if (err->http_status) {
        add(buffer, n, &at, "%sHTTP %d", separator, err->http_status);
        separator = ", ";
    }
    if (*err->request_id) {
        add(buffer, n, &at, "%srequest %s", separator, err->request_id);
        separator = ", ";
    }
    if (err->attempts > 1) {
        add(buffer, n, &at, "%s%d attempts", separator, err->attempts);
        separator = ", ";
    }
    if (separator[0] == ',') add(buffer, n, &at, "]");
    if (n && at >= n) buffer[beluga__utf8_cut(buffer, n, n - 1)] = '\0';
    return at;
}
