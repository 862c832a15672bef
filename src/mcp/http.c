/* An MCP server that is reached by HTTP. Each message is an HTTP request; the response has the
 * answer, either as one message or as a stream of messages. */
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/secret.h"
#include "mcp/link.h"
#include "mcp/wire.h"
#include "wire/framing.h"

#include <beluga/version.h>

#include <stdatomic.h>
#include <stdio.h>
#include <strings.h>

enum { MAX_SECRETS = 32 };

typedef struct service {
    beluga__mcp_wire wire;
    beluga__connection connection;
    beluga__list posts;
    beluga__buf session;                      /* the session id that the server gave; "": none */
    const char *secrets[2 * MAX_SECRETS + 1]; /* values of headers, to be masked */
    bool closing;
    beluga__task finish; /* reports in a later turn of the loop that the wire is closed */
    beluga__timer late;  /* limits the wait for the end of the session */
} service;

/* One message that was sent by a POST request, and its HTTP exchange. */
typedef struct post {
    beluga__list node;
    service *service;
    beluga__mcp_request *request; /* NULL: no answer is expected, or it has arrived */
    beluga__arena arena;
    beluga_http_request sent;
    beluga_http_response got;
    beluga__framer framer;
    beluga__transfer *transfer; /* NULL: the exchange has ended */
    bool in_session;            /* the message was sent with a session id */
    bool streams;               /* the response is a stream of messages */
    /* a function further up the call stack uses the post; if the post is stopped, that function
     * frees it */
    bool reads;
    bool dead;
} post;

static service *service_of(beluga__mcp_wire *wire)
{
    return beluga__container_of(wire, service, wire);
}

/* --- the end of a post ------------------------------------------------------------------------ */

static void tell_closed(service *s)
{
    if (s->closing && beluga__list_empty(&s->posts))
        s->wire.loop->ops->defer(s->wire.loop, &s->finish);
}

static void free_post(post *p)
{
    service *s = p->service;
    if (p->reads) {
        p->dead = true;
        return;
    }
    beluga__list_remove(&p->node);
    beluga__framer_free(&p->framer);
    beluga__http_request_free(&p->sent);
    beluga__http_response_free(&p->got);
    beluga__arena_free(&p->arena);
    beluga__release(&s->wire.runtime->allocator, p);
    tell_closed(s);
}

static void forget_request(post *p)
{
    if (p->request) p->request->exchange = NULL;
    p->request = NULL;
}

/* Stop a post. If its answer is complete (`whole`), the rest of the body is read, so that the
 * connection can be reused; otherwise the exchange is ended at once, so that the server sees that
 * the answer is no longer wanted. */
static void stop(post *p, bool whole)
{
    beluga__transfer *transfer = p->transfer;
    forget_request(p);
    p->transfer = NULL;
    if (transfer && whole)
        p->service->wire.loop->ops->transfer_finish(transfer);
    else if (transfer)
        p->service->wire.loop->ops->transfer_cancel(transfer, NULL);
    free_post(p);
}

static void fail_post(post *p, const beluga_error *err)
{
    beluga__mcp_request *request = p->request;
    service *s = p->service;
    stop(p, false);
    if (request) s->wire.events->failed(s->wire.owner, request, err);
}

static void drop(beluga__mcp_wire *wire, beluga__mcp_request *request, bool answered)
{
    (void)wire;
    if (request->exchange) stop(request->exchange, answered);
}

/* --- the request ------------------------------------------------------------------------------ */

/* Returns whether a text can be a header's value without encoding. */
static bool is_plain(const char *text)
{
    size_t n = strlen(text);
    if (!n || text[0] == ' ' || text[n - 1] == ' ' || strncmp(text, "=?base64?", 9) == 0)
        return false;
    for (size_t i = 0; i < n; i++)
        if (text[i] < ' ' || text[i] > '~') return false;
    return true;
}

static void put_text(beluga_http_request *r, const char *name, const char *text)
{
    beluga__buf value;
    if (is_plain(text)) {
        beluga_http_request_set_header(r, name, text);
        return;
    }
    beluga__buf_init(&value, r->body.allocator, BELUGA__MAX_HEADER_BYTES);
    beluga__buf_puts(&value, "=?base64?");
    beluga__base64_encode(&value, text, strlen(text));
    beluga__buf_puts(&value, "?=");
    beluga_http_request_set_header(r, name, value.data);
    beluga__buf_free(&value);
}

/* Set a header from the settings. Its form was checked before. */
static void put_line(post *p, const char *line)
{
    size_t n = strcspn(line, ":");
    char *name = beluga__arena_copy(&p->arena, line, n);
    if (name)
        beluga_http_request_set_header(&p->sent, name, line + n + 1 + strspn(line + n + 1, " \t"));
    else
        beluga__http_request_fail(&p->sent, BELUGA_ERROR_NO_MEMORY, "no memory for a header");
}

static void put_headers(post *p)
{
    const beluga__mcp_wire *wire = &p->service->wire;
    beluga_http_request *r = &p->sent;
    for (const char *const *h = wire->place->headers; h && *h; h++) put_line(p, *h);
    beluga_http_request_set_header(r, "Accept", "application/json, text/event-stream");
    if (wire->protocol) beluga_http_request_set_header(r, "MCP-Protocol-Version", wire->protocol);
    p->in_session = p->service->session.length > 0;
    if (p->in_session)
        beluga_http_request_set_header(r, "Mcp-Session-Id", p->service->session.data);
    if (!wire->modern || !p->request) return;
    beluga_http_request_set_header(r, "Mcp-Method", p->request->method);
    if (p->request->tool) put_text(r, "Mcp-Name", p->request->tool);
}

static post *new_post(service *s, beluga__mcp_request *request)
{
    const beluga_allocator *allocator = &s->wire.runtime->allocator;
    post *p = beluga__zalloc(allocator, sizeof *p);
    if (!p) return NULL;
    p->service = s;
    p->request = request;
    if (request) request->exchange = p;
    beluga__list_append(&s->posts, &p->node);
    beluga__arena_init(&p->arena, allocator, NULL, 0, BELUGA__MAX_CALL_BYTES);
    p->arena.secret = true;
    beluga__http_request_init(&p->sent, allocator, &p->arena, NULL);
    beluga__http_response_init(&p->got, allocator, BELUGA__MAX_MCP_MESSAGE);
    beluga__framer_init(&p->framer, BELUGA_FRAMING_SSE, allocator, BELUGA__MAX_MCP_MESSAGE);
    beluga_http_request_set_url(&p->sent, s->wire.place->url);
    put_headers(p);
    return p;
}

/* --- the answer ------------------------------------------------------------------------------- */

static bool is_type(const post *p, const char *type)
{
    const char *value = beluga_http_response_header(&p->got, "content-type");
    size_t n = strlen(type);
    return value && strncasecmp(value, type, n) == 0 && (!value[n] || strchr("; \t", value[n]));
}

static bool is_good(const post *p)
{
    return p->got.status >= 200 && p->got.status < 300;
}

/* Keep the session id: the handshake of an older protocol revision may return one, which all later
 * messages must contain. */
static void take_session(post *p)
{
    const char *id = beluga_http_response_header(&p->got, "mcp-session-id");
    service *s = p->service;
    if (!id || s->wire.modern || !p->request || strcmp(p->request->method, "initialize") != 0)
        return;
    beluga__buf_clear(&s->session);
    beluga__buf_puts(&s->session, id);
}

static void got_head(void *owner)
{
    post *p = owner;
    p->streams = is_good(p) && is_type(p, "text/event-stream");
    if (is_good(p)) take_session(p);
}

/* Deliver a message of the stream. Returns 1 if the post was stopped meanwhile, so that the framer
 * stops, too. */
static int got_frame(void *payload, const beluga_frame *frame)
{
    post *p = payload;
    const beluga__mcp_wire *wire = &p->service->wire;
    if (frame->length) wire->events->message(wire->owner, frame->data, frame->length, 0);
    return p->dead;
}

/* If the post was stopped while its bytes were read, free it. Returns whether it was stopped. */
static bool leave(post *p)
{
    bool dead = p->dead;
    p->reads = false;
    if (dead) free_post(p);
    return dead;
}

static void fail_too_long(post *p, int status)
{
    beluga_error err;
    beluga_error_set(&err, status, "MCP server %s sent a message that is too long: %s",
                     p->service->wire.place->name, beluga_error_text(status));
    fail_post(p, &err);
}

/* Read bytes of the body. If the response is a refusal, only the beginning of its body is kept. */
static void got_body(void *owner, char *bytes, size_t n)
{
    post *p = owner;
    int status = 0;
    p->reads = true;
    if (p->streams)
        status = beluga__framer_feed(&p->framer, bytes, n, got_frame, p);
    else if (is_good(p) || p->got.body.length + n <= BELUGA__MAX_ERROR_BODY)
        status = beluga__buf_append(&p->got.body, bytes, n);
    if (!leave(p) && status) fail_too_long(p, status);
}

static void refuse(const post *p, beluga_error *err)
{
    const char *name = p->service->wire.place->name;
    const char *where = beluga_http_response_header(&p->got, "location");
    int http = p->got.status, status = beluga_error_from_http(http);
    if (!status) status = BELUGA_ERROR_INVALID_RESPONSE;
    if (http == 401)
        beluga_error_set(err, status,
                         "MCP server %s wants credentials (HTTP 401): set them in headers, such as "
                         "\"Authorization: Bearer …\"",
                         name);
    else if (http == 403)
        beluga_error_set(err, status,
                         "MCP server %s refused these credentials, or this client (HTTP 403)",
                         name);
    else if (http >= 300 && http < 400 && where)
        beluga_error_set(err, status,
                         "MCP server %s redirects (HTTP %d), which is not followed: put the new "
                         "address into url",
                         name, http);
    else
        beluga_error_set(err, status, "MCP server %s answered with HTTP %d", name, http);
    if (where && http >= 300 && http < 400) beluga_error_set_cause(err, where, strlen(where));
    err->http_status = http;
}

/* Deliver the body of a response that is one message. The body of a refusal may be a message, too.
 * It may repeat a key of the request, which is masked. */
static void take_body(post *p)
{
    const beluga__mcp_wire *wire = &p->service->wire;
    if (!p->got.body.length || (!is_good(p) && *p->got.body.data != '{')) return;
    if (!is_good(p))
        beluga__secrets_mask(p->service->secrets, p->got.body.data, p->got.body.length);
    wire->events->message(wire->owner, p->got.body.data, p->got.body.length, 0);
}

/* Fail the request: the response has ended without an answer to it. */
static void no_answer(post *p)
{
    beluga_error err;
    service *s = p->service;
    beluga__mcp_request *request = p->request;
    if (p->got.status == 404 && p->in_session) {
        beluga__buf_clear(&s->session);
        forget_request(p);
        free_post(p);
        s->wire.events->expired(s->wire.owner, request);
        return;
    }
    if (is_good(p))
        beluga_error_set(&err, BELUGA_ERROR_STREAM_CLOSED,
                         "MCP server %s sent a response without the answer", s->wire.place->name);
    else
        refuse(p, &err);
    fail_post(p, &err);
}

static void got_end(void *owner, int code, const beluga_error *err)
{
    post *p = owner;
    p->transfer = NULL;
    p->reads = true;
    if (!code && p->streams)
        beluga__framer_end(&p->framer, got_frame, p);
    else if (!code)
        take_body(p);
    bool over = !p->request;
    if (leave(p)) return;
    if (over)
        free_post(p);
    else if (code) {
        beluga_error why = *err;
        beluga_error_wrap(&why, NULL, p->service->wire.place->name);
        fail_post(p, &why);
    } else
        no_answer(p);
}

/* --- sending ---------------------------------------------------------------------------------- */

static int start_post(post *p, beluga_error *err)
{
    static const beluga__transfer_handler handler = {got_head, got_body, got_end};
    service *s = p->service;
    beluga_loop *loop = s->wire.loop;
    beluga__transfer_spec spec = {
        .connection = &s->connection,
        .request = &p->sent,
        .response = &p->got,
        .handler = &handler,
        .owner = p,
        .secrets = s->secrets,
        .random = &loop->random,
        .connect_timeout_ms = BELUGA__CONNECT_TIMEOUT_MS,
        .streamed = true,
    };
    int status = beluga__http_request_finish(&p->sent, err);
    if (!status && loop->ops->reserve(loop))
        status = beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the request");
    return status ? status : loop->ops->transfer_start(loop, &spec, &p->transfer, err);
}

static int send_post(post *p, beluga_error *err)
{
    int status = start_post(p, err);
    if (!status) return 0;
    beluga_error_wrap(err, NULL, p->service->wire.place->name);
    forget_request(p);
    free_post(p);
    return status;
}

/* Send a message. In the newer protocol revision a client sends only requests, so other messages
 * are dropped. */
static int send_text(beluga__mcp_wire *wire, const char *text, size_t n,
                     beluga__mcp_request *request, beluga_error *err)
{
    if (!request && wire->modern) return 0;
    post *p = new_post(service_of(wire), request);
    if (!p) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the request");
    beluga_http_request_set_body(&p->sent, "application/json", text, n);
    return send_post(p, err);
}

/* --- opening and closing ---------------------------------------------------------------------- */

static void finish(beluga__task *task)
{
    service *s = beluga__container_of(task, service, finish);
    beluga__timer_clear(s->wire.loop, &s->late);
    beluga__buf_free(&s->session);
    s->closing = false;
    s->wire.events->closed(s->wire.owner);
}

static void stop_posts(service *s)
{
    for (beluga__list *n = s->posts.next, *next; n != &s->posts; n = next) {
        next = n->next;
        stop(beluga__container_of(n, post, node), false);
    }
}

static void give_up_waiting(beluga__timer *timer)
{
    stop_posts(beluga__container_of(timer, service, late));
}

/* Tell a server of an older protocol revision that the session is over. */
static void end_session(service *s)
{
    beluga_error err;
    if (!s->session.length) return;
    post *p = new_post(s, NULL);
    if (!p) return;
    beluga_http_request_set_method(&p->sent, "DELETE");
    s->late.fire = give_up_waiting;
    s->wire.loop->ops->timer_set(s->wire.loop, &s->late, beluga__ends_ns(BELUGA__MCP_CLOSE_MS));
    (void)send_post(p, &err);
}

static void close_wire(beluga__mcp_wire *wire)
{
    service *s = service_of(wire);
    if (s->closing) return;
    stop_posts(s);
    end_session(s);
    s->closing = true;
    tell_closed(s);
}

/* Collect the secrets of the headers: each value, and in a value such as "Bearer TOKEN" also the
 * second word. */
static void take_secrets(service *s)
{
    size_t n = 0;
    for (const char *const *h = s->wire.place->headers; h && *h && n < 2 * MAX_SECRETS; h++) {
        const char *value = *h + strcspn(*h, ":") + 1;
        value += strspn(value, " \t");
        const char *word = strchr(value, ' ');
        s->secrets[n++] = value;
        if (word) s->secrets[n++] = word + 1;
    }
    s->secrets[n] = NULL;
}

/* Returns a new connection id. The ids of models' connections are smaller than all of these. */
static uint64_t next_connection(void)
{
    static atomic_uint_fast64_t last = UINT64_C(1) << 60;
    return atomic_fetch_add_explicit(&last, 1, memory_order_relaxed);
}

static int open_wire(beluga__mcp_wire *wire, beluga_error *err)
{
    (void)err;
    service *s = service_of(wire);
    s->connection = (beluga__connection){
        .id = next_connection(),
        .ca_file = wire->place->ca_file,
        .proxy = wire->place->environment ? NULL : "",
        .environment = wire->place->environment,
        .agent = BELUGA__AGENT "beluga/" BELUGA_VERSION_STRING,
    };
    beluga__buf_init(&s->session, &wire->runtime->allocator, BELUGA__MAX_HEADER_BYTES);
    s->finish.run = finish;
    take_secrets(s);
    return 0;
}

static void free_wire(beluga__mcp_wire *wire)
{
    beluga__release(&wire->runtime->allocator, service_of(wire));
}

beluga__mcp_wire *beluga__mcp_http_new(beluga__runtime *runtime)
{
    static const beluga__mcp_wire_ops ops = {open_wire, send_text, drop, close_wire, free_wire};
    service *s = beluga__zalloc(&runtime->allocator, sizeof *s);
    if (!s) return NULL;
    s->wire.ops = &ops;
    s->wire.runtime = runtime;
    beluga__list_init(&s->posts);
    return &s->wire;
}
