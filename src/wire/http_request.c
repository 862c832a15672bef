#include "base/limits.h"
#include "base/line.h"
#include "base/text.h"
#include "wire/http.h"
#include "wire/outgoing.h"

#include <beluga/error.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

bool beluga__header_is_named(const beluga__header *header, const char *name, size_t n)
{
    if (header->n_name != n) return false;
    for (size_t i = 0; i < n; i++)
        if (beluga__lower(header->name[i]) != beluga__lower(name[i])) return false;
    return true;
}

void beluga__http_request_fail(beluga_http_request *request, int code, const char *problem)
{
    if (request->status) return;
    request->status = code;
    request->problem = problem;
}

static const char *keep(beluga_http_request *request, const char *text)
{
    const char *copy = beluga__arena_copy(request->arena, text, strlen(text));
    if (!copy)
        beluga__http_request_fail(request, BELUGA_ERROR_NO_MEMORY, "no memory for the request");
    return copy;
}

void beluga__http_request_refuse(beluga_http_request *request, const char *problem)
{
    const char *copy = request->status ? NULL : keep(request, problem);
    if (copy) beluga__http_request_fail(request, BELUGA_ERROR_INVALID_INPUT, copy);
}

void beluga__http_request_init(beluga_http_request *request, const beluga_allocator *allocator,
                               beluga__arena *arena, const char *base_url)
{
    memset(request, 0, sizeof *request);
    request->arena = arena;
    request->base_url = base_url;
    request->method = "POST";
    request->last_header = &request->headers;
    beluga__buf_init(&request->url, allocator, BELUGA__MAX_URL_BYTES);
    beluga__buf_init(&request->body, allocator, BELUGA__MAX_REQUEST_BYTES);
    beluga__json_writer_init(&request->writer, &request->body);
}

void beluga__http_request_free(beluga_http_request *request)
{
    /* The URL is wiped, since for some providers it contains the key or a password. */
    if (request->url.capacity) explicit_bzero(request->url.data, request->url.capacity);
    beluga__buf_free(&request->url);
    beluga__buf_free(&request->body);
}

/* ---- method and URL -------------------------------------------------------------------------- */

void beluga_http_request_set_method(beluga_http_request *request, const char *method)
{
    beluga__misfit misfit;
    const char *copy = keep(request, method);
    if (!beluga__fits_header_name(method, strlen(method), &misfit))
        beluga__http_request_fail(request, BELUGA_ERROR_INVALID_INPUT,
                                  "the method is not a valid one");
    else if (copy)
        request->method = copy;
}

void beluga_http_request_set_url(beluga_http_request *request, const char *url)
{
    beluga__buf_clear(&request->url);
    beluga__buf_puts(&request->url, url);
    request->has_query = strchr(url, '?') != NULL;
}

void beluga_http_request_set_path(beluga_http_request *request, const char *path)
{
    beluga__buf *url = &request->url;
    const char *base = request->base_url;
    if (!base || !*base) {
        beluga__http_request_fail(request, BELUGA_ERROR_INVALID_CONFIG,
                                  "there is no base URL: set base_url");
        return;
    }
    size_t n = strcspn(base, "?");
    const char *query = base + n;
    while (n && base[n - 1] == '/') n--;
    beluga__buf_clear(url);
    beluga__buf_append(url, base, n);
    beluga__buf_puts(url, path);
    request->has_query = strchr(path, '?') != NULL;
    if (!*query) return;
    beluga__buf_putc(url, request->has_query ? '&' : '?');
    beluga__buf_puts(url, query + 1);
    request->has_query = true;
}

static void put_encoded(beluga__buf *url, const char *text)
{
    for (; *text; text++) {
        char bytes[3];
        beluga__buf_append(url, bytes, beluga__percent_encode(*text, bytes));
    }
}

void beluga_http_request_add_query(beluga_http_request *request, const char *name,
                                   const char *value)
{
    beluga__buf_putc(&request->url, request->has_query ? '&' : '?');
    put_encoded(&request->url, name);
    beluga__buf_putc(&request->url, '=');
    put_encoded(&request->url, value);
    request->has_query = true;
}

/* ---- headers and body ------------------------------------------------------------------------ */

static beluga__header **find_header(beluga_http_request *request, const char *name, size_t n)
{
    beluga__header **at = &request->headers;
    while (*at && !beluga__header_is_named(*at, name, n)) at = &(*at)->next;
    return at;
}

/* Append a header with space for a value, which the caller writes. Returns NULL if memory is
 * exhausted. */
static beluga__header *new_header(beluga_http_request *request, const char *name, size_t n,
                                  size_t n_value)
{
    beluga__header *header = beluga__arena_alloc(request->arena, sizeof *header + n + n_value + 2);
    if (!header) return NULL;
    char *text = memcpy(header + 1, name, n);
    text[n] = '\0';
    *header = (beluga__header){.name = text, .n_name = n};
    *request->last_header = header;
    request->last_header = &header->next;
    return header;
}

/* Find or make a header. Returns the buffer for its value, which has n_value bytes and a NUL; NULL
 * if memory is exhausted. */
static char *make_header(beluga_http_request *request, const char *name, size_t n, size_t n_value)
{
    beluga__header *header = *find_header(request, name, n);
    char *room = header ? beluga__arena_alloc(request->arena, n_value + 1) : NULL;
    if (!header && (header = new_header(request, name, n, n_value)))
        room = (char *)(header + 1) + n + 1;
    if (!room) {
        beluga__http_request_fail(request, BELUGA_ERROR_NO_MEMORY, "no memory for a header");
        return NULL;
    }
    header->value = room;
    header->n_value = n_value;
    room[n_value] = '\0';
    return room;
}

void beluga__http_request_put_header(beluga_http_request *request, const char *name, size_t n,
                                     const char *value)
{
    size_t n_value = strlen(value);
    char *room = make_header(request, name, n, n_value);
    if (room) memcpy(room, value, n_value);
}

/* Returns whether a header with this name and value can be sent; if not, the request fails. The
 * failure's text never shows the value, which may be a secret. */
static bool can_carry(beluga_http_request *request, const char *name, size_t n, const char *value,
                      size_t n_value)
{
    beluga__misfit misfit;
    char text[160];
    const char *ours = beluga__header_is_ours(name, n);
    if (!n)
        snprintf(text, sizeof text, "a header has no name");
    else if (!beluga__fits_header_name(name, n, &misfit))
        snprintf(text, sizeof text, "a header's name has %s at byte %zu, which is not allowed",
                 misfit.what, misfit.at);
    else if (ours)
        snprintf(text, sizeof text, "the header %.60s can't be set: %s", name, ours);
    else if (!beluga__fits_header(value, n_value, &misfit))
        snprintf(text, sizeof text, "%.60s: %s at byte %zu can't be sent in a header", name,
                 misfit.what, misfit.at);
    else
        return true;
    beluga__http_request_refuse(request, text);
    return false;
}

void beluga_http_request_set_header(beluga_http_request *request, const char *name,
                                    const char *value)
{
    size_t n = strlen(name), n_value = value ? strlen(value) : 0;
    if (!value) {
        beluga__header **at = find_header(request, name, n);
        if (*at && request->last_header == &(*at)->next) request->last_header = at;
        if (*at) *at = (*at)->next;
    } else if (can_carry(request, name, n, value, n_value))
        beluga__http_request_put_header(request, name, n, value);
}

/* The value is written directly into the arena, so that no copy of the key is left elsewhere. */
int beluga__http_request_set_bearer(beluga_http_request *request, const char *key,
                                    beluga_error *err)
{
    static const char name[] = "Authorization", scheme[] = "Bearer ";
    size_t n = sizeof scheme - 1, n_key = strlen(key);
    char *value = make_header(request, name, sizeof name - 1, n + n_key);
    if (!value) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the request");
    memcpy(value, scheme, n);
    memcpy(value + n, key, n_key);
    can_carry(request, name, sizeof name - 1, value, n + n_key);
    return 0;
}

static const char *form_name(int form)
{
    static const char *const names[] = {"", "JSON", "bytes", "a form", "parts"};
    return names[form];
}

bool beluga__http_request_take_form(beluga_http_request *request, beluga__body_form form)
{
    char text[96];
    if (!request->has_body) request->body_form = (uint8_t)form;
    request->has_body = true;
    if (request->body_form == form) return true;
    snprintf(text, sizeof text, "the request has two kinds of body: %s and %s",
             form_name(request->body_form), form_name((int)form));
    beluga__http_request_refuse(request, text);
    return false;
}

beluga_json_writer *beluga_http_request_json(beluga_http_request *request)
{
    enum { USUAL_BODY = 250 };
    if (request->body_form == BELUGA__BODY_JSON) return &request->writer;
    if (beluga__http_request_take_form(request, BELUGA__BODY_JSON)) {
        BELUGA__PUT_HEADER(request, "Content-Type", "application/json");
        beluga__buf_reserve(&request->body, USUAL_BODY);
    }
    return &request->writer;
}

void beluga_http_request_warn(beluga_http_request *request, const char *format, ...)
{
    char text[2 * BELUGA__MAX_WARNING_BYTES] = "";
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    beluga_http_request_warn_text(request, text, strlen(text));
}

void beluga_http_request_warn_text(beluga_http_request *request, const char *text, size_t length)
{
    char line[BELUGA__MAX_WARNING_BYTES];
    if (!text || request->n_warnings == BELUGA__MAX_WARNINGS) return;
    if (!request->warnings)
        request->warnings =
            beluga__arena_zalloc(request->arena, BELUGA__MAX_WARNINGS * sizeof *request->warnings);
    if (!request->warnings) {
        beluga__http_request_fail(request, BELUGA_ERROR_NO_MEMORY, "no memory for a warning");
        return;
    }
    beluga__line(line, sizeof line, text, length, BELUGA__BREAKS_BLANK);
    const char *copy = keep(request, line);
    if (copy) request->warnings[request->n_warnings++] = copy;
}

/* ---- reading the request --------------------------------------------------------------------- */

const char *beluga_http_request_token(const beluga_http_request *request)
{
    return request->token;
}

void *beluga_http_request_state(const beluga_http_request *request)
{
    return request->state;
}

const char *beluga_http_request_method(const beluga_http_request *request)
{
    return request->method;
}

const char *beluga_http_request_url(const beluga_http_request *request)
{
    return request->url.data;
}

const void *beluga_http_request_body(const beluga_http_request *request, size_t *length)
{
    if (length) *length = request->body.length;
    return request->body.data;
}

const char *beluga_http_request_header(const beluga_http_request *request, const char *name)
{
    size_t n = strlen(name);
    for (const beluga__header *h = request->headers; h; h = h->next)
        if (beluga__header_is_named(h, name, n)) return h->value;
    return NULL;
}

/* Set the error for a bad URL. A bad URL from a server's answer is the server's fault; the error's
 * cause shows it, since the user can't look it up. */
static int refuse_url(const beluga_http_request *request, const char *problem, beluga_error *err)
{
    beluga__buf shown;
    if (!request->told)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG, "the URL %s", problem);
    beluga_error_set(err, BELUGA_ERROR_INVALID_RESPONSE,
                     "the service's URL for the next request %s", problem);
    err->retryable = 0;
    beluga__buf_init(&shown, request->url.allocator, 3 * BELUGA__MAX_URL_BYTES);
    if (!beluga__http_redact_url(&shown, request->url.data))
        beluga_error_set_cause(err, shown.data, shown.length);
    beluga__buf_free(&shown);
    return err->code;
}

static int check_url(const beluga_http_request *request, beluga_error *err)
{
    const char *url = request->url.data;
    beluga__misfit misfit;
    char problem[96];
    if (request->url.status)
        return beluga_error_set(err, request->url.status, "the URL: %s",
                                beluga_error_text(request->url.status));
    if (strncasecmp(url, "http://", 7) != 0 && strncasecmp(url, "https://", 8) != 0)
        return refuse_url(request, "must start with http:// or https://", err);
    if (!beluga__fits_url(url, strlen(url), &misfit)) {
        snprintf(problem, sizeof problem, "has %s at byte %zu, which a URL can't contain",
                 misfit.what, misfit.at);
        return refuse_url(request, problem, err);
    }
    const char *path = strstr(url, "://") + 3;
    if (!strcspn(path, "/?")) return refuse_url(request, "has no host", err);
    if (beluga__path_climbs(path, strcspn(path, "?")))
        return refuse_url(request, "has \".\" or \"..\" as a segment of its path", err);
    return 0;
}

int beluga__http_request_finish(beluga_http_request *request, beluga_error *err)
{
    if (request->status) return beluga_error_set(err, request->status, "%s", request->problem);
    int code = check_url(request, err);
    if (code || !request->has_body) return code;
    bool json = request->body_form == BELUGA__BODY_JSON;
    code = json ? beluga__json_writer_status(&request->writer) : request->body.status;
    if (code == BELUGA_ERROR_INVALID_INPUT)
        return beluga_error_set(
            err, code,
            "the request's body has text that is not UTF-8, or a value that is not JSON");
    if (code) return beluga_error_set(err, code, "the request's body: %s", beluga_error_text(code));
    return 0;
}
