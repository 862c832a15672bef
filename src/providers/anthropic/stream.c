/* A stream: message_start, blocks in pieces, message_delta, message_stop. What an event is stands
 * in its JSON; proxies leave out its name. */
#include "providers/anthropic/anthropic.h"

#include <string.h>

static bool is(const char *type, const char *name)
{
    return type && strcmp(type, name) == 0;
}

/* A delta's text in member `key`, or NULL; "" too is none. */
static const char *text_of(const beluga_json *delta, const char *key, size_t *n)
{
    const char *text = beluga_json_get_string(delta, key, n);
    return text && *n ? text : NULL;
}

/* Deltas of other kinds are ignored. */
static int decode_delta(beluga__anthropic_state *state, uint32_t index, const beluga_json *delta,
                        beluga_emit *emit)
{
    const char *type = beluga_json_get_string(delta, "type", NULL), *text;
    size_t n;
    if (is(type, "text_delta") && (text = text_of(delta, "text", &n))) {
        state->has_text = true;
        return beluga_emit_text(emit, text, n);
    }
    if (is(type, "input_json_delta") && (text = text_of(delta, "partial_json", &n)))
        return beluga__anthropic_is_tool(state, index)
                   ? beluga__anthropic_emit_arguments(state, index, text, n, emit)
                   : beluga__anthropic_keep_input(state, index, text, n, emit);
    if (is(type, "thinking_delta") && (text = text_of(delta, "thinking", &n)))
        return beluga_emit_reasoning(emit, text, n);
    if (is(type, "signature_delta") && (text = text_of(delta, "signature", &n)))
        return beluga__anthropic_emit_signature(state, text, n, emit);
    if (is(type, "citations_delta"))
        return beluga__anthropic_keep_citation(state, index, beluga_json_get(delta, "citation"),
                                               emit);
    return 0;
}

/* After a pause for the tools that the API runs, a message may start with all that it has. */
static int decode_message_start(beluga__anthropic_state *state, const beluga_json *message,
                                beluga_emit *emit)
{
    int code = beluga__anthropic_emit_head(state, message, emit);
    if (!code)
        code = beluga__anthropic_decode_blocks(state, beluga_json_get(message, "content"), emit);
    beluga__anthropic_keep_reason(state, message);
    return code;
}

static int decode_message_delta(beluga__anthropic_state *state, const beluga_json *root,
                                beluga_emit *emit)
{
    beluga__anthropic_keep_reason(state, beluga_json_get(root, "delta"));
    return beluga__anthropic_emit_usage(state, beluga_json_get(root, "usage"), emit);
}

static int decode_stop(beluga__anthropic_state *state, beluga_emit *emit)
{
    int code = beluga__anthropic_emit_finish(state, emit);
    return code ? code : BELUGA_DECODE_DONE;
}

static int decode(beluga__anthropic_state *state, const char *type, const beluga_json *root,
                  beluga_emit *emit)
{
    int64_t number = beluga_json_get_int(root, "index", 0);
    uint32_t index = number < 0 || number > UINT32_MAX ? UINT32_MAX : (uint32_t)number;
    if (is(type, "content_block_delta"))
        return decode_delta(state, index, beluga_json_get(root, "delta"), emit);
    if (is(type, "content_block_start"))
        return beluga__anthropic_begin_block(state, index, beluga_json_get(root, "content_block"),
                                             emit);
    if (is(type, "content_block_stop")) return beluga__anthropic_end_block(state, index, emit);
    if (is(type, "message_start"))
        return decode_message_start(state, beluga_json_get(root, "message"), emit);
    if (is(type, "message_delta")) return decode_message_delta(state, root, emit);
    return is(type, "message_stop") ? decode_stop(state, emit) : 0;
}

int beluga__anthropic_decode_event(void *opaque, const beluga_frame *frame, beluga_emit *emit)
{
    const beluga_json *root;
    if (!frame->length) return 0;
    int code = beluga_emit_parse(emit, frame->data, frame->length, &root);
    if (code) return code;
    const char *type = beluga_json_get_string(root, "type", NULL);
    if (!type) type = frame->event;
    if (is(type, "error") || beluga__fault_is(root, true))
        return beluga__fault_emit(root, BELUGA_ERROR_STREAM, emit);
    return decode(opaque, type, root, emit);
}
