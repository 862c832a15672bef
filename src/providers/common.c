#include "providers/common.h"

#include <stdio.h>
#include <string.h>

/* ---- names ----------------------------------------------------------------------------------- */

const char *beluga__role_name(beluga_role role)
{
    switch (role) {
    case BELUGA_ROLE_SYSTEM: return "system";
    case BELUGA_ROLE_AI: return "assistant";
    case BELUGA_ROLE_TOOL: return "tool";
    default: return "user";
    }
}

const char *beluga__reasoning_effort_name(int64_t effort)
{
    static const char *const names[] = {"none", "minimal", "low", "medium", "high", "xhigh", "max"};
    bool known = effort >= BELUGA_REASONING_EFFORT_NONE && effort <= BELUGA_REASONING_EFFORT_MAX;
    return known ? names[effort] : NULL;
}

bool beluga__is_blank(const char *text, size_t length)
{
    while (length && text[length - 1] && strchr(" \t\r\n\f\v", text[length - 1])) length--;
    return !length;
}

/* ---- keys and addresses ---------------------------------------------------------------------- */

enum { MAX_BEARER = 16384, MAX_URL = 2048 };

int beluga__set_bearer(beluga_http_request *request, const char *key, beluga_error *err)
{
    char value[MAX_BEARER];
    int n = snprintf(value, sizeof value, "Bearer %s", key);
    if (n < 0 || (size_t)n >= sizeof value)
        return beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION, "the key is too long");
    beluga_http_request_set_header(request, "Authorization", value);
    explicit_bzero(value, (size_t)n);
    return 0;
}

int beluga__set_key(beluga_http_request *request, const beluga_credential *credential,
                    const char *header, const char *option, bool is_token, beluga_error *err)
{
    if (credential->call) beluga_call_get_own_bool(credential->call, option, &is_token);
    if (is_token) return beluga__set_bearer(request, credential->key, err);
    beluga_http_request_set_header(request, header, credential->key);
    return 0;
}

/* Returns whether a URL of length n has a path that ends in a text of length m. */
static bool ends_in(const char *url, size_t n, const char *end, size_t m)
{
    const char *host = strstr(url, "://");
    size_t start = host ? (size_t)(host + 3 - url) : 0;
    return n >= m + start && memcmp(url + n - m, end, m) == 0;
}

/* Returns the length of a base URL without the endpoint at its end, or without the endpoint's
 * version if the URL ends in that. */
static size_t without_endpoint(const char *url, size_t n, const char *endpoint)
{
    size_t m = strlen(endpoint), first = 1 + strcspn(endpoint + 1, "/");
    bool versioned = (endpoint[1] == 'v' && endpoint[2] >= '1' && endpoint[2] <= '9') ||
                     strncmp(endpoint, "/api/", 5) == 0;
    if (ends_in(url, n, endpoint, m)) return n - m;
    return versioned && ends_in(url, n, endpoint, first) ? n - first : n;
}

void beluga__set_path(beluga_http_request *request, const char *const *endpoints, const char *path)
{
    char whole[MAX_URL];
    beluga_http_request_set_path(request, "");
    const char *url = beluga_http_request_url(request);
    size_t n = url ? strcspn(url, "?") : 0, kept = n;
    for (; url && *endpoints && kept == n; endpoints++) kept = without_endpoint(url, n, *endpoints);
    int length =
        kept == n ? 0 : snprintf(whole, sizeof whole, "%.*s%s%s", (int)kept, url, path, url + n);
    if (length > 0 && (size_t)length < sizeof whole)
        beluga_http_request_set_url(request, whole);
    else
        beluga_http_request_set_path(request, path);
}

const char *beluga__data_url(const char *url, char *media_type, size_t size)
{
    static const char mark[] = ";base64,";
    const char *comma = strncmp(url, "data:", 5) == 0 ? strchr(url, ',') : NULL;
    size_t n_mark = sizeof mark - 2; /* the length without the NUL and the comma */
    if (!comma || (size_t)(comma - url) < 5 + n_mark || strncmp(comma - n_mark, mark, n_mark) != 0)
        return NULL;
    size_t n = (size_t)(comma - url) - 5 - n_mark;
    if (n >= size) n = size - 1;
    memcpy(media_type, url + 5, n);
    media_type[n] = '\0';
    return comma + 1;
}

/* ---- errors ---------------------------------------------------------------------------------- */

void beluga__error_refine(beluga_error *err, int code)
{
    beluga_error old = *err;
    if (old.code == code && *old.message) return;
    beluga_error_set(err, code, "%s", beluga_error_text(code));
    err->http_status = old.http_status;
    err->retry_after_ms = old.retry_after_ms;
    err->attempts = old.attempts;
    memcpy(err->operation, old.operation, sizeof old.operation);
    memcpy(err->provider, old.provider, sizeof old.provider);
    memcpy(err->model, old.model, sizeof old.model);
    memcpy(err->request_id, old.request_id, sizeof old.request_id);
}

void beluga__error_set_inside(beluga_error *err, int code, int otherwise)
{
    beluga_error_set(err, code, "%s%s", beluga_error_text(code),
                     code == otherwise ? "" : " (reported inside an answer of status 200)");
}

void beluga__error_describe(beluga_error *err, const char *word, int64_t number,
                            const char *message, size_t length)
{
    char digits[24];
    if (!word && number) {
        snprintf(digits, sizeof digits, "%lld", (long long)number);
        word = digits;
    }
    if (word) beluga_error_set_provider_code(err, word, strlen(word));
    if (length) beluga_error_set_cause(err, message, length);
}
