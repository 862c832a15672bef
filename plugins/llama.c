/* A provider for the native API of llama.cpp's server, as a plug-in: it sends one
 * prompt to /completion in the form that the model was trained on, without the server's template,
 * and has the server's own sampling options.
 *
 *     cc -shared -fPIC llama.c $(pkg-config --cflags beluga-provider) -o llama.so
 *     llama-server -m model.gguf &
 *     beluga --plugin ./llama.so -m llama/any -o llama.template=llama3 -o llama.min_p=0.1 "Hello"
 */
#include <beluga/provider/provider.h>

#include <string.h>

/* ---- a call becomes a request ---------------------------------------------------------------- */

static int encode_request(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    static const beluga_option_field fields[] = {
        {.key = BELUGA_OPTION_MAX_TOKENS, .name = "n_predict"},
        {.key = BELUGA_OPTION_TEMPERATURE, .name = "temperature"},
        {.key = BELUGA_OPTION_TOP_P, .name = "top_p"},
        {.key = BELUGA_OPTION_TOP_K, .name = "top_k"},
        {.key = BELUGA_OPTION_FREQUENCY_PENALTY, .name = "frequency_penalty"},
        {.key = BELUGA_OPTION_PRESENCE_PENALTY, .name = "presence_penalty"},
        {.key = BELUGA_OPTION_STOP_SEQUENCES, .name = "stop"},
        {.key = BELUGA_OPTION_SEED, .name = "seed"},
        {.key = BELUGA_OPTION_RESPONSE_SCHEMA, .name = "json_schema"},
        {.key = BELUGA_OPTION_END},
    };
    (void)err;
    const char *format = beluga_call_get_own_string(call, "llama.template", NULL);
    beluga_json_writer *w = beluga_http_request_json(request);
    beluga_http_request_set_path(request, "/completion");
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "model", beluga_call_model(call));
    beluga_http_request_put_prompt(request, call, "prompt", beluga_prompt_format_find(format));
    beluga_json_put_bool(w, "stream", beluga_call_is_streamed(call));
    beluga_http_request_put_options(request, call, fields);
    beluga_json_end_object(w);
    return 0;
}

/* ---- an answer becomes events ---------------------------------------------------------------- */

/* An error is {"error": {"code": 400, "message": "…", "type": "exceed_context_size_error"}}. */
static void describe(const beluga_json *root, beluga_error *err)
{
    size_t n;
    const beluga_json *error = beluga_json_get(root, "error");
    const char *type = beluga_json_get_string(error, "type", &n);
    if (type && strcmp(type, "exceed_context_size_error") == 0)
        err->code = BELUGA_ERROR_CONTEXT_LENGTH;
    if (type) beluga_error_set_provider_code(err, type, n);
    const char *message = beluga_json_get_string(error, "message", &n);
    if (message) beluga_error_set_cause(err, message, n);
}

static void decode_error(const beluga_call *call, const beluga_http_response *response,
                         beluga_error *err)
{
    (void)call;
    size_t n;
    beluga_json_doc *doc = NULL;
    const char *body = beluga_http_response_body(response, &n);
    if (beluga_json_parse(body, n, &doc, NULL) == 0) describe(beluga_json_doc_root(doc), err);
    beluga_json_doc_free(doc);
}

/* The last event has "stop": true, which proves that the answer is complete, and the token
 * counts. */
static int finish(const beluga_json *root, beluga_emit *emit)
{
    beluga_usage usage = BELUGA_USAGE_INIT;
    const char *type = beluga_json_get_string(root, "stop_type", NULL);
    beluga_finish_reason reason = BELUGA_FINISH_OTHER;
    if (type && (strcmp(type, "eos") == 0 || strcmp(type, "word") == 0))
        reason = BELUGA_FINISH_STOP;
    if (type && strcmp(type, "limit") == 0) reason = BELUGA_FINISH_LENGTH;
    usage.input_total = beluga_json_get_int(root, "tokens_evaluated", -1);
    usage.input_cache_read = beluga_json_get_int(beluga_json_get(root, "timings"), "cache_n", -1);
    usage.output_total = beluga_json_get_int(root, "tokens_predicted", -1);
    int status = beluga_emit_metadata(emit, NULL, beluga_json_get_string(root, "model", NULL), 0);
    if (status == 0) status = beluga_emit_usage(emit, &usage);
    return status ? status : beluga_emit_finish(emit, reason, type);
}

/* An event is {"content": "Hel", "stop": false}; an unstreamed answer has the whole text in one
 * object. */
static int decode_response(void *state, const char *body, size_t length, beluga_emit *emit)
{
    (void)state;
    const beluga_json *root;
    int status = beluga_emit_parse(emit, body, length, &root);
    if (beluga_json_get(root, "error")) {
        beluga_error err;
        beluga_error_set(&err, BELUGA_ERROR_STREAM, "%s", beluga_error_text(BELUGA_ERROR_STREAM));
        describe(root, &err);
        return beluga_emit_error(emit, &err);
    }
    const char *text = beluga_json_get_string(root, "content", &length);
    if (text) status = beluga_emit_text(emit, text, length);
    bool last = beluga_json_bool(beluga_json_get(root, "stop"), false);
    return status || !last ? status : finish(root, emit);
}

static int decode_event(void *state, const beluga_frame *frame, beluga_emit *emit)
{
    return decode_response(state, frame->data, frame->length, emit);
}

/* ---- the table ------------------------------------------------------------------------------- */

static const char *const formats[] = {"chatml", "llama3", "gemma", "phi3", "plain", NULL};
static const beluga_own_option options[] = {
    {.name = "llama.template",
     .meaning = "how the model was taught to tell messages apart",
     .type = BELUGA_OPTION_STRING,
     .words = formats},
    {.name = "llama.min_p",
     .meaning = "least share of the likeliest token",
     .type = BELUGA_OPTION_DOUBLE,
     .maximum = 1,
     .field = "min_p"},
    {.name = "llama.repeat_penalty",
     .meaning = "1: none",
     .type = BELUGA_OPTION_DOUBLE,
     .maximum = 10,
     .field = "repeat_penalty"},
    {.name = "llama.grammar",
     .meaning = "GBNF that the answer must fit",
     .type = BELUGA_OPTION_STRING,
     .field = "grammar"},
    {.name = "llama.cache_prompt",
     .meaning = "keep the prompt for the next call",
     .type = BELUGA_OPTION_BOOL,
     .field = "cache_prompt"},
    {.name = NULL},
};
static const beluga_provider llama = {
    BELUGA_PROVIDER_INIT("llama"),
    .default_model = "any",
    .base_url = "http://127.0.0.1:8080",
    .key_variables = (const char *const[]){"LLAMA_API_KEY", NULL},
    .options = options,
    .capabilities = BELUGA_CAPABILITY_STREAM | BELUGA_CAPABILITY_SCHEMA | BELUGA_CAPABILITY_NO_KEY,
    .encode_request = encode_request,
    .decode_response = decode_response,
    .decode_event = decode_event,
    .decode_error = decode_error,
};

BELUGA_REGISTER_PROVIDER(llama_provider, llama)
