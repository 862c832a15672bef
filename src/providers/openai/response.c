#include "providers/openai/openai.h"

#include <string.h>

/* ---- content --------------------------------------------------------------------------------- */

static int emit_text(const beluga_json *value, beluga_emit *emit)
{
    size_t length = 0;
    const char *text = beluga_json_string(value, &length);
    return length ? beluga_emit_text(emit, text, length) : 0;
}

static int emit_reasoning(beluga__openai_state *state, const beluga_json *value, beluga_emit *emit)
{
    size_t length = 0;
    const char *text = beluga_json_string(value, &length);
    return length ? beluga__openai_emit_reasoning(state, text, length, emit) : 0;
}

/* A refusal is text for a person; that it is one shows in the finish reason. */
static int emit_refusal(beluga__openai_state *state, const beluga_json *value, beluga_emit *emit)
{
    size_t length = 0;
    const char *text = beluga_json_string(value, &length);
    if (!length) return 0;
    state->refused = true;
    return beluga_emit_text(emit, text, length);
}

/* {"type":"thinking","thinking":[{"type":"text","text":"…"}]}, or a string for the array. */
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

/* {"type":"image_url","image_url":{"url":"data:…"}}, as OpenRouter has them, or a string for the
 * object. */
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

/* What is spoken comes with its words. A stream's sound comes in pieces without a beginning or an
 * end, which is not delivered. */
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
    if (!code) code = emit_text(beluga_json_get(audio, "transcript"), emit);
    if (code || !length || streamed) return code;
    return beluga_emit_media_base64(emit, BELUGA_PART_AUDIO, NULL, data, length);
}

static int emit_part(beluga__openai_state *state, const beluga_json *part, beluga_emit *emit)
{
    const char *type = beluga_json_get_string(part, "type", NULL);
    if (!type) return emit_text(beluga_json_get(part, "text"), emit);
    if (strcmp(type, "text") == 0 || strcmp(type, "output_text") == 0)
        return emit_text(beluga_json_get(part, "text"), emit);
    if (strcmp(type, "image_url") == 0) return emit_image(part, emit);
    if (strcmp(type, "thinking") == 0)
        return emit_thinking(state, beluga_json_get(part, "thinking"), emit);
    if (strcmp(type, "refusal") == 0)
        return emit_refusal(state, beluga_json_get(part, "refusal"), emit);
    return 0;
}

static const char *known(const char *text)
{
    return text ? text : "";
}

static int emit_content(beluga__openai_state *state, const beluga_json *content, beluga_emit *emit)
{
    bool any = beluga_json_is_array(content) || *known(beluga_json_string(content, NULL));
    int code = any ? beluga__openai_end_detail(state, emit) : 0;
    if (!code) code = emit_text(content, emit);
    if (!beluga_json_is_array(content)) return code;
    for (const beluga_json *v = beluga_json_first(content); v && !code;
         v = beluga_json_next(content, v))
        code = emit_part(state, v, emit);
    return code;
}

static int emit_tool_calls(beluga__openai_state *state, const beluga_json *calls, beluga_emit *emit)
{
    if (!beluga_json_is_array(calls)) return 0;
    int code = beluga__openai_end_detail(state, emit);
    for (const beluga_json *v = beluga_json_first(calls); v && !code;
         v = beluga_json_next(calls, v))
        code = beluga__openai_emit_tool_call(state, v, emit);
    return code;
}

static bool is(const char *key, size_t length, const char *name, size_t n)
{
    return length == n && memcmp(key, name, n) == 0;
}

#define IS(name) is(key, length, name, sizeof(name) - 1)

/* Where reasoning may be; NULL for where it is not. */
struct reasoning {
    const beluga_json *details, *blocks, *content, *other;
};

static bool has_items(const beluga_json *list)
{
    return beluga_json_is_array(list) && beluga_json_count(list);
}

static struct reasoning find_reasoning(const beluga_json *message)
{
    struct reasoning r = {NULL, NULL, NULL, NULL};
    if (!beluga_json_is_object(message)) return r;
    for (const beluga_json *v = beluga_json_first(message); v; v = beluga_json_next(message, v)) {
        size_t length;
        const char *key = beluga_json_key(v, &length);
        if (*key != 'r' && *key != 't') continue;
        if (IS("reasoning_details") && has_items(v)) r.details = v;
        if (IS("thinking_blocks") && has_items(v)) r.blocks = v;
        if (IS("reasoning_content") && beluga_json_is_string(v)) r.content = v;
        if (IS("reasoning") && beluga_json_is_string(v)) r.other = v;
    }
    return r;
}

/* Some hosts send it by two names, or in blocks, too. */
static int emit_reasoning_of(beluga__openai_state *state, const beluga_json *message,
                             beluga_emit *emit)
{
    struct reasoning r = find_reasoning(message);
    if (r.details) return beluga__openai_emit_details(state, "reasoning_details", r.details, emit);
    if (r.blocks) return beluga__openai_emit_details(state, "thinking_blocks", r.blocks, emit);
    return emit_reasoning(state, r.content ? r.content : r.other, emit);
}

/* What Google's models sign, where it is not of a call. */
static int emit_extra(beluga__openai_state *state, const beluga_json *extra, beluga_emit *emit)
{
    int code = beluga__openai_end_detail(state, emit);
    return code ? code : beluga__emit_state(emit, BELUGA_PART_STATE, 0, "extra_content", extra);
}

static int emit_member(beluga__openai_state *state, const beluga_json *value, beluga_emit *emit)
{
    size_t length;
    const char *key = beluga_json_key(value, &length);
    if (IS("content")) return emit_content(state, value, emit);
    if (IS("refusal")) return emit_refusal(state, value, emit);
    if (IS("tool_calls")) return emit_tool_calls(state, value, emit);
    if (IS("images")) return emit_images(value, emit);
    if (IS("audio") && beluga_json_is_object(value)) return emit_audio(state, value, emit);
    if (IS("function_call") && beluga_json_is_object(value))
        return beluga__openai_emit_function_call(state, value, emit);
    if (IS("extra_content") && beluga_json_is_object(value)) return emit_extra(state, value, emit);
    return 0;
}

/* Reasoning comes before what it led to, wherever it stands. The rest is walked, which is less work
 * than asking for each, since a stream is mostly deltas of one member. */
int beluga__openai_emit_message(beluga__openai_state *state, const beluga_json *message,
                                beluga_emit *emit)
{
    int code = emit_reasoning_of(state, message, emit);
    if (!beluga_json_is_object(message)) return 0;
    for (const beluga_json *v = beluga_json_first(message); v && !code;
         v = beluga_json_next(message, v))
        code = emit_member(state, v, emit);
    return code;
}

/* ---- beside the content ---------------------------------------------------------------------- */

/* Azure's first chunk has empty strings here, so look on until both are known. */
int beluga__openai_emit_metadata(beluga__openai_state *state, const beluga_json *root,
                                 beluga_emit *emit)
{
    if (state->has_metadata) return 0;
    const char *id = beluga_json_get_string(root, "id", NULL);
    const char *model = beluga_json_get_string(root, "model", NULL);
    int64_t created = beluga_json_get_int(root, "created", 0);
    if (id && !*id) id = NULL;
    if (model && !*model) model = NULL;
    state->has_metadata = id && model;
    if (!id && !model) return 0;
    return beluga_emit_metadata(emit, id, model, created > 0 ? created : 0);
}

/* A count of tokens, or -1: nothing else is one. */
static int64_t count(const beluga_json *object, const char *key, int64_t otherwise)
{
    int64_t n = beluga_json_get_int(object, key, otherwise);
    return n < 0 ? -1 : n;
}

/* OpenAI counts reasoning inside completion_tokens; xAI beside it, which the total gives away. */
static int64_t output_total(const beluga_json *usage, int64_t input, int64_t reasoning)
{
    int64_t output = count(usage, "completion_tokens", -1);
    int64_t total = count(usage, "total_tokens", -1);
    bool beside = reasoning > 0 && output >= 0 && input >= 0 && output <= total &&
                  input <= total - output && total - output - input == reasoning;
    if (output >= 0 && reasoning > output && reasoning <= INT64_MAX - output)
        beside = true; /* Perplexity's, which no total has */
    return beside ? output + reasoning : output;
}

int beluga__openai_emit_usage(const beluga_json *usage, beluga_emit *emit)
{
    beluga_usage u = BELUGA_USAGE_INIT;
    if (!beluga_json_is_object(usage)) return 0;
    const beluga_json *input = beluga_json_get(usage, "prompt_tokens_details");
    const beluga_json *output = beluga_json_get(usage, "completion_tokens_details");
    int64_t hit = count(usage, "cached_tokens", -1); /* Moonshot's name, and DeepSeek's */
    hit = count(usage, "prompt_cache_hit_tokens", hit);
    u.input_total = count(usage, "prompt_tokens", -1);
    u.input_cache_read = count(input, "cached_tokens", hit);
    int64_t written = count(usage, "cache_creation_input_tokens", -1); /* LiteLLM's, and Qwen's */
    written = count(input, "cache_creation_input_tokens", written);
    u.input_cache_write = count(input, "cache_write_tokens", written);
    u.output_reasoning = count(output, "reasoning_tokens", count(usage, "reasoning_tokens", -1));
    u.output_total = output_total(usage, u.input_total, u.output_reasoning);
    u.raw = beluga_emit_json_text(emit, usage, &u.raw_length);
    return u.raw ? beluga_emit_usage(emit, &u) : BELUGA_ERROR_NO_MEMORY;
}

static beluga_finish_reason finish_reason(const char *word)
{
    static const struct {
        const char *word;
        beluga_finish_reason reason;
    } words[] = {
        {"stop", BELUGA_FINISH_STOP},
        {"tool_calls", BELUGA_FINISH_TOOL_CALLS},
        {"length", BELUGA_FINISH_LENGTH},
        {"function_call", BELUGA_FINISH_TOOL_CALLS},
        {"content_filter", BELUGA_FINISH_CONTENT_FILTER},
        {"model_length", BELUGA_FINISH_LENGTH},
        {"max_tokens", BELUGA_FINISH_LENGTH},
        {"eos", BELUGA_FINISH_STOP},
        {"end_turn", BELUGA_FINISH_STOP},
        {"stop_sequence", BELUGA_FINISH_STOP},
        {"tool_use", BELUGA_FINISH_TOOL_CALLS},
        {"safety", BELUGA_FINISH_CONTENT_FILTER},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(word, words[i].word) == 0) return words[i].reason;
    return BELUGA_FINISH_OTHER;
}

/* Not why the model stopped, but that it was. */
static bool is_broken(const char *word)
{
    static const char *const words[] = {"error", "abort", "insufficient_system_resource"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(word, words[i]) == 0) return true;
    return false;
}

/* Some hosts say "stop" after tool calls; and a refusal is a stop only in name. */
int beluga__openai_emit_finish(beluga__openai_state *state, const char *word, beluga_emit *emit)
{
    beluga_finish_reason reason = word ? finish_reason(word) : BELUGA_FINISH_UNKNOWN;
    state->finished = true;
    int code = beluga__openai_end_detail(state, emit);
    if (code) return code;
    if (state->unnamed)
        return beluga_emit_failure(emit, BELUGA_ERROR_TOOL_CALL, NULL,
                                   "the model's tool call has no name");
    if (word && is_broken(word))
        return beluga_emit_failure(emit, BELUGA_ERROR_STREAM, word,
                                   "the provider broke the answer off");
    bool natural = reason == BELUGA_FINISH_STOP || reason == BELUGA_FINISH_UNKNOWN;
    if (natural && state->n_calls) reason = BELUGA_FINISH_TOOL_CALLS;
    if (natural && state->refused) reason = BELUGA_FINISH_CONTENT_FILTER;
    return beluga_emit_finish(emit, reason, word);
}

const beluga_json *beluga__openai_first_choice(const beluga_json *root)
{
    const beluga_json *choices = beluga_json_get(root, "choices");
    if (!beluga_json_is_array(choices)) return NULL;
    for (const beluga_json *v = beluga_json_first(choices); v; v = beluga_json_next(choices, v))
        if (beluga_json_is_object(v) && beluga_json_get_int(v, "index", 0) == 0) return v;
    return NULL;
}

/* ---- whole answers --------------------------------------------------------------------------- */

static int decode_answer(beluga__openai_state *state, const beluga_json *root, beluga_emit *emit)
{
    const beluga_json *choice = beluga__openai_first_choice(root);
    const char *word = beluga_json_get_string(choice, "finish_reason", NULL);
    if (beluga__fault_is(root, choice))
        return beluga__fault_emit(root, BELUGA_ERROR_INTERNAL, emit);
    if (!choice && beluga_json_is_array(beluga_json_get(root, "choices")))
        return beluga_emit_failure(emit, BELUGA_ERROR_EMPTY_RESPONSE, NULL,
                                   "the answer has no choices");
    if (!choice)
        return beluga_emit_failure(emit, BELUGA_ERROR_INVALID_RESPONSE, NULL,
                                   "the answer is JSON, but not a chat completion");
    int code = beluga__openai_emit_metadata(state, root, emit);
    if (!code) code = beluga__openai_emit_message(state, beluga_json_get(choice, "message"), emit);
    if (!code) code = beluga__openai_emit_usage(beluga_json_get(root, "usage"), emit);
    /* A body that parses is whole, so a missing reason is only unknown. */
    return code ? code : beluga__openai_emit_finish(state, word && *word ? word : NULL, emit);
}

int beluga__openai_decode_response(void *state, const char *body, size_t length, beluga_emit *emit)
{
    const beluga_json *root;
    if (!length)
        return beluga_emit_failure(emit, BELUGA_ERROR_EMPTY_RESPONSE, NULL,
                                   "the answer's body is empty");
    int code = beluga_emit_parse(emit, body, length, &root);
    return code ? code : decode_answer(state, root, emit);
}

/* {"data":[{"id":"…"},…]}; some hosts send the array alone. */
int beluga__openai_decode_list_models(const char *body, size_t length, beluga_emit *emit)
{
    const beluga_json *root;
    int code = beluga_emit_parse(emit, body, length, &root);
    if (code) return code;
    if (beluga__fault_is(root, false)) return beluga__fault_emit(root, BELUGA_ERROR_INTERNAL, emit);
    const beluga_json *models = beluga_json_is_array(root) ? root : beluga_json_get(root, "data");
    if (!beluga_json_is_array(models))
        return beluga_emit_failure(emit, BELUGA_ERROR_INVALID_RESPONSE, NULL,
                                   "the answer is JSON, but not a list of models");
    for (const beluga_json *v = beluga_json_first(models); v && !code;
         v = beluga_json_next(models, v)) {
        size_t n = 0;
        const char *name = beluga_json_get_string(v, "id", &n);
        if (n) code = beluga_emit_model(emit, name, n);
    }
    return code;
}
