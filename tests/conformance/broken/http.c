/* HTTP providers that break one rule each, for the kit to find. The folder fixtures/ has the
 * answers to their requests, such as {"models": ["a", "b"]}. */
#include "../say.h"

#include <string.h>

static void warn_of_sampling(const beluga_call *call, beluga_http_request *request)
{
    static const int doubles[] = {BELUGA_OPTION_TEMPERATURE, BELUGA_OPTION_TOP_P,
                                  BELUGA_OPTION_FREQUENCY_PENALTY, BELUGA_OPTION_PRESENCE_PENALTY};
    static const int integers[] = {BELUGA_OPTION_TOP_K, BELUGA_OPTION_MAX_TOKENS,
                                   BELUGA_OPTION_SEED};
    double number;
    int64_t integer;
    bool on;
    for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++)
        if (beluga_call_get_double(call, doubles[i], &number))
            beluga_http_request_warn(request, "there is nothing to sample");
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++)
        if (beluga_call_get_int(call, integers[i], &integer))
            beluga_http_request_warn(request, "there is nothing to count");
    if (beluga_call_get_item(call, BELUGA_OPTION_STOP_SEQUENCES, 0, NULL) ||
        beluga_call_get_string(call, BELUGA_OPTION_USER, NULL) ||
        beluga_call_get_bool(call, BELUGA_OPTION_JSON_MODE, &on))
        beluga_http_request_warn(request, "there are no other options");
}

static void warn_of_options(const beluga_call *call, beluga_http_request *request)
{
    int64_t effort;
    const beluga_part *part;
    warn_of_sampling(call, request);
    if (beluga_call_get_string(call, BELUGA_OPTION_RESPONSE_SCHEMA, NULL))
        beluga_http_request_warn(request, "there are no schemas");
    if (beluga_call_get_int(call, BELUGA_OPTION_REASONING_EFFORT, &effort))
        beluga_http_request_warn(request, "there is no reasoning");
    for (size_t i = 0; i < beluga_call_message_count(call); i++)
        for (size_t k = 0; (part = beluga_message_part(beluga_call_message(call, i), k)); k++)
            if (part->flags & BELUGA_PART_CACHE)
                beluga_http_request_warn(request, "there is no cache");
}

static int encode_well(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    warn_of_options(call, request);
    return say_encode(call, request, err);
}

/* Fault: this reads the tools, so that the library does not warn about them, but does not send
 * them. */
static int encode_silently(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    (void)err;
    (void)beluga_call_tool_count(call);
    warn_of_options(call, request);
    return say_silently(call, request);
}

static int decode_event(void *state, const beluga_frame *frame, beluga_emit *emit)
{
    return say_decode(state, frame->data, frame->length, emit);
}

static int decode_anything(void *state, const char *body, size_t length, beluga_emit *emit)
{
    (void)state;
    (void)body;
    (void)length;
    int status = beluga_emit_text(emit, "fine", 4);
    return status ? status : beluga_emit_finish(emit, BELUGA_FINISH_STOP, NULL);
}

static int finish_anyway(void *state, beluga_emit *emit)
{
    (void)state;
    return beluga_emit_finish(emit, BELUGA_FINISH_STOP, NULL);
}

/* Fault: all calls of the process share the state of this decoder. */
static int decode_counting(void *state, const beluga_frame *frame, beluga_emit *emit)
{
    static _Atomic int frames;
    char digit = (char)('0' + frames++ % 10);
    int status = beluga_emit_text(emit, &digit, 1);
    return status ? status : decode_event(state, frame, emit);
}

static int decode_on(void *state, const beluga_frame *frame, beluga_emit *emit)
{
    int status = decode_event(state, frame, emit);
    if (!status && strstr(frame->data, "done")) status = beluga_emit_text(emit, "!", 1);
    return status;
}

static void blame_itself(const beluga_call *call, const beluga_http_response *response,
                         beluga_error *err)
{
    (void)call;
    (void)response;
    err->code = BELUGA_ERROR_INTERNAL;
}

static int encode_list(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    (void)call;
    (void)err;
    beluga_http_request_set_method(request, "GET");
    beluga_http_request_set_path(request, "/models");
    return 0;
}

/* Fault: this accepts any JSON as a list of models. */
static int decode_any_list(const char *body, size_t length, beluga_emit *emit)
{
    (void)body;
    (void)length;
    return beluga_emit_model(emit, "b", 1);
}

/* Fault: this does not send the texts to embed or count. */
static int encode_nothing(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    (void)call;
    (void)err;
    beluga_json_writer *w = beluga_http_request_json(request);
    beluga_http_request_set_path(request, "/measure");
    beluga_json_begin_object(w, NULL);
    beluga_json_end_object(w);
    return 0;
}

static int decode_vectors(const char *body, size_t length, beluga_emit *emit)
{
    const beluga_json *root;
    uint32_t index = 0;
    int code = beluga_emit_parse(emit, body, length, &root);
    const beluga_json *list = code ? NULL : beluga_json_get(root, "vectors");
    for (const beluga_json *v = beluga_json_first(list); v && !code; v = beluga_json_next(list, v))
        code = beluga_emit_embedding_json(emit, index++, v);
    return code;
}

static int decode_tokens(const char *body, size_t length, beluga_emit *emit)
{
    const beluga_json *root;
    int code = beluga_emit_parse(emit, body, length, &root);
    return code ? code : beluga_emit_token_count(emit, beluga_json_get_int(root, "tokens", -1));
}

#define BROKEN                                                                  \
    .default_model = "b", .base_url = "https://broken.example/v1",              \
    .framing = BELUGA_FRAMING_NDJSON, .capabilities = BELUGA_CAPABILITY_STREAM, \
    .encode_request = encode_well, .decode_response = say_decode, .decode_event = decode_event

static const beluga_provider sound = {BELUGA_PROVIDER_INIT("http-sound"), BROKEN};
static const beluga_provider bare = {BELUGA_PROVIDER_INIT("http-bare"), BROKEN};

#pragma GCC diagnostic ignored "-Woverride-init"
#ifdef __clang__
#pragma GCC diagnostic ignored "-Winitializer-overrides"
#endif
/* Each variant differs from `sound` in one function. */
#define VARIANT(name, member) \
    static const beluga_provider name = {BELUGA_PROVIDER_INIT("http-" #name), BROKEN, member}

VARIANT(gullible, .decode_response = decode_anything);
VARIANT(careless, .decode_end = finish_anyway);
VARIANT(counting, .decode_event = decode_counting);
VARIANT(chatty, .decode_event = decode_on);
VARIANT(humble, .decode_error = blame_itself);
VARIANT(silent, .encode_request = encode_silently);
static const beluga_provider healthy = {
    BELUGA_PROVIDER_INIT("http-healthy"), BROKEN,
    .capabilities = BELUGA_CAPABILITY_STREAM | BELUGA_CAPABILITY_MODELS,
    .encode_list_models = encode_list, .decode_list_models = decode_any_list};
static const beluga_provider vectors = {
    BELUGA_PROVIDER_INIT("http-vectors"), BROKEN,
    .capabilities = BELUGA_CAPABILITY_STREAM | BELUGA_CAPABILITY_EMBED,
    .encode_embed = encode_nothing, .decode_embed = decode_vectors};
static const beluga_provider tokens = {
    BELUGA_PROVIDER_INIT("http-tokens"), BROKEN,
    .capabilities = BELUGA_CAPABILITY_STREAM | BELUGA_CAPABILITY_COUNT,
    .encode_count = encode_nothing, .decode_count = decode_tokens};

BELUGA_PLUGIN_PROVIDERS(NULL, &sound, &bare, &gullible, &careless, &counting, &chatty, &humble,
                        &silent, &healthy, &vectors, &tokens)
