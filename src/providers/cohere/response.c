#include "providers/cohere/cohere.h"
#include "providers/embed.h"

#include <string.h>

/* ---- content --------------------------------------------------------------------------------- */

int beluga__cohere_emit_plan(beluga__cohere_state *state, const beluga_json *message,
                             beluga_emit *emit)
{
    size_t length = 0;
    const char *text = beluga_json_get_string(message, "tool_plan", &length);
    if (!length) return 0;
    int code = state->planning ? 0 : beluga_emit_reasoning_end(emit);
    state->planning = true;
    return code ? code : beluga_emit_reasoning(emit, text, length);
}

int beluga__cohere_end_plan(beluga__cohere_state *state, beluga_emit *emit)
{
    if (!state->planning) return 0;
    state->planning = false;
    return beluga_emit_reasoning_signature(emit, BELUGA__COHERE_PLAN,
                                           sizeof BELUGA__COHERE_PLAN - 1);
}

/* ---- how it ended ---------------------------------------------------------------------------- */

/* Emit the usage. The billed tokens are reported, since "tokens" includes the prompt that Cohere
 * adds. Cached tokens include that prompt, too, so they can be more than the billed tokens. */
static int emit_usage(const beluga_json *usage, beluga_emit *emit)
{
    beluga_usage u = BELUGA_USAGE_INIT;
    if (!beluga_json_is_object(usage)) return 0;
    const beluga_json *counts = beluga_json_get(usage, "billed_units");
    if (beluga__count(counts, "input_tokens", BELUGA__MOST_TOKENS) < 0 &&
        beluga__count(counts, "output_tokens", BELUGA__MOST_TOKENS) < 0)
        counts = beluga_json_get(usage, "tokens");
    u.input_total = beluga__count(counts, "input_tokens", BELUGA__MOST_TOKENS);
    u.output_total = beluga__count(counts, "output_tokens", BELUGA__MOST_TOKENS);
    int64_t cached = beluga__count(usage, "cached_tokens", BELUGA__MOST_TOKENS);
    if (cached <= u.input_total) u.input_cache_read = cached;
    return beluga__emit_read_usage(&u, usage, emit);
}

int beluga__cohere_emit_end(beluga__cohere_state *state, const beluga_json *object,
                            beluga_emit *emit)
{
    const beluga__end end = {
        .word = beluga__read_word(beluga_json_get(object, "finish_reason")),
        .detail = beluga_json_get_string(object, "error", NULL),
        .calls = state->calls.count > 0,
    };
    if (state->finished) return 0;
    int code = beluga__cohere_end_plan(state, emit);
    if (!code) code = beluga__calls_finish(&state->calls, emit);
    if (!code) code = emit_usage(beluga_json_get(object, "usage"), emit);
    if (code) return code;
    if (!end.word)
        return beluga_emit_failure(emit, BELUGA_ERROR_INVALID_RESPONSE, NULL,
                                   "the answer's end gives no reason");
    state->finished = true;
    return beluga__end_emit(&end, emit);
}

/* ---- whole answers --------------------------------------------------------------------------- */

/* Emit an error. Cohere's errors are a string in "message"; errors of other hosts may have any
 * form. */
int beluga__cohere_emit_fault(const beluga_json *root, bool streamed, beluga_emit *emit)
{
    beluga_error err;
    size_t length = 0;
    int code = streamed ? BELUGA_ERROR_STREAM : BELUGA_ERROR_INTERNAL;
    const char *message = beluga_json_get_string(root, "message", &length);
    if (message) {
        beluga__error_set_inside(&err, code, BELUGA_ERROR_STREAM);
        if (length) beluga_error_set_cause(&err, message, length);
        return beluga_emit_error(emit, &err);
    }
    if (beluga__fault_is(root, false)) return beluga__fault_emit(root, code, emit);
    if (streamed)
        return beluga__decode_failure(root, BELUGA_ERROR_MALFORMED_RESPONSE,
                                      "an event of the stream has no type", emit);
    return beluga__decode_failure(root, BELUGA_ERROR_INVALID_RESPONSE,
                                  "the answer is JSON, but not a message", emit);
}

/* Emit the content, which is a list of parts, or with some hosts a string. */
static int emit_content(const beluga_json *message, beluga_emit *emit)
{
    int code = beluga__emit_text_member(message, "content", emit);
    const beluga_json *content = beluga_json_get(message, "content");
    if (!beluga_json_is_array(content)) return code;
    for (const beluga_json *v = beluga_json_first(content); v && !code;
         v = beluga_json_next(content, v)) {
        code = beluga__emit_reasoning_member(v, "thinking", emit);
        if (!code) code = beluga__emit_text_member(v, "text", emit);
    }
    return code;
}

/* Read a tool call. If the tool has no parameters, its arguments may be "null", which means no
 * arguments. */
beluga__call_piece beluga__cohere_read_call(const beluga_json *call, uint32_t index)
{
    const beluga_json *function = beluga_json_get(call, "function");
    beluga__call_piece piece = {
        .place = index,
        .id = beluga_json_get_string(call, "id", NULL),
        .name = beluga_json_get_string(function, "name", NULL),
    };
    piece.arguments = beluga_json_get_string(function, "arguments", &piece.n_arguments);
    return piece;
}

static int emit_tool_calls(beluga__cohere_state *state, const beluga_json *calls, beluga_emit *emit)
{
    uint32_t index = 0;
    int code = 0;
    for (const beluga_json *v = beluga_json_first(calls); v && !code;
         v = beluga_json_next(calls, v)) {
        beluga__call_piece piece = beluga__cohere_read_call(v, index++);
        code = beluga__calls_add_whole(&state->calls, &piece, emit);
    }
    return code;
}

int beluga__cohere_decode_response(void *state, const char *body, size_t length, beluga_emit *emit)
{
    const beluga_json *root;
    int code = beluga__decode_body(body, length, emit, &root);
    if (code) return code;
    const beluga_json *message = beluga_json_get(root, "message");
    if (!beluga_json_is_object(message)) return beluga__cohere_emit_fault(root, false, emit);
    code = beluga_emit_metadata(emit, beluga_json_get_string(root, "id", NULL), NULL, 0);
    if (!code) code = emit_content(message, emit);
    if (!code) code = beluga__cohere_emit_plan(state, message, emit);
    if (!code) code = beluga__cohere_end_plan(state, emit);
    if (!code) code = emit_tool_calls(state, beluga_json_get(message, "tool_calls"), emit);
    return code ? code : beluga__cohere_emit_end(state, root, emit);
}

/* Decode embeddings. The vectors of each type are in a separate member; for a single type Bedrock
 * sends only the array. */
int beluga__cohere_decode_embed(const char *body, size_t length, beluga_emit *emit)
{
    const beluga_json *root;
    beluga_usage usage = BELUGA_USAGE_INIT;
    int code = beluga__decode_body(body, length, emit, &root);
    if (code) return code;
    const beluga_json *vectors = beluga_json_get(root, "embeddings");
    if (beluga_json_is_object(vectors)) vectors = beluga_json_get(vectors, "float");
    if (!beluga_json_is_array(vectors)) return beluga__cohere_emit_fault(root, false, emit);
    const beluga_json *billed = beluga_json_get(beluga_json_get(root, "meta"), "billed_units");
    usage.input_total = beluga__count(billed, "input_tokens", BELUGA__MOST_TOKENS);
    code = beluga_emit_metadata(emit, beluga_json_get_string(root, "id", NULL), NULL, 0);
    if (!code) code = beluga__embed_emit_array(vectors, NULL, emit);
    return code ? code : beluga_emit_usage(emit, &usage);
}

int beluga__cohere_decode_count(const char *body, size_t length, beluga_emit *emit)
{
    return beluga__decode_token_count(body, length, "tokens", emit);
}

/* Decode a list of models: {"models":[{"name":"…"},…],"next_page_token":"…"}. */
int beluga__cohere_decode_list_models(const char *body, size_t length, beluga_emit *emit)
{
    static const beluga__model_list shape = {
        .list = "models", .name = "name", .page = "next_page_token"};
    return beluga__decode_models(body, length, &shape, emit);
}
