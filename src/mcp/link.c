#include "mcp/link.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/line.h"

#include <beluga/version.h>

#include <stdio.h>
#include <string.h>

#define META "io.modelcontextprotocol/"

/* --- the list of requests --------------------------------------------------------------------- */

static beluga__mcp_request *request_of(beluga__list *node)
{
    return beluga__container_of(node, beluga__mcp_request, node);
}

static void plan(beluga__mcp_link *link)
{
    int64_t next = INT64_MAX;
    for (beluga__list *n = link->requests.next; n != &link->requests; n = n->next)
        if (request_of(n)->deadline_ns < next) next = request_of(n)->deadline_ns;
    if (next == INT64_MAX)
        beluga__timer_clear(link->loop, &link->late);
    else
        link->loop->ops->timer_set(link->loop, &link->late, next);
}

static void forget(beluga__mcp_link *link, beluga__mcp_request *request)
{
    beluga__list_remove(&request->node);
    link->n_requests--;
    plan(link);
}

static beluga__mcp_request *find(const beluga__mcp_link *link, int64_t id)
{
    for (beluga__list *n = link->requests.next; id && n != &link->requests; n = n->next)
        if (request_of(n)->id == id) return request_of(n);
    return NULL;
}

static void conclude(beluga__mcp_link *link, beluga__mcp_request *request,
                     const beluga__mcp_answer *answer)
{
    if (request->id) link->wire->ops->drop(link->wire, request, !answer->status || answer->fault);
    forget(link, request);
    request->done(request, answer);
}

static void fail(beluga__mcp_link *link, beluga__mcp_request *request, const beluga_error *err)
{
    beluga__mcp_answer answer = {.status = err->code, .err = err};
    conclude(link, request, &answer);
}

/* --- sending ---------------------------------------------------------------------------------- */

/* Write the metadata that each request of the newer protocol revision must contain. */
static void write_meta(const beluga__mcp_link *link, const beluga__mcp_request *request,
                       beluga_json_writer *w)
{
    if (!link->wire->modern && !request->wants_progress) return;
    beluga_json_begin_object(w, "_meta");
    if (request->wants_progress) beluga_json_put_int(w, "progressToken", request->id);
    if (link->wire->modern) {
        beluga_json_put_string(w, META "protocolVersion", link->wire->protocol);
        beluga_json_begin_object(w, META "clientInfo");
        beluga_json_put_string(w, "name", "beluga");
        beluga_json_put_string(w, "version", BELUGA_VERSION_STRING);
        beluga_json_end_object(w);
        beluga_json_begin_object(w, META "clientCapabilities");
        beluga_json_end_object(w);
    }
    beluga_json_end_object(w);
}

static int send_request(beluga__mcp_link *link, beluga__mcp_request *request, beluga_error *err)
{
    beluga__buf text;
    beluga_json_writer w;
    beluga__buf_init(&text, &link->runtime->allocator, BELUGA__MAX_MCP_MESSAGE);
    beluga__json_writer_init(&w, &text);
    request->id = ++link->last_id;
    beluga__rpc_begin(&w, request->method, request->id);
    if (request->write) request->write(request, &w);
    write_meta(link, request, &w);
    beluga__rpc_end(&w);
    int status = beluga__json_writer_status(&w);
    if (status)
        beluga_error_set(err, status, "the request to MCP server %s can't be encoded: %s",
                         link->name, beluga_error_text(status));
    else
        status = link->wire->ops->send(link->wire, text.data, text.length, request, err);
    beluga__buf_free(&text);
    return status;
}

int beluga__mcp_link_ask(beluga__mcp_link *link, beluga__mcp_request *request, bool waits,
                         beluga_error *err)
{
    if (link->n_requests >= BELUGA__MAX_MCP_CALLS)
        return beluga_error_set(err, BELUGA_ERROR_LIMIT_EXCEEDED,
                                "there are more than %u calls to MCP server %s at once",
                                BELUGA__MAX_MCP_CALLS, link->name);
    request->id = 0;
    request->exchange = NULL;
    request->held = false;
    beluga__list_append(&link->requests, &request->node);
    link->n_requests++;
    int status = waits && !link->ready ? 0 : send_request(link, request, err);
    if (status)
        forget(link, request);
    else
        plan(link);
    return status;
}

void beluga__mcp_link_hasten(beluga__mcp_link *link, beluga__mcp_request *request,
                             int64_t deadline_ns)
{
    if (deadline_ns < request->deadline_ns) request->deadline_ns = deadline_ns;
    plan(link);
}

void beluga__mcp_link_release(beluga__mcp_link *link)
{
    beluga_error err;
    link->ready = true;
    for (beluga__list *n = link->requests.next, *next; n != &link->requests; n = next) {
        next = n->next;
        if (request_of(n)->id) continue;
        if (!send_request(link, request_of(n), &err)) continue;
        fail(link, request_of(n), &err);
        next = link->requests.next; /* `done` may have changed the list, so start again */
    }
}

/* Send a message that is not a request of this client. If it can't be sent, this is only logged. */
static void send_message(beluga__mcp_link *link, beluga_json_writer *w)
{
    beluga_error err;
    if (beluga__json_writer_status(w)) return;
    if (!link->wire->ops->send(link->wire, w->buf->data, w->buf->length, NULL, &err)) return;
    beluga__log(link->runtime, BELUGA_LOG_DEBUG, "mcp.unsent",
                BELUGA__TEXT_FIELD("server", link->name), BELUGA__TEXT_FIELD("error", err.message));
}

void beluga__mcp_link_notify(beluga__mcp_link *link, const char *method)
{
    beluga__buf text;
    beluga_json_writer w;
    beluga__buf_init(&text, &link->runtime->allocator, BELUGA__MAX_MCP_MESSAGE);
    beluga__json_writer_init(&w, &text);
    beluga__rpc_begin(&w, method, 0);
    beluga__rpc_end(&w);
    send_message(link, &w);
    beluga__buf_free(&text);
}

static void tell_cancelled(beluga__mcp_link *link, int64_t id)
{
    beluga__buf text;
    beluga_json_writer w;
    beluga__buf_init(&text, &link->runtime->allocator, BELUGA__MAX_MCP_MESSAGE);
    beluga__json_writer_init(&w, &text);
    beluga__rpc_begin(&w, "notifications/cancelled", 0);
    beluga_json_put_int(&w, "requestId", id);
    beluga_json_put_string(&w, "reason", "the caller no longer waits");
    beluga__rpc_end(&w);
    send_message(link, &w);
    beluga__buf_free(&text);
}

/* Stop a request, and tell the server that it is cancelled. While the link is not ready nothing is
 * sent, since the server has ended or has not agreed to the handshake yet. */
static void let_go(beluga__mcp_link *link, beluga__mcp_request *request)
{
    if (!request->id) return;
    link->wire->ops->drop(link->wire, request, false);
    if (link->ready) tell_cancelled(link, request->id);
}

void beluga__mcp_link_drop(beluga__mcp_link *link, beluga__mcp_request *request)
{
    if (!beluga__mcp_is_asked(request)) return;
    let_go(link, request);
    forget(link, request);
}

void beluga__mcp_link_fail(beluga__mcp_link *link, const beluga_error *err, bool all)
{
    for (beluga__list *n = link->requests.next; n != &link->requests;) {
        beluga__mcp_request *request = request_of(n);
        n = n->next;
        if (!all && !request->id) continue;
        fail(link, request, err);
        n = link->requests.next; /* `done` may have changed the list, so start again */
    }
}

static void time_out(beluga__mcp_link *link, beluga__mcp_request *request)
{
    beluga_error err;
    if (request->tool)
        beluga_error_set(&err, BELUGA_ERROR_TIMEOUT,
                         "the tool of MCP server %s did not end in time", link->name);
    else
        beluga_error_set(&err, BELUGA_ERROR_TIMEOUT, "MCP server %s did not answer %s in time",
                         link->name, request->method);
    let_go(link, request);
    fail(link, request, &err);
}

static void late(beluga__timer *timer)
{
    beluga__mcp_link *link = beluga__container_of(timer, beluga__mcp_link, late);
    int64_t now = beluga__now_ns();
    for (beluga__list *n = link->requests.next; n != &link->requests;) {
        beluga__mcp_request *request = request_of(n);
        n = n->next;
        if (request->deadline_ns > now) continue;
        time_out(link, request);
        n = link->requests.next;
    }
    plan(link);
}

/* --- receiving -------------------------------------------------------------------------------- */

/* Fail a request with the server's message, as one line. The error says that the message came from
 * the server. */
static void refused(beluga__mcp_link *link, beluga__mcp_request *request, const beluga_json *error)
{
    beluga_error err;
    size_t n;
    char words[512] = "no reason given";
    const char *text = beluga_json_get_string(error, "message", &n);
    int64_t code = beluga_json_get_int(error, "code", 0);
    if (text) beluga__line(words, sizeof words, text, n, BELUGA__BREAKS_BLANK);
    beluga_error_set(&err, BELUGA_ERROR_TOOL_EXECUTION, "MCP server %s refused %s: %s (%lld)",
                     link->name, request->tool ? request->tool : request->method, words,
                     (long long)code);
    beluga__mcp_answer answer = {
        .status = err.code, .err = &err, .fault = code ? code : BELUGA__RPC_NO_METHOD};
    conclude(link, request, &answer);
}

static void take_answer(beluga__mcp_link *link, const beluga__rpc_message *m)
{
    beluga__mcp_request *request = find(link, m->id);
    if (!request) {
        if (!link->stray_told)
            beluga__log(link->runtime, BELUGA_LOG_DEBUG, "mcp.stray",
                        BELUGA__TEXT_FIELD("server", link->name),
                        BELUGA__NUMBER_FIELD("id", m->id ? m->id : -1));
        link->stray_told = true;
        return;
    }
    if (link->answered) link->answered(link);
    if (!m->result) {
        refused(link, request, m->error);
        return;
    }
    beluga__mcp_answer answer = {.result = m->result};
    conclude(link, request, &answer);
}

/* Answer a request of the server: a ping gets an empty result, and for any other method the error
 * is that there is no such method. */
static void take_request(beluga__mcp_link *link, const beluga__rpc_message *m)
{
    size_t n;
    beluga__buf text;
    beluga_json_writer w;
    const char *id = beluga__json_scratch_text(&link->loop->scratch, m->give_id, &n);
    if (!id || n > BELUGA__MAX_MCP_ID || link->wire->modern) return;
    beluga__buf_init(&text, &link->runtime->allocator, BELUGA__MAX_MCP_MESSAGE);
    beluga__json_writer_init(&w, &text);
    beluga__rpc_answer(&w, id, n, strcmp(m->method, "ping") == 0);
    send_message(link, &w);
    beluga__buf_free(&text);
}

static void log_progress(const beluga__mcp_link *link, const beluga_json *params)
{
    beluga__mcp_request *request = find(link, beluga_json_get_int(params, "progressToken", 0));
    if (!request) return;
    beluga__log(link->runtime, BELUGA_LOG_DEBUG, "mcp.progress",
                BELUGA__TEXT_FIELD("server", link->name), BELUGA__TEXT_FIELD("tool", request->tool),
                BELUGA__NUMBER_FIELD("progress", beluga_json_get_int(params, "progress", -1)),
                BELUGA__NUMBER_FIELD("total", beluga_json_get_int(params, "total", -1)),
                BELUGA__TEXT_FIELD("text", beluga_json_get_string(params, "message", NULL)));
}

static void take_notification(beluga__mcp_link *link, const beluga__rpc_message *m)
{
    if (strcmp(m->method, "notifications/tools/list_changed") == 0) {
        if (link->noticed) link->noticed(link);
    } else if (strcmp(m->method, "notifications/progress") == 0)
        log_progress(link, m->params);
}

static void take(void *payload, const beluga__rpc_message *m)
{
    beluga__mcp_link *link = payload;
    switch (m->kind) {
    case BELUGA__RPC_ANSWER: take_answer(link, m); break;
    case BELUGA__RPC_REQUEST: take_request(link, m); break;
    case BELUGA__RPC_NOTIFICATION: take_notification(link, m); break;
    }
}

/* Log that the server prints text that is not a message. Many servers print a greeting to stdout,
 * so this is logged once. */
static void tell_junk(beluga__mcp_link *link, const char *text, size_t n)
{
    if (!link->junk_told)
        beluga__log(link->runtime, BELUGA_LOG_WARN, "mcp.junk",
                    BELUGA__TEXT_FIELD("server", link->name),
                    {"text", text, n < BELUGA__MAX_MCP_LINE ? n : BELUGA__MAX_MCP_LINE, 0});
    link->junk_told = true;
}

/* Fail all requests that were sent: a message that is too long may be the answer to any of them. */
static void too_long(beluga__mcp_link *link)
{
    beluga_error err;
    beluga_error_set(&err, BELUGA_ERROR_LIMIT_EXCEEDED,
                     "MCP server %s sent a message of more than %u bytes", link->name,
                     BELUGA__MAX_MCP_MESSAGE);
    beluga__mcp_link_fail(link, &err, false);
}

/* Log a text that is not JSON. If it looks like the answer to a request, fail that request. */
static void unreadable(beluga__mcp_link *link, const char *text, size_t n, const beluga_error *why)
{
    beluga_error err;
    beluga__mcp_request *request = find(link, beluga__rpc_guess_id(text, n));
    tell_junk(link, text, n);
    if (!request) return;
    beluga_error_set(&err, why->code, "MCP server %s sent an answer that can't be read: %s",
                     link->name, why->message);
    fail(link, request, &err);
}

void beluga__mcp_link_message(beluga__mcp_link *link, const char *text, size_t n, size_t cut)
{
    beluga_error err;
    if (cut) {
        too_long(link);
        return;
    }
    int status = beluga__rpc_read(&link->loop->scratch, text, n, take, link, &err);
    if (status < 0)
        unreadable(link, text, n, &err);
    else if (status)
        tell_junk(link, text, n);
}

void beluga__mcp_link_hold(beluga__mcp_link *link, beluga__mcp_request *request)
{
    link->ready = false;
    request->id = 0;
    request->held = true;
}

void beluga__mcp_link_failed(beluga__mcp_link *link, beluga__mcp_request *request,
                             const beluga_error *err)
{
    fail(link, request, err);
}

void beluga__mcp_link_init(beluga__mcp_link *link, beluga_loop *loop, beluga__runtime *runtime,
                           beluga__mcp_wire *wire, const char *name)
{
    *link = (beluga__mcp_link){.loop = loop, .runtime = runtime, .wire = wire, .name = name};
    beluga__list_init(&link->requests);
    link->late.fire = late;
}
