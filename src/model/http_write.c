/* Makes the request of an HTTP call: the provider writes it, options change it, and it is
 * authorized. */
#include "base/clock.h"
#include "model/call_kind.h"
#include "model/claims.h"
#include "model/http_stage.h"
#include "model/put_options.h"
#include "model/span.h"
#include "wire/origin.h"

/* --- the body --------------------------------------------------------------------------------- */

/* Returns the option's JSON, which is to be merged into the body; NULL: there is none. In a call
 * about batch jobs, the options of the model are those of the requests in the job, into which they
 * were merged before, so that only options of the call itself count. */
static const beluga__setting *to_merge(const beluga_call *call, int key)
{
    const beluga__setting *s = &call->settings->known[key];
    if (s->type != BELUGA_OPTION_STRING) return NULL;
    return beluga__call_is_of_jobs(call) && s->origin != BELUGA_ORIGIN_CALL ? NULL : s;
}

/* Merge an option's JSON into the body that the provider wrote. */
static int merge(beluga__http_stage *self, int key, beluga_error *err)
{
    const beluga__setting *s = to_merge(self->emit.call, key);
    beluga__buf *body = &self->request.body, patched;
    if (!s) return 0;
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

/* Merge the options `body` and extra_body into the body. extra_body comes last, since it is from a
 * later layer of settings. It is not merged if the provider did so already (`merged`), unless
 * `body` was merged since. */
static int patch_body(beluga__http_stage *self, bool merged, beluga_error *err)
{
    const beluga_call *call = self->emit.call;
    const beluga_http_request *request = &self->request;
    int key = 0;
    if (to_merge(call, BELUGA_OPTION_BODY)) key = BELUGA_OPTION_BODY;
    if (to_merge(call, BELUGA_OPTION_EXTRA_BODY)) key = BELUGA_OPTION_EXTRA_BODY;
    if (!key || !request->has_body) return 0;
    /* The upload for a batch job is followed by a request with JSON. */
    if (request->body_form != BELUGA__BODY_JSON && beluga__call_is_of_jobs(call)) return 0;
    if (request->body_form != BELUGA__BODY_JSON)
        return beluga_error_set(err, BELUGA_ERROR_NOT_SUPPORTED,
                                "%s can't be merged: this request's body is not JSON",
                                beluga_option_get_info(key)->name);
    /* The writer reports its error when the request is finished. */
    if (beluga__json_writer_status(&self->request.writer)) return 0;
    int status = merge(self, BELUGA_OPTION_BODY, err);
    if (status || (merged && !to_merge(call, BELUGA_OPTION_BODY))) return status;
    return merge(self, BELUGA_OPTION_EXTRA_BODY, err);
}

/* --- the body that the caller gave (option request_body) -------------------------------------- */

/* Returns whether an option changes a request's body. The name and strictness of a schema don't
 * count, since the schema itself is reported. */
static bool is_of_body(int key)
{
    switch (key) {
    case BELUGA_OPTION_RESPONSE_SCHEMA_NAME:
    case BELUGA_OPTION_RESPONSE_SCHEMA_STRICT:
    case BELUGA_OPTION_EXTRA_HEADERS:
    case BELUGA_OPTION_PROVIDER_SPECIFIC:
    case BELUGA_OPTION_HEADERS: return false;
    default: return beluga_option_shapes_answer(key);
    }
}

/* Replace the provider's warnings, which are about a body that is not sent, by a warning for each
 * option that has no effect. */
static void warn_of_unsent(beluga__http_stage *self)
{
    const beluga__settings *settings = self->emit.call->settings;
    self->request.n_warnings = 0;
    for (int key = 1; key < BELUGA_OPTION_COUNT; key++) {
        bool merged = key == BELUGA_OPTION_BODY || key == BELUGA_OPTION_EXTRA_BODY;
        bool asked = is_of_body(key) && settings->known[key].origin == BELUGA_ORIGIN_CALL;
        if (settings->known[key].type && (merged || asked))
            beluga_http_request_warn(&self->request,
                                     "%s has no effect: request_body is sent unchanged",
                                     beluga_option_get_info(key)->name);
    }
}

/* Replace the provider's body by the caller's. From the provider's body only the member "model" is
 * kept, if there is one. */
static int give_body(beluga__http_stage *self, beluga_error *err)
{
    const beluga__setting *given = &self->emit.call->settings->known[BELUGA_OPTION_REQUEST_BODY];
    beluga_http_request *request = &self->request;
    beluga__buf *body = &request->body, copy;
    size_t n;
    if (request->body_form != BELUGA__BODY_JSON)
        return beluga_error_set(err, BELUGA_ERROR_NOT_SUPPORTED,
                                "request_body: this provider's requests have no JSON body");
    warn_of_unsent(self);
    beluga__buf_init(&copy, body->allocator, body->max);
    const char *model = beluga__json_member_text(body->data, body->length, "model", &n);
    int status = model ? beluga__json_set_member(&copy, given->value.string, given->length, "model",
                                                 model, n)
                       : beluga__buf_append(&copy, given->value.string, given->length);
    beluga__buf_free(body);
    *body = copy;
    request->body_form = BELUGA__BODY_BYTES;
    return status ? beluga_error_set(err, status, "request_body: %s", beluga_error_text(status))
                  : 0;
}

/* Warn of capabilities that the call needs and the provider does not claim. If the encoder wrote
 * warnings, they are enough: it knows more about the call than the claims do. */
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
    const beluga_call *call = self->emit.call;
    /* The caller's body may ask for a stream, so both kinds of answers are accepted. */
    if (!call->streamed && !call->body_given) return "application/json";
    bool sse = beluga__http_stage_provider(self)->framing == BELUGA_FRAMING_SSE;
    /* files of results have a different type at each service */
    return sse && !beluga__call_is_of_results(call) ? "text/event-stream, application/json" : "*/*";
}

/* Returns whether the request goes to another server than the model's. The URL of such a request
 * came from a server's answer, so keys, headers and traces must not be sent there. */
static bool is_foreign(const beluga__http_stage *self)
{
    const char *base = self->emit.call->target->base_url;
    if (!self->request.told) return false;
    return !base || !beluga__same_origin(beluga_http_request_url(&self->request), base);
}

static void set_model_headers(beluga__http_stage *self)
{
    const beluga__target *target = self->emit.call->target;
    for (size_t i = 0; i < target->n_headers; i++)
        beluga_http_request_set_header(&self->request, target->headers[i].name,
                                       self->secrets.header_values[i]);
}

/* Add the headers that let a server continue the caller's trace. */
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
            return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                                    "extra_headers: each header must have the form \"Name: "
                                    "value\", with a name of at most 127 bytes");
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
    beluga_credential credential = {
        .size = sizeof credential, .key = key, .call = call, .is_token = self->secrets.is_token};
    credential.variable = beluga__key_variable(call->target->key);
    return provider->authorize(&self->request, &credential, beluga__wall_s(), err);
}

/* --- the whole request ------------------------------------------------------------------------ */

/* Add headers and key; later headers replace earlier ones of the same name. A request that cancels
 * gets no trace headers, since the spans of its call have ended. */
static int add_own(beluga__http_stage *self, bool cancels, beluga_error *err)
{
    set_model_headers(self);
    if (!cancels) set_trace_headers(self);
    int status = set_extra_headers(self, err);
    return status ? status : authorize(self, err);
}

/* Finish the body of a request. Only the first request of a call contains the question, so some
 * steps are only for it. */
static int finish_body(beluga__http_stage *self, const uint64_t *reads, beluga_error *err)
{
    const beluga_call *call = self->emit.call;
    bool first = !self->request.token;
    if (first && call->body_given) return give_body(self, err);
    warn_of_claims(self);
    if (first && beluga__call_is_answer(call)) beluga__warn_of_unread(call, reads, &self->request);
    return patch_body(self, beluga__reads_has(reads, BELUGA_OPTION_EXTRA_BODY), err);
}

/* Let the provider write its request, and record which options it reads. */
static int encode_and_watch(beluga__http_stage *self, beluga__http_encode encode, bool cancels,
                            beluga_error *err)
{
    beluga_call *call = self->emit.call;
    uint64_t reads[BELUGA__READ_WORDS] = {0};
    call->reads = reads;
    int status = encode(call, &self->request, err);
    call->reads = NULL;
    self->foreign = !status && is_foreign(self);
    return status || cancels || self->foreign ? status : finish_body(self, reads, err);
}

int beluga__http_stage_encode(beluga__http_stage *self, beluga_error *err)
{
    err->code = 0;
    int status = encode_and_watch(self, beluga__call_kind_encoder(self->emit.call), false, err);
    if (status > 0)
        status = beluga_error_set(err, BELUGA_ERROR_INTERNAL,
                                  "the provider could not write its request");
    if (status && !err->code) beluga_error_set(err, status, "%s", beluga_error_text(status));
    if (status) return status;
    beluga__http_request_seal(&self->request);
    return beluga__http_request_finish(&self->request, err);
}

static int write_request(beluga__http_stage *self, beluga__http_encode encode, bool cancels,
                         beluga_error *err)
{
    beluga_http_request *request = &self->request;
    BELUGA__PUT_HEADER(request, "Accept", accepted(self));
    request->told = cancels || request->token || beluga_call_page(self->emit.call);
    int status = encode_and_watch(self, encode, cancels, err);
    if (status) return status;
    beluga__http_request_seal(request);
    if (!self->foreign) status = add_own(self, cancels, err);
    beluga__http_request_seal(request);
    return status ? status : beluga__http_request_finish(request, err);
}

int beluga__http_stage_write(beluga__http_stage *self, beluga__http_encode encode, bool cancels,
                             beluga_error *err)
{
    err->code = 0;
    int status = write_request(self, encode, cancels, err);
    bool nothing = cancels && status == BELUGA_ENCODE_NOTHING;
    /* a request that was not written would make the call wait forever */
    if (status > 0 && !nothing)
        status = beluga_error_set(
            err, BELUGA_ERROR_INTERNAL,
            "the provider could not write its request, and returned %d instead of a negative code",
            status);
    if (status < 0 && !err->code) beluga_error_set(err, status, "%s", beluga_error_text(status));
    return status;
}
