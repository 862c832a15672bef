/* ConverseStream: frames named by their event. Blocks that are text alone may have no start. */
#include "providers/bedrock/bedrock.h"

#include <string.h>

struct event {
    const beluga_json *root;
    uint32_t index; /* of the block */
};

static int on_start(beluga__bedrock_state *state, const struct event *event, beluga_emit *emit)
{
    (void)event;
    (void)emit;
    state->started = true;
    return 0;
}

static int on_block_start(beluga__bedrock_state *state, const struct event *event,
                          beluga_emit *emit)
{
    const beluga_json *call = beluga_json_get(beluga_json_get(event->root, "start"), "toolUse");
    const char *name = beluga_json_get_string(call, "name", NULL);
    state->reasoning = false;
    if (!call) return 0;
    if (!name || !*name)
        return beluga_emit_failure(emit, BELUGA_ERROR_TOOL_CALL, NULL,
                                   "the model's tool call has no name");
    return beluga_emit_tool_call_begin(emit, event->index,
                                       beluga_json_get_string(call, "toolUseId", NULL), name);
}

static int on_delta(beluga__bedrock_state *state, const struct event *event, beluga_emit *emit)
{
    const beluga_json *delta = beluga_json_get(event->root, "delta");
    const beluga_json *reasoning = beluga_json_get(delta, "reasoningContent");
    size_t length = 0;
    const char *input = beluga_json_get_string(beluga_json_get(delta, "toolUse"), "input", &length);
    if (reasoning) {
        state->reasoning = true;
        return beluga__bedrock_emit_reasoning(reasoning, emit);
    }
    if (length) return beluga_emit_tool_call_delta(emit, event->index, input, length);
    return beluga__bedrock_emit_text(delta, emit);
}

static int on_block_stop(beluga__bedrock_state *state, const struct event *event, beluga_emit *emit)
{
    bool reasoning = state->reasoning;
    state->reasoning = false;
    return reasoning ? beluga_emit_reasoning_end(emit)
                     : beluga_emit_tool_call_end(emit, event->index); /* where it is one */
}

static int on_stop(beluga__bedrock_state *state, const struct event *event, beluga_emit *emit)
{
    return beluga__bedrock_emit_stop(state, beluga_json_get_string(event->root, "stopReason", NULL),
                                     emit);
}

/* The usage comes after the end. */
static int on_metadata(beluga__bedrock_state *state, const struct event *event, beluga_emit *emit)
{
    int code = beluga__bedrock_emit_usage(beluga_json_get(event->root, "usage"), emit);
    return code || !state->finished ? code : BELUGA_DECODE_DONE;
}

static const struct {
    const char *name;
    int (*decode)(beluga__bedrock_state *state, const struct event *event, beluga_emit *emit);
} events[] = {
    {"contentBlockDelta", on_delta},
    {"contentBlockStart", on_block_start},
    {"contentBlockStop", on_block_stop},
    {"messageStart", on_start},
    {"messageStop", on_stop},
    {"metadata", on_metadata},
};

int beluga__bedrock_decode_event(void *state, const beluga_frame *frame, beluga_emit *emit)
{
    struct event event;
    if (frame->kind != BELUGA_FRAME_EVENT)
        return beluga__bedrock_emit_exception(frame->event, frame->data, frame->length, emit);
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        if (strcmp(frame->event, events[i].name) != 0) continue;
        int code = beluga_emit_parse(emit, frame->data, frame->length, &event.root);
        if (code) return code;
        int64_t index = beluga_json_get_int(event.root, "contentBlockIndex", 0);
        event.index = index < 0 || index > INT32_MAX ? 0 : (uint32_t)index;
        return events[i].decode(state, &event, emit);
    }
    return 0;
}
