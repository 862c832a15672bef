/* Makes an error from a refusal: its status, its headers and the beginning of its body. */
#include "base/clock.h"
#include "base/line.h"
#include "model/http_stage.h"

#include <stdio.h>

/* Returns the message for a status that explains the refusal without the body; NULL for any other
 * status. */
static const char *reason_of(int status, bool told)
{
    if (status >= 300 && status < 400)
        return told
                   ? "the server redirected the next request of the call, which is not followed"
                   : "the server redirects, which is not followed: set base_url to the new address";
    if (status >= 200 && status < 300 && told)
        return "the server answered the next request with a web page";
    if (status >= 200 && status < 300) return "the server answered with a web page: check base_url";
    return NULL;
}

/* Explain a proxy's refusal. The error does not quote the proxy's page, since the page does not
 * come from the provider, and may contain the proxy's password. */
static void explain_proxy(beluga__http_stage *self, beluga_error *err)
{
    beluga_error_set(err, BELUGA_ERROR_NETWORK, "%s", BELUGA__PROXY_WANTS_CREDENTIALS);
    err->http_status = self->response.status;
    err->retryable = 0;
    beluga__buf_clear(&self->response.body);
}

static void set_cause(const beluga_http_response *response, beluga_error *err)
{
    const beluga__buf *body = &response->body;
    const char *location = beluga_http_response_header(response, "location");
    if (response->status >= 300 && response->status < 400 && location)
        beluga_error_set_cause(err, location, strlen(location));
    else if (body->length)
        beluga_error_set_cause(err, body->data, body->length < 80 ? body->length : 80);
}

void beluga__refusal_read(const beluga_call *call, const beluga_http_response *response, int code,
                          const char *reason, beluga_error *err)
{
    const beluga_provider *provider = call->target->provider;
    int status = response->status;
    beluga_error_set(err, code, "%s", reason ? reason : beluga_error_text(code));
    err->http_status = status;
    err->retry_after_ms = beluga__http_retry_after_ms(response, beluga__wall_s());
    if (reason) err->retryable = 0;
    if (status == 409) err->retryable = 1;
    set_cause(response, err);
    if (status >= 400 && provider->decode_error) provider->decode_error(call, response, err);
}

static const char sent_without_key[] = "the service named another server for this request, and "
                                       "keys are sent only to base_url's server";

/* Returns whether the request had no credentials, neither as a key nor in a header. Returns false
 * in a replay, which never has keys. */
static bool sent_nothing(const beluga__http_stage *self)
{
    const beluga__target *target = self->emit.call->target;
    return !self->secrets.key && !target->n_headers && !target->runtime->replays &&
           !beluga_http_request_header(&self->request, "authorization");
}

/* Add to the error that no key was sent. A server at another address than the provider's own is
 * called without a key if none is given, but it may need one. */
static void name_missing_key(const beluga__http_stage *self, beluga_error *err)
{
    const char *const *variables = beluga__http_stage_provider(self)->key_variables;
    bool named = variables && *variables;
    char text[sizeof err->message];
    int n = snprintf(text, sizeof text, "%.230s; no key was sent: %s%s%sgive api_key", err->message,
                     named ? "set " : "", named ? *variables : "", named ? ", or " : "");
    beluga__error_sentence(err, message, text,
                           (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
}

static void explain(beluga__http_stage *self, beluga_error *err)
{
    beluga__buf *body = &self->response.body;
    int status = self->response.status;
    bool page = status >= 200 && status < 300;
    int code = page ? BELUGA_ERROR_MALFORMED_RESPONSE : beluga_error_from_http(status);
    const char *reason = reason_of(status, self->request.told);
    if (body->length) beluga__http_secrets_mask(&self->secrets, body->data, body->length);
    beluga__refusal_read(self->emit.call, &self->response, code, reason, err);
    int should_retry = beluga__http_should_retry(&self->response);
    if (should_retry >= 0) err->retryable = should_retry;
    /* AWS answers 403 for a bad key and for other reasons; only the provider's function can
     * distinguish these. */
    bool key_refused = status == 401 || err->code == BELUGA_ERROR_AUTHENTICATION;
    /* The token may have expired since it was fetched, so a retry with a new token may succeed. */
    if (key_refused && !self->foreign && beluga__http_secrets_refused(&self->secrets))
        err->retryable = 1;
    if (key_refused && !self->foreign && sent_nothing(self)) name_missing_key(self, err);
    if (key_refused && self->foreign)
        beluga_error_set_cause(err, sent_without_key, sizeof sent_without_key - 1);
}

void beluga__http_stage_refused(beluga__http_stage *self)
{
    beluga_error err;
    if (self->response.status == 407)
        explain_proxy(self, &err);
    else
        explain(self, &err);
    const beluga__buf *body = &self->response.body;
    if (self->raw) beluga__emit_raw(&self->emit, &self->response, body->data, body->length, true);
    if (beluga__http_stage_is_over(self)) return; /* a callback cancelled the call */
    beluga__http_stage_fail(self, err.code, &err);
}
