#include "acme.h"

#include "../support/job_service.h"

#include <stdio.h>
#include <string.h>

/* --- answers ---------------------------------------------------------------------------------- */

typedef struct answer_state {
    unsigned encoded; /* number of requests of the call */
} answer_state;

static int encode_request(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    size_t n;
    (void)err;
    answer_state *state = beluga_http_request_state(request);
    beluga_json_writer *w = beluga_http_request_json(request);
    const char *schema = beluga_call_get_string(call, BELUGA_OPTION_RESPONSE_SCHEMA, &n);
    const beluga_message *message = beluga_call_message(call, 0);
    state->encoded++;
    beluga_http_request_set_path(request, "/ask");
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "model", beluga_call_model(call));
    if (message) beluga_json_put_string(w, "q", beluga_message_text(message, NULL));
    if (schema) beluga_json_put_raw(w, "schema", schema, n);
    if (beluga_call_tool_count(call))
        beluga_json_put_string(w, "tool", beluga_tool_name(beluga_call_tool(call, 0)));
    if (beluga_call_is_streamed(call)) beluga_json_put_bool(w, "stream", true);
    beluga_json_end_object(w);
    return 0;
}

/* Report whether a reference can be resolved: a result of a job has no request, and so no URL. */
static int resolve(beluga_emit *emit, const char *reference)
{
    char url[256];
    const char *word = beluga_error_name(beluga_emit_resolve_url(emit, reference, url, sizeof url));
    return beluga_emit_text(emit, word, strlen(word));
}

static int decode_response(void *state, const char *body, size_t length, beluga_emit *emit)
{
    const beluga_json *root;
    size_t n;
    (void)state;
    int status = beluga_emit_parse(emit, body, length, &root);
    if (status) return status;
    const char *text = beluga_json_get_string(root, "a", &n);
    if (text) status = beluga_emit_text(emit, text, n);
    const char *reference = beluga_json_get_string(root, "url", NULL);
    if (!status && reference) status = resolve(emit, reference);
    const char *next = beluga_json_get_string(root, "next", NULL);
    if (!status && next) return beluga_emit_next_request(emit, next, 0);
    if (status || beluga_json_get(root, "cut")) return status;
    if (beluga_json_get(root, "long"))
        return beluga_emit_finish(emit, BELUGA_FINISH_LENGTH, "long");
    return beluga_emit_finish(emit, BELUGA_FINISH_STOP, "stop");
}

static void decode_error(const beluga_call *call, const beluga_http_response *response,
                         beluga_error *err)
{
    size_t n;
    (void)call;
    if (strstr(beluga_http_response_body(response, &n), "no credit"))
        beluga_error_set(err, BELUGA_ERROR_QUOTA_EXCEEDED, "no credit is left");
}

/* --- jobs ------------------------------------------------------------------------------------- */

typedef struct acme_state {
    char second_file[64]; /* name of the second file of results, or "" */
} acme_state;

static int put_request(const beluga_batch_request *request, beluga_json_writer *w,
                       beluga_error *err)
{
    (void)err;
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "id", request->id);
    beluga_json_put_string(w, "path", request->path);
    beluga_json_put_raw(w, "body", request->body, request->length);
    beluga_json_end_object(w);
    return 0;
}

static int64_t number(const beluga_json *object, const char *name)
{
    return beluga_json_get_int(object, name, -1);
}

static int emit_job(beluga_emit *emit, const beluga_json *job)
{
    const beluga_batch_job told = {.size = sizeof told,
                                   .id = beluga_json_get_string(job, "id", NULL),
                                   .name = beluga_json_get_string(job, "name", NULL),
                                   .state = (uint32_t)beluga_json_get_int(job, "state", 0),
                                   .total = number(job, "total"),
                                   .succeeded = number(job, "succeeded"),
                                   .failed = number(job, "failed"),
                                   .created = beluga_json_get_int(job, "created", 0)};
    return beluga_emit_batch_job(emit, &told);
}

static int ask_for_results(acme_state *state, const beluga_json *job, beluga_emit *emit)
{
    if (beluga_call_kind(beluga_emit_call(emit)) != BELUGA_CALL_BATCH_RESULTS) return 0;
    const char *first = beluga_json_get_string(job, "results", NULL);
    const char *second = beluga_json_get_string(job, "errors", NULL);
    if (first && second) snprintf(state->second_file, sizeof state->second_file, "%s", second);
    if (!first) first = second;
    return first ? beluga_emit_next_request(emit, first, 0) : 0;
}

static int decode_job(void *state, const char *body, size_t length, beluga_emit *emit)
{
    const beluga_json *root;
    if (!length) return 0;
    int status = beluga_emit_parse(emit, body, length, &root);
    if (status) return status;
    const char *file = beluga_json_get_string(root, "file", NULL);
    if (file) return beluga_emit_next_request(emit, file, 0);
    const beluga_json *jobs = beluga_json_get(root, "jobs");
    for (const beluga_json *job = beluga_json_first(jobs); job && !status;
         job = beluga_json_next(jobs, job))
        status = emit_job(emit, job);
    const char *after = beluga_json_get_string(root, "after", NULL);
    if (!status && beluga_json_get(root, "busy"))
        return beluga_emit_failure(emit, BELUGA_ERROR_OVERLOADED, "busy", "try later");
    if (status || jobs) return status || !after ? status : beluga_emit_next_page(emit, after);
    if (beluga_json_get_string(root, "id", NULL)) status = emit_job(emit, root);
    return status ? status : ask_for_results(state, root, emit);
}

static int decode_result(void *state, const char *line, size_t length, beluga_emit *emit)
{
    const beluga_json *root;
    size_t n;
    (void)state;
    int status = beluga_emit_parse(emit, line, length, &root);
    if (status) return status;
    const char *id = beluga_json_get_string(root, "id", NULL);
    const beluga_json *body = beluga_json_get(root, "body");
    const char *raw = beluga_json_get_string(root, "raw", &n);
    if (id && strcmp(id, "(latin)") == 0) id = "\xe4";
    if (raw) return beluga_emit_batch_result(emit, id, 200, raw, n);
    if (!body)
        return beluga_emit_batch_failure(emit, id, BELUGA_ERROR_TIMEOUT, "expired",
                                         "the job had no time for it");
    const char *text = beluga_emit_json_text(emit, body, &n);
    return beluga_emit_batch_result(emit, id, (int)beluga_json_get_int(root, "status", 200), text,
                                    n);
}

static int decode_results_end(void *given, beluga_emit *emit)
{
    acme_state *state = given;
    char file[sizeof state->second_file];
    if (!*state->second_file) return 0;
    memcpy(file, state->second_file, sizeof file);
    *state->second_file = '\0';
    return beluga_emit_next_request(emit, file, 0);
}

/* A token that is "poll" or a URL belongs to a request about a job that was created before. */
static bool creates_job(const char *token)
{
    return !token || (strcmp(token, "poll") != 0 && !strstr(token, "://"));
}

static const beluga_batch_api api = {
    .size = sizeof api,
    .max_requests = 3,
    .max_bytes = 400,
    .price_factor = 0.5,
    .keeps_names = true,
    .one_model = true,
    .put_request = put_request,
    .encode_create = create_job,
    .encode_get = get_job,
    .encode_list = list_jobs,
    .encode_cancel = cancel_job,
    .encode_results = get_results,
    .encode_delete = delete_job,
    .creates_job = creates_job,
    .decode_job = decode_job,
    .decode_result = decode_result,
    .decode_results_end = decode_results_end,
    .state_size = sizeof(acme_state),
};

static const beluga_provider acme = {
    BELUGA_PROVIDER_INIT("acme"),
    .default_model = "acme-1",
    .encode_request = encode_request,
    .decode_response = decode_response,
    .decode_error = decode_error,
    .state_size = sizeof(answer_state),
    .batch = &api,
};

const beluga_provider *acme_provider(void)
{
    return &acme;
}
