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
    static const struct {
        const char *word;
        beluga_finish_reason reason;
    } words[] = {
        {"end_turn", BELUGA_FINISH_STOP},
        {"tool_use", BELUGA_FINISH_TOOL_CALLS},
        {"max_tokens", BELUGA_FINISH_LENGTH},
        {"stop_sequence", BELUGA_FINISH_STOP},
        {"guardrail_intervened", BELUGA_FINISH_CONTENT_FILTER},
        {"content_filtered", BELUGA_FINISH_CONTENT_FILTER},
        {"model_context_window_exceeded", BELUGA_FINISH_LENGTH},
    };
    if (state->finished) return 0;
    state->finished = true;
    if (!reason || !*reason)
        return beluga_emit_failure(emit, BELUGA_ERROR_INVALID_RESPONSE, NULL,
                                   "the answer's end gives no reason");
    if (strcmp(reason, "malformed_tool_use") == 0)
        return beluga_emit_failure(emit, BELUGA_ERROR_TOOL_CALL, reason,
                                   "the model's tool call is malformed");
    if (strcmp(reason, "malformed_model_output") == 0)
        return beluga_emit_failure(emit, BELUGA_ERROR_INVALID_RESPONSE, reason,
                                   "the model's answer is malformed");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(reason, words[i].word) == 0)
            return beluga_emit_finish(emit, words[i].reason, reason);
    return beluga_emit_finish(emit, BELUGA_FINISH_OTHER, reason);
}

/* ---- whole answers --------------------------------------------------------------------------- */

static int emit_tool_use(const beluga_json *call, uint32_t index, beluga_emit *emit)
{
    const char *name = beluga_json_get_string(call, "name", NULL);
    const beluga_json *input = beluga_json_get(call, "input");
    size_t length = 2;
    bool none = !input || beluga_json_is_null(input);
    const char *arguments = none ? "{}" : beluga_emit_json_text(emit, input, &length);
    if (!arguments) return BELUGA_ERROR_NO_MEMORY;
    if (!name || !*name)
        return beluga_emit_failure(emit, BELUGA_ERROR_TOOL_CALL, NULL,
                                   "the model's tool call has no name");
    return beluga_emit_tool_call(emit, index, beluga_json_get_string(call, "toolUseId", NULL), name,
                                 arguments, length);
}

static int emit_reasoning_block(const beluga_json *content, beluga_emit *emit)
{
    const beluga_json *text = beluga_json_get(content, "reasoningText");
    int code = beluga__bedrock_emit_reasoning(text ? text : content, emit);
    return code ? code : beluga_emit_reasoning_end(emit);
}

static int emit_block(const beluga_json *block, uint32_t index, beluga_emit *emit)
{
    const beluga_json *reasoning = beluga_json_get(block, "reasoningContent");
    const beluga_json *tool_use = beluga_json_get(block, "toolUse");
    if (reasoning) return emit_reasoning_block(reasoning, emit);
    if (tool_use) return emit_tool_use(tool_use, index, emit);
    if (beluga_json_is_object(block) && !beluga_json_get(block, "text") && beluga_json_count(block))
        return beluga__emit_state(emit, BELUGA_PART_STATE, 0, NULL,
                                  block); /* goes back as it came */
    return beluga__bedrock_emit_text(block, emit);
}

int beluga__bedrock_decode_response(void *state, const char *body, size_t length, beluga_emit *emit)
{
    const beluga_json *root;
    uint32_t index = 0;
    if (!length)
        return beluga_emit_failure(emit, BELUGA_ERROR_EMPTY_RESPONSE, NULL,
                                   "the answer's body is empty");
    int code = beluga_emit_parse(emit, body, length, &root);
    if (code) return code;
    const beluga_json *message = beluga_json_get(beluga_json_get(root, "output"), "message");
    const beluga_json *content = beluga_json_get(message, "content");
    if (!beluga_json_is_array(content))
        return beluga_emit_failure(emit, BELUGA_ERROR_INVALID_RESPONSE, NULL,
                                   "the answer is JSON, but not one of Converse");
    for (const beluga_json *v = beluga_json_first(content); v && !code;
         v = beluga_json_next(content, v))
        code = emit_block(v, index++, emit);
    if (!code) code = beluga__bedrock_emit_usage(beluga_json_get(root, "usage"), emit);
    if (code) return code;
    return beluga__bedrock_emit_stop(state, beluga_json_get_string(root, "stopReason", NULL), emit);
}

/* {"modelSummaries":[{"modelId":"…"},…]} */
int beluga__bedrock_decode_list_models(const char *body, size_t length, beluga_emit *emit)
{
    const beluga_json *root;
    int code = beluga_emit_parse(emit, body, length, &root);
    if (code) return code;
    const beluga_json *models = beluga_json_get(root, "modelSummaries");
    if (!beluga_json_is_array(models))
        return beluga_emit_failure(emit, BELUGA_ERROR_INVALID_RESPONSE, NULL,
                                   "the answer is JSON, but not a list of models");
    for (const beluga_json *v = beluga_json_first(models); v && !code;
         v = beluga_json_next(models, v)) {
        size_t n = 0;
        const char *name = beluga_json_get_string(v, "modelId", &n);
        if (n) code = beluga_emit_model(emit, name, n);
    }
    return code;
}
