#include "providers/bedrock/bedrock.h"

#include <string.h>

/* ---- content --------------------------------------------------------------------------------- */

int beluga__bedrock_emit_text(const beluga_json *object, beluga_emit *emit)
{
    size_t length = 0;
    const char *text = beluga_json_get_string(object, "text", &length);
    return length ? beluga_emit_text(emit, text, length) : 0;
}

/* A block of its own, in which nothing but these data is. */
static int emit_redacted(const char *data, size_t length, beluga_emit *emit)
{
    static const char mark[] = BELUGA__BEDROCK_REDACTED;
    size_t n = sizeof mark - 1;
    char *text = beluga_emit_alloc(emit, n + length + 1);
    if (!text) return BELUGA_ERROR_NO_MEMORY;
    memcpy(text, mark, n);
    memcpy(text + n, data, length);
    int code = beluga_emit_reasoning_end(emit);
    if (!code) code = beluga_emit_reasoning_signature(emit, text, n + length);
    return code ? code : beluga_emit_reasoning_end(emit);
}

int beluga__bedrock_emit_reasoning(const beluga_json *reasoning, beluga_emit *emit)
{
    size_t n_text = 0, n_signature = 0, n_data = 0;
    const char *text = beluga_json_get_string(reasoning, "text", &n_text);
    const char *signature = beluga_json_get_string(reasoning, "signature", &n_signature);
    const char *data = beluga_json_get_string(reasoning, "redactedContent", &n_data);
    int code = n_text ? beluga_emit_reasoning(emit, text, n_text) : 0;
    if (!code && n_signature) code = beluga_emit_reasoning_signature(emit, signature, n_signature);
    return !code && n_data ? emit_redacted(data, n_data, emit) : code;
}

/* ---- beside the content ---------------------------------------------------------------------- */

static int64_t count(const beluga_json *object, const char *key)
{
    int64_t n = beluga_json_get_int(object, key, -1);
    return n < 0 || n > INT64_MAX / 8 ? -1 : n;
}

/* Some models count what was cached inside the input, Claude beside it: the total gives it away. */
static int64_t input_total(const beluga_usage *u, int64_t input, int64_t total)
{
    int64_t cached = (u->input_cache_read > 0 ? u->input_cache_read : 0) +
                     (u->input_cache_write > 0 ? u->input_cache_write : 0);
    if (input < 0 || !cached) return input;
    bool inside = u->output_total >= 0 && total == input + u->output_total && cached <= input;
    return inside ? input : input + cached;
}

int beluga__bedrock_emit_usage(const beluga_json *usage, beluga_emit *emit)
{
    beluga_usage u = BELUGA_USAGE_INIT;
    if (!beluga_json_is_object(usage)) return 0;
    u.input_cache_read = count(usage, "cacheReadInputTokens");
    u.input_cache_write = count(usage, "cacheWriteInputTokens");
    u.output_total = count(usage, "outputTokens");
    u.input_total = input_total(&u, count(usage, "inputTokens"), count(usage, "totalTokens"));
    u.raw = beluga_emit_json_text(emit, usage, &u.raw_length);
    return u.raw ? beluga_emit_usage(emit, &u) : BELUGA_ERROR_NO_MEMORY;
}

int beluga__bedrock_emit_stop(beluga__bedrock_state *state, const char *reason, beluga_emit *emit)
{
    const beluga__end end = {.word = beluga__filled(reason), .calls = state->calls.count > 0};
    if (state->finished) return 0;
    state->finished = true;
    if (!end.word)
        return beluga_emit_failure(emit, BELUGA_ERROR_INVALID_RESPONSE, NULL,
                                   "the answer's end gives no reason");
    int code = beluga__calls_finish(&state->calls, emit);
    return code ? code : beluga__end_emit(&end, emit);
}

/* ---- whole answers --------------------------------------------------------------------------- */

static int emit_tool_use(beluga__bedrock_state *state, const beluga_json *call, uint32_t index,
                         beluga_emit *emit)
{
    const beluga_json *input = beluga_json_get(call, "input");
    bool none = !input || beluga_json_is_null(input);
    beluga__call_piece piece = {
        .place = index,
        .id = beluga_json_get_string(call, "toolUseId", NULL),
        .name = beluga_json_get_string(call, "name", NULL),
        .arguments = "{}",
        .n_arguments = 2,
    };
    if (!none) piece.arguments = beluga_emit_json_text(emit, input, &piece.n_arguments);
    if (!piece.arguments) return BELUGA_ERROR_NO_MEMORY;
    return beluga__calls_add_whole(&state->calls, &piece, emit);
}

static int emit_reasoning_block(const beluga_json *content, beluga_emit *emit)
{
    const beluga_json *text = beluga_json_get(content, "reasoningText");
    int code = beluga__bedrock_emit_reasoning(text ? text : content, emit);
    return code ? code : beluga_emit_reasoning_end(emit);
}

static int emit_block(beluga__bedrock_state *state, const beluga_json *block, uint32_t index,
                      beluga_emit *emit)
{
    const beluga_json *reasoning = beluga_json_get(block, "reasoningContent");
    const beluga_json *tool_use = beluga_json_get(block, "toolUse");
    if (reasoning) return emit_reasoning_block(reasoning, emit);
    if (tool_use) return emit_tool_use(state, tool_use, index, emit);
    if (beluga_json_is_object(block) && !beluga_json_get(block, "text") && beluga_json_count(block))
        return beluga__emit_state(emit, BELUGA_PART_STATE, 0, NULL,
                                  block); /* goes back as it came */
    return beluga__bedrock_emit_text(block, emit);
}

static int fail(const beluga_json *root, beluga_emit *emit)
{
    if (beluga__fault_is(root, false)) return beluga__fault_emit(root, BELUGA_ERROR_INTERNAL, emit);
    return beluga__decode_failure(root, BELUGA_ERROR_INVALID_RESPONSE,
                                  "the answer is JSON, but not one of Converse", emit);
}

int beluga__bedrock_decode_response(void *state, const char *body, size_t length, beluga_emit *emit)
{
    const beluga_json *root;
    uint32_t index = 0;
    int code = beluga__decode_body(body, length, emit, &root);
    if (code) return code;
    const beluga_json *message = beluga_json_get(beluga_json_get(root, "output"), "message");
    const beluga_json *content = beluga_json_get(message, "content");
    if (!beluga_json_is_array(content)) return fail(root, emit);
    for (const beluga_json *v = beluga_json_first(content); v && !code;
         v = beluga_json_next(content, v))
        code = emit_block(state, v, index++, emit);
    if (!code) code = beluga__bedrock_emit_usage(beluga_json_get(root, "usage"), emit);
    if (code) return code;
    return beluga__bedrock_emit_stop(state, beluga__read_word(beluga_json_get(root, "stopReason")),
                                     emit);
}

/* {"modelSummaries":[{"modelId":"…"},…]} */
int beluga__bedrock_decode_list_models(const char *body, size_t length, beluga_emit *emit)
{
    static const beluga__model_list shape = {.list = "modelSummaries", .name = "modelId"};
    const beluga_json *root;
    int code = beluga_emit_parse(emit, body, length, &root);
    if (code) return code;
    if (beluga__fault_is(root, false)) return beluga__fault_emit(root, BELUGA_ERROR_INTERNAL, emit);
    return beluga__decode_models(root, &shape, emit);
}
