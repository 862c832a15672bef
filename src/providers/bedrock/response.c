#include "providers/bedrock/bedrock.h"
#include "providers/embed.h"

#include <stdlib.h>
#include <string.h>

/* ---- content --------------------------------------------------------------------------------- */

int beluga__bedrock_emit_reasoning(const beluga_json *reasoning, beluga_emit *emit)
{
    size_t n_signature = 0, n_data = 0;
    const char *signature = beluga_json_get_string(reasoning, "signature", &n_signature);
    const char *data = beluga_json_get_string(reasoning, "redactedContent", &n_data);
    int code = beluga__emit_reasoning_member(reasoning, "text", emit);
    if (!code && n_signature) code = beluga_emit_reasoning_signature(emit, signature, n_signature);
    if (code || !n_data) return code;
    /* hidden reasoning becomes a block of its own */
    code = beluga_emit_reasoning_end(emit);
    if (!code) code = beluga__emit_marked_signature(BELUGA__BEDROCK_REDACTED, data, n_data, emit);
    return code ? code : beluga_emit_reasoning_end(emit);
}

/* ---- beside the content ---------------------------------------------------------------------- */

/* Returns the number of all input tokens. Some models include cached tokens in their input count,
 * while Claude counts them separately; the total shows which case this is. */
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
    u.input_cache_read = beluga__count(usage, "cacheReadInputTokens", BELUGA__MOST_TOKENS);
    u.input_cache_write = beluga__count(usage, "cacheWriteInputTokens", BELUGA__MOST_TOKENS);
    u.output_total = beluga__count(usage, "outputTokens", BELUGA__MOST_TOKENS);
    u.input_total = input_total(&u, beluga__count(usage, "inputTokens", BELUGA__MOST_TOKENS),
                                beluga__count(usage, "totalTokens", BELUGA__MOST_TOKENS));
    return beluga__emit_read_usage(&u, usage, emit);
}

int beluga__bedrock_emit_stop(beluga__bedrock_state *state, const beluga_json *root,
                              beluga_emit *emit)
{
    const beluga__end end = {
        .word = beluga__read_word(beluga_json_get(root, "stopReason")),
        .calls = state->calls.count > 0,
    };
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

/* A block of an unknown kind is sent back unchanged. */
static int emit_block(beluga__bedrock_state *state, const beluga_json *block, uint32_t index,
                      beluga_emit *emit)
{
    const beluga_json *reasoning = beluga_json_get(block, "reasoningContent");
    const beluga_json *text = beluga_json_get(reasoning, "reasoningText");
    const beluga_json *tool_use = beluga_json_get(block, "toolUse");
    if (reasoning) {
        int code = beluga__bedrock_emit_reasoning(text ? text : reasoning, emit);
        return code ? code : beluga_emit_reasoning_end(emit);
    }
    if (tool_use) return emit_tool_use(state, tool_use, index, emit);
    if (beluga_json_is_object(block) && !beluga_json_get(block, "text") && beluga_json_count(block))
        return beluga__emit_json_state(emit, BELUGA_PART_STATE, 0, NULL, block);
    return beluga__emit_text_member(block, "text", emit);
}

int beluga__bedrock_decode_response(void *state, const char *body, size_t length, beluga_emit *emit)
{
    const beluga_json *root;
    uint32_t index = 0;
    int code = beluga__decode_body(body, length, emit, &root);
    if (code) return code;
    const beluga_json *message = beluga_json_get(beluga_json_get(root, "output"), "message");
    const beluga_json *content = beluga_json_get(message, "content");
    if (!beluga_json_is_array(content))
        return beluga__fault_or_failure(root, "the answer is JSON, but not one of Converse", emit);
    for (const beluga_json *v = beluga_json_first(content); v && !code;
         v = beluga_json_next(content, v))
        code = emit_block(state, v, index++, emit);
    if (!code) code = beluga__bedrock_emit_usage(beluga_json_get(root, "usage"), emit);
    return code ? code : beluga__bedrock_emit_stop(state, root, emit);
}

int beluga__bedrock_decode_count(const char *body, size_t length, beluga_emit *emit)
{
    return beluga__decode_token_count(body, length, "inputTokens", emit);
}

/* For Cohere's models only a response header says how many tokens the texts have. */
static int64_t count_in_head(beluga_emit *emit)
{
    const beluga_http_response *head = beluga_emit_response(emit);
    const char *text =
        head ? beluga_http_response_header(head, "x-amzn-bedrock-input-token-count") : NULL;
    size_t n = text ? strspn(text, "0123456789") : 0;
    bool fits = n && n < 10 && !text[n];
    return fits ? strtoll(text, NULL, 10) : -1;
}

/* Decode embeddings. An answer of a Titan model has one vector. An answer of a Cohere model has a
 * list of vectors, or an object with a list for each type. */
int beluga__bedrock_decode_embed(const char *body, size_t length, beluga_emit *emit)
{
    const beluga_json *root;
    beluga_usage usage = BELUGA_USAGE_INIT;
    int code = beluga__decode_body(body, length, emit, &root);
    if (code) return code;
    const beluga_json *one = beluga_json_get(root, "embedding");
    const beluga_json *list = beluga_json_get(root, "embeddings");
    if (beluga_json_is_object(list)) list = beluga_json_get(list, "float");
    if (!one && !beluga_json_is_array(list))
        return beluga__fault_or_failure(root, "the answer is JSON, but not a list of vectors",
                                        emit);
    usage.input_total = beluga__count(root, "inputTextTokenCount", BELUGA__MOST_TOKENS);
    if (usage.input_total < 0) usage.input_total = count_in_head(emit);
    code =
        one ? beluga_emit_embedding_json(emit, 0, one) : beluga__embed_emit_array(list, NULL, emit);
    return code ? code : beluga_emit_usage(emit, &usage);
}

/* Reads {"modelSummaries":[{"modelId":"…"},…]}. */
int beluga__bedrock_decode_list_models(const char *body, size_t length, beluga_emit *emit)
{
    static const beluga__model_list shape = {.list = "modelSummaries", .name = "modelId"};
    return beluga__decode_models(body, length, &shape, emit);
}
