#include "serve/call.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the end --------------------------------------------------------------------------------- */

static void free_call(serve_call *call)
{
    if (call->form && call->form->release) call->form->release(call);
    protocol_stream_free(call->stream);
    protocol_request_free(&call->body);
    beluga__buf_free(&call->out);
    beluga__buf_free(&call->captured);
    for (size_t i = 0; i < call->n_headers; i++) free(call->headers[i]);
    beluga_op_free(call->op);
    beluga_context_unref(call->context);
    beluga_chat_model_unref(call->asked);
    serve_key_unref(call->key);
    serve_model_unref(call->model);
    serve_snapshot_unref(call->snapshot);
    free(call->text);
    free(call);
}

/* Runs at the end of a turn of the event loop: sends what was written in the turn, and frees the
 * call when both its exchange and its operation have ended. */
static void settle_turn(reactor_task *task)
{
    serve_call *call = beluga__container_of(task, serve_call, later);
    if (call->request)
        call_send(call);
    else if (call->op_ended)
        free_call(call);
}

/* Returns the usage of the call. An answer without usage still costs money, for example a stream
 * whose client has gone or did not request usage, so its usage is estimated from its length. */
static beluga_usage usage_of(const serve_call *call)
{
    beluga_usage usage = call->request->record.usage;
    if (usage.input_total >= 0 || usage.output_total >= 0 || !call->said) return usage;
    usage.input_total = call->estimate;
    usage.output_total = (int64_t)(call->said / SERVE_BYTES_PER_TOKEN);
    return usage;
}

static void settle_key(serve_call *call)
{
    serve_record *record = &call->request->record;
    const beluga_usage usage = usage_of(call);
    if (usage.input_total >= 0 || usage.output_total >= 0) call_cost(call, &usage);
    if (call->admitted)
        serve_key_settle(call->key, call->estimate, call->op ? &usage : NULL, record->cost);
}

static void tell_texts(serve_call *call)
{
    if (!call->snapshot->settings.capture) return;
    serve_observe_texts(call->s->observer, call->text ? call->text : "", call->length,
                        call->captured.length ? call->captured.data : "", call->captured.length);
}

/* Called when the exchange has ended. If the client has gone, this cancels the call at once. */
static void over(void *pending)
{
    serve_call *call = pending;
    settle_key(call);
    tell_texts(call);
    reactor_stop_timer(call->s->reactor, &call->silence);
    reactor_unreserve(call->s->reactor, 1);
    serve_work_end(call->s, &call->work);
    call->request = NULL;
    if (!call->op) call->op_ended = true;
    if (!call->op_ended)
        beluga_op_cancel(call->op);
    else
        call_send_later(call);
}

static void writable(void *pending)
{
    serve_call *call = pending;
    if (!call->paused) return;
    call->paused = false;
    if (!call->op_ended) beluga_op_pause(call->op, false);
}

static const serve_pending pending_call = {over, writable};

/* Called when the server must end before the answer is complete. */
static void cut(serve_work *work)
{
    serve_call *call = beluga__container_of(work, serve_call, work);
    beluga_error err;
    if (!call->request || call->answered) return;
    beluga_error_set(
        &err, BELUGA_ERROR_OVERLOADED,
        "the server is shutting down before the answer is complete: send the request again");
    call_fail(call, &err);
}

/* ---- signs of life --------------------------------------------------------------------------- */

static void watch_silence(serve_call *call, int64_t after_ms)
{
    reactor_set_timer(call->s->reactor, &call->silence, after_ms);
}

static void silent(reactor_timer *timer)
{
    serve_call *call = beluga__container_of(timer, serve_call, silence);
    const int64_t keep_alive = call->snapshot->settings.keep_alive_ms;
    const int64_t now = reactor_now_ns(call->s->reactor);
    const int64_t left = keep_alive - (now - call->sent_ns) / BELUGA__NS_PER_MS;
    const char *ping = call->body.protocol->ping;
    if (call->answered) return;
    if (left > 0 || http_is_full(call->request->x)) {
        watch_silence(call, left > 0 ? left : keep_alive);
        return;
    }
    call_start_answer(call, CALL_EVENT_STREAM);
    http_write(call->request->x, ping, strlen(ping));
    call->sent_ns = now;
    watch_silence(call, keep_alive);
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Put the alias's system text before the client's own system text. */
static int add_system(serve_call *call)
{
    const char *text = call->model->system;
    if (!text) return 0;
    call->body.messages = beluga_messages_new();
    return call->body.messages
               ? beluga_messages_add(call->body.messages, beluga_system_message(text))
               : BELUGA_ERROR_NO_MEMORY;
}

static int read_body(serve_call *call, beluga_error *err)
{
    int status = add_system(call);
    if (!status) status = protocol_request_read(&call->body);
    if (status) protocol_request_explain(&call->body, status, err);
    return status;
}

static int parse(serve_call *call, beluga_error *err)
{
    serve_request *request = call->request;
    int status = protocol_request_parse(&call->body, request->family, call->text, call->length);
    request->record.stream = call->body.stream;
    if (status) protocol_request_explain(&call->body, status, err);
    return status;
}

static int bind_tools(serve_call *call, beluga_error *err)
{
    if (call->body.n_tools)
        return beluga_bind_tools(call->model->model, call->body.tools, call->body.n_tools,
                                 &call->asked, err);
    call->asked = beluga_chat_model_ref(call->model->model);
    return 0;
}

/* ---- asking ---------------------------------------------------------------------------------- */

static bool passes(const serve_call *call)
{
    const protocol *table = call->body.protocol;
    return call->snapshot->settings.passthrough && !call->model->system &&
           !call->model->shapes_body && serve_model_speaks(call->model, table) &&
           (!table->passes || table->passes(&call->body));
}

static int choose_form(serve_call *call, beluga_error *err)
{
    call->held = call->body.stream && call->snapshot->settings.failover == SERVE_FAILOVER_HOLD;
    if (passes(call)) {
        call->form = &call_passed;
        call->request->record.passed_through = true;
        call->asked = beluga_chat_model_ref(call->model->model);
        return 0;
    }
    call->form = call->body.stream ? &call_streamed : &call_whole;
    int status = read_body(call, err);
    return status ? status : bind_tools(call, err);
}

/* Make the call's context, with the deadline of the request and the client's trace. */
static int make_context(serve_call *call, beluga_error *err)
{
    http_exchange *x = call->request->x;
    const int64_t timeout = call->snapshot->settings.timeout_ms;
    const char *parent = http_header(x, "traceparent");
    call->context = beluga_context_new_timeout(NULL, timeout);
    if (!call->context)
        return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "out of memory for the request");
    if (!parent) return 0;
    beluga_context *traced =
        beluga_context_new_trace(call->context, parent, http_header(x, "tracestate"));
    if (!traced) return 0; /* the traceparent header is not valid */
    beluga_context_unref(call->context);
    call->context = traced;
    return 0;
}

static int admit(serve_call *call, beluga_error *err)
{
    call->estimate = serve_estimate_tokens(call->length);
    int status = serve_key_admit(call->key, call->estimate, err);
    call->admitted = status == 0;
    return status;
}

/* Refuse a body that names further models if the key may ask only some models: some providers ask
 * these models when the first one fails, and the server would not check them. */
static int check_other_models(const serve_call *call, beluga_error *err)
{
    static const char *const names[] = {"models", "fallbacks"};
    if (!serve_key_is_limited(call->key)) return 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (beluga_json_get(call->body.body, names[i]))
            return beluga_error_set(err, BELUGA_ERROR_AUTHORIZATION,
                                    "%s: the key \"%s\" may ask only some models, so its requests "
                                    "must name a single model, in `model`",
                                    names[i], serve_key_name(call->key));
    return 0;
}

static int begin(serve_call *call, beluga_error *err)
{
    int status = parse(call, err);
    if (!status)
        status = serve_request_find_model(call->request, call->body.model, &call->model, err);
    if (!status) status = check_other_models(call, err);
    if (!status) status = choose_form(call, err);
    if (!status) status = make_context(call, err);
    if (!status) status = admit(call, err);
    if (status) return status;
    protocol_identity_make(&call->identity, call->body.protocol, NULL);
    return call->form->start(call, err);
}

static serve_call *make_call(serve_request *request)
{
    serve *s = request->s;
    serve_call *call = calloc(1, sizeof *call);
    if (!call || reactor_reserve(s->reactor, 1)) {
        free(call);
        return NULL;
    }
    call->request = request;
    call->s = s;
    call->snapshot = serve_snapshot_ref(request->snapshot);
    call->key = serve_key_ref(request->key);
    call->silence.due = silent;
    call->later.run = settle_turn;
    call->sent_ns = reactor_now_ns(s->reactor);
    call->limits = (beluga_rate_limits)BELUGA_RATE_LIMITS_INIT;
    beluga__buf_init(&call->out, beluga_allocator_default(), CALL_MAX_BYTES);
    call->text = http_take_body(request->x, &call->length);
    request->record.bytes_in = call->length;
    request->kind = &pending_call;
    request->pending = call;
    serve_work_begin(s, &call->work, cut);
    return call;
}

/* Free the text of the body, which is not needed any more after it was parsed, unless texts are
 * captured for the journal. */
static void drop_text(serve_call *call)
{
    if (call->snapshot->settings.capture) return;
    free(call->text);
    call->text = NULL;
}

void serve_call_handle(serve_request *request)
{
    beluga_error err;
    request->record.protocol = request->family->name;
    if (serve_refuse_excess(request)) return;
    serve_call *call = make_call(request);
    if (!call) {
        serve_refuse(request, BELUGA_ERROR_NO_MEMORY, "out of memory for the request");
        return;
    }
    if (begin(call, &err)) {
        call->answered = call->op_ended = true;
        serve_answer_error(request, &err);
        return;
    }
    drop_text(call);
    const int64_t keep_alive = call->snapshot->settings.keep_alive_ms;
    if (call->body.stream && keep_alive > 0) watch_silence(call, keep_alive);
}
