#include "wire/http.h"

#include <beluga/error.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char hex_digits[] = "0123456789ABCDEF";

static bool is_alphanumeric(unsigned char c)
{
    unsigned char lower = c | 0x20;
    return (c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'z');
}

/* RFC 9110's token: what methods and names of headers are made of. */
static bool is_token(const char *text)
{
    if (!*text) return false;
    for (; *text; text++)
        if (!is_alphanumeric((unsigned char)*text) && !strchr("!#$%&'*+-.^_`|~", *text))
            return false;
    return true;
}

static bool has_control(const char *text)
{
    for (; *text; text++)
        if (((unsigned char)*text < 0x20 && *text != '\t') || *text == 0x7f) return true;
    return false;
}

static bool same_name(const char *a, const char *b)
{
    for (; *a && *b; a++, b++) {
        char x = *a >= 'A' && *a <= 'Z' ? (char)(*a | 0x20) : *a;
        char y = *b >= 'A' && *b <= 'Z' ? (char)(*b | 0x20) : *b;
        if (x != y) return false;
    }
    return *a == *b;
}

static void fail(beluga_http_request *request, int code, const char *problem)
{
    if (request->status) return;
    request->status = code;
    request->problem = problem;
}

static const char *keep(beluga_http_request *request, const char *text)
{
    const char *copy = beluga__arena_copy(request->arena, text, strlen(text));
    if (!copy) fail(request, BELUGA_ERROR_NO_MEMORY, "no memory for the request");
    return copy;
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
    /* Some hosts want the key, or a password, in the URL. */
    if (request->url.capacity) explicit_bzero(request->url.data, request->url.capacity);
    beluga__buf_free(&request->url);
    beluga__buf_free(&request->body);
}

/* ---- method and URL -------------------------------------------------------------------------- */

void beluga_http_request_set_method(beluga_http_request *request, const char *method)
{
    const char *copy = keep(request, method);
    if (!is_token(method))
        fail(request, BELUGA_ERROR_INVALID_INPUT, "the method is not one");
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
        fail(request, BELUGA_ERROR_INVALID_CONFIG, "there is no base URL; set base_url");
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
        unsigned char c = (unsigned char)*text;
        if (is_alphanumeric(c) || strchr("-._~", c)) {
            beluga__buf_putc(url, *text);
        } else {
            char escape[3] = {'%', hex_digits[c >> 4], hex_digits[c & 15]};
            beluga__buf_append(url, escape, sizeof escape);
        }
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

static beluga__header **find_header(beluga_http_request *request, const char *name)
{
    beluga__header **at = &request->headers;
    while (*at && !same_name((*at)->name, name)) at = &(*at)->next;
    return at;
}

static void remove_header(beluga_http_request *request, beluga__header **at)
{
    if (!*at) return;
    if (request->last_header == &(*at)->next) request->last_header = at;
    *at = (*at)->next;
}

static void add_header(beluga_http_request *request, const char *name, const char *value)
{
    beluga__header *header = beluga__arena_zalloc(request->arena, sizeof *header);
    const char *copy = keep(request, name);
    if (!header) fail(request, BELUGA_ERROR_NO_MEMORY, "no memory for a header");
    if (!header || !copy) return;
    *header = (beluga__header){.name = copy, .value = value};
    *request->last_header = header;
    request->last_header = &header->next;
}

void beluga_http_request_set_header(beluga_http_request *request, const char *name,
                                    const char *value)
{
    beluga__header **at = find_header(request, name);
    if (!value) {
        remove_header(request, at);
        return;
    }
    if (!is_token(name) || has_control(value)) {
        fail(request, BELUGA_ERROR_INVALID_INPUT,
             "a header has a name or value that HTTP can't carry");
        return;
    }
    const char *copy = keep(request, value);
    if (!copy) return;
    if (*at)
        (*at)->value = copy;
    else
        add_header(request, name, copy);
}

beluga_json_writer *beluga_http_request_json(beluga_http_request *request)
{
    enum { USUAL_BODY = 250 };
    if (!request->has_body) {
        beluga_http_request_set_header(request, "Content-Type", "application/json");
        beluga__buf_reserve(&request->body, USUAL_BODY);
    }
    request->has_body = true;
    return &request->writer;
}

void beluga_http_request_warn(beluga_http_request *request, const char *format, ...)
{
    char text[512];
    va_list args;
    if (request->n_warnings == BELUGA__MAX_WARNINGS) return;
    if (!request->warnings)
        request->warnings =
            beluga__arena_zalloc(request->arena, BELUGA__MAX_WARNINGS * sizeof *request->warnings);
    if (!request->warnings) {
        fail(request, BELUGA_ERROR_NO_MEMORY, "no memory for a warning");
        return;
    }
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    const char *copy = keep(request, text);
    if (copy) request->warnings[request->n_warnings++] = copy;
}

/* ---- what was set ---------------------------------------------------------------------------- */

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
    for (const beluga__header *h = request->headers; h; h = h->next)
        if (same_name(h->name, name)) return h->value;
    return NULL;
}

static bool has_scheme(const char *url)
{
    return strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0;
}

static int check_url(const beluga_http_request *request, beluga_error *err)
{
    const char *url = request->url.data;
    if (request->url.status)
        return beluga_error_set(err, request->url.status, "the URL: %s",
                                beluga_error_text(request->url.status));
    if (!has_scheme(url))
        return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG,
                                "the base URL must start with http:// or https://");
    if (has_control(url) || strpbrk(url, " \t"))
        return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG,
                                "the URL has a space or a line break in it");
    return 0;
}

int beluga__http_request_finish(beluga_http_request *request, beluga_error *err)
{
    if (request->status) return beluga_error_set(err, request->status, "%s", request->problem);
    int code = check_url(request, err);
    if (code || !request->has_body) return code;
    code = beluga__json_writer_status(&request->writer);
    if (code == BELUGA_ERROR_INVALID_INPUT)
        return beluga_error_set(
            err, code,
            "the request's body has text that is not UTF-8, or a value that is not JSON");
    if (code) return beluga_error_set(err, code, "the request's body: %s", beluga_error_text(code));
    return 0;
}
