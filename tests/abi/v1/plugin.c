/* A plug-in of version 1, which calls a function of each group and has both kinds of providers.
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

BELUGA_PLUGIN_PROVIDERS(init, &full, &http)
