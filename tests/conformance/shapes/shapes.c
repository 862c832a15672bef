/* Correct providers of different kinds; the kit must not find a fault in them. */
#include "../say.h"

#include <stdio.h>
#include <string.h>

/* ---- warnings about options that the services do not have ------------------------------------ */

static void warn_of_numbers(const beluga_call *call, beluga_http_request *request)
{
    static const int doubles[] = {BELUGA_OPTION_TOP_P, BELUGA_OPTION_FREQUENCY_PENALTY,
                                  BELUGA_OPTION_PRESENCE_PENALTY};
    static const int integers[] = {BELUGA_OPTION_TOP_K, BELUGA_OPTION_SEED,
                                   BELUGA_OPTION_REASONING_EFFORT};
    double number;
    int64_t integer;
    for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++)
        if (beluga_call_get_double(call, doubles[i], &number))
            beluga_http_request_warn(request, "an option is not sent");
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++)
        if (beluga_call_get_int(call, integers[i], &integer))
            beluga_http_request_warn(request, "an option is not sent");
}

static void warn_of_parts(const beluga_call *call, beluga_http_request *request)
{
    const beluga_part *part;
    for (size_t i = 0; i < beluga_call_message_count(call); i++)
        for (size_t k = 0; (part = beluga_message_part(beluga_call_message(call, i), k)); k++)
            if (part->kind != BELUGA_PART_TEXT || part->flags)
                beluga_http_request_warn(request, "only text is sent");
}

static void warn_of_the_rest(const beluga_call *call, beluga_http_request *request)
{
    bool on;
    warn_of_numbers(call, request);
    warn_of_parts(call, request);
    if (beluga_call_get_bool(call, BELUGA_OPTION_JSON_MODE, &on) ||
        beluga_call_get_string(call, BELUGA_OPTION_RESPONSE_SCHEMA, NULL) ||
        beluga_call_get_string(call, BELUGA_OPTION_USER, NULL) || beluga_call_tool_count(call))
        beluga_http_request_warn(request, "this is not sent");
}

static void warn_of_limits(const beluga_call *call, beluga_http_request *request)
{
    double temperature;
    int64_t tokens;
    if (beluga_call_get_double(call, BELUGA_OPTION_TEMPERATURE, &temperature) ||
        beluga_call_get_int(call, BELUGA_OPTION_MAX_TOKENS, &tokens) ||
        beluga_call_get_item(call, BELUGA_OPTION_STOP_SEQUENCES, 0, NULL))
        beluga_http_request_warn(request, "limits are not sent");
}

/* Write all messages into one text. @return its length, or 0 if the text is too long. */
static size_t write_prompt(const beluga_call *call, char *out, size_t size)
{
    static const char *const roles[] = {"", "system", "user", "assistant", "tool"};
    size_t at = 0, length;
    for (size_t i = 0; i < beluga_call_message_count(call); i++) {
        const beluga_message *message = beluga_call_message(call, i);
        const char *text = beluga_message_text(message, &length);
        if (size - at < length + 32) return 0;
        at +=
            (size_t)snprintf(out + at, size - at, "<|%s|>\n", roles[beluga_message_role(message)]);
        memcpy(out + at, text, length);
        at += length;
        out[at++] = '\n';
    }
    return at;
}

static int refuse_length(beluga_error *err)
{
    return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "the prompt is too long");
}

/* ---- native: the prompt is one text, as in llama.cpp's own API ------------------------------- */

static int encode_native(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    char prompt[32768];
    double temperature;
    int64_t tokens;
    const char *stop;
    size_t n = write_prompt(call, prompt, sizeof prompt), length;
    beluga_json_writer *w = beluga_http_request_json(request);
    if (!n) return refuse_length(err);
    warn_of_the_rest(call, request);
    beluga_http_request_set_path(request, "/completion");
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string_n(w, "prompt", prompt, n);
    beluga_json_put_bool(w, "stream", beluga_call_is_streamed(call));
    if (beluga_call_get_double(call, BELUGA_OPTION_TEMPERATURE, &temperature))
        beluga_json_put_double(w, "temperature", temperature);
    if (beluga_call_get_int(call, BELUGA_OPTION_MAX_TOKENS, &tokens))
        beluga_json_put_int(w, "n_predict", tokens);
    beluga_json_begin_array(w, "stop");
    for (size_t i = 0;
         (stop = beluga_call_get_item(call, BELUGA_OPTION_STOP_SEQUENCES, i, &length)); i++)
        beluga_json_put_string_n(w, NULL, stop, length);
    beluga_json_end_array(w);
    beluga_json_end_object(w);
    return 0;
}

static int emit_native_end(beluga_emit *emit, const beluga_json *root)
{
    beluga_usage usage = BELUGA_USAGE_INIT;
    const char *type = beluga_json_get_string(root, "stop_type", NULL);
    if (!type) return 0;
    usage.input_total = beluga_json_get_int(root, "tokens_evaluated", -1);
    usage.output_total = beluga_json_get_int(root, "tokens_predicted", -1);
    int status = beluga_emit_usage(emit, &usage);
    beluga_finish_reason reason = BELUGA_FINISH_OTHER;
    if (strcmp(type, "eos") == 0 || strcmp(type, "word") == 0) reason = BELUGA_FINISH_STOP;
    if (strcmp(type, "limit") == 0) reason = BELUGA_FINISH_LENGTH;
    return status ? status : beluga_emit_finish(emit, reason, type);
}

static int decode_native(void *state, const char *body, size_t length, beluga_emit *emit)
{
    size_t n;
    const beluga_json *root;
    (void)state;
    int status = beluga_emit_parse(emit, body, length, &root);
    const char *text = beluga_json_get_string(root, "content", &n);
    if (!status && text) status = beluga_emit_text(emit, text, n);
    return status ? status : emit_native_end(emit, root);
}

static int decode_native_event(void *state, const beluga_frame *frame, beluga_emit *emit)
{
    return decode_native(state, frame->data, frame->length, emit);
}

/* ---- query: the request is in the URL, and there are no streams ------------------------------ */

static int encode_query(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    char prompt[32768], number[32];
    int64_t tokens;
    double temperature;
    size_t n = write_prompt(call, prompt, sizeof prompt - 1);
    prompt[n] = '\0';
    if (!n) return refuse_length(err);
    if (strlen(prompt) != n)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "it has a NUL");
    warn_of_the_rest(call, request);
    if (beluga_call_get_item(call, BELUGA_OPTION_STOP_SEQUENCES, 0, NULL))
        beluga_http_request_warn(request, "nothing stops it");
    beluga_http_request_set_method(request, "GET");
    beluga_http_request_set_path(request, "/say");
    beluga_http_request_add_query(request, "q", prompt);
    if (beluga_call_get_int(call, BELUGA_OPTION_MAX_TOKENS, &tokens)) {
        snprintf(number, sizeof number, "%lld", (long long)tokens);
        beluga_http_request_add_query(request, "most", number);
    }
    if (beluga_call_get_double(call, BELUGA_OPTION_TEMPERATURE, &temperature)) {
        snprintf(number, sizeof number, "%g", temperature);
        beluga_http_request_set_header(request, "X-Temperature", number);
    }
    return 0;
}

/* An answer is {"say": "Good day."}; it is complete if it is valid JSON. */
static int decode_query(void *state, const char *body, size_t length, beluga_emit *emit)
{
    size_t n;
    const beluga_json *root;
    (void)state;
    int status = beluga_emit_parse(emit, body, length, &root);
    const char *text = beluga_json_get_string(root, "say", &n);
    if (status || !text) return status;
    status = beluga_emit_text(emit, text, n);
    return status ? status : beluga_emit_finish(emit, BELUGA_FINISH_STOP, NULL);
}

/* ---- accept: only the library's Accept header asks for a stream ------------------------------ */

static int put_words(const beluga_call *call, beluga_http_request *request, const char *path)
{
    beluga_json_writer *w = beluga_http_request_json(request);
    warn_of_the_rest(call, request);
    warn_of_limits(call, request);
    beluga_http_request_set_path(request, path);
    beluga_json_begin_object(w, NULL);
    say_words(call, w);
    beluga_json_end_object(w);
    return 0;
}

static int encode_accept(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    (void)err;
    return put_words(call, request, "/accept");
}

/* An event is {"token": "Good "}, and the last event is {"done": true, "length": false}. */
static int decode_tokens(void *state, const beluga_frame *frame, beluga_emit *emit)
{
    size_t n;
    const beluga_json *root;
    (void)state;
    int status = beluga_emit_parse(emit, frame->data, frame->length, &root);
    const char *text = beluga_json_get_string(root, "token", &n);
    if (!status && text) status = beluga_emit_text(emit, text, n);
    if (status || !beluga_json_bool(beluga_json_get(root, "done"), false)) return status;
    bool cut = beluga_json_bool(beluga_json_get(root, "length"), false);
    return beluga_emit_finish(emit, cut ? BELUGA_FINISH_LENGTH : BELUGA_FINISH_STOP, NULL);
}

static int decode_whole(void *state, const char *body, size_t length, beluga_emit *emit)
{
    const beluga_frame frame = {.data = body, .length = length};
    return decode_tokens(state, &frame, emit);
}

/* ---- path: a stream has a path of its own ---------------------------------------------------- */

static int encode_path(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    (void)err;
    return put_words(call, request, beluga_call_is_streamed(call) ? "/stream" : "/whole");
}

/* ---- nested: the messages are JSON in a string, and their texts base64 ----------------------- */

static int encode_nested(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    size_t n;
    const char *inner;
    beluga_json_writer *w = beluga_http_request_json(request), *v = beluga_json_writer_new();
    if (!v) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory");
    warn_of_the_rest(call, request);
    warn_of_limits(call, request);
    beluga_json_begin_array(v, NULL);
    for (size_t i = 0; i < beluga_call_message_count(call); i++) {
        const char *text = beluga_message_text(beluga_call_message(call, i), &n);
        beluga_json_put_base64(v, NULL, NULL, text, n);
    }
    beluga_json_end_array(v);
    int status = beluga_json_writer_text(v, &inner, &n);
    beluga_http_request_set_path(request, "/nested");
    beluga_json_begin_object(w, NULL);
    beluga_json_put_bool(w, "sse", beluga_call_is_streamed(call));
    if (!status) beluga_json_put_string_n(w, "input", inner, n);
    beluga_json_end_object(w);
    beluga_json_writer_free(v);
    return status;
}

/* ---- the tables ------------------------------------------------------------------------------ */

#define SHAPE(shape)                                                                              \
    BELUGA_PROVIDER_INIT("shape-" shape), .default_model = "m", .framing = BELUGA_FRAMING_NDJSON, \
        .base_url = "https://shape.example/v1", .capabilities = BELUGA_CAPABILITY_STREAM

static const beluga_provider native = {
    BELUGA_PROVIDER_INIT("shape-native"),     .default_model = "m",
    .base_url = "http://127.0.0.1:8080",      .framing = BELUGA_FRAMING_SSE,
    .capabilities = BELUGA_CAPABILITY_STREAM, .encode_request = encode_native,
    .decode_response = decode_native,         .decode_event = decode_native_event};
static const beluga_provider query = {
    BELUGA_PROVIDER_INIT("shape-query"), .default_model = "m", .base_url = "https://shape.example",
    .encode_request = encode_query, .decode_response = decode_query};
static const beluga_provider accepting = {SHAPE("accept"), .encode_request = encode_accept,
                                          .decode_response = decode_whole,
                                          .decode_event = decode_tokens};
static const beluga_provider path = {SHAPE("path"), .encode_request = encode_path,
                                     .decode_response = decode_whole,
                                     .decode_event = decode_tokens};
static const beluga_provider nested = {SHAPE("nested"), .encode_request = encode_nested,
                                       .decode_response = decode_whole,
                                       .decode_event = decode_tokens};
static const beluga_provider streams_only = {SHAPE("streams"), .encode_request = encode_path,
                                             .decode_event = decode_tokens};
static const beluga_provider aws = {
    BELUGA_PROVIDER_INIT("shape-aws"),        .default_model = "m",
    .base_url = "https://shape.example",      .framing = BELUGA_FRAMING_AWS_EVENT_STREAM,
    .capabilities = BELUGA_CAPABILITY_STREAM, .encode_request = encode_path,
    .decode_response = decode_whole,          .decode_event = decode_tokens};

BELUGA_PLUGIN_PROVIDERS(NULL, &native, &query, &accepting, &path, &nested, &streams_only, &aws)
