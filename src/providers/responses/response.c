#include "providers/responses/responses.h"

#include <string.h>

/* ---- items ----------------------------------------------------------------------------------- */

int beluga__responses_emit_refusal(beluga__responses_state *state, const char *text, size_t n,
                                   beluga_emit *emit)
{
    if (!n) return 0;
    state->refused = true;
    return beluga_emit_text(emit, text, n);
}

static int emit_content(beluga__responses_state *state, const beluga_json *part, beluga_emit *emit)
{
    size_t n = 0;
    const char *type = beluga_json_get_string(part, "type", NULL);
    if (beluga__is(type, "refusal")) {
        const char *refusal = beluga_json_get_string(part, "refusal", &n);
        return beluga__responses_emit_refusal(state, refusal, n, emit);
    }
    return beluga__is(type, "output_text") ? beluga__emit_text_member(part, "text", emit) : 0;
}

static int emit_message(beluga__responses_state *state, const beluga_json *item, beluga_emit *emit)
{
    const beluga_json *content = beluga_json_get(item, "content");
    int code = 0;
    if (state->has_text || !beluga_json_is_array(content)) return 0;
    for (const beluga_json *v = beluga_json_first(content); v && !code;
         v = beluga_json_next(content, v))
        code = emit_content(state, v, emit);
    return code;
}

/* Emit the parts of a summary as paragraphs, with blank lines between them. */
static int emit_paragraphs(const beluga_json *parts, beluga_emit *emit)
{
    bool first = true;
    int code = 0;
    if (!beluga_json_is_array(parts)) return 0;
    for (const beluga_json *v = beluga_json_first(parts); v && !code;
         v = beluga_json_next(parts, v)) {
        size_t n = 0;
        const char *text = beluga_json_get_string(v, "text", &n);
        if (!n) continue;
        if (!first) code = beluga_emit_reasoning(emit, "\n\n", 2);
        if (!code) code = beluga_emit_reasoning(emit, text, n);
        first = false;
    }
    return code;
}

static int emit_signature(const beluga_json *item, beluga_emit *emit)
{
    static const char mark[] = BELUGA__RESPONSES_SIGNED;
    size_t n_mark = sizeof mark - 1, n_id = 0, n = 0;
    const char *id = beluga_json_get_string(item, "id", &n_id);
    const char *encrypted = beluga_json_get_string(item, "encrypted_content", &n);
    if (!n) return 0;
    char *signature = beluga_emit_alloc(emit, n_mark + n_id + 1 + n + 1);
    if (!signature) return BELUGA_ERROR_NO_MEMORY;
    memcpy(signature, mark, n_mark);
    if (n_id) memcpy(signature + n_mark, id, n_id);
    signature[n_mark + n_id] = ':';
    memcpy(signature + n_mark + n_id + 1, encrypted, n);
    return beluga_emit_reasoning_signature(emit, signature, n_mark + n_id + 1 + n);
}

static int emit_reasoning(const beluga__responses_state *state, const beluga_json *item,
                          beluga_emit *emit)
{
    const beluga_json *text = beluga_json_get(item, "content");
    int code = 0;
    if (!beluga_json_count(text)) text = beluga_json_get(item, "summary");
    if (!state->has_reasoning) code = emit_paragraphs(text, emit);
    if (!code) code = emit_signature(item, emit);
    return code ? code : beluga_emit_reasoning_end(emit);
}

/* Emit the image of the API's own image tool, which returns base64 and the format. */
static int emit_image(const beluga_json *item, beluga_emit *emit)
{
    size_t n = 0, n_format = 0;
    char type[32] = "image/png";
    const char *result = beluga_json_get_string(item, "result", &n);
    const char *format = beluga_json_get_string(item, "output_format", &n_format);
    if (n_format && n_format < sizeof type - 6) memcpy(type + 6, format, n_format + 1);
    return n ? beluga_emit_media_base64(emit, BELUGA_PART_IMAGE, type, result, n) : 0;
}

/* Emit an item. Items of types that are not handled here belong to tools that the API runs itself,
 * and are sent back unchanged. */
int beluga__responses_emit_item(beluga__responses_state *state, const beluga_json *item,
                                int64_t output_index, beluga_emit *emit)
{
    const char *type = beluga_json_get_string(item, "type", NULL);
    int code = 0;
    if (beluga__is(type, "message")) {
        code = emit_message(state, item, emit);
        state->has_text = false;
    } else if (beluga__is(type, "reasoning")) {
        code = emit_reasoning(state, item, emit);
        state->has_reasoning = false;
    } else if (beluga__is(type, "function_call")) {
        code = beluga__responses_end_call(state, item, output_index, emit);
    } else if (beluga__is(type, "image_generation_call")) {
        code = emit_image(item, emit);
    } else if (type) {
        code = beluga__emit_json_state(emit, BELUGA_PART_STATE, 0, NULL, item);
    }
    return code;
}

int beluga__responses_emit_output(beluga__responses_state *state, const beluga_json *output,
                                  beluga_emit *emit)
{
    int64_t index = 0;
    int code = 0;
    if (!beluga_json_is_array(output)) return 0;
    for (const beluga_json *v = beluga_json_first(output); v && !code;
         v = beluga_json_next(output, v))
        code = beluga__responses_emit_item(state, v, index++, emit);
    return code;
}

/* ---- beside the content ---------------------------------------------------------------------- */

int beluga__responses_emit_metadata(beluga__responses_state *state, const beluga_json *response,
                                    beluga_emit *emit)
{
    const char *id = beluga_json_get_string(response, "id", NULL);
    const char *model = beluga_json_get_string(response, "model", NULL);
    int64_t created = beluga_json_get_int(response, "created_at", 0);
    if (state->has_metadata || (!id && !model)) return 0;
    state->has_metadata = id && model;
    return beluga_emit_metadata(emit, id, model, created > 0 ? created : 0);
}

static int emit_usage(const beluga_json *usage, beluga_emit *emit)
{
    beluga_usage u = BELUGA_USAGE_INIT;
    if (!beluga_json_is_object(usage)) return 0;
    const beluga_json *input = beluga_json_get(usage, "input_tokens_details");
    u.input_total = beluga__count(usage, "input_tokens", INT64_MAX);
    u.input_cache_read = beluga__count(input, "cached_tokens", INT64_MAX);
    u.input_cache_write = beluga__count(input, "cache_write_tokens", INT64_MAX);
    u.output_total = beluga__count(usage, "output_tokens", INT64_MAX);
    u.output_reasoning = beluga__count(beluga_json_get(usage, "output_tokens_details"),
                                       "reasoning_tokens", INT64_MAX);
    return beluga__emit_read_usage(&u, usage, emit);
}

/* ---- the end --------------------------------------------------------------------------------- */

/* Emit the finish. If the response is incomplete, the reason is in another member. */
static int emit_finish(beluga__responses_state *state, const beluga_json *response,
                       const char *status, beluga_emit *emit)
{
    const beluga_json *details = beluga_json_get(response, "incomplete_details");
    const char *reason = beluga__read_word(beluga_json_get(details, "reason"));
    const beluga__end end = {
        .word = reason ? reason : status,
        .calls = state->calls.count > 0,
        .refused = state->refused,
        .unfinished = reason || beluga__is(status, "incomplete"),
    };
    int code = beluga__calls_finish(&state->calls, emit);
    return code ? code : beluga__end_emit(&end, emit);
}

int beluga__responses_emit_end(beluga__responses_state *state, const beluga_json *response,
                               const char *status, beluga_emit *emit)
{
    const char *said = beluga__read_word(beluga_json_get(response, "status"));
    if (said) status = said;
    int code = beluga__responses_emit_metadata(state, response, emit);
    if (!code) code = emit_usage(beluga_json_get(response, "usage"), emit);
    if (code) return code;
    if (beluga__is(status, "failed") || beluga__fault_is(response, true))
        return beluga__fault_emit(response, BELUGA_ERROR_INTERNAL, emit);
    if (beluga__is(status, "completed") || beluga__is(status, "incomplete") ||
        beluga__is(status, "cancelled"))
        return emit_finish(state, response, status, emit);
    return beluga_emit_failure(emit, BELUGA_ERROR_INVALID_RESPONSE, status,
                               "the answer is not complete: its status is %s", status);
}

/* ---- whole answers --------------------------------------------------------------------------- */

int beluga__responses_decode_response(void *opaque, const char *body, size_t length,
                                      beluga_emit *emit)
{
    beluga__responses_state *state = opaque;
    const beluga_json *root;
    int code = beluga__decode_body(body, length, emit, &root);
    if (code) return code;
    const beluga_json *output = beluga_json_get(root, "output");
    if (!beluga_json_is_array(output))
        return beluga__fault_or_failure(root, "the answer is JSON, but not a response", emit);
    code = beluga__responses_emit_metadata(state, root, emit);
    if (!code) code = beluga__responses_emit_output(state, output, emit);
    return code ? code : beluga__responses_emit_end(state, root, "completed", emit);
}
