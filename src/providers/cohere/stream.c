/* Events with a type of their own: every one is told by the "type" inside, which SSE's name
 * repeats. */
#include "providers/cohere/cohere.h"

#include <string.h>

struct event {
    const beluga_json *root, *delta, *message;
    uint32_t index;
};

static int on_start(beluga__cohere_state *state, const struct event *event, beluga_emit *emit)
{
    (void)state;
    return beluga_emit_metadata(emit, beluga_json_get_string(event->root, "id", NULL), NULL, 0);
}

/* Of a start it is mostly empty. */
static int on_content(beluga__cohere_state *state, const struct event *event, beluga_emit *emit)
{
    const beluga_json *content = beluga_json_get(event->message, "content");
    int code = beluga__cohere_end_plan(state, emit);
    if (!code) code = beluga__cohere_emit_thinking(content, emit);
    return code ? code : beluga__cohere_emit_text(content, "text", emit);
}

static int on_plan(beluga__cohere_state *state, const struct event *event, beluga_emit *emit)
{
    return beluga__cohere_emit_plan(state, event->message, emit);
}

/* What was held back after all is a piece. */
static int let_go(beluga__cohere_state *state, beluga_emit *emit)
{
    if (!state->held) return 0;
    state->held = false;
    return beluga_emit_tool_call_delta(emit, state->held_index, "null", 4);
}

static int emit_arguments(beluga__cohere_state *state, const beluga_json *call, uint32_t index,
                          beluga_emit *emit)
{
    size_t length = 0;
    const char *text =
        beluga_json_get_string(beluga_json_get(call, "function"), "arguments", &length);
    if (!length) return 0;
    bool first = state->fresh;
    state->fresh = false;
    if (first && beluga__cohere_is_null(text, length)) {
        state->held = true;
        state->held_index = index;
        return 0;
    }
    int code = let_go(state, emit);
    return code ? code : beluga_emit_tool_call_delta(emit, index, text, length);
}

static int on_call_start(beluga__cohere_state *state, const struct event *event, beluga_emit *emit)
{
    const beluga_json *call = beluga_json_get(event->message, "tool_calls");
    const char *name = beluga_json_get_string(beluga_json_get(call, "function"), "name", NULL);
    const char *id = beluga_json_get_string(call, "id", NULL);
    int code = beluga__cohere_end_plan(state, emit);
    if (code) return code;
    if (!name || !*name)
        return beluga_emit_failure(emit, BELUGA_ERROR_TOOL_CALL, NULL,
                                   "the model's tool call has no name");
    state->fresh = true;
    state->held = false;
    code = beluga_emit_tool_call_begin(emit, event->index, id, name);
    return code ? code : emit_arguments(state, call, event->index, emit);
}

static int on_call_delta(beluga__cohere_state *state, const struct event *event, beluga_emit *emit)
{
    return emit_arguments(state, beluga_json_get(event->message, "tool_calls"), event->index, emit);
}

static int on_call_end(beluga__cohere_state *state, const struct event *event, beluga_emit *emit)
{
    state->held = false;
    return beluga_emit_tool_call_end(emit, event->index);
}

static int on_end(beluga__cohere_state *state, const struct event *event, beluga_emit *emit)
{
    int code = beluga__cohere_emit_end(state, event->delta, emit);
    return code ? code : BELUGA_DECODE_DONE;
}

/* An error where an event should be has a message and no type, or one of its own. */
static int fail(const beluga_json *root, beluga_emit *emit)
{
    if (beluga_json_get_string(root, "message", NULL))
        return beluga__cohere_emit_fault(root, BELUGA_ERROR_STREAM, emit);
    return beluga_emit_failure(emit, BELUGA_ERROR_MALFORMED_RESPONSE, NULL,
                               "an event of the stream has no type");
}

int beluga__cohere_decode_event(void *state, const beluga_frame *frame, beluga_emit *emit)
{
    static const struct {
        const char *type;
        int (*decode)(beluga__cohere_state *state, const struct event *event, beluga_emit *emit);
    } types[] = {
        {"content-delta", on_content},      {"message-start", on_start},
        {"content-start", on_content},      {"tool-plan-delta", on_plan},
        {"tool-call-start", on_call_start}, {"tool-call-delta", on_call_delta},
        {"tool-call-end", on_call_end},     {"message-end", on_end},
    };
    struct event event;
    if (!frame->length || strcmp(frame->data, "[DONE]") == 0) return 0;
    int code = beluga_emit_parse(emit, frame->data, frame->length, &event.root);
    if (code) return code;
    const char *type = beluga_json_get_string(event.root, "type", NULL);
    int64_t index = beluga_json_get_int(event.root, "index", 0);
    if (!type || strcmp(type, "error") == 0) return fail(event.root, emit);
    event.delta = beluga_json_get(event.root, "delta");
    event.message = beluga_json_get(event.delta, "message");
    event.index = index < 0 || index > INT32_MAX ? 0 : (uint32_t)index;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(type, types[i].type) == 0) return types[i].decode(state, &event, emit);
    return 0;
}
