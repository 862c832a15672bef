/* The adapter between a call and an HTTP provider's pure functions.
 *
 * It resolves the key, lets the provider write the request, sends it, and cancels and pauses it.
 * How the answer is read is http_answer.c's. */
#include "model/http_op.h"

#include "base/clock.h"
#include "model/claims.h"
#include "model/http_log.h"
#include "model/span.h"

/* --- steering --------------------------------------------------------------------------------- */

static void cancel(beluga__stage *op)
{
    beluga__http_op *self = beluga__container_of(op, beluga__http_op, op);
    if (!self->emit.sink) return;
    self->emit.sink = NULL;
    beluga__http_op_let_go(self, false);
}

static void pause(beluga__stage *op, bool paused)
{
    beluga__http_op *self = beluga__container_of(op, beluga__http_op, op);
    beluga_loop *loop = self->emit.call->loop;
    self->paused = paused;
    if (!self->emit.sink) return;
    beluga__watchdog_pause(&self->dog, paused);
    if (self->emit.finished)
        beluga__http_op_set_grace(self); /* it gets its time once more after a pause */
    /* else it waits for its key */
    if (self->transfer) loop->ops->transfer_pause(self->transfer, paused);
}

/* --- the request ------------------------------------------------------------------------------ */

/* With a provider's `body`, extra_body is merged once more: it is of a later layer. */
static int patch_body(beluga__http_op *self, int key, beluga_error *err)
{
    const beluga__setting *s = &self->emit.call->settings->known[key];
    beluga__buf *body = &self->request.body, patched;
    if (s->type != BELUGA_OPTION_STRING) return 0;
    beluga__buf_init(&patched, body->allocator, body->max);
    int status = beluga__json_merge(&patched, body->data, body->length, s->value.string, s->length);
    if (status) {
        beluga__buf_free(&patched);
        return beluga_error_set(err, status, "%s can't be merged: %s",
                                beluga_option_get_info(key)->name, beluga_error_text(status));
    }
    beluga__buf_free(body);
    *body = patched;
    return 0;
}

static int patch(beluga__http_op *self, beluga_error *err)
{
    bool patched = self->emit.call->settings->known[BELUGA_OPTION_BODY].type;
    /* What the writer ran into is told when the request is finished. */
    if (!patched || !self->request.has_body || beluga__json_writer_status(&self->request.writer))
        return 0;
    int status = patch_body(self, BELUGA_OPTION_BODY, err);
    return status ? status : patch_body(self, BELUGA_OPTION_EXTRA_BODY, err);
}

static void set_headers(beluga__http_op *self)
{
    const beluga__target *target = self->emit.call->target;
    for (size_t i = 0; i < target->n_headers; i++)
        beluga_http_request_set_header(&self->request, target->headers[i].name,
                                       self->header_values[i]);
}

static int extra_headers(beluga__http_op *self, beluga_error *err)
{
    const beluga__setting *s = &self->emit.call->settings->known[BELUGA_OPTION_EXTRA_HEADERS];
    for (const beluga__item *item = s->type ? s->value.items : NULL; item; item = item->next) {
        const char *colon = strchr(item->value.string, ':');
        char name[128];
        size_t n = colon ? (size_t)(colon - item->value.string) : 0;
        if (!n || n >= sizeof name)
            return beluga_error_set(
                err, BELUGA_ERROR_INVALID_INPUT,
                "extra_headers: \"Name: value\" is needed, with a name of at most 127 bytes");
        memcpy(name, item->value.string, n);
        name[n] = '\0';
        beluga_http_request_set_header(&self->request, name, colon + 1 + strspn(colon + 1, " \t"));
    }
    return 0;
}

/* So that a server that traces, too, goes on with the trace. */
static void send_trace(beluga__http_op *self)
{
    const beluga_call *call = self->emit.call;
    beluga_trace_context context;
    if (!beluga__settings_int(call->settings, BELUGA_OPTION_PROPAGATE_TRACE, 1)) return;
    if (!beluga__span_context(call, &context)) return;
    beluga_http_request_set_header(&self->request, "traceparent", context.traceparent);
    if (*context.tracestate)
        beluga_http_request_set_header(&self->request, "tracestate", context.tracestate);
}

/* Of the attempt's span: where the request went. */
static void tell_url(const beluga__http_op *self)
{
    const beluga_call *call = self->emit.call;
    if (!call->attempt_span) return;
    beluga__buf url;
    beluga__buf_init(&url, call->arena.allocator, BELUGA__MAX_URL_BYTES);
    if (!beluga__http_redact_url(&url, beluga_http_request_url(&self->request))) {
        beluga__http_op_mask(self, url.data, url.length); /* some want it in the query */
        beluga__span_text(call, "url.full", url.data, url.length);
    }
    beluga__buf_free(&url);
}

static int authorize(beluga__http_op *self, beluga_error *err)
{
    const beluga_provider *provider = beluga__http_op_provider(self);
    const char *key = self->key;
    if (!key) return 0;
    const beluga_call *call = self->emit.call;
    beluga_credential credential = {.size = sizeof credential, .key = key, .call = call};
    credential.variable = beluga__key_variable(call->target->credential);
    if (provider->authorize)
        return provider->authorize(&self->request, &credential, beluga__wall_s(), err);
    return beluga__http_request_set_bearer(&self->request, key, err);
}

/* An encoder that warned of anything has looked, and knows more. */
static void warn_of_claims(beluga__http_op *self)
{
    if (self->request.n_warnings) return;
    const char *warnings[BELUGA__CLAIMS];
    size_t n = beluga__claims_check(self->emit.call, true, warnings);
    for (size_t i = 0; i < n; i++) beluga_http_request_warn(&self->request, "%s", warnings[i]);
}

static int write_request(beluga__http_op *self, beluga_error *err)
{
    const beluga_call *call = self->emit.call;
    const beluga_provider *provider = beluga__http_op_provider(self);
    if (call->streamed) {
        bool sse = provider->framing == BELUGA_FRAMING_SSE;
        beluga_http_request_set_header(&self->request, "Accept",
                                       sse ? "text/event-stream, application/json" : "*/*");
    } else
        beluga_http_request_set_header(&self->request, "Accept", "application/json");
    int status = call->list_models ? provider->encode_list_models(call, &self->request, err)
                                   : provider->encode_request(call, &self->request, err);
    if (!status) warn_of_claims(self);
    if (!status) status = patch(self, err);
    if (!status) set_headers(self);
    send_trace(self);
    if (!status) status = extra_headers(self, err);
    if (!status) status = authorize(self, err);
    if (!status) status = beluga__http_request_finish(&self->request, err);
    return status;
}

static int send_request(beluga__http_op *self, beluga_error *err)
{
    beluga_call *call = self->emit.call;
    err->code = 0;
    int status = write_request(self, err);
    if (status && !err->code) beluga_error_set(err, status, "%s", beluga_error_text(status));
    if (status) return status;
    beluga__http_log_request(beluga__http_op_runtime(self), &self->request);
    tell_url(self);
    beluga__transfer_spec spec = {
        .connection = &call->target->connection,
        .request = &self->request,
        .response = &self->response,
        .handler = &beluga__http_answer,
        .owner = self,
        .secrets = self->secrets,
        .random = &self->emit.random,
        .streamed = call->streamed,
        .connect_timeout_ms = beluga__settings_int(call->settings, BELUGA_OPTION_CONNECT_TIMEOUT,
                                                   BELUGA__CONNECT_TIMEOUT_MS),
    };
    status = call->loop->ops->transfer_start(call->loop, &spec, &self->transfer, err);
    if (status) return status;
    beluga__watchdog_start(&self->dog);
    if (self->paused) pause(&self->op, true);
    return 0;
}

/* What comes next: a header's value, or the key. */
static beluga__key *next_secret(const beluga__http_op *self)
{
    const beluga__target *target = self->emit.call->target;
    return self->n_resolved < target->n_headers ? target->headers[self->n_resolved].value
                                                : target->credential;
}

static void take_secret(beluga__http_op *self, const char *value)
{
    const beluga__target *target = self->emit.call->target;
    bool is_key = self->n_resolved == target->n_headers;
    if (is_key)
        self->key = value;
    else
        self->header_values[self->n_resolved] = value;
    if (value && (is_key || target->headers[self->n_resolved].secret))
        self->secrets[self->n_secrets++] = value;
    self->n_resolved++;
}

/* A header's value is resolved as a key is, and the error must say which it was. */
static int secret_failed(const beluga__http_op *self, beluga_error *err)
{
    const beluga__target *target = self->emit.call->target;
    if (self->n_resolved >= target->n_headers) return err->code;
    beluga_error cause = *err;
    return beluga_error_set(err, cause.code, "header %.60s: %s",
                            target->headers[self->n_resolved].name, cause.message);
}

/* Returns 1 when all is there, 0 when key_ready will be called, or a negative code. */
static int resolve_secrets(beluga__http_op *self, beluga_error *err)
{
    beluga_call *call = self->emit.call;
    self->waits_for_key = false;
    while (self->n_resolved <= call->target->n_headers) {
        beluga__key *credential = next_secret(self);
        const char *value = NULL;
        int status = 1;
        if (credential)
            status =
                beluga__key_get(credential, call->loop, &call->arena, &self->key_wait, &value, err);
        self->waits_for_key = status == 0;
        if (status <= 0) return status ? secret_failed(self, err) : 0;
        if (credential && beluga__key_renews(credential)) self->kept_secret = true;
        take_secret(self, value);
    }
    return 1;
}

static int go_on(beluga__http_op *self, beluga_error *err)
{
    int status = resolve_secrets(self, err);
    return status > 0 ? send_request(self, err) : status;
}

/* Another attempt would only wait on, and be the next to be late. */
void beluga__http_op_key_is_late(beluga__http_op *self)
{
    beluga_error err;
    beluga__key_late(next_secret(self), &err);
    beluga__http_op_fail(self, secret_failed(self, &err), &err);
}

/* From a later step of the loop: here a failure is an event. */
static void key_ready(beluga__key_wait *wait, const char *key, const beluga_error *key_err)
{
    beluga__http_op *self = beluga__container_of(wait, beluga__http_op, key_wait);
    beluga_error err;
    int status = 0;
    self->waits_for_key = false;
    if (key_err) {
        err = *key_err;
        status = secret_failed(self, &err);
    } else {
        key = beluga__arena_copy(&self->emit.call->arena, key, strlen(key));
        if (!key)
            status = beluga_error_set(&err, BELUGA_ERROR_NO_MEMORY, "no memory for the request");
    }
    if (!status) take_secret(self, key);
    if (!status) status = go_on(self, &err);
    if (status)
        beluga__http_op_fail(self, status, &err);
    else if (!self->waits_for_key)
        beluga__emit_start(&self->emit, self->request.warnings, self->request.n_warnings);
}

/* Ops deliver nothing inside start, so warnings wait for a turn of the loop. */
static void send_warnings(beluga__task *task)
{
    beluga__http_op *self = beluga__container_of(task, beluga__http_op, warn);
    beluga__emit_start(&self->emit, self->request.warnings, self->request.n_warnings);
}

static int prepare(beluga__http_op *self, beluga_error *err)
{
    beluga_call *call = self->emit.call;
    const beluga_provider *provider = beluga__http_op_provider(self);
    const beluga_allocator *allocator = call->arena.allocator;
    size_t max_event = (size_t)beluga__settings_int(call->settings, BELUGA_OPTION_MAX_EVENT_BYTES,
                                                    BELUGA__MAX_FRAME_BYTES);
    size_t max_body = (size_t)beluga__settings_int(call->settings, BELUGA_OPTION_MAX_RESPONSE_BYTES,
                                                   BELUGA__MAX_BODY_BYTES);
    beluga__watchdog_init(&self->dog, call, beluga__http_op_barked);
    self->grace.fire = beluga__http_op_grace_over;
    beluga__http_request_init(&self->request, allocator, &call->arena, call->target->base_url);
    beluga__http_response_init(&self->response, allocator, max_body);
    int status = beluga__framer_init(&self->framer, provider->framing, allocator, max_event);
    if (status)
        return beluga_error_set(
            err, status,
            "the framing of this provider is not known, or not part of this library: "
            "that of AWS is where it was built with bedrock among its providers");
    if (provider->state_size)
        self->state = beluga__arena_zalloc(&call->arena, provider->state_size);
    if (provider->state_size && !self->state)
        return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the decoder");
    size_t n = call->target->n_headers;
    if (n && !(self->header_values = beluga__arena_zalloc(&call->arena, n * sizeof(char *))))
        return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the headers");
    /* and the key, and NULL */
    self->secrets = beluga__arena_zalloc(&call->arena, (n + 2) * sizeof *self->secrets);
    return self->secrets ? 0
                         : beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the key");
}

static int begin(beluga__http_op *self, beluga_error *err)
{
    beluga_call *call = self->emit.call;
    int status = prepare(self, err);
    if (status) return status;
    self->key_wait.ready = key_ready;
    beluga__call_holds_secrets(call);
    status = go_on(self, err);
    if (self->waits_for_key) {
        beluga__watchdog_start(&self->dog); /* anew when the request is sent */
        return 0;
    }
    self->warn.run = send_warnings;
    if (!status && self->request.n_warnings) call->loop->ops->defer(call->loop, &self->warn);
    return status;
}

static int start(beluga__model *model, beluga_call *call, beluga__sink *sink, beluga__stage **op,
                 beluga_error *err)
{
    beluga_error unused;
    if (!err) err = &unused;
    if (call->list_models && !call->target->provider->encode_list_models)
        return beluga_error_set(err, BELUGA_ERROR_NOT_SUPPORTED,
                                "this provider has no list of models");
    beluga__http_op *self = beluga__arena_zalloc(&call->arena, sizeof *self);
    if (!self) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the call");
    self->op.ops = model->ops;
    beluga__emit_init(&self->emit, call, sink);
    if (beluga__emit_rename(&self->emit))
        return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the call");
    self->emit.owner = self;
    self->raw = beluga__settings_int(call->settings, BELUGA_OPTION_RAW_EVENTS, 0);
    int status = begin(self, err);
    if (status) {
        self->emit.sink = NULL;
        beluga__http_op_let_go(self, false);
        return status;
    }
    *op = &self->op;
    return 0;
}

static void release(beluga__model *model)
{
    (void)model;
}

static const beluga__model_ops http_ops = {start, cancel, pause, release};
static beluga__model http_adapter = {&http_ops};

beluga__model *beluga__http_adapter_new(beluga__runtime *runtime)
{
    (void)runtime;
    return &http_adapter; /* it has no state */
}
