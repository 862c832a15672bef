#include "providers/openai/openai.h"

#include <string.h>

/* ---- content --------------------------------------------------------------------------------- */

static int emit_reasoning(beluga__openai_state *state, const beluga_json *value, beluga_emit *emit)
{
    size_t length = 0;
    const char *text = beluga_json_string(value, &length);
    return length ? beluga__openai_emit_reasoning(state, text, length, emit) : 0;
}

/* Emit a refusal, which is text for people. The finish reason says that the answer is a refusal. */
static int emit_refusal(beluga__openai_state *state, const beluga_json *value, beluga_emit *emit)
{
    size_t length = 0;
    const char *text = beluga_json_string(value, &length);
    if (!length) return 0;
    state->refused = true;
    return beluga_emit_text(emit, text, length);
}

/* Emit {"type":"thinking","thinking":[{"type":"text","text":"…"}]}, or a string instead of the
 * array; and Databricks' {"type":"reasoning","summary":[{"type":"summary_text","text":"…"}]}. */
static int emit_thinking(beluga__openai_state *state, const beluga_json *thinking,
                         beluga_emit *emit)
{
    int code = emit_reasoning(state, thinking, emit);
    if (!beluga_json_is_array(thinking)) return code;
    for (const beluga_json *v = beluga_json_first(thinking); v && !code;
         v = beluga_json_next(thinking, v))
        code = emit_reasoning(state, beluga_json_get(v, "text"), emit);
    return code;
}

/* Emit an image: {"type":"image_url","image_url":{"url":"data:…"}}, which is OpenRouter's form, or
 * a string instead of the inner object. */
static int emit_image(const beluga_json *part, beluga_emit *emit)
{
    const beluga_json *image = beluga_json_get(part, "image_url");
    const char *url = beluga_json_string(image, NULL);
    if (!url) url = beluga_json_get_string(image, "url", NULL);
    return url && *url ? beluga__emit_url(emit, BELUGA_PART_IMAGE, NULL, url) : 0;
}

static int emit_images(const beluga_json *images, beluga_emit *emit)
{
    int code = 0;
    if (!beluga_json_is_array(images)) return 0;
    for (const beluga_json *v = beluga_json_first(images); v && !code;
         v = beluga_json_next(images, v))
        code = emit_image(v, emit);
    return code;
}

/* Emit audio and its transcript. The audio of a stream is not delivered, since its pieces are no
 * complete audio files; a warning says this. */
static int emit_audio(beluga__openai_state *state, const beluga_json *audio, beluga_emit *emit)
{
    size_t length = 0;
    const char *data = beluga_json_get_string(audio, "data", &length);
    bool streamed = beluga_call_is_streamed(beluga_emit_call(emit));
    int code = 0;
    if (length && streamed && !state->warned)
        code = beluga_emit_warning(emit, "the sound of a streamed answer is not delivered, only "
                                         "its words; ask for it unstreamed");
    state->warned = state->warned || (length && streamed);
    if (!code) code = beluga__emit_text_value(beluga_json_get(audio, "transcript"), emit);
    if (code || !length || streamed) return code;
    return beluga_emit_media_base64(emit, BELUGA_PART_AUDIO, NULL, data, length);
}

static int emit_part(beluga__openai_state *state, const beluga_json *part, beluga_emit *emit)
{
    const beluga_json *kind = beluga_json_get(part, "type");
    const char *type = beluga_json_string(kind, NULL);
    if (!kind || beluga_json_is_null(kind))
        return beluga__emit_text_value(beluga_json_get(part, "text"), emit);
    if (!type) return 0;
    if (strcmp(type, "text") == 0 || strcmp(type, "output_text") == 0)
        return beluga__emit_text_value(beluga_json_get(part, "text"), emit);
    if (strcmp(type, "image_url") == 0) return emit_image(part, emit);
    if (strcmp(type, "thinking") == 0)
        return emit_thinking(state, beluga_json_get(part, "thinking"), emit);
    if (strcmp(type, "reasoning") == 0)
        return emit_thinking(state, beluga_json_get(part, "summary"), emit);
    if (strcmp(type, "refusal") == 0)
        return emit_refusal(state, beluga_json_get(part, "refusal"), emit);
    return 0;
}

static int emit_content(beluga__openai_state *state, const beluga_json *content, beluga_emit *emit)
{
    size_t length = 0;
    const char *text = beluga_json_string(content, &length);
    if (!length && !beluga_json_is_array(content)) return 0;
    int code = beluga__openai_end_detail(state, emit);
    if (length) return code ? code : beluga_emit_text(emit, text, length);
    for (const beluga_json *v = beluga_json_first(content); v && !code;
         v = beluga_json_next(content, v))
        code = emit_part(state, v, emit);
    return code;
}

/* Members of a message or a delta. */
enum {
    CONTENT,
    TOOL_CALLS,
    REASONING_CONTENT,
    REASONING,
    REASONING_DETAILS,
    REFUSAL,
    IMAGES,
    AUDIO,
    FUNCTION_CALL,
    THINKING_BLOCKS,
    EXTRA_CONTENT,
    MEMBERS
};

static const beluga_json_name members[MEMBERS] = {
    [CONTENT] = BELUGA_JSON_NAME("content"),
    [TOOL_CALLS] = BELUGA_JSON_NAME("tool_calls"),
    [REASONING_CONTENT] = BELUGA_JSON_NAME("reasoning_content"),
    [REASONING] = BELUGA_JSON_NAME("reasoning"),
    [REASONING_DETAILS] = BELUGA_JSON_NAME("reasoning_details"),
    [REFUSAL] = BELUGA_JSON_NAME("refusal"),
    [IMAGES] = BELUGA_JSON_NAME("images"),
    [AUDIO] = BELUGA_JSON_NAME("audio"),
    [FUNCTION_CALL] = BELUGA_JSON_NAME("function_call"),
    [THINKING_BLOCKS] = BELUGA_JSON_NAME("thinking_blocks"),
    [EXTRA_CONTENT] = BELUGA_JSON_NAME("extra_content"),
};

static bool has_items(const beluga_json *list)
{
    return beluga_json_is_array(list) && beluga_json_count(list);
}

/* Emit reasoning. Some hosts send it in two members, one of which may be empty. Some also send it
 * in blocks, which may all be encrypted. */
static int emit_reasoning_of(beluga__openai_state *state, const beluga_json *const *m,
                             beluga_emit *emit)
{
    bool detailed = has_items(m[REASONING_DETAILS]);
    const char *list = detailed ? "reasoning_details" : "thinking_blocks";
    const beluga_json *blocks = m[detailed ? REASONING_DETAILS : THINKING_BLOCKS];
    const beluga_json *text = m[REASONING_CONTENT];
    if (!beluga__filled(beluga_json_string(text, NULL))) text = m[REASONING];
    if (!has_items(blocks)) return emit_reasoning(state, text, emit);
    int code = beluga__openai_details_say(blocks) ? 0 : emit_reasoning(state, text, emit);
    return code ? code : beluga__openai_emit_details(state, list, blocks, emit);
}

static int emit_calls(beluga__openai_state *state, const beluga_json *const *m, beluga_emit *emit)
{
    bool listed = beluga_json_is_array(m[TOOL_CALLS]) && beluga_json_count(m[TOOL_CALLS]);
    bool single = !listed && beluga_json_is_object(m[FUNCTION_CALL]);
    int code = listed || single ? beluga__openai_end_detail(state, emit) : 0;
    if (!code && listed) code = beluga__openai_emit_tool_calls(state, m[TOOL_CALLS], emit);
    if (!code && single) code = beluga__openai_emit_function_call(state, m[FUNCTION_CALL], emit);
    return code;
}

static bool is_filled(const beluga_json *value)
{
    const char *text = beluga_json_string(value, NULL);
    return text ? *text : beluga_json_count(value) > 0;
}

/* Emit a message. Reasoning is emitted before the content, wherever it is in the message. Sets
 * `*said` if the message has content. */
static int emit_message(beluga__openai_state *state, const beluga_json *message, bool *said,
                        beluga_emit *emit)
{
    const beluga_json *m[MEMBERS];
    if (!beluga_json_pick(message, members, MEMBERS, m)) return 0;
    for (int i = 0; i < MEMBERS && !*said; i++) *said = is_filled(m[i]);
    int code = emit_reasoning_of(state, m, emit);
    if (!code) code = emit_content(state, m[CONTENT], emit);
    if (!code && m[REFUSAL]) code = emit_refusal(state, m[REFUSAL], emit);
    if (!code && m[IMAGES]) code = emit_images(m[IMAGES], emit);
    if (!code && beluga_json_is_object(m[AUDIO])) code = emit_audio(state, m[AUDIO], emit);
    if (!code) code = emit_calls(state, m, emit);
    if (code || !beluga_json_is_object(m[EXTRA_CONTENT])) return code;
    /* Google's models also sign parts that are not tool calls. */
    code = beluga__openai_end_detail(state, emit);
    if (code) return code;
    return beluga__emit_json_state(emit, BELUGA_PART_STATE, 0, "extra_content", m[EXTRA_CONTENT]);
}

/* Emit a piece of a stream. Most pieces have only content, so this case is handled first. */
static int emit_delta(beluga__openai_state *state, const beluga_json *delta, beluga_emit *emit)
{
    const beluga_json *content;
    if (beluga_json_count(delta) != 1 || !beluga_json_pick(delta, &members[CONTENT], 1, &content))
        return emit_message(state, delta, &state->said, emit);
    if (!state->said) state->said = is_filled(content);
    return emit_content(state, content, emit);
}

/* Emit a choice. A stream has deltas. If no delta has content, as with hosts that do not stream,
 * the message is used; otherwise the message only repeats the deltas. */
int beluga__openai_emit_choice(beluga__openai_state *state, const beluga_json *const *choice,
                               beluga_emit *emit)
{
    const beluga_json *delta = choice[BELUGA__OPENAI_DELTA];
    const beluga_json *message = choice[BELUGA__OPENAI_MESSAGE];
    bool said = false;
    int code = emit_delta(state, delta, emit);
    return code || !message || state->said ? code : emit_message(state, message, &said, emit);
}

/* ---- beside the content ---------------------------------------------------------------------- */

/* Azure's first chunk has an empty id and model, so further chunks are read until both are
 * known. */
int beluga__openai_emit_metadata(beluga__openai_state *state, const beluga_json *const *m,
                                 beluga_emit *emit)
{
    const char *id = beluga__filled(beluga_json_string(m[BELUGA__OPENAI_ID], NULL));
    const char *model = beluga__filled(beluga_json_string(m[BELUGA__OPENAI_MODEL], NULL));
    int64_t created = beluga_json_int(m[BELUGA__OPENAI_CREATED], 0);
    state->has_metadata = id && model;
    if (!id && !model) return 0;
    return beluga_emit_metadata(emit, id, model, created > 0 ? created : 0);
}

/* Returns a count of tokens, `otherwise` if it is missing, or -1 if it is negative. */
static int64_t count(const beluga_json *value, int64_t otherwise)
{
    int64_t n = beluga_json_int(value, otherwise);
    return n < 0 ? -1 : n;
}

/* Returns the number of all output tokens. OpenAI includes reasoning in completion_tokens. xAI
 * counts it separately, which the total shows. */
static int64_t output_total(int64_t output, int64_t total, int64_t input, int64_t reasoning)
{
    bool beside = reasoning > 0 && output >= 0 && input >= 0 && output <= total &&
                  input <= total - output && total - output - input == reasoning;
    if (output >= 0 && reasoning > output && reasoning <= INT64_MAX - output)
        beside = true; /* Perplexity counts reasoning separately, and not in the total */
    return beside ? output + reasoning : output;
}

/* Names of counts. OpenAI's names come first, in its order, followed by the names of Moonshot, of
 * DeepSeek, of LiteLLM and Qwen, and of hosts without details. */
enum { INPUT, OUTPUT, TOTAL, OF_INPUT, OF_OUTPUT, CACHED, HIT, CREATED, REASONED, COUNTS };
static const beluga_json_name counts[COUNTS] = {
    [INPUT] = BELUGA_JSON_NAME("prompt_tokens"),
    [OUTPUT] = BELUGA_JSON_NAME("completion_tokens"),
    [TOTAL] = BELUGA_JSON_NAME("total_tokens"),
    [OF_INPUT] = BELUGA_JSON_NAME("prompt_tokens_details"),
    [OF_OUTPUT] = BELUGA_JSON_NAME("completion_tokens_details"),
    [CACHED] = BELUGA_JSON_NAME("cached_tokens"),
    [HIT] = BELUGA_JSON_NAME("prompt_cache_hit_tokens"),
    [CREATED] = BELUGA_JSON_NAME("cache_creation_input_tokens"),
    [REASONED] = BELUGA_JSON_NAME("reasoning_tokens"),
};

enum { READ, MADE, WRITTEN, INPUT_COUNTS };
static const beluga_json_name input_counts[INPUT_COUNTS] = {
    [READ] = BELUGA_JSON_NAME("cached_tokens"),
    [MADE] = BELUGA_JSON_NAME("cache_creation_input_tokens"),
    [WRITTEN] = BELUGA_JSON_NAME("cache_write_tokens"),
};

int beluga__openai_emit_usage(const beluga_json *usage, beluga_emit *emit)
{
    beluga_usage u = BELUGA_USAGE_INIT;
    const beluga_json *m[COUNTS], *input[INPUT_COUNTS];
    if (!beluga_json_is_object(usage)) return 0;
    beluga_json_pick(usage, counts, COUNTS, m);
    beluga_json_pick(m[OF_INPUT], input_counts, INPUT_COUNTS, input);
    const beluga_json *reasoned = beluga_json_get(m[OF_OUTPUT], "reasoning_tokens");
    u.input_total = count(m[INPUT], -1);
    u.input_cache_read = count(input[READ], count(m[HIT], count(m[CACHED], -1)));
    u.input_cache_write = count(input[WRITTEN], count(input[MADE], count(m[CREATED], -1)));
    u.output_reasoning = count(reasoned, count(m[REASONED], -1));
    u.output_total =
        output_total(count(m[OUTPUT], -1), count(m[TOTAL], -1), u.input_total, u.output_reasoning);
    return beluga__emit_read_usage(&u, usage, emit);
}

/* Emit the finish. Some hosts send "stop" after tool calls and after a refusal. */
int beluga__openai_emit_finish(beluga__openai_state *state, const beluga_json *const *choice,
                               beluga_emit *emit)
{
    const beluga__end end = {
        .word = beluga__read_word(choice[BELUGA__OPENAI_FINISH_REASON]),
        .native = beluga_json_string(choice[BELUGA__OPENAI_NATIVE_REASON], NULL),
        .calls = state->calls.count > 0,
        .refused = state->refused,
    };
    int code = beluga__openai_end_detail(state, emit);
    if (!code) code = beluga__calls_finish(&state->calls, emit);
    return code ? code : beluga__end_emit(&end, emit);
}

void beluga__openai_pick(const beluga_json *root, const beluga_json **m)
{
    static const beluga_json_name names[BELUGA__OPENAI_MEMBERS] = {
        [BELUGA__OPENAI_ID] = BELUGA_JSON_NAME("id"),
        [BELUGA__OPENAI_OBJECT] = BELUGA_JSON_NAME("object"),
        [BELUGA__OPENAI_CREATED] = BELUGA_JSON_NAME("created"),
        [BELUGA__OPENAI_MODEL] = BELUGA_JSON_NAME("model"),
        [BELUGA__OPENAI_SERVICE_TIER] = BELUGA_JSON_NAME("service_tier"),
        [BELUGA__OPENAI_FINGERPRINT] = BELUGA_JSON_NAME("system_fingerprint"),
        [BELUGA__OPENAI_CHOICES] = BELUGA_JSON_NAME("choices"),
        [BELUGA__OPENAI_USAGE] = BELUGA_JSON_NAME("usage"),
        [BELUGA__OPENAI_OBFUSCATION] = BELUGA_JSON_NAME("obfuscation"),
        [BELUGA__OPENAI_FAULTS] = BELUGA__FAULT_NAMES,
    };
    beluga_json_pick(root, names, BELUGA__OPENAI_MEMBERS, m);
}

const beluga_json *beluga__openai_pick_choice(const beluga_json *choices, const beluga_json **m)
{
    static const beluga_json_name names[BELUGA__OPENAI_CHOICE_MEMBERS] = {
        [BELUGA__OPENAI_INDEX] = BELUGA_JSON_NAME("index"),
        [BELUGA__OPENAI_DELTA] = BELUGA_JSON_NAME("delta"),
        [BELUGA__OPENAI_LOGPROBS] = BELUGA_JSON_NAME("logprobs"),
        [BELUGA__OPENAI_FINISH_REASON] = BELUGA_JSON_NAME("finish_reason"),
        [BELUGA__OPENAI_NATIVE_REASON] = BELUGA_JSON_NAME("native_finish_reason"),
        [BELUGA__OPENAI_CHOICE_USAGE] = BELUGA_JSON_NAME("usage"),
        [BELUGA__OPENAI_MESSAGE] = BELUGA_JSON_NAME("message"),
    };
    if (!beluga_json_is_array(choices)) return NULL;
    for (const beluga_json *v = beluga_json_first(choices); v; v = beluga_json_next(choices, v)) {
        beluga_json_pick(v, names, BELUGA__OPENAI_CHOICE_MEMBERS, m);
        if (beluga_json_is_object(v) && beluga_json_int(m[BELUGA__OPENAI_INDEX], 0) == 0) return v;
    }
    return NULL;
}

/* ---- whole answers --------------------------------------------------------------------------- */

int beluga__openai_decode_response(void *opaque, const char *body, size_t length, beluga_emit *emit)
{
    beluga__openai_state *state = opaque;
    const beluga_json *root;
    const beluga_json *m[BELUGA__OPENAI_MEMBERS], *choice[BELUGA__OPENAI_CHOICE_MEMBERS];
    state->whole = true;
    int code = beluga__decode_body(body, length, emit, &root);
    if (code) return code;
    beluga__openai_pick(root, m);
    bool certain = beluga__openai_pick_choice(m[BELUGA__OPENAI_CHOICES], choice) != NULL;
    if (certain ? beluga__fault_among(m + BELUGA__OPENAI_FAULTS) : beluga__fault_is(root, false))
        return beluga__fault_emit(root, BELUGA_ERROR_INTERNAL, emit);
    if (!certain && beluga_json_is_array(m[BELUGA__OPENAI_CHOICES]))
        return beluga__decode_failure(root, BELUGA_ERROR_EMPTY_RESPONSE,
                                      "the answer has no choices", emit);
    if (!certain)
        return beluga__decode_failure(root, BELUGA_ERROR_INVALID_RESPONSE,
                                      "the answer is JSON, but not a chat completion", emit);
    code = beluga__openai_emit_metadata(state, m, emit);
    if (!code) code = beluga__openai_emit_choice(state, choice, emit);
    if (!code) code = beluga__openai_emit_usage(m[BELUGA__OPENAI_USAGE], emit);
    /* A body that is valid JSON is complete, so a missing reason means only that the reason is
     * unknown. */
    return code ? code : beluga__openai_emit_finish(state, choice, emit);
}

/* Decode a list of models: {"data":[{"id":"…"},…]}; some hosts send only the array. */
int beluga__openai_decode_list_models(const char *body, size_t length, beluga_emit *emit)
{
    static const beluga__model_list shape = {.list = "data", .name = "id", .bare = true};
    return beluga__decode_models(body, length, &shape, emit);
}
