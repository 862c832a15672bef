#include "serve/request.h"

#include "base/clock.h"
#include "base/text.h"
#include "serve/origin.h"

#include <beluga/provider/json.h>

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JSON_TYPE          "application/json"
#define ID_LETTERS         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:-"
#define MAX_BODY_BYTES     4096
#define TRACE_PARENT_BYTES 55
#define EXCESS_RETRY_MS    1000
#define MAX_ESTIMATE       INT64_C(32768)

/* ---- the beginning and the end --------------------------------------------------------------- */

static void make_id(char *id, uint64_t prefix, uint64_t number)
{
    memcpy(id, "req_", 4);
    id = beluga__put_hex(id + 4, prefix, 16);
    *beluga__put_hex(id, number, 8) = '\0';
}

/* Use the client's id if it is safe in headers and logs; otherwise make an id. */
static void choose_id(serve_request *request)
{
    serve *s = request->s;
    char *id = request->record.request_id;
    const size_t room = sizeof request->record.request_id;
    const char *given = http_header(request->x, "x-request-id");
    if (given && *given && strlen(given) < room && !given[strspn(given, ID_LETTERS)])
        serve_copy(id, room, given);
    else
        make_id(id, s->id_prefix, ++s->n_ids);
}

/* Copy the trace id from the header traceparent, which has the form "00-<32 digits of the
 * trace>-<16 of the span>-<flags>". */
static void take_trace_id(serve_request *request)
{
    const char *parent = http_header(request->x, "traceparent");
    if (parent && strlen(parent) >= TRACE_PARENT_BYTES)
        snprintf(request->record.trace_id, sizeof request->record.trace_id, "%.32s", parent + 3);
}

/* Remove "/v1" at the beginning of a path and a slash at its end; the same routes are served with
 * and without them. */
static char *plain_path(const char *path)
{
    size_t n = strlen(path);
    if (strncmp(path, "/v1", 3) == 0 && (path[3] == '/' || !path[3])) {
        path += 3;
        n -= 3;
    }
    while (n > 1 && path[n - 1] == '/') n--;
    return n ? strndup(path, n) : strdup("/");
}

serve_request *serve_request_begin(serve *s, http_exchange *x)
{
    serve_request *request = calloc(1, sizeof *request);
    char *path = plain_path(http_path(x));
    if (!request || !path) {
        free(request);
        free(path);
        return NULL;
    }
    request->s = s;
    request->x = x;
    request->path = path;
    request->family = &protocol_chat;
    request->snapshot = serve_snapshot_ref(s->now);
    request->record = (serve_record){.time_ms = beluga__wall_ms(),
                                     .first_ns = -1,
                                     .peer = http_peer(x),
                                     .method = http_method(x),
                                     .path = http_path(x),
                                     .protocol = "",
                                     .key = "",
                                     .asked = "",
                                     .message = "",
                                     .usage = BELUGA_USAGE_INIT,
                                     .cost = -1};
    choose_id(request);
    take_trace_id(request);
    http_set_user(x, request);
    return request;
}

/* The status in the record if the client went away before it received the whole answer. */
enum { CLIENT_GONE = 499 };

void serve_request_end(serve_request *request, bool gone)
{
    serve_record *record = &request->record;
    if (request->kind) request->kind->over(request->pending);
    record->status = gone ? CLIENT_GONE : http_status(request->x);
    record->took_ns = reactor_now_ns(request->s->reactor) - http_began_ns(request->x);
    record->bytes_out = http_bytes_sent(request->x);
    serve_observe(request->s->observer, record);
    serve_key_unref(request->key);
    serve_snapshot_unref(request->snapshot);
    free((char *)request->path);
    free(request);
}

void serve_request_note_model(serve_request *request, const char *asked)
{
    serve_copy(request->asked, sizeof request->asked, asked ? asked : "");
    request->record.asked = request->asked;
}

void serve_request_note(serve_request *request, const beluga_error *err)
{
    serve_record *record = &request->record;
    serve_copy(request->message, sizeof request->message, err->message);
    record->error = err->code;
    record->message = request->message;
    if (*err->provider) serve_copy(record->provider, sizeof record->provider, err->provider);
    if (*err->model) serve_copy(record->model, sizeof record->model, err->model);
    if (err->attempts > record->attempts) record->attempts = err->attempts;
}

int serve_request_find_model(serve_request *request, const char *name, serve_model **model,
                             beluga_error *err)
{
    serve_request_note_model(request, name);
    int status = serve_models_find(request->snapshot->models, name, model, err);
    if (status || serve_key_may_ask(request->key, (*model)->name)) return status;
    status = beluga_error_set(err, BELUGA_ERROR_AUTHORIZATION,
                              "the key \"%s\" may not ask the model \"%s\": GET /v1/models lists "
                              "the models that this key may ask",
                              serve_key_name(request->key), (*model)->name);
    serve_model_unref(*model);
    *model = NULL;
    return status;
}

/* ---- answers --------------------------------------------------------------------------------- */

static void add_cors(serve_request *request)
{
    const char *origin = http_header(request->x, "origin");
    const serve_settings *settings = &request->snapshot->settings;
    if (!settings->origins) return;
    http_add_header(request->x, "vary", "origin");
    if (!origin || !origin_is_allowed(settings, origin)) return;
    http_add_header(request->x, "access-control-allow-origin", origin);
    http_add_header(request->x, "access-control-expose-headers",
                    "x-request-id, x-beluga-provider, x-beluga-model, x-beluga-attempts, "
                    "x-beluga-cost-usd, x-beluga-dropped, retry-after, retry-after-ms");
}

void serve_request_add_headers(serve_request *request)
{
    http_add_header(request->x, "x-request-id", request->record.request_id);
    add_cors(request);
}

size_t serve_error_body(const protocol *family, const beluga_error *err, const char *request_id,
                        char *text, size_t n)
{
    const char *json = NULL;
    size_t length = 0;
    beluga_json_writer *w = beluga_json_writer_new();
    if (!w) return 0;
    beluga_json_begin_object(w, NULL);
    family->error(w, err, request_id);
    beluga_json_end_object(w);
    if (beluga_json_writer_text(w, &json, &length) || length > n) length = 0;
    if (length) memcpy(text, json, length);
    beluga_json_writer_free(w);
    return length;
}

/* If a provider was asked, the library has already retried where that could help, so the answer
 * tells clients not to retry. */
void serve_answer_add_retry(serve_request *request, const beluga_error *err)
{
    char text[32];
    if (err->attempts > 0) http_add_header(request->x, "x-should-retry", "false");
    if (err->retry_after_ms < 0) return;
    snprintf(text, sizeof text, "%" PRId64, (err->retry_after_ms + 999) / 1000);
    http_add_header(request->x, "retry-after", text);
    snprintf(text, sizeof text, "%" PRId64, err->retry_after_ms);
    http_add_header(request->x, "retry-after-ms", text);
}

void serve_answer_status(serve_request *request, int status, const beluga_error *err)
{
    char body[MAX_BODY_BYTES];
    size_t n =
        serve_error_body(request->family, err, request->record.request_id, body, sizeof body);
    serve_request_note(request, err);
    serve_request_add_headers(request);
    serve_answer_add_retry(request, err);
    http_answer(request->x, status, JSON_TYPE, body, n);
}

void serve_answer_error(serve_request *request, const beluga_error *err)
{
    serve_answer_status(request, request->family->status(err), err);
}

void serve_refuse(serve_request *request, int code, const char *format, ...)
{
    char message[sizeof((beluga_error *)NULL)->message];
    beluga_error err;
    va_list values;
    va_start(values, format);
    vsnprintf(message, sizeof message, format, values);
    va_end(values);
    beluga_error_set(&err, code, "%s", message);
    serve_answer_error(request, &err);
}

void serve_answer_json(serve_request *request, int status, beluga_json_writer *w)
{
    const char *text = NULL;
    size_t length = 0;
    int failed = w ? beluga_json_writer_text(w, &text, &length) : BELUGA_ERROR_NO_MEMORY;
    if (failed) {
        serve_refuse(request, failed, "the answer can't be written: %s", beluga_error_text(failed));
    } else {
        serve_request_add_headers(request);
        http_answer(request->x, status, JSON_TYPE, text, length);
    }
    beluga_json_writer_free(w);
}

void serve_answer_text(serve_request *request, int status, const char *content_type,
                       const char *text)
{
    serve_request_add_headers(request);
    http_answer(request->x, status, content_type, text, strlen(text));
}

bool serve_refuse_excess(serve_request *request)
{
    beluga_error err;
    if (request->s->n_works < request->snapshot->settings.max_requests) return false;
    beluga_error_set(
        &err, BELUGA_ERROR_OVERLOADED,
        "the server is already answering %u requests, its limit (max_requests): try again later",
        request->snapshot->settings.max_requests);
    err.retry_after_ms = EXCESS_RETRY_MS;
    serve_answer_error(request, &err);
    return true;
}

/* Estimate the tokens of a body. In a long body, most bytes are those of images and files, whose
 * tokens only the provider can count. */
int64_t serve_estimate_tokens(size_t bytes)
{
    int64_t tokens = (int64_t)(bytes / SERVE_BYTES_PER_TOKEN);
    return tokens < MAX_ESTIMATE ? tokens : MAX_ESTIMATE;
}
