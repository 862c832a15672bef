/* Batch jobs: the Message Batches API. The request that creates a job contains the job's requests;
 * the results are a file of JSON lines.
 *
 * Sources: Anthropic's reference (platform.claude.com/docs/en/api/messages/batches: create,
 * retrieve, list, cancel, delete, results), its page on batch processing (limits, price, 29 days)
 * and that on errors (their statuses); anthropic-sdk-python, types/messages/message_batch*.py and
 * resources/messages/batches.py, which agree on paths, members and states. Only an error of the API
 * says that an id may have at most 64 characters (anthropic-sdk-python, issue 984). */
#include "providers/anthropic/anthropic.h"

#include <stdio.h>
#include <string.h>

enum { MAX_ID = 256, MAX_URL = 2048, MAX_ORIGIN = 512 };

#define JOBS        "/v1/messages/batches"
#define OWN_RESULTS "results" /* as the token: fetch the results from the base URL */

/* ---- requests -------------------------------------------------------------------------------- */

static int put_request(const beluga_batch_request *given, beluga_json_writer *w, beluga_error *err)
{
    (void)err;
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "custom_id", given->id);
    beluga_json_put_raw(w, "params", given->body, given->length);
    beluga_json_end_object(w);
    return 0;
}

static int encode_create(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    size_t length = 0;
    const char *line = beluga_call_batch_requests(call, &length), *end = line + length;
    (void)err;
    beluga__anthropic_set_head(call, request, JOBS);
    beluga_json_writer *w = beluga_http_request_json(request);
    beluga_json_begin_object(w, NULL);
    beluga_json_begin_array(w, "requests");
    while (line < end) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        if (!newline) newline = end;
        beluga_json_put_raw(w, NULL, line, (size_t)(newline - line));
        line = newline + 1;
    }
    beluga_json_end_array(w);
    beluga_json_end_object(w);
    return 0;
}

static int ask_of_job(const beluga_call *call, beluga_http_request *request, const char *method,
                      const char *what, beluga_error *err)
{
    char id[3 * MAX_ID + 1], path[sizeof JOBS + sizeof id + 16];
    int code = beluga_http_encode_segment("the batch job's id", beluga_call_batch_id(call), id,
                                          sizeof id, err);
    if (code) return code;
    snprintf(path, sizeof path, JOBS "/%s%s", id, what);
    beluga_http_request_set_method(request, method);
    beluga__anthropic_set_head(call, request, path);
    return 0;
}

static int encode_get(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    return ask_of_job(call, request, "GET", "", err);
}

static int encode_cancel(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    return ask_of_job(call, request, "POST", "/cancel", err);
}

static int encode_delete(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    return ask_of_job(call, request, "DELETE", "", err);
}

static int encode_results(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    const char *token = beluga_http_request_token(request);
    int code = ask_of_job(call, request, "GET", token ? "/results" : "", err);
    if (!code && token && strcmp(token, OWN_RESULTS) != 0)
        beluga_http_request_set_url(request, token);
    return code;
}

static int encode_list(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    const char *after = beluga_call_page(call);
    (void)err;
    beluga_http_request_set_method(request, "GET");
    beluga__anthropic_set_head(call, request, JOBS);
    beluga_http_request_add_query(request, "limit", "1000");
    if (after) beluga_http_request_add_query(request, "after_id", after);
    return 0;
}

/* ---- jobs ------------------------------------------------------------------------------------ */

static bool has(const beluga_json *job, const char *key)
{
    const beluga_json *value = beluga_json_get(job, key);
    return value && !beluga_json_is_null(value);
}

/* Returns the state of a job. The API calls every finished job "ended", whether it succeeded or
 * not; other members show the difference. */
static beluga_batch_state state_of(const beluga_json *job, const beluga_json *counts)
{
    const char *word = beluga_json_get_string(job, "processing_status", NULL);
    if (beluga__is(word, "in_progress")) return BELUGA_BATCH_STATE_RUNNING;
    if (beluga__is(word, "canceling")) return BELUGA_BATCH_STATE_CANCELLING;
    if (!beluga__is(word, "ended")) return BELUGA_BATCH_STATE_UNKNOWN;
    if (has(job, "cancel_initiated_at")) return BELUGA_BATCH_STATE_CANCELLED;
    if (beluga_json_get_int(counts, "expired", 0) > 0) return BELUGA_BATCH_STATE_EXPIRED;
    return BELUGA_BATCH_STATE_COMPLETED;
}

static int64_t sum(const beluga_json *counts, const char *const *keys)
{
    int64_t total = 0;
    for (; *keys; keys++) {
        int64_t n = beluga__count(counts, *keys, BELUGA__MOST_TOKENS);
        if (n < 0) return -1;
        total += n;
    }
    return total;
}

static int emit_job(const beluga_json *json, beluga_emit *emit)
{
    static const char *const all[] = {"processing", "succeeded", "errored",
                                      "canceled",   "expired",   NULL};
    static const char *const failed[] = {"errored", "canceled", "expired", NULL};
    const beluga_json *counts = beluga_json_get(json, "request_counts");
    return beluga_emit_batch_job(
        emit, &(beluga_batch_job){
                  .size = sizeof(beluga_batch_job),
                  .id = beluga_json_get_string(json, "id", NULL),
                  .state = state_of(json, counts),
                  .raw_state = beluga_json_get_string(json, "processing_status", NULL),
                  .total = sum(counts, all),
                  .succeeded = beluga__count(counts, "succeeded", BELUGA__MOST_TOKENS),
                  .failed = sum(counts, failed),
                  .created = beluga__time_value(beluga_json_get(json, "created_at")),
                  .ended = beluga__time_value(beluga_json_get(json, "ended_at")),
                  .expires = beluga__time_value(beluga_json_get(json, "expires_at")),
              });
}

static int decode_list(const beluga_json *root, beluga_emit *emit)
{
    const beluga_json *jobs = beluga_json_get(root, "data");
    const char *last = beluga__filled(beluga_json_get_string(root, "last_id", NULL));
    bool more = beluga_json_bool(beluga_json_get(root, "has_more"), false);
    int code = 0;
    if (!beluga_json_is_array(jobs))
        return beluga__fault_or_failure(root, "the answer is JSON, but not a list of batch jobs",
                                        emit);
    for (const beluga_json *v = beluga_json_first(jobs); v && !code; v = beluga_json_next(jobs, v))
        code = emit_job(v, emit);
    return more && last && !code ? beluga_emit_next_page(emit, last) : code;
}

/* Decode the answer to a deletion: {"id","type":"message_batch_deleted"}, or an empty body if the
 * job was deleted before. */
static int decode_deleted(const char *body, size_t length, beluga_emit *emit)
{
    const beluga_json *root;
    int code = length ? beluga_emit_parse(emit, body, length, &root) : 0;
    if (code || !length || !beluga__fault_is(root, false)) return code;
    return beluga__fault_emit(root, BELUGA_ERROR_INTERNAL, emit);
}

/* ---- results --------------------------------------------------------------------------------- */

static int refuse_results(const beluga_json *job, beluga_emit *emit)
{
    const char *word = beluga_json_get_string(job, "processing_status", NULL);
    if (beluga__is(word, "ended"))
        return beluga_emit_failure(emit, BELUGA_ERROR_NOT_FOUND, NULL,
                                   "the batch job's results are gone: they are kept for 29 days");
    return beluga_emit_failure(
        emit, BELUGA_ERROR_INVALID_INPUT, word,
        "the batch job has not ended: its results are available when it has ended");
}

/* Request the results. The results URL in the job points to Anthropic's server even if the base URL
 * is a gateway's. The library does not send the key to another server than the base URL's, so the
 * results are requested from the gateway, too. */
static int ask_for_results(const beluga_json *job, beluga_emit *emit)
{
    char url[MAX_URL], origin[MAX_ORIGIN];
    const char *told = beluga__filled(beluga_json_get_string(job, "results_url", NULL));
    if (!told) return refuse_results(job, emit);
    int code = beluga_emit_resolve_url(emit, told, url, sizeof url);
    if (!code) code = beluga_emit_resolve_url(emit, "/", origin, sizeof origin);
    if (code) return code;
    bool here = strncmp(url, origin, strlen(origin)) == 0;
    return beluga_emit_next_request(emit, here ? url : OWN_RESULTS, 0);
}

static int decode_job(void *state, const char *body, size_t length, beluga_emit *emit)
{
    const beluga_json *root;
    beluga_kind_of_call kind = beluga_call_kind(beluga_emit_call(emit));
    (void)state;
    if (kind == BELUGA_CALL_BATCH_DELETE) return decode_deleted(body, length, emit);
    int code = beluga__decode_body(body, length, emit, &root);
    if (code) return code;
    if (kind == BELUGA_CALL_BATCH_LIST) return decode_list(root, emit);
    if (!beluga_json_get_string(root, "id", NULL))
        return beluga__fault_or_failure(root, "the answer is JSON, but not a batch job", emit);
    return kind == BELUGA_CALL_BATCH_RESULTS ? ask_for_results(root, emit) : emit_job(root, emit);
}

/* Returns the HTTP status with which the API reports this type of error outside of batch jobs. */
static int status_of(const char *type)
{
    static const struct {
        const char *type;
        int status;
    } types[] = {
        {"invalid_request_error", 400}, {"authentication_error", 401}, {"billing_error", 402},
        {"permission_error", 403},      {"not_found_error", 404},      {"conflict_error", 409},
        {"request_too_large", 413},     {"rate_limit_error", 429},     {"api_error", 500},
        {"timeout_error", 504},         {"overloaded_error", 529},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (beluga__is(type, types[i].type)) return types[i].status;
    return 500;
}

static int emit_text(const char *id, int status, const beluga_json *value, beluga_emit *emit)
{
    size_t length = 0;
    const char *text = beluga_emit_json_text(emit, value, &length);
    return text ? beluga_emit_batch_result(emit, id, status, text, length) : BELUGA_ERROR_NO_MEMORY;
}

/* Emit the error of a request, which has the same form as any other error of the API:
 * {"type":"error","error":{"type","message"}}. */
static int emit_errored(const char *id, const beluga_json *error, beluga_emit *emit)
{
    const beluga_json *inner = beluga_json_get(error, "error");
    const char *type = beluga_json_get_string(inner ? inner : error, "type", NULL);
    return emit_text(id, status_of(type), error, emit);
}

static int emit_result(const char *id, const beluga_json *result, beluga_emit *emit)
{
    const char *type = beluga_json_get_string(result, "type", NULL);
    const beluga_json *message = beluga_json_get(result, "message");
    const beluga_json *error = beluga_json_get(result, "error");
    if (beluga__is(type, "succeeded") && beluga_json_is_object(message))
        return emit_text(id, 200, message, emit);
    if (beluga__is(type, "errored") && beluga_json_is_object(error))
        return emit_errored(id, error, emit);
    if (beluga__is(type, "canceled"))
        return beluga_emit_batch_failure(emit, id, BELUGA_ERROR_CONTEXT_CANCELED, "cancelled",
                                         "the batch job was cancelled before this request's turn");
    if (beluga__is(type, "expired"))
        return beluga_emit_batch_failure(
            emit, id, BELUGA_ERROR_TIMEOUT, "expired",
            "the batch job's time was over before this request's turn");
    return beluga_emit_batch_failure(emit, id, BELUGA_ERROR_INVALID_RESPONSE, type,
                                     "the result has neither an answer nor an error");
}

static int decode_result(void *state, const char *line, size_t length, beluga_emit *emit)
{
    const beluga_json *root;
    (void)state;
    int code = beluga_emit_parse(emit, line, length, &root);
    if (code) return code;
    const char *id = beluga__filled(beluga_json_get_string(root, "custom_id", NULL));
    if (!id)
        return beluga__fault_or_failure(root, "a line of the results does not name its request",
                                        emit);
    return emit_result(id, beluga_json_get(root, "result"), emit);
}

const beluga_batch_api beluga__anthropic_batch = {
    .size = sizeof(beluga_batch_api),
    .max_requests = 100000,
    .max_bytes = 256000000,
    .price_factor = 0.5,
    .put_request = put_request,
    .encode_create = encode_create,
    .encode_get = encode_get,
    .encode_list = encode_list,
    .encode_cancel = encode_cancel,
    .encode_results = encode_results,
    .encode_delete = encode_delete,
    .decode_job = decode_job,
    .decode_result = decode_result,
};
