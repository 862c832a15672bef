/* The request of an HTTP call: written by the provider, changed as options say, and authorized. */
#include "base/clock.h"
#include "model/call_kind.h"
#include "model/claims.h"
#include "model/http_stage.h"
#include "model/span.h"

/* --- the body --------------------------------------------------------------------------------- */

/* Merge an option's JSON into the body that the provider wrote. */
static int merge(beluga__http_stage *self, int key, beluga_error *err)
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

/* With a model's `body` option, extra_body is merged again on top, since it comes from a later
 * layer. */
static int patch_body(beluga__http_stage *self, beluga_error *err)
{
    bool patched = self->emit.call->settings->known[BELUGA_OPTION_BODY].type;
    /* The writer reports its error when the request is finished. */
    if (!patched || !self->request.has_body || beluga__json_writer_status(&self->request.writer))
        return 0;
    int status = merge(self, BELUGA_OPTION_BODY, err);
    return status ? status : merge(self, BELUGA_OPTION_EXTRA_BODY, err);
}

/* An encoder that has warned has looked at the call, and knows more than the provider's claims. */
static void warn_of_claims(beluga__http_stage *self)
{
    if (self->request.n_warnings) return;
    const char *warnings[BELUGA__CLAIMS];
    size_t n = beluga__claims_check(self->emit.call, true, warnings);
    for (size_t i = 0; i < n; i++) beluga_http_request_warn(&self->request, "%s", warnings[i]);
}

/* --- headers ---------------------------------------------------------------------------------- */

static const char *accepted(const beluga__http_stage *self)
{
    if (!self->emit.call->streamed) return "application/json";
    bool sse = beluga__http_stage_provider(self)->framing == BELUGA_FRAMING_SSE;
    return sse ? "text/event-stream, application/json" : "*/*";
}

static void set_model_headers(beluga__http_stage *self)
{
    const beluga__target *target = self->emit.call->target;
    for (size_t i = 0; i < target->n_headers; i++)
        beluga_http_request_set_header(&self->request, target->headers[i].name,
                                       self->secrets.header_values[i]);
}

/* A server that takes part in tracing continues the caller's trace. */
static void set_trace_headers(beluga__http_stage *self)
{
    const beluga_call *call = self->emit.call;
    beluga_trace_context trace;
    if (!beluga__settings_int(call->settings, BELUGA_OPTION_PROPAGATE_TRACE, 1)) return;
    if (!beluga__span_context(call, &trace)) return;
    beluga_http_request_set_header(&self->request, "traceparent", trace.traceparent);
    if (*trace.tracestate)
        beluga_http_request_set_header(&self->request, "tracestate", trace.tracestate);
}

static int set_extra_headers(beluga__http_stage *self, beluga_error *err)
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

static int authorize(beluga__http_stage *self, beluga_error *err)
{
    const beluga_provider *provider = beluga__http_stage_provider(self);
    const beluga_call *call = self->emit.call;
    const char *key = self->secrets.key;
    if (!key) return 0;
    if (!provider->authorize) return beluga__http_request_set_bearer(&self->request, key, err);
    beluga_credential credential = {.size = sizeof credential, .key = key, .call = call};
    credential.variable = beluga__key_variable(call->target->key);
    return provider->authorize(&self->request, &credential, beluga__wall_s(), err);
}

/* --- the whole request ------------------------------------------------------------------------ */

static int write_request(beluga__http_stage *self, beluga_error *err)
{
    const beluga_call *call = self->emit.call;
    beluga_http_request *request = &self->request;
    beluga_http_request_set_header(request, "Accept", accepted(self));
    int status = beluga__call_kind_encoder(call)(call, request, err);
    if (!status) warn_of_claims(self);
    if (!status) status = patch_body(self, err);
    if (status) return status;
    /* Later headers replace earlier ones of the same name. */
    set_model_headers(self);
    set_trace_headers(self);
    status = set_extra_headers(self, err);
    if (!status) status = authorize(self, err);
    return status ? status : beluga__http_request_finish(request, err);
}

int beluga__http_stage_write(beluga__http_stage *self, beluga_error *err)
{
    err->code = 0;
    int status = write_request(self, err);
    if (status && !err->code) beluga_error_set(err, status, "%s", beluga_error_text(status));
    return status;
}
