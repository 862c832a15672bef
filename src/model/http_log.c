#include "model/http_log.h"

#include "base/line.h"
#include "base/secret.h"

#include <string.h>

/* Write a record to the wire log. Unlike in other records the fields are not changed into one line
 * each, since bodies are logged unchanged, and headers need several lines. */
#define log_wire(runtime, event, ...)                                            \
    do {                                                                         \
        const beluga_log_field fields_[] = {__VA_ARGS__};                        \
        (runtime)->log((runtime)->log_payload, BELUGA_LOG_TRACE, event, fields_, \
                       sizeof fields_ / sizeof *fields_);                        \
    } while (0)

static void log_header(beluga__buf *headers, const char *name, const char *value)
{
    beluga__http_redact_header(headers, name, value);
    beluga__buf_putc(headers, '\n');
}

void beluga__http_log_request(const beluga__runtime *runtime, const beluga_http_request *request)
{
    if (!beluga__log_enabled(runtime, BELUGA_LOG_TRACE)) return;
    beluga__buf headers, redacted, url;
    beluga__buf_init(&headers, &runtime->allocator, BELUGA__MAX_LINE_BYTES);
    beluga__buf_init(&redacted, &runtime->allocator, BELUGA__MAX_LINE_BYTES);
    beluga__buf_init(&url, &runtime->allocator, BELUGA__MAX_LINE_BYTES);
    beluga__http_redact_url(&redacted, beluga_http_request_url(request));
    beluga__line_append(&url, redacted.data, redacted.length, BELUGA__BREAKS_ESCAPED);
    for (const beluga__header *h = request->headers; h; h = h->next)
        log_header(&headers, h->name, h->value);
    const char *body = runtime->capture_content ? request->body.data : NULL;
    log_wire(runtime, "http.request",
             BELUGA__TEXT_FIELD("method", beluga_http_request_method(request)),
             {"url", url.data, url.length, 0}, {"headers", headers.data, headers.length, 0},
             BELUGA__NUMBER_FIELD("body_bytes", (int64_t)request->body.length),
             {"body", body ? body : "", body ? request->body.length : 0, 0});
    beluga__buf_free(&headers);
    beluga__buf_free(&redacted);
    beluga__buf_free(&url);
}

void beluga__http_log_response(const beluga__runtime *runtime, const beluga_http_response *response)
{
    if (!beluga__log_enabled(runtime, BELUGA_LOG_TRACE)) return;
    beluga__buf headers;
    beluga__buf_init(&headers, &runtime->allocator, BELUGA__MAX_LINE_BYTES);
    const char *at = response->headers.data, *end = at + response->headers.length;
    for (; at < end; at += strlen(at) + 1) {
        const char *colon = strchr(at, ':');
        char name[64];
        if (!colon || (size_t)(colon - at) >= sizeof name) continue;
        memcpy(name, at, (size_t)(colon - at));
        name[colon - at] = '\0';
        log_header(&headers, name, colon + 1 + strspn(colon + 1, " "));
    }
    log_wire(runtime, "http.response", BELUGA__NUMBER_FIELD("status", response->status),
             {"headers", headers.data, headers.length, 0});
    beluga__buf_free(&headers);
}

void beluga__http_log_body(const beluga__runtime *runtime, const char *const *secrets,
                           const char *bytes, size_t n)
{
    if (!beluga__log_enabled(runtime, BELUGA_LOG_TRACE)) return;
    beluga__buf shown;
    beluga__buf_init(&shown, &runtime->allocator, SIZE_MAX / 2);
    if (runtime->capture_content) beluga__buf_append(&shown, bytes, n);
    if (shown.length) beluga__secrets_mask(secrets, shown.data, shown.length);
    log_wire(runtime, "http.body", BELUGA__NUMBER_FIELD("bytes", (int64_t)n),
             {"data", shown.length ? shown.data : "", shown.length, 0});
    beluga__buf_free(&shown);
}
