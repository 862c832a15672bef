/* A plug-in of version 1, which calls a function of each group and has both kinds of providers, and
 * each kind of call: answers, vectors, counts and batch jobs.
 * frozen.c is what a compiler of that time saw of it. */
#include <beluga/provider/provider.h>

#include <stdio.h>
#include <string.h>

static int ready;

static int init(beluga_error *err)
{
    if (beluga_version_number() < BELUGA_VERSION_NUMBER)
        return beluga_error_set(err, BELUGA_ERROR_PLUGIN_ABI,
                                "the library is older than version 1");
    ready = 1;
    return 0;
}

/* ---- frozen-full: tells what it was asked ------------------------------------------------------ */

static int say(beluga_emit *emit, const char *text)
{
    return beluga_emit_text(emit, text, strlen(text));
}

static int finish(beluga_emit *emit)
{
    beluga_usage usage = BELUGA_USAGE_INIT;
    usage.input_total = 3;
    usage.output_total = 4;
    int status = beluga_emit_usage(emit, &usage);
    return status ? status : beluga_emit_finish(emit, BELUGA_FINISH_STOP, "over");
}

/* On another thread. */
static int work(beluga_emit *emit, void *argument)
{
    int status = say(emit, argument);
    return status ? status : finish(emit);
}

static int later(beluga_emit *emit, void *argument)
{
    return beluga_emit_run_blocking(emit, work, argument, NULL);
}

static int answer(const beluga_call *call, beluga_emit *emit)
{
    const beluga_message *message = beluga_call_message(call, 0);
    const beluga_part *part = beluga_message_part(message, 0);
    const char *mood = beluga_call_get_own_string(call, "frozen-full.mood", NULL);
    double temperature = 0;
    beluga_call_get_double(call, BELUGA_OPTION_TEMPERATURE, &temperature);
    char *text = beluga_emit_alloc(emit, 256);
    if (!text) return BELUGA_ERROR_NO_MEMORY;
    snprintf(text, 256, "%d %s %.*s %.1f %s", (int)beluga_message_role(message),
             beluga_call_model(call), (int)part->text_length, part->text, temperature,
             mood ? mood : "-");
    return beluga_emit_after(emit, 0, later, text);
}

static int start(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    if (!ready || self != &ready)
        return beluga_error_set(err, BELUGA_ERROR_INTERNAL, "it was not set up");
    if (beluga_context_is_cancelled(beluga_call_context(call)))
        return BELUGA_ERROR_CONTEXT_CANCELED;
    int status = beluga_emit_warning(emit, "%s %d", "frozen", 1);
    if (!status) status = beluga_emit_metadata(emit, "id-1", "frozen-model", 17);
    if (!status) status = beluga_emit_reasoning(emit, "hm", 2);
    if (status) return status;
    if (!beluga_call_tool_count(call)) return answer(call, emit);
    const char *tool = beluga_tool_name(beluga_call_tool(call, 0));
    status = beluga_emit_tool_call(emit, 0, "call-1", tool, "{}", 2);
    return status ? status : beluga_emit_finish(emit, BELUGA_FINISH_TOOL_CALLS, NULL);
}

static void cancel(void *self, beluga_emit *emit)
{
    (void)self;
    (void)emit;
}

static int open_model(const beluga_config *config, void **self, beluga_error *err)
{
    const char *mood = NULL;
    if (beluga_config_get_own_string(config, "frozen-full.mood", &mood, NULL) &&
        strcmp(mood, "bad") == 0)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG, "no %s mood", mood);
    *self = &ready;
    return 0;
}

static const beluga_own_option options[] = {
    {.name = "frozen-full.mood", .meaning = "any but bad", .type = BELUGA_OPTION_STRING},
    {.name = NULL},
};
static const beluga_provider full = {
    BELUGA_PROVIDER_INIT("frozen-full"), .default_model = "f", .options = options,
    .capabilities = BELUGA_CAPABILITY_STREAM | BELUGA_CAPABILITY_TOOLS,
    .open = open_model, .start = start, .cancel = cancel};

/* ---- frozen-http ----------------------------------------------------------------------------- */

static int encode(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    (void)err;
    beluga_json_writer *w = beluga_http_request_json(request);
    beluga_http_request_set_path(request, "/frozen");
    beluga_http_request_add_query(request, "v", "1");
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "text", beluga_message_text(beluga_call_message(call, 0), NULL));
    beluga_json_put_bool(w, "stream", beluga_call_is_streamed(call));
    beluga_json_end_object(w);
    return 0;
}

static int authorize(beluga_http_request *request, const beluga_credential *credential, int64_t now,
                     beluga_error *err)
{
    (void)now;
    (void)err;
    beluga_http_request_set_header(request, "x-frozen-key", credential->key);
    return 0;
}

/* How many events there were is the state. */
static int decode_event(void *state, const beluga_frame *frame, beluga_emit *emit)
{
    int *events = state;
    const beluga_json *root;
    size_t n;
    ++*events;
    int status = beluga_emit_parse(emit, frame->data, frame->length, &root);
    const char *text = beluga_json_get_string(root, "text", &n);
    if (!status && text) status = beluga_emit_text(emit, text, n);
    if (status || text) return status;
    return beluga_emit_finish(emit, *events == 2 ? BELUGA_FINISH_STOP : BELUGA_FINISH_OTHER, NULL);
}

static void decode_error(const beluga_call *call, const beluga_http_response *response, beluga_error *err)
{
    (void)call;
    const char *code = beluga_http_response_header(response, "x-frozen-code");
    if (code) beluga_error_set_provider_code(err, code, strlen(code));
}

static const char *const key_variables[] = {"FROZEN_KEY", NULL};
static const beluga_provider http = {
    BELUGA_PROVIDER_INIT("frozen-http"), .default_model = "h",
    .base_url = "https://frozen.example", .key_variables = key_variables,
    .framing = BELUGA_FRAMING_SSE, .state_size = sizeof(int),
    .encode_request = encode, .decode_event = decode_event,
    .decode_error = decode_error, .authorize = authorize};

/* ---- frozen-jobs: vectors, counts, and a batch API -------------------------------------------- */

static int encode_whole(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    (void)err;
    beluga_json_writer *w = beluga_http_request_json(request);
    beluga_http_request_set_path(request, "/whole");
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "text", beluga_message_text(beluga_call_message(call, 0), NULL));
    beluga_json_end_object(w);
    return 0;
}

static int decode_whole(void *state, const char *body, size_t length, beluga_emit *emit)
{
    const beluga_json *root;
    size_t n;
    (void)state;
    int status = beluga_emit_parse(emit, body, length, &root);
    const char *text = beluga_json_get_string(root, "text", &n);
    if (!status && text) status = beluga_emit_text(emit, text, n);
    return status ? status : beluga_emit_finish(emit, BELUGA_FINISH_STOP, NULL);
}

static int encode_embed(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    size_t n;
    (void)err;
    beluga_json_writer *w = beluga_http_request_json(request);
    beluga_http_request_set_path(request, "/embed");
    beluga_json_begin_array(w, NULL);
    for (size_t i = 0; i < beluga_call_input_count(call); i++) {
        const char *input = beluga_call_input(call, i, &n);
        beluga_json_put_string_n(w, NULL, input, n);
    }
    beluga_json_end_array(w);
    return 0;
}

/* A vector is an array, or the base64 of its floats. */
static int decode_embed(const char *body, size_t length, beluga_emit *emit)
{
    const beluga_json *root;
    beluga_usage usage = BELUGA_USAGE_INIT;
    uint32_t index = 0;
    int status = beluga_emit_parse(emit, body, length, &root);
    if (status) return status;
    for (const beluga_json *v = beluga_json_first(root); v && !status; v = beluga_json_next(root, v))
        status = beluga_emit_embedding_json(emit, index++, v);
    usage.input_total = index;
    return status ? status : beluga_emit_usage(emit, &usage);
}

static int encode_count(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    int status = encode_whole(call, request, err);
    beluga_http_request_set_path(request, "/count");
    return status;
}

static int decode_count(const char *body, size_t length, beluga_emit *emit)
{
    const beluga_json *root;
    int status = beluga_emit_parse(emit, body, length, &root);
    return status ? status
                  : beluga_emit_token_count(emit, beluga_json_get_int(root, "tokens", -1));
}

static int put_request(const beluga_batch_request *request, beluga_json_writer *w,
                       beluga_error *err)
{
    (void)err;
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "id", request->id);
    beluga_json_put_string(w, "path", request->path);
    beluga_json_put_string(w, "model", beluga_call_model(request->call));
    beluga_json_put_raw(w, "body", request->body, request->length);
    beluga_json_end_object(w);
    return 0;
}

static int create_job(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    size_t n;
    (void)err;
    const char *lines = beluga_call_batch_requests(call, &n);
    beluga_http_request_set_path(request, "/jobs");
    beluga_http_request_add_query(request, "name", beluga_call_batch_name(call));
    beluga_http_request_set_body(request, "application/jsonl", lines, n);
    return 0;
}

static int list_jobs(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    (void)err;
    const char *page = beluga_call_page(call);
    beluga_http_request_set_method(request, "GET");
    beluga_http_request_set_path(request, "/jobs");
    if (page) beluga_http_request_add_query(request, "after", page);
    return 0;
}

/* What is asked of a job is the end of the path. */
static int ask_job(const beluga_call *call, beluga_http_request *request, const char *method,
                   const char *what, beluga_error *err)
{
    char id[128], path[256];
    int status =
        beluga_http_encode_segment("the id", beluga_call_batch_id(call), id, sizeof id, err);
    if (status) return status;
    snprintf(path, sizeof path, "/jobs/%s%s", id, what);
    beluga_http_request_set_method(request, method);
    beluga_http_request_set_path(request, path);
    return 0;
}

static int get_job(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    return ask_job(call, request, "GET", "", err);
}

static int cancel_job(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    return ask_job(call, request, "POST", "/cancel", err);
}

static int delete_job(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    return ask_job(call, request, "DELETE", "", err);
}

/* First the job, and then the file that it names. */
static int get_results(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    const char *file = beluga_http_request_token(request);
    if (!file) return get_job(call, request, err);
    beluga_http_request_set_method(request, "GET");
    beluga_http_request_set_path(request, file);
    return 0;
}

static int emit_job(beluga_emit *emit, const beluga_json *job)
{
    const beluga_batch_job told = {.size = sizeof told,
                                   .id = beluga_json_get_string(job, "id", NULL),
                                   .name = beluga_json_get_string(job, "name", NULL),
                                   .state = (uint32_t)beluga_json_get_int(job, "state", 0),
                                   .total = beluga_json_get_int(job, "total", -1),
                                   .succeeded = -1,
                                   .failed = -1};
    return beluga_emit_batch_job(emit, &told);
}

/* A job, or a page of them. The state is the second file of results, empty where there is none. */
static int decode_job(void *state, const char *body, size_t length, beluga_emit *emit)
{
    const beluga_json *root;
    if (!length) return 0;
    int status = beluga_emit_parse(emit, body, length, &root);
    if (status) return status;
    const beluga_json *jobs = beluga_json_get(root, "jobs");
    const char *after = beluga_json_get_string(root, "after", NULL);
    for (const beluga_json *job = beluga_json_first(jobs); job && !status;
         job = beluga_json_next(jobs, job))
        status = emit_job(emit, job);
    if (after && !status) return beluga_emit_next_page(emit, after);
    if (status || jobs || !beluga_json_get(root, "id")) return status;
    status = emit_job(emit, root);
    if (status || beluga_call_kind(beluga_emit_call(emit)) != BELUGA_CALL_BATCH_RESULTS)
        return status;
    const char *errors = beluga_json_get_string(root, "errors", NULL);
    snprintf(state, 64, "%s", errors ? errors : "");
    return beluga_emit_next_request(emit, beluga_json_get_string(root, "results", NULL), 0);
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
    if (!body) return beluga_emit_batch_failure(emit, id, BELUGA_ERROR_TIMEOUT, "expired", NULL);
    const char *text = beluga_emit_json_text(emit, body, &n);
    return beluga_emit_batch_result(emit, id, 200, text, n);
}

static int decode_results_end(void *state, beluga_emit *emit)
{
    char file[64];
    snprintf(file, sizeof file, "%s", (const char *)state);
    *(char *)state = '\0';
    return *file ? beluga_emit_next_request(emit, file, 0) : 0;
}

static const beluga_batch_api batch = {
    .size = sizeof batch, .max_requests = 2, .max_bytes = 1000, .price_factor = 0.5,
    .keeps_names = true, .put_request = put_request, .encode_create = create_job,
    .encode_get = get_job, .encode_list = list_jobs, .encode_cancel = cancel_job,
    .encode_results = get_results, .encode_delete = delete_job, .decode_job = decode_job,
    .decode_result = decode_result, .decode_results_end = decode_results_end, .state_size = 64};
static const beluga_provider jobs = {
    BELUGA_PROVIDER_INIT("frozen-jobs"), .default_model = "j",
    .base_url = "https://frozen.example", .key_variables = key_variables,
    .encode_request = encode_whole, .decode_response = decode_whole, .authorize = authorize,
    .encode_embed = encode_embed, .decode_embed = decode_embed,
    .encode_count = encode_count, .decode_count = decode_count, .max_inputs = 2, .batch = &batch};

BELUGA_PLUGIN_PROVIDERS(init, &full, &http, &jobs)
