/* Encodes the requests of a batch job, with the same functions that encode requests that are sent
 * alone. */
#include "client/batch_requests.h"

#include "base/limits.h"
#include "base/mem.h"
#include "client/texts.h"
#include "model/call_kind.h"
#include "model/http_stage.h"

#include <stdio.h>

/* Bytes that are reserved for the text around the requests: the headers of a multipart form, or the
 * brackets of a list. */
enum { ENVELOPE_BYTES = 64 * 1024 };

static const char id_characters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

/* --- the API ---------------------------------------------------------------------------------- */

static uint64_t max_requests(const beluga_batch_api *api)
{
    return api->max_requests ? api->max_requests : UINT64_MAX;
}

static uint64_t max_bytes(const beluga_batch_api *api)
{
    const uint64_t most = BELUGA__MAX_REQUEST_BYTES - ENVELOPE_BYTES;
    return api->max_bytes && api->max_bytes < most ? api->max_bytes : most;
}

const beluga_batch_api *beluga__batch_api_of(const beluga_chat_model *model, beluga_error *err)
{
    const beluga_provider *provider = model->target->provider;
    if (!provider->batch)
        beluga_error_set(err, BELUGA_ERROR_NOT_SUPPORTED,
                         "%s has no batch API that this library knows", provider->name);
    return provider->batch;
}

int beluga_batch_limits_get(const beluga_chat_model *model, beluga_batch_limits *limits,
                            beluga_error *err)
{
    const beluga_batch_api *api = beluga__batch_api_of(model, err);
    if (!api) return BELUGA_ERROR_NOT_SUPPORTED;
    beluga_batch_limits known = {.size = limits->size,
                                 .max_requests = max_requests(api),
                                 .max_bytes = max_bytes(api),
                                 .price_factor = api->price_factor > 0 ? api->price_factor : 1,
                                 .keeps_names = api->keeps_names,
                                 .max_inputs =
                                     model->target->provider->encode_embed ? api->max_inputs : 0};
    memcpy(limits, &known, limits->size < sizeof known ? limits->size : sizeof known);
    return 0;
}

/* --- a list ----------------------------------------------------------------------------------- */

static const beluga_allocator *allocator_of(const beluga_batch_requests *r)
{
    return &r->model->target->runtime->allocator;
}

static const beluga_batch_api *api_of(const beluga_batch_requests *r)
{
    return r->model->target->provider->batch;
}

int beluga_batch_requests_new(beluga_chat_model *model, beluga_batch_requests **out,
                              beluga_error *err)
{
    const beluga_allocator *allocator = &model->target->runtime->allocator;
    *out = NULL;
    if (!beluga__batch_api_of(model, err)) return BELUGA_ERROR_NOT_SUPPORTED;
    beluga_batch_requests *r = beluga__zalloc(allocator, sizeof *r);
    if (!r) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the requests");
    r->model = beluga_chat_model_ref(model);
    beluga__buf_init(&r->lines, allocator, BELUGA__MAX_REQUEST_BYTES);
    *out = r;
    return 0;
}

static void drop_warnings(beluga_batch_requests *r)
{
    for (size_t i = 0; i < r->n_warnings; i++) beluga__release(allocator_of(r), r->warnings[i]);
    beluga__release(allocator_of(r), r->warnings);
    r->warnings = NULL;
    r->n_warnings = 0;
}

void beluga_batch_requests_free(beluga_batch_requests *r)
{
    if (!r) return;
    beluga_chat_model *model = r->model;
    drop_warnings(r);
    beluga__buf_free(&r->lines);
    beluga__release(allocator_of(r), r->model_name);
    beluga__release(allocator_of(r), r);
    beluga_chat_model_unref(model);
}

size_t beluga_batch_requests_count(const beluga_batch_requests *r)
{
    return r->count;
}

uint64_t beluga_batch_requests_bytes(const beluga_batch_requests *r)
{
    return r->lines.length;
}

const char *beluga_batch_requests_warning(const beluga_batch_requests *r, size_t index)
{
    return index < r->n_warnings ? r->warnings[index] : NULL;
}

/* --- adding ----------------------------------------------------------------------------------- */

static int no_memory(beluga_error *err)
{
    return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the request");
}

bool beluga__batch_name_fits(const char *text)
{
    size_t n = strnlen(text, BELUGA__BATCH_NAME_BYTES + 1);
    return n >= 1 && n <= BELUGA__BATCH_NAME_BYTES && strspn(text, id_characters) == n;
}

static int check_id(const char *id, beluga_error *err)
{
    if (id && beluga__batch_name_fits(id)) return 0;
    return beluga_error_set(
        err, BELUGA_ERROR_INVALID_INPUT,
        "the id of a request must be 1 to %d characters of A-Z a-z 0-9 _ - (is \"%.80s\")",
        BELUGA__BATCH_NAME_BYTES, id ? id : "");
}

static char *copy_text(const beluga_allocator *allocator, const char *text)
{
    size_t n = strlen(text) + 1;
    char *copy = beluga__alloc(allocator, n);
    return copy ? memcpy(copy, text, n) : NULL;
}

/* If the API requires that all requests of a job use the same model, check this. The first request
 * sets the model. */
static int check_model(beluga_batch_requests *r, const beluga_call *call, beluga_error *err)
{
    if (!r->count) {
        char *name = copy_text(allocator_of(r), call->model_name);
        if (!name) return no_memory(err);
        beluga__release(allocator_of(r), r->model_name);
        r->model_name = name;
    }
    if (!api_of(r)->one_model || strcmp(r->model_name, call->model_name) == 0) return 0;
    return beluga_error_set(err, BELUGA_ERROR_NOT_SUPPORTED,
                            "all requests of a batch job must ask the same model: %s, not %s",
                            r->model_name, call->model_name);
}

/* Check that all requests of the job are of one kind, since services want one endpoint for a job.
 * The first request sets the kind. */
static int check_kind(beluga_batch_requests *r, const beluga_call *call, beluga_error *err)
{
    if (!r->count) r->kind = beluga_call_kind(call);
    if (r->kind == beluga_call_kind(call)) return 0;
    return beluga_error_set(err, BELUGA_ERROR_NOT_SUPPORTED,
                            "a batch job either answers messages or embeds texts: put this request "
                            "into another one");
}

/* Keep the warnings of a request. A warning is dropped if there is no memory for it. */
static void take_warnings(beluga_batch_requests *r, const beluga_http_request *request)
{
    drop_warnings(r);
    if (!request->n_warnings) return;
    r->warnings = beluga__zalloc(allocator_of(r), request->n_warnings * sizeof *r->warnings);
    for (size_t i = 0; r->warnings && i < request->n_warnings; i++) {
        char *copy = copy_text(allocator_of(r), request->warnings[i]);
        if (copy) r->warnings[r->n_warnings++] = copy;
    }
}

static bool fits(const beluga_batch_requests *r, size_t more, size_t texts)
{
    const beluga_batch_api *api = api_of(r);
    return r->count < max_requests(api) && r->lines.length + more <= max_bytes(api) &&
           texts <= api->max_inputs - r->texts;
}

/* Replace line breaks by blanks, so that the request is one line. JSON from an option may have line
 * breaks, but only between values, where a blank means the same. */
static void make_one_line(beluga__buf *line)
{
    for (size_t i = 0; i < line->length; i++)
        if (line->data[i] == '\n' || line->data[i] == '\r') line->data[i] = ' ';
}

static int keep(beluga_batch_requests *r, const beluga__buf *line, size_t texts, beluga_error *err)
{
    uint64_t most = max_bytes(api_of(r));
    if (line->length + 1 > most)
        return beluga_error_set(
            err, BELUGA_ERROR_INVALID_INPUT,
            "the request has %zu bytes, but a whole batch job may have only %llu", line->length,
            (unsigned long long)most);
    if (!fits(r, line->length + 1, texts))
        return beluga_error_set(err, BELUGA_ERROR_LIMIT_EXCEEDED,
                                "the batch job is full: put this request into another one");
    size_t before = r->lines.length;
    if (!beluga__buf_append(&r->lines, line->data, line->length) &&
        !beluga__buf_putc(&r->lines, '\n')) {
        r->count++;
        r->texts += texts;
        return 0;
    }
    r->lines.length = before;
    r->lines.status = 0;
    return no_memory(err);
}

/* Returns the part of the URL after the base URL, or, if the URL does not begin with the base URL,
 * the path after the server name. */
static const char *path_in(const char *url, const char *base)
{
    size_t n = base ? strlen(base) : 0;
    if (n && strncmp(url, base, n) == 0) return url + n;
    const char *host = strstr(url, "://");
    const char *path = host ? strchr(host + 3, '/') : NULL;
    return path ? path : url;
}

/* Set the error for a failure of the writer. The body was valid JSON, so INVALID_INPUT means that
 * the provider's put_request made a mistake. */
static int written_badly(const beluga_json_writer *writer, beluga_error *err)
{
    int status = beluga__json_writer_status(writer);
    if (status != BELUGA_ERROR_INVALID_INPUT) return status;
    return beluga_error_set(err, BELUGA_ERROR_INTERNAL,
                            "the provider's put_request did not write one complete JSON value");
}

static int put_line(beluga_batch_requests *r, const beluga__http_stage *stage, const char *id,
                    beluga_error *err)
{
    beluga_json_writer writer;
    beluga__buf line;
    const beluga_http_request *made = &stage->request;
    const char *url = beluga_http_request_url(made);
    beluga_batch_request request = {.size = sizeof request,
                                    .id = id,
                                    .path = path_in(url, made->base_url),
                                    .url = url,
                                    .method = beluga_http_request_method(made),
                                    .body = made->body.data,
                                    .length = made->body.length,
                                    .call = stage->emit.call};
    beluga__buf_init(&line, allocator_of(r), BELUGA__MAX_REQUEST_BYTES);
    beluga__json_writer_init(&writer, &line);
    err->code = 0;
    int status = api_of(r)->put_request(&request, &writer, err);
    if (!status && beluga__json_writer_status(&writer)) status = written_badly(&writer, err);
    if (status > 0) status = BELUGA_ERROR_INTERNAL;
    if (status && !err->code)
        beluga_error_set(err, status, "the request can't be added to the batch job: %s",
                         beluga_error_text(status));
    make_one_line(&line);
    if (!status) status = keep(r, &line, beluga_call_input_count(request.call), err);
    beluga__buf_free(&line);
    return status;
}

/* Check that the request's body is a JSON object. A body from the option request_body is one: it
 * was checked when the call was made. */
static int check_body(const beluga_call *call, const beluga_http_request *request,
                      beluga_error *err)
{
    bool is_json = request->body_form == BELUGA__BODY_JSON || call->body_given;
    if (request->has_body && is_json) return 0;
    return beluga_error_set(err, BELUGA_ERROR_NOT_SUPPORTED,
                            "this provider's requests have no JSON body, which a batch job needs");
}

/* Give the encoder a zeroed state, as in a call that is sent, since the encoder may read the
 * state. */
static int give_state(beluga__http_stage *stage, beluga_call *call)
{
    size_t bytes = beluga__call_state_size(call);
    if (bytes) stage->state = beluga__arena_zalloc(&call->arena, bytes);
    stage->request.state = stage->state;
    return bytes && !stage->state ? BELUGA_ERROR_NO_MEMORY : 0;
}

static int encode(beluga_batch_requests *r, beluga_call *call, const char *id, beluga_error *err)
{
    beluga__http_stage *stage = beluga__arena_zalloc(&call->arena, sizeof *stage);
    if (!stage) return no_memory(err);
    stage->emit.call = call;
    beluga__http_request_init(&stage->request, call->arena.allocator, &call->arena,
                              call->target->base_url);
    int status = give_state(stage, call) ? no_memory(err) : beluga__http_stage_encode(stage, err);
    if (!status) status = check_body(call, &stage->request, err);
    if (!status) status = check_kind(r, call, err);
    if (!status) status = check_model(r, call, err);
    if (!status) status = put_line(r, stage, id, err);
    if (!status) take_warnings(r, &stage->request);
    beluga__http_request_free(&stage->request);
    return status;
}

/* Make the call of a request, encode it, and add it to the list. */
static int add(beluga_batch_requests *r, const beluga__call_spec *spec, const char *id,
               beluga_error *err)
{
    beluga_call *call = NULL;
    int status = beluga__call_new(spec, &call, err);
    /* a batch job can't stream, whatever the model's options say */
    if (!status) call->streamed = false;
    if (!status) status = encode(r, call, id, err);
    if (status && call) beluga__call_locate(call, err);
    beluga__call_unref(call);
    return status;
}

int beluga_batch_requests_add_n(beluga_batch_requests *r, beluga_chat_model *model, const char *id,
                                beluga_input input, beluga_error *err, const beluga_option *opts,
                                size_t n_opts)
{
    beluga_messages *messages = NULL;
    beluga_error unused;
    if (!err) err = &unused;
    if (!model) model = r->model;
    int status = check_id(id, err);
    if (!status && model->target != r->model->target)
        status = beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                                  "the request is for another model than the batch job's");
    if (!status) status = beluga_ensure_messages(input, &messages, err);
    const beluga__call_spec spec = {.target = r->model->target,
                                    .kind = BELUGA_CALL_ANSWER,
                                    .messages = messages,
                                    .tools = model->tools,
                                    .n_tools = model->n_tools,
                                    .operation = "batch_request",
                                    .opts = opts,
                                    .n_opts = n_opts};
    if (!status) status = add(r, &spec, id, err);
    beluga_messages_free(messages);
    return status;
}

/* --- requests that embed texts ---------------------------------------------------------------- */

static int check_embedding(const beluga_batch_requests *r, size_t n, beluga_error *err)
{
    const beluga_provider *provider = r->model->target->provider;
    if (!provider->encode_embed || !provider->batch->max_inputs)
        return beluga_error_set(err, BELUGA_ERROR_NOT_SUPPORTED,
                                "%s can't embed texts in a batch job: embed them without one",
                                provider->name);
    if (provider->max_inputs && n > provider->max_inputs)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                                "the request has %zu texts, but %s accepts only %u in one request",
                                n, provider->name, provider->max_inputs);
    return 0;
}

int beluga_batch_requests_add_embedding_n(beluga_batch_requests *r, const char *id,
                                          const char *const *texts, const size_t *lengths, size_t n,
                                          beluga_error *err, const beluga_option *opts,
                                          size_t n_opts)
{
    beluga__arena arena;
    beluga_error unused;
    beluga__call_spec spec = {.target = r->model->target,
                              .kind = BELUGA_CALL_EMBED,
                              .n_inputs = n,
                              .operation = "batch_request",
                              .opts = opts,
                              .n_opts = n_opts};
    if (!err) err = &unused;
    beluga__arena_init(&arena, allocator_of(r), NULL, 0, BELUGA__MAX_CALL_BYTES);
    int status = check_id(id, err);
    if (!status) status = check_embedding(r, n, err);
    if (!status) status = beluga__texts_take(texts, lengths, n, false, &arena, &spec.inputs, err);
    if (!status) status = add(r, &spec, id, err);
    beluga__arena_free(&arena);
    return status;
}
