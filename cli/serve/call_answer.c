#include "serve/call.h"

#include <beluga/option.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MAX_CAPTURED     ((size_t)1 << 20)
#define MESSAGES_HEADERS "anthropic-"

/* ---- asking ---------------------------------------------------------------------------------- */

/* Copy the headers that change the meaning of a Messages request. They are passed on to providers
 * that speak this protocol. */
static void take_headers(serve_call *call)
{
    const char *name, *value;
    if (!call->model->protocol || strcmp(call->model->protocol, protocol_messages.same) != 0)
        return;
    for (size_t i = 0; http_header_at(call->request->x, i, &name, &value); i++) {
        if (strncasecmp(name, MESSAGES_HEADERS, sizeof MESSAGES_HEADERS - 1) != 0) continue;
        if (call->n_headers == CALL_MAX_HEADERS) return;
        if (asprintf(&call->headers[call->n_headers], "%s: %s", name, value) < 0) return;
        call->n_headers++;
    }
}

/* Return the id of the client's session. All requests of a session go to the same model, which may
 * have the beginning of the conversation in its cache. */
static const char *session_of(const serve_call *call)
{
    static const char *const headers[] = {"x-claude-code-session-id", "session-id"};
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        const char *value = http_header(call->request->x, headers[i]);
        if (value && *value) return value;
    }
    return call->body.affinity;
}

size_t call_options(serve_call *call, beluga_option options[CALL_MAX_OPTIONS])
{
    size_t n = 0;
    take_headers(call);
    for (size_t i = 0; i < call->n_headers; i++)
        options[n++] = beluga_with_extra_header(call->headers[i]);
    const char *session = session_of(call);
    if (session) options[n++] = beluga_with_routing_key(session);
    /* This option allows fallbacks only for an error that no layer below ever reports, and so turns
     * them off. */
    if (call->snapshot->settings.failover == SERVE_FAILOVER_OFF && call->model->has_fallbacks)
        options[n++] = beluga_with_fallback_on(beluga_error_name(BELUGA_ERROR_CONTEXT_CANCELED));
    return n;
}

size_t call_read_options(serve_call *call, beluga_option options[CALL_MAX_OPTIONS])
{
    size_t n = call_options(call, options);
    const protocol_request *body = &call->body;
    for (size_t i = 0; i < body->n_options; i++) options[n++] = body->options[i];
    if (body->extra && serve_model_speaks(call->model, body->protocol))
        options[n++] = beluga_with_extra_body(body->extra);
    return n;
}

bool call_is_content(const beluga_event *event)
{
    switch (event->kind) {
    case BELUGA_EVENT_TEXT:
    case BELUGA_EVENT_REASONING:
    case BELUGA_EVENT_TOOL_CALL_BEGIN:
    case BELUGA_EVENT_MEDIA:
    case BELUGA_EVENT_STATE: return true;
    default: return false;
    }
}

static void note_metadata(serve_call *call, const beluga_event *event)
{
    serve_record *record = &call->request->record;
    const char *provider = event->u.metadata.provider, *model = event->u.metadata.model;
    if (provider) serve_copy(record->provider, sizeof record->provider, provider);
    if (model) serve_copy(record->model, sizeof record->model, model);
    record->cached = event->u.metadata.cached;
    record->attempts = (int)event->u.metadata.attempts;
    if (event->u.metadata.rate_limits) call->limits = *event->u.metadata.rate_limits;
}

/* Copy the facts in an event into the record of the request. */
static void note(serve_call *call, const beluga_event *event)
{
    serve_record *record = &call->request->record;
    if (call_is_content(event) && record->first_ns < 0)
        record->first_ns = reactor_now_ns(call->s->reactor) - http_began_ns(call->request->x);
    if (event->kind == BELUGA_EVENT_TEXT) call->said += event->u.text.length;
    if (event->kind == BELUGA_EVENT_REASONING) call->said += event->u.reasoning.length;
    if (event->kind == BELUGA_EVENT_TOOL_CALL_END) call->said += event->u.tool_call.length;
    if (event->kind == BELUGA_EVENT_METADATA) note_metadata(call, event);
    if (event->kind == BELUGA_EVENT_USAGE) {
        record->usage = event->u.usage;
        record->usage.raw = NULL;
        record->usage.raw_length = 0;
    }
}

static void on_event(void *payload, const beluga_event *event)
{
    serve_call *call = payload;
    bool last = event->kind == BELUGA_EVENT_FINISH || event->kind == BELUGA_EVENT_ERROR;
    call->op_ended |= last;
    if (call->request && !call->answered) {
        note(call, event);
        call->form->event(call, event);
    }
    if (last) call_send_later(call);
}

int call_ask(serve_call *call, bool streamed, const beluga_option *options, size_t n,
             beluga_error *err)
{
    int status = BELUGA_ERROR_NOT_SUPPORTED;
    if (streamed)
        status =
            beluga_stream_start_n(call->asked, call->s->loop, call->context, call->body.messages,
                                  on_event, call, &call->op, err, options, n);
    /* a model for which streaming is turned off gives its answer in one piece */
    if (status == BELUGA_ERROR_NOT_SUPPORTED)
        status =
            beluga_generate_start_n(call->asked, call->s->loop, call->context, call->body.messages,
                                    on_event, call, &call->op, err, options, n);
    return status;
}

/* ---- headers --------------------------------------------------------------------------------- */

static void add_number(serve_call *call, const char *name, int64_t value, const char *unit)
{
    char text[48];
    if (value < 0) return;
    snprintf(text, sizeof text, "%" PRId64 "%s", value, unit);
    http_add_header(call->request->x, name, text);
}

static void add_limits(serve_call *call)
{
    const beluga_rate_limits *l = &call->limits;
    add_number(call, "x-ratelimit-limit-requests", l->requests_limit, "");
    add_number(call, "x-ratelimit-remaining-requests", l->requests_remaining, "");
    add_number(call, "x-ratelimit-reset-requests", l->requests_reset_ms, "ms");
    add_number(call, "x-ratelimit-limit-tokens", l->tokens_limit, "");
    add_number(call, "x-ratelimit-remaining-tokens", l->tokens_remaining, "");
    add_number(call, "x-ratelimit-reset-tokens", l->tokens_reset_ms, "ms");
}

double call_cost(serve_call *call, const beluga_usage *usage)
{
    serve_record *record = &call->request->record;
    if (record->cached) record->cost = 0;
    if (record->cost < 0)
        record->cost =
            serve_models_cost(call->snapshot->models, record->provider, record->model, usage);
    /* the service may return another name for the model than the one that was requested */
    if (record->cost < 0 && strcmp(record->provider, call->model->provider) == 0)
        record->cost = serve_models_cost(call->snapshot->models, record->provider,
                                         beluga_model_name(call->model->model), usage);
    return record->cost;
}

static void add_headers(serve_call *call)
{
    const serve_record *record = &call->request->record;
    http_exchange *x = call->request->x;
    serve_request_add_headers(call->request);
    if (*record->provider) http_add_header(x, "x-beluga-provider", record->provider);
    if (*record->model) http_add_header(x, "x-beluga-model", record->model);
    if (record->attempts > 0) add_number(call, "x-beluga-attempts", record->attempts, "");
    if (*call->body.dropped) http_add_header(x, "x-beluga-dropped", call->body.dropped);
    add_limits(call);
}

static void add_cost(serve_call *call)
{
    char text[32];
    double cost = call_cost(call, &call->request->record.usage);
    if (cost < 0) return;
    snprintf(text, sizeof text, "%.9g", cost);
    http_add_header(call->request->x, "x-beluga-cost-usd", text);
}

/* ---- sending --------------------------------------------------------------------------------- */

static void capture(serve_call *call, const char *bytes, size_t length)
{
    if (!call->snapshot->settings.capture) return;
    if (!call->captured.allocator)
        beluga__buf_init(&call->captured, beluga_allocator_default(), MAX_CAPTURED);
    beluga__buf_append(&call->captured, bytes, length);
}

void call_start_answer(serve_call *call, const char *content_type)
{
    http_exchange *x = call->request->x;
    if (http_has_started(x)) return;
    add_headers(call);
    http_add_header(x, "cache-control", "no-cache");
    http_add_header(x, "x-accel-buffering", "no"); /* without this header, nginx would buffer the
                                                    * stream */
    http_start(x, 200, content_type);
}

static void send_out(serve_call *call)
{
    http_exchange *x = call->request->x;
    if (!call->out.length) return;
    call_start_answer(call, CALL_EVENT_STREAM);
    http_write(x, call->out.data, call->out.length);
    capture(call, call->out.data, call->out.length);
    beluga__buf_clear(&call->out);
    call->sent = true;
    call->sent_ns = reactor_now_ns(call->s->reactor);
    if (call->answered || call->op_ended || call->paused || !http_is_full(x)) return;
    call->paused = true;
    beluga_op_pause(call->op, true);
}

void call_send_later(serve_call *call)
{
    reactor_defer(call->s->reactor, &call->later);
}

/* Send everything that was written in this turn. */
void call_send(serve_call *call)
{
    if (call->answered) return;
    if (call->form->put) call->form->put(call);
    if (call->out.status)
        call_fail_with(call, call->out.status);
    else
        send_out(call);
}

void call_answer(serve_call *call, int status, const char *content_type, const char *bytes,
                 size_t length)
{
    call->answered = true;
    add_headers(call);
    add_cost(call);
    capture(call, bytes, length);
    http_answer(call->request->x, status, content_type, bytes, length);
}

void call_finish(serve_call *call)
{
    if (call->out.status) {
        call_fail_with(call, call->out.status);
        return;
    }
    call->answered = true;
    send_out(call);
    call_start_answer(call, CALL_EVENT_STREAM);
    http_end(call->request->x);
}

/* ---- failing --------------------------------------------------------------------------------- */

/* Return whether the client is Codex, which sends the header "originator". It reads response.failed
 * only if the stream ends normally. If the connection breaks instead, Codex reports that and
 * retries, even if a retry can't help. */
static bool reads_to_the_end(const serve_call *call)
{
    return call->stream && call->body.protocol == &protocol_responses &&
           http_header(call->request->x, "originator");
}

/* End the stream with a failure, in the form of its protocol. Without enough memory for that, the
 * connection is broken, which the client also sees as a failure. */
static void break_stream(serve_call *call, const beluga_error *err)
{
    bool is_open = !call->stream && call->sent;
    if (!call->stream) call->stream = protocol_stream_new(&call->body, &call->identity, &call->out);
    if (call->out.status) beluga__buf_clear(&call->out);
    if (call->stream) {
        call->stream->opened |= is_open;
        call->stream->protocol->fail(call->stream, err);
    }
    send_out(call);
    if (reads_to_the_end(call))
        http_end(call->request->x);
    else
        http_break(call->request->x);
}

void call_fail(serve_call *call, const beluga_error *err)
{
    call->answered = true;
    serve_request_note(call->request, err);
    if (http_has_started(call->request->x))
        break_stream(call, err);
    else
        serve_answer_error(call->request, err);
    if (!call->op_ended) beluga_op_cancel(call->op);
}

void call_fail_with(serve_call *call, int code)
{
    beluga_error err;
    beluga_error_set(&err, code, "%s", beluga_error_text(code));
    call_fail(call, &err);
}
