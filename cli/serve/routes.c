#include "serve/routes.h"

#include "serve/call.h"
#include "serve/facts.h"
#include "serve/numbers.h"
#include "serve/origin.h"
#include "serve/request.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Who may use a route. */
typedef enum route_guard {
    ROUTE_OPEN, /* everybody */
    ROUTE_KEY,  /* everybody who has a key */
    ROUTE_SEES  /* everybody whose key may see the page and the metrics */
} route_guard;

/* A route. The path of a request may also have /v1 before it. */
typedef struct serve_route {
    const char *method;
    const char *path; /* a path that ends in a slash also matches all paths below it */
    const protocol *family;
    route_guard guard;
    void (*handle)(serve_request *request);
} serve_route;

static const serve_route routes[] = {
    {"POST", "/chat/completions", &protocol_chat, ROUTE_KEY, serve_call_handle},
    {"POST", "/responses", &protocol_responses, ROUTE_KEY, serve_call_handle},
    {"POST", "/messages", &protocol_messages, ROUTE_KEY, serve_call_handle},
    {"POST", "/messages/count_tokens", &protocol_messages, ROUTE_KEY, serve_count_handle},
    {"POST", "/embeddings", &protocol_chat, ROUTE_KEY, serve_embed_handle},
    {"GET", "/models", &protocol_chat, ROUTE_KEY, serve_list_models},
    {"GET", "/models/", &protocol_chat, ROUTE_KEY, serve_show_model},
    {"GET", "/", &protocol_chat, ROUTE_OPEN, serve_show_index},
    {"GET", "/status", &protocol_chat, ROUTE_SEES, serve_show_status},
    {"GET", "/health", &protocol_chat, ROUTE_OPEN, serve_show_health},
    {"GET", "/healthz", &protocol_chat, ROUTE_OPEN, serve_show_health},
    {"GET", "/livez", &protocol_chat, ROUTE_OPEN, serve_show_health},
    {"GET", "/ready", &protocol_chat, ROUTE_OPEN, serve_show_ready},
    {"GET", "/readyz", &protocol_chat, ROUTE_OPEN, serve_show_ready},
    {"GET", "/metrics", &protocol_chat, ROUTE_SEES, serve_show_metrics},
    {"POST", "/admin/reload", &protocol_chat, ROUTE_SEES, serve_do_reload},
};
#define ROUTES (sizeof routes / sizeof *routes)

/* ---- finding --------------------------------------------------------------------------------- */

static bool fits(const serve_route *route, const char *path)
{
    size_t n = strlen(route->path);
    if (n > 1 && route->path[n - 1] == '/') return strncmp(path, route->path, n) == 0;
    return strcmp(path, route->path) == 0;
}

static bool has_method(const serve_route *route, const char *method)
{
    return strcmp(route->method, method) == 0 ||
           (strcmp(method, "HEAD") == 0 && strcmp(route->method, "GET") == 0);
}

/* Find a route by method and path. If the path has only a route for another method, return that;
 * NULL if the path does not exist. */
static const serve_route *find(const char *method, const char *path)
{
    const serve_route *other = NULL;
    for (size_t i = 0; i < ROUTES; i++) {
        if (!fits(&routes[i], path)) continue;
        if (has_method(&routes[i], method)) return &routes[i];
        other = &routes[i];
    }
    return other;
}

/* Choose the protocol of a request and of its errors. If the path does not exist, or has no
 * protocol of its own (such as /models), this is the protocol that the client seems to speak. */
static const protocol *family_of(const http_exchange *x, const serve_route *route)
{
    const char *path = http_path(x);
    if (route && route->family != &protocol_chat) return route->family;
    if (http_header(x, "anthropic-version")) return &protocol_messages;
    if (strstr(path, "/messages")) return &protocol_messages;
    return strstr(path, "/responses") ? &protocol_responses : &protocol_chat;
}

/* ---- the head -------------------------------------------------------------------------------- */

static void refuse_path(serve_request *request)
{
    if (strncmp(request->record.path, "/v1/v1/", 7) == 0) {
        serve_refuse(request, BELUGA_ERROR_NOT_FOUND,
                     "there is no %s here: the client adds /v1 itself, so configure its base URL "
                     "without /v1",
                     request->record.path);
        return;
    }
    serve_refuse(request, BELUGA_ERROR_NOT_FOUND,
                 "there is no %s here: this server has /v1/chat/completions, /v1/responses, "
                 "/v1/messages, /v1/embeddings and /v1/models",
                 request->record.path);
}

enum { METHOD_NOT_ALLOWED = 405, UNSUPPORTED_MEDIA_TYPE = 415, UPGRADE_REQUIRED = 426 };

/* Refuse a request for a WebSocket. Codex sends it if it believes that the server supports
 * WebSocket, and uses HTTP after this answer. */
static bool refuse_upgrade(serve_request *request, const serve_route *route)
{
    beluga_error err;
    if (route->family != &protocol_responses || !http_header(request->x, "upgrade")) return false;
    beluga_error_set(&err, BELUGA_ERROR_NOT_SUPPORTED,
                     "this server does not support WebSocket: send the request with POST");
    http_add_header(request->x, "upgrade", "HTTP/1.1");
    serve_answer_status(request, UPGRADE_REQUIRED, &err);
    return true;
}

static void refuse_method(serve_request *request, const serve_route *route)
{
    beluga_error err;
    if (refuse_upgrade(request, route)) return;
    beluga_error_set(&err, BELUGA_ERROR_INVALID_REQUEST, "%s accepts %s, not %s",
                     request->record.path, route->method, request->record.method);
    http_add_header(request->x, "allow",
                    strcmp(route->method, "GET") == 0 ? "GET, HEAD" : route->method);
    serve_answer_status(request, METHOD_NOT_ALLOWED, &err);
}

/* Answer a CORS preflight, which a browser sends before a request to another origin. */
static bool answer_preflight(serve_request *request)
{
    if (strcmp(request->record.method, "OPTIONS") != 0 || !request->snapshot->settings.origins)
        return false;
    http_add_header(request->x, "access-control-allow-methods", "GET, HEAD, POST");
    http_add_header(request->x, "access-control-allow-headers",
                    "authorization, content-type, x-api-key, api-key, x-request-id, "
                    "anthropic-version, anthropic-beta, "
                    "anthropic-dangerous-direct-browser-access, openai-beta, "
                    "x-stainless-arch, x-stainless-async, x-stainless-custom-poll-interval, "
                    "x-stainless-helper-method, x-stainless-lang, x-stainless-os, "
                    "x-stainless-package-version, x-stainless-poll-helper, "
                    "x-stainless-retry-count, x-stainless-runtime, x-stainless-runtime-version, "
                    "x-stainless-timeout, traceparent, tracestate");
    http_add_header(request->x, "access-control-max-age", "600");
    serve_answer_text(request, 204, NULL, "");
    return true;
}

static bool let_in(serve_request *request, const serve_route *route)
{
    beluga_error err;
    if (route->guard == ROUTE_OPEN) return true;
    if (serve_access_find(request->s->access, request->x, &request->key, &err)) {
        http_add_header(request->x, "www-authenticate", "Bearer");
        serve_answer_error(request, &err);
        return false;
    }
    request->record.key = serve_key_name(request->key);
    if (route->guard != ROUTE_SEES || serve_key_may_see(request->key)) return true;
    serve_refuse(
        request, BELUGA_ERROR_AUTHORIZATION,
        "the key \"%s\" may not see this page: set `page: true` in the key's entry to allow it",
        request->record.key);
    return false;
}

/* Refuse a request that a page of another site has sent from a browser on this machine. */
static bool is_foreign(serve_request *request)
{
    const http_exchange *x = request->x;
    const char *why = origin_refusal(&request->snapshot->settings, http_peer(x),
                                     http_header(x, "host"), http_header(x, "origin"));
    if (why) serve_refuse(request, BELUGA_ERROR_AUTHORIZATION, "%s", why);
    return why != NULL;
}

static bool can_read(serve_request *request)
{
    beluga_error err;
    const char *encoding = http_header(request->x, "content-encoding");
    if (!encoding || !*encoding || strcasecmp(encoding, "identity") == 0) return true;
    beluga_error_set(&err, BELUGA_ERROR_INVALID_REQUEST,
                     "this server can't read compressed bodies (%.32s): send the body uncompressed",
                     encoding);
    http_add_header(request->x, "accept-encoding", "identity");
    serve_answer_status(request, UNSUPPORTED_MEDIA_TYPE, &err);
    return false;
}

static void head(void *payload, http_exchange *x)
{
    static const char no_memory[] = "out of memory\n";
    serve_request *request = serve_request_begin(payload, x);
    if (!request) {
        http_answer(x, 503, "text/plain", no_memory, sizeof no_memory - 1);
        return;
    }
    const serve_route *route = find(http_method(x), request->path);
    request->family = family_of(x, route);
    if (is_foreign(request) || answer_preflight(request)) return;
    if (!route) {
        refuse_path(request);
    } else if (!has_method(route, http_method(x))) {
        refuse_method(request, route);
    } else if (let_in(request, route) && can_read(request)) {
        request->handle = route->handle;
    }
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void take_request(void *payload, http_exchange *x)
{
    serve_request *request = http_user(x);
    (void)payload;
    request->handle(request);
}

static void writable(void *payload, http_exchange *x)
{
    serve_request *request = http_user(x);
    (void)payload;
    if (request && request->kind && request->kind->writable)
        request->kind->writable(request->pending);
}

static void over(void *payload, http_exchange *x, bool gone)
{
    serve_request *request = http_user(x);
    (void)payload;
    if (request) serve_request_end(request, gone);
}

static void refused(void *payload, int status, const char *why)
{
    serve *s = payload;
    serve_observe_refused(s->observer, status, why);
}

static size_t describe(void *payload, http_exchange *x, int status, const char *why, char *text,
                       size_t n, const char **content_type)
{
    beluga_error err;
    const protocol *family = &protocol_chat;
    (void)payload;
    if (x) family = family_of(x, find(http_method(x), http_path(x)));
    beluga_error_set(&err, beluga_error_from_http(status), "%s", why);
    *content_type = "application/json";
    return serve_error_body(family, &err, NULL, text, n);
}

const http_handler serve_routes = {.head = head,
                                   .request = take_request,
                                   .writable = writable,
                                   .over = over,
                                   .refused = refused,
                                   .describe = describe};
