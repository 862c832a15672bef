/* A provider whose request is not JSON, as a plug-in: it sends audio as a form with a file, and the
 * answer is the spoken text. It speaks the protocol of OpenAI's POST /audio/transcriptions, which
 * other services have, too.
 *
 *     cc -shared -fPIC scribe.c $(pkg-config --cflags beluga-provider) -o scribe.so
 *     OPENAI_API_KEY=... beluga --plugin scribe.so -m scribe/gpt-4o-transcribe -a talk.wav
 *
 * A text beside the audio is the prompt, such as names that occur, or the text spoken before.
 */
#include <beluga/provider/provider.h>

#include <stdio.h>
#include <string.h>

/* --- the request ------------------------------------------------------------------------------ */

/* Find the last audio of the call, and the message that contains it. */
static const beluga_part *find_audio(const beluga_call *call, const beluga_message **in)
{
    const beluga_part *audio = NULL;
    for (size_t i = 0; i < beluga_call_message_count(call); i++) {
        const beluga_message *message = beluga_call_message(call, i);
        for (size_t k = 0; k < beluga_message_count(message); k++) {
            const beluga_part *part = beluga_message_part(message, k);
            if (part->kind != BELUGA_PART_AUDIO) continue;
            audio = part;
            *in = message;
        }
    }
    return audio;
}

static void add_field(beluga_http_request *request, const char *name, const char *text, size_t n)
{
    beluga_http_part part = {.size = sizeof part, .name = name, .data = text, .length = n};
    if (n) beluga_http_request_add_part(request, &part);
}

/* The service recognises the format by the end of the file's name. */
static const char *name_of(const beluga_part *audio, char *name, size_t size)
{
    const char *type = audio->media_type ? audio->media_type : "audio/wav";
    const char *slash = strchr(type, '/'), *ending = slash ? slash + 1 : type;
    if (audio->name) return audio->name;
    if (strncmp(ending, "x-", 2) == 0) ending += 2;
    if (strcmp(ending, "mpeg") == 0) ending = "mp3";
    snprintf(name, size, "audio.%.*s", (int)strcspn(ending, ";"), ending);
    return name;
}

static void add_options(const beluga_call *call, beluga_http_request *request)
{
    double temperature;
    char text[32];
    size_t n;
    const char *language = beluga_call_get_own_string(call, "scribe.language", &n);
    if (language) add_field(request, "language", language, n);
    if (beluga_call_get_double(call, BELUGA_OPTION_TEMPERATURE, &temperature)) {
        snprintf(text, sizeof text, "%.9g", temperature);
        add_field(request, "temperature", text, strlen(text));
    }
}

/* Warn the caller of content that is left out: the service accepts no conversation, only one audio
 * and the texts beside it. */
static void warn_of_the_rest(const beluga_call *call, const beluga_message *sent,
                             beluga_http_request *request)
{
    const beluga_part *part;
    size_t left_out = beluga_call_message_count(call) - 1;
    for (size_t k = 0; (part = beluga_message_part(sent, k)); k++)
        left_out += part->kind != BELUGA_PART_TEXT && part->kind != BELUGA_PART_AUDIO;
    if (left_out)
        beluga_http_request_warn(request,
                                 "scribe sends only the last audio and the texts of its message");
    if (beluga_call_tool_count(call))
        beluga_http_request_warn(request, "tools have no effect on scribe");
}

static int encode_request(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    const beluga_message *message = NULL;
    const beluga_part *audio = find_audio(call, &message);
    char name[64];
    size_t n;
    if (!audio || !audio->data)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                                audio ? "the audio must be given as bytes, not by its URL"
                                      : "there is no audio in the messages");
    const char *prompt = beluga_message_text(message, &n), *model = beluga_call_model(call);
    beluga_http_request_set_path(request, "/audio/transcriptions");
    warn_of_the_rest(call, message, request);
    add_field(request, "model", model, strlen(model));
    add_field(request, "response_format", "json", 4);
    if (beluga_call_is_streamed(call)) add_field(request, "stream", "true", 4);
    add_field(request, "prompt", prompt, n);
    add_options(call, request);
    beluga_http_part file = {.size = sizeof file, .name = "file", .media_type = audio->media_type};
    file.filename = name_of(audio, name, sizeof name);
    file.data = audio->data;
    file.length = audio->data_length;
    beluga_http_request_add_part(request, &file);
    return 0;
}

/* --- the answer ------------------------------------------------------------------------------- */

/* The usage is {"type": "tokens", "input_tokens": 14, "output_tokens": 45}; for models that are
 * paid by the minute it is {"type": "duration", "seconds": 9}. */
static int emit_usage(const beluga_json *usage, beluga_emit *emit)
{
    beluga_usage counted = BELUGA_USAGE_INIT;
    if (!usage) return 0;
    counted.input_total = beluga_json_get_int(usage, "input_tokens", -1);
    counted.output_total = beluga_json_get_int(usage, "output_tokens", -1);
    counted.raw = beluga_emit_json_text(emit, usage, &counted.raw_length);
    return beluga_emit_usage(emit, &counted);
}

/* A whole answer and the last event of a stream are {"text": "What was said.", "usage": {...}}. */
static int decode_text(const beluga_json *root, bool told, beluga_emit *emit)
{
    size_t n;
    const char *text = beluga_json_get_string(root, "text", &n);
    if (!text)
        return beluga_emit_failure(emit, BELUGA_ERROR_INVALID_RESPONSE, NULL,
                                   "the answer has no text");
    int status = told ? 0 : beluga_emit_text(emit, text, n);
    if (!status) status = emit_usage(beluga_json_get(root, "usage"), emit);
    return status ? status : beluga_emit_finish(emit, BELUGA_FINISH_STOP, NULL);
}

static int decode_response(void *state, const char *body, size_t length, beluga_emit *emit)
{
    (void)state;
    const beluga_json *root;
    int status = beluga_emit_parse(emit, body, length, &root);
    return status ? status : decode_text(root, false, emit);
}

/* An error inside a stream has the same form as outside: {"error": {"message": "...", "code":
 * "..."}}. */
static int emit_error(const beluga_json *error, beluga_emit *emit)
{
    const char *message = beluga_json_get_string(error, "message", NULL);
    return beluga_emit_failure(emit, BELUGA_ERROR_INTERNAL,
                               beluga_json_get_string(error, "code", NULL), "%s",
                               message ? message : "the service failed");
}

/* Events are {"type": "transcript.text.delta", "delta": "What"}, and at the end {"type":
 * "transcript.text.done", "text": "What was said.", "usage": {...}}. */
static int decode_event(void *state, const beluga_frame *frame, beluga_emit *emit)
{
    bool *told = state;
    const beluga_json *root;
    size_t n;
    if (strcmp(frame->data, "[DONE]") == 0) return BELUGA_DECODE_DONE;
    int status = beluga_emit_parse(emit, frame->data, frame->length, &root);
    if (status) return status;
    const beluga_json *error = beluga_json_get(root, "error");
    if (beluga_json_is_object(error)) return emit_error(error, emit);
    const char *type = beluga_json_get_string(root, "type", NULL);
    if (type && strcmp(type, "transcript.text.done") == 0) return decode_text(root, *told, emit);
    const char *delta = beluga_json_get_string(root, "delta", &n);
    if (!delta) return 0;
    *told = true;
    return beluga_emit_text(emit, delta, n);
}

/* An error is {"error": {"message": "...", "code": "invalid_api_key"}}. */
static void decode_error(const beluga_call *call, const beluga_http_response *response,
                         beluga_error *err)
{
    (void)call;
    size_t n;
    beluga_json_doc *doc;
    const char *body = beluga_http_response_body(response, &n);
    if (beluga_json_parse(body, n, &doc, NULL)) return;
    const beluga_json *error = beluga_json_get(beluga_json_doc_root(doc), "error");
    const char *message = beluga_json_get_string(error, "message", &n);
    if (message) beluga_error_set_cause(err, message, n);
    const char *code = beluga_json_get_string(error, "code", &n);
    if (code) beluga_error_set_provider_code(err, code, n);
    beluga_json_doc_free(doc);
}

static const beluga_own_option options[] = {
    {.name = "scribe.language", .meaning = "ISO 639-1, such as en", .type = BELUGA_OPTION_STRING},
    {.name = NULL},
};
static const beluga_provider scribe = {
    BELUGA_PROVIDER_INIT("scribe"),
    .protocol = "Transcriptions",
    .base_url = "https://api.openai.com/v1",
    .default_model = "gpt-4o-transcribe",
    .key_variables = (const char *const[]){"OPENAI_API_KEY", NULL},
    .options = options,
    .state_size = sizeof(bool),
    .capabilities = BELUGA_CAPABILITY_STREAM | BELUGA_CAPABILITY_AUDIO,
    .encode_request = encode_request,
    .decode_response = decode_response,
    .decode_event = decode_event,
    .decode_error = decode_error,
};

BELUGA_REGISTER_PROVIDER(scribe_provider, scribe)
