#include "telemetry/otlp.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "telemetry/encode.h"
#include "wire/http.h"

#include <beluga/version.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* While a request runs, the exporter checks every SLICE_MS whether its deadline is earlier now. */
enum { SLICE_MS = 20, FIRST_WAIT_MS = 1000, MAX_WAIT_MS = 30000, FOR_EVER_MS = 3600000 };

typedef struct exchange {
    beluga__exporter *e;
    beluga__transfer *transfer;
    beluga_http_request request;
    beluga_http_response response;
    beluga__arena arena;
    bool done, too_large;
    int status;
    beluga_error error;
} exchange;

static void on_head(void *owner)
{
    (void)owner;
}

static void on_body(void *owner, char *bytes, size_t n)
{
    exchange *x = owner;
    if (!beluga__buf_append(&x->response.body, bytes, n)) return;
    x->too_large = x->done = true;
    beluga__transfer *transfer = x->transfer;
    x->transfer = NULL;
    x->e->loop->base.ops->transfer_cancel(transfer, NULL);
}

static void on_done(void *owner, int code, const beluga_error *err)
{
    exchange *x = owner;
    x->transfer = NULL;
    x->done = true;
    x->status = code;
    if (err) x->error = *err;
}

static const beluga__transfer_handler handler = {on_head, on_body, on_done};

/* --- one request ------------------------------------------------------------------------------ */

static beluga__connection connection_of(const beluga__exporter *e, const beluga__signal *signal)
{
    return (beluga__connection){
        .id = signal == &e->t->settings.traces ? 1 : 2,
        .ca_file = signal->ca_file,
        .client_certificate = signal->client_certificate,
        .client_key = signal->client_key,
        .proxy = e->t->settings.environment ? NULL : "",
        .environment = e->t->settings.environment,
        .agent = BELUGA__AGENT "OTel-OTLP-Exporter-C/" BELUGA_VERSION_STRING " beluga",
    };
}

static int write_request(exchange *x, const beluga__signal *signal)
{
    beluga_http_request *r = &x->request;
    beluga_http_request_set_url(r, signal->url);
    beluga_http_request_set_header(r, "Content-Type",
                                   signal->json ? "application/json" : "application/x-protobuf");
    if (signal->gzip) beluga_http_request_set_header(r, "Content-Encoding", "gzip");
    for (const beluga__otlp_header *h = signal->headers; h; h = h->next)
        beluga_http_request_set_header(r, h->name, h->value);
    int status = beluga__http_request_finish(r, &x->error);
    if (status) return status;
    beluga__buf_free(&r->body);
    r->body.max = BELUGA__MAX_EXPORT_BYTES;
    r->has_body = true;
    return beluga__buf_append(&r->body, x->e->body.data, x->e->body.length);
}

/* Run the loop until the answer has arrived or the deadline has passed. */
static void run(exchange *x, int64_t deadline_ns)
{
    const beluga_telemetry *t = x->e->t;
    while (!x->done) {
        int64_t stop = atomic_load_explicit(&t->deadline_ns, memory_order_relaxed);
        int64_t left =
            ((stop < deadline_ns ? stop : deadline_ns) - beluga__now_ns()) / BELUGA__NS_PER_MS;
        if (left <= 0 || beluga__loop_turn(x->e->loop, left < SLICE_MS ? left : SLICE_MS, &x->done))
            break;
    }
    if (x->done) return;
    x->status = BELUGA_ERROR_TIMEOUT;
    beluga_error_set(&x->error, BELUGA_ERROR_TIMEOUT, "the receiver did not answer in time");
    if (x->transfer) x->e->loop->base.ops->transfer_cancel(x->transfer, NULL);
    x->transfer = NULL;
}

static void exchange_once(exchange *x, const beluga__signal *signal,
                          const beluga__connection *connection, int64_t deadline_ns)
{
    beluga_loop *loop = &x->e->loop->base;
    int64_t timeout = signal->timeout_ms ? signal->timeout_ms : FOR_EVER_MS;
    beluga__transfer_spec spec = {.connection = connection,
                                  .request = &x->request,
                                  .response = &x->response,
                                  .handler = &handler,
                                  .owner = x,
                                  .connect_timeout_ms = timeout};
    int64_t end = beluga__now_ns() + timeout * BELUGA__NS_PER_MS;
    x->status = write_request(x, signal);
    if (!x->status) x->status = loop->ops->reserve(loop);
    if (!x->status) x->status = loop->ops->transfer_start(loop, &spec, &x->transfer, &x->error);
    if (!x->status) run(x, end < deadline_ns ? end : deadline_ns);
}

static void exchange_init(exchange *x, beluga__exporter *e)
{
    *x = (exchange){.e = e};
    beluga__arena_init(&x->arena, &e->t->allocator, NULL, 0, BELUGA__MAX_HEADER_BYTES);
    x->arena.secret = true;
    beluga__http_request_init(&x->request, &e->t->allocator, &x->arena, NULL);
    beluga__http_response_init(&x->response, &e->t->allocator, BELUGA__MAX_EXPORT_ANSWER);
}

static void exchange_free(exchange *x)
{
    beluga__http_request_free(&x->request);
    beluga__http_response_free(&x->response);
    beluga__arena_free(&x->arena);
}

/* --- what an answer means --------------------------------------------------------------------- */

static bool worth_another(const exchange *x)
{
    int status = x->response.status;
    if (x->too_large) return false;
    if (x->status)
        return x->status == BELUGA_ERROR_NETWORK || x->status == BELUGA_ERROR_TIMEOUT ||
               x->status == BELUGA_ERROR_INVALID_RESPONSE;
    return status == 429 || status == 502 || status == 503 || status == 504;
}

static int64_t read_json_partial(const char *text, size_t length, beluga__buf *message)
{
    beluga_json_doc *doc = NULL;
    if (beluga_json_parse(text, length, &doc, NULL)) return 0;
    const beluga_json *partial = beluga_json_get(beluga_json_doc_root(doc), "partialSuccess");
    const beluga_json *rejected = beluga_json_get(partial, "rejectedSpans");
    const char *said = beluga_json_get_string(partial, "errorMessage", NULL);
    if (!rejected) rejected = beluga_json_get(partial, "rejectedDataPoints");
    /* OTLP/JSON writes 64-bit numbers as strings, but some receivers write plain numbers. */
    const char *digits = beluga_json_string(rejected, NULL);
    int64_t n = digits ? strtoll(digits, NULL, 10) : beluga_json_int(rejected, 0);
    if (said) beluga__buf_puts(message, said);
    beluga_json_doc_free(doc);
    return n;
}

static int64_t read_partial(const exchange *x, bool json, beluga__buf *message)
{
    const beluga__buf *body = &x->response.body;
    if (!body->length) return 0;
    if (json) return read_json_partial(body->data, body->length, message);
    Otlp__Answer *answer = otlp__answer__unpack(NULL, body->length, (const uint8_t *)body->data);
    if (!answer) return 0;
    int64_t rejected = answer->partial_success ? answer->partial_success->rejected : 0;
    if (answer->partial_success && answer->partial_success->error_message)
        beluga__buf_puts(message, answer->partial_success->error_message);
    otlp__answer__free_unpacked(answer, NULL);
    return rejected;
}

/* Read the receiver's message from a refusal, which is a google.rpc.Status in protobuf or JSON. */
static void read_refusal(const exchange *x, bool json, beluga__buf *message)
{
    const beluga__buf *body = &x->response.body;
    if (!body->length) return;
    if (json) {
        beluga_json_doc *doc = NULL;
        if (beluga_json_parse(body->data, body->length, &doc, NULL)) return;
        const char *said = beluga_json_get_string(beluga_json_doc_root(doc), "message", NULL);
        if (said) beluga__buf_puts(message, said);
        beluga_json_doc_free(doc);
        return;
    }
    Otlp__Refusal *refusal = otlp__refusal__unpack(NULL, body->length, (const uint8_t *)body->data);
    if (refusal && refusal->message) beluga__buf_puts(message, refusal->message);
    if (refusal) otlp__refusal__free_unpacked(refusal, NULL);
}

static void tell(beluga__exporter *e, const char *name, const exchange *x, bool json)
{
    beluga__buf what;
    beluga__buf_init(&what, &e->t->allocator, BELUGA__MAX_LINE_BYTES);
    if (x->too_large)
        beluga__buf_puts(&what, "the receiver's answer is larger than 4 MiB");
    else if (x->status)
        beluga__buf_printf(&what, "%s",
                           *x->error.message ? x->error.message : beluga_error_text(x->status));
    else {
        beluga__buf_printf(&what, "the receiver answers with HTTP status %d: ", x->response.status);
        read_refusal(x, json, &what);
    }
    beluga__telemetry_log(e->t, BELUGA_LOG_WARN, "telemetry.export_failed", name, what.data);
    beluga__buf_free(&what);
}

/* Log a partial success: the receiver accepted the message, but rejected some of its items, or sent
 * a warning. */
static void tell_partial(const exchange *x, bool json, const char *name, int64_t *rejected)
{
    char what[512];
    beluga__buf said;
    beluga__buf_init(&said, &x->e->t->allocator, BELUGA__MAX_LINE_BYTES);
    *rejected = read_partial(x, json, &said);
    if (*rejected > 0 || said.length) {
        snprintf(what, sizeof what, "the receiver rejected %" PRId64 ": %.400s", *rejected,
                 said.data);
        beluga__telemetry_log(x->e->t, BELUGA_LOG_WARN, "telemetry.partial_success", name, what);
    }
    beluga__buf_free(&said);
}

/* --- sending with retries --------------------------------------------------------------------- */

static int encode(beluga__exporter *e, const beluga__signal *signal,
                  const ProtobufCMessage *message)
{
    beluga__buf_clear(&e->body);
    int status = signal->json ? beluga__encode_json(&e->body, message)
                              : beluga__encode_protobuf(&e->body, message);
    return !status && signal->gzip ? beluga__encode_gzip(&e->body) : status;
}

/* Shorten a wait by a random part, up to half of it, so that many senders that were refused at once
 * do not retry at the same moment. */
static int64_t jittered(beluga__exporter *e, int64_t ms)
{
    return ms - (int64_t)(beluga__loop_random(&e->loop->base) % ((uint64_t)ms / 2 + 1));
}

beluga__export_result beluga__otlp_send(beluga__exporter *e, const beluga__signal *signal,
                                        const char *name, const ProtobufCMessage *message,
                                        int64_t deadline_ns, int64_t *rejected)
{
    beluga__connection connection = connection_of(e, signal);
    bool *told = signal == &e->t->settings.traces ? &e->trace_trouble : &e->metric_trouble;
    *rejected = 0;
    if (!e->loop && beluga__network_loop_new(&e->runtime, false, &e->loop)) return BELUGA__REFUSED;
    if (encode(e, signal, message)) return BELUGA__REFUSED;
    for (int64_t wait = FIRST_WAIT_MS;; wait = wait < MAX_WAIT_MS ? 2 * wait : wait) {
        exchange x;
        exchange_init(&x, e);
        exchange_once(&x, signal, &connection, deadline_ns);
        int status = x.response.status;
        bool good = !x.status && !x.too_large && status >= 200 && status < 300,
             again = worth_another(&x);
        int64_t asked = x.status ? -1 : beluga__http_retry_after_ms(&x.response, beluga__wall_s());
        if (good) tell_partial(&x, signal->json, name, rejected);
        if (!good && !*told) tell(e, name, &x, signal->json);
        *told = !good;
        exchange_free(&x);
        if (good) return BELUGA__EXPORTED;
        /* if the exporter must end soon, it does not retry when the receiver can't be reached */
        bool gone =
            x.status && atomic_load_explicit(&e->t->deadline_ns, memory_order_relaxed) != INT64_MAX;
        if (!again || gone) return BELUGA__REFUSED;
        if (!beluga__exporter_sleep(e, asked >= 0 ? asked : jittered(e, wait), deadline_ns))
            return BELUGA__TOO_LATE;
    }
}
