/* Decodes a stream: message_start, blocks in pieces, message_delta, message_stop. The type of an
 * event is read from its JSON, since proxies leave out the event's name. */
#include "providers/anthropic/anthropic.h"

#include <string.h>

/* Decode a delta of a block. Deltas of unknown kinds are ignored. */
static int decode_delta(beluga__anthropic_state *state, uint32_t index, const beluga_json *delta,
                        beluga_emit *emit)
{
    enum { TYPE, TEXT, PARTIAL_JSON, THINKING, SIGNATURE, CITATION, COUNT };
    static const beluga_json_name names[COUNT] = {
        [TYPE] = BELUGA_JSON_NAME("type"),
        [TEXT] = BELUGA_JSON_NAME("text"),
        [PARTIAL_JSON] = BELUGA_JSON_NAME("partial_json"),
        [THINKING] = BELUGA_JSON_NAME("thinking"),
        [SIGNATURE] = BELUGA_JSON_NAME("signature"),
        [CITATION] = BELUGA_JSON_NAME("citation"),
    };
    static const char *const types[COUNT] = {
        [TEXT] = "text_delta",          [PARTIAL_JSON] = "input_json_delta",
        [THINKING] = "thinking_delta",  [SIGNATURE] = "signature_delta",
        [CITATION] = "citations_delta",
    };
    const beluga_json *m[COUNT];
    size_t n = 0;
    int kind = TEXT;
    beluga_json_pick(delta, names, COUNT, m);
    const char *type = beluga_json_string(m[TYPE], NULL);
    while (kind < COUNT && !beluga__is(type, types[kind])) kind++;
    if (kind == CITATION) return beluga__anthropic_keep_citation(state, index, m[CITATION], emit);
    const char *text = kind < COUNT ? beluga_json_string(m[kind], &n) : NULL;
    if (!text || !n) return 0;
    switch (kind) {
    case TEXT: state->has_text = true; return beluga_emit_text(emit, text, n);
    case PARTIAL_JSON:
        return beluga__calls_has(&state->calls, index, NULL)
                   ? beluga__anthropic_emit_arguments(state, index, text, n, emit)
                   : beluga__anthropic_keep_input(state, index, text, n, emit);
    case THINKING: return beluga_emit_reasoning(emit, text, n);
    default: return beluga__anthropic_emit_signature(state, text, n, emit);
    }
}

/* Decode the start of a message. If the API paused to run tools, the start may already contain all
 * of the content. */
static int decode_message_start(beluga__anthropic_state *state, const beluga_json *message,
                                beluga_emit *emit)
{
    int code = beluga__anthropic_emit_head(state, message, emit);
    if (!code)
        code = beluga__anthropic_decode_blocks(state, beluga_json_get(message, "content"), emit);
    beluga__anthropic_keep_reason(state, beluga_json_get(message, "stop_reason"));
    return code;
}

/* Decode the end of a message. If it has a stop reason, the answer is complete. message_stop is not
 * required, since some servers end the stream with [DONE] or without an end marker. */
static int decode_message_delta(beluga__anthropic_state *state, const beluga_json *delta,
                                const beluga_json *usage, beluga_emit *emit)
{
    beluga__anthropic_keep_reason(state, beluga_json_get(delta, "stop_reason"));
    int code = beluga__anthropic_emit_usage(state, usage, emit);
    return code || !*state->reason ? code : beluga__anthropic_emit_finish(state, emit);
}

enum { TYPE, INDEX, DELTA, CONTENT_BLOCK, MESSAGE, USAGE, FAULTS };
enum { MEMBERS = FAULTS + BELUGA__FAULT_MEMBERS };

int beluga__anthropic_decode_event(void *opaque, const beluga_frame *frame, beluga_emit *emit)
{
    static const beluga_json_name names[MEMBERS] = {
        [TYPE] = BELUGA_JSON_NAME("type"),
        [INDEX] = BELUGA_JSON_NAME("index"),
        [DELTA] = BELUGA_JSON_NAME("delta"),
        [CONTENT_BLOCK] = BELUGA_JSON_NAME("content_block"),
        [MESSAGE] = BELUGA_JSON_NAME("message"),
        [USAGE] = BELUGA_JSON_NAME("usage"),
        [FAULTS] = BELUGA__FAULT_NAMES,
    };
    beluga__anthropic_state *state = opaque;
    const beluga_json *root, *m[MEMBERS];
    if (!frame->length) return 0;
    if (beluga__is_done(frame)) return BELUGA_DECODE_DONE;
    int code = beluga_emit_parse(emit, frame->data, frame->length, &root);
    if (code) return code;
    beluga_json_pick(root, names, MEMBERS, m);
    const char *type = beluga_json_string(m[TYPE], NULL);
    if (!type) type = frame->event;
    if (beluga__is(type, "error") || beluga__fault_among(m + FAULTS))
        return beluga__fault_emit(root, BELUGA_ERROR_STREAM, emit);
    int64_t number = beluga_json_int(m[INDEX], 0);
    uint32_t index = number < 0 || number > UINT32_MAX ? UINT32_MAX : (uint32_t)number;
    if (beluga__is(type, "content_block_delta")) return decode_delta(state, index, m[DELTA], emit);
    if (beluga__is(type, "content_block_start"))
        return beluga__anthropic_begin_block(state, index, m[CONTENT_BLOCK], emit);
    if (beluga__is(type, "content_block_stop"))
        return beluga__anthropic_end_block(state, index, emit);
    if (beluga__is(type, "message_start")) return decode_message_start(state, m[MESSAGE], emit);
    if (beluga__is(type, "message_delta"))
        return decode_message_delta(state, m[DELTA], m[USAGE], emit);
    if (!beluga__is(type, "message_stop")) return 0;
    code = beluga__anthropic_emit_finish(state, emit);
    return code ? code : BELUGA_DECODE_DONE;
}
