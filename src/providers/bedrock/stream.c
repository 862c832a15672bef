/* Decodes ConverseStream. Each frame contains the name of its event. A block of text may have no
 * start event. */
#include "providers/bedrock/bedrock.h"

#include <string.h>

typedef struct stream_event {
    const beluga_json *root;
    uint32_t index; /* index of the block */
} stream_event;

static int on_start(beluga__bedrock_state *state, const stream_event *event, beluga_emit *emit)
{
    (void)event;
    (void)emit;
    state->started = true;
    return 0;
}

static int on_block_start(beluga__bedrock_state *state, const stream_event *event,
                          beluga_emit *emit)
{
    const beluga_json *call = beluga_json_get(beluga_json_get(event->root, "start"), "toolUse");
    const beluga__call_piece piece = {
        .place = event->index,
        .id = beluga_json_get_string(call, "toolUseId", NULL),
        .name = beluga_json_get_string(call, "name", NULL),
    };
    state->reasoning = false;
    if (!call) return 0;
    int code = beluga__calls_add(&state->calls, &piece, emit);
    return code ? code : beluga__calls_name_is_whole(&state->calls, emit);
}

static int on_delta(beluga__bedrock_state *state, const stream_event *event, beluga_emit *emit)
{
    const beluga_json *delta = beluga_json_get(event->root, "delta");
    const beluga_json *reasoning = beluga_json_get(delta, "reasoningContent");
    const beluga_json *input = beluga_json_get(beluga_json_get(delta, "toolUse"), "input");
    if (reasoning) {
        state->reasoning = true;
        return beluga__bedrock_emit_reasoning(reasoning, emit);
    }
    if (!input) return beluga__emit_text_member(delta, "text", emit);
    beluga__call_piece piece = {.place = event->index};
    int code = beluga__calls_read_arguments(&piece, input, emit);
    bool known = beluga__calls_has(&state->calls, event->index, NULL);
    return code || !known ? code : beluga__calls_add(&state->calls, &piece, emit);
}

static int on_block_stop(beluga__bedrock_state *state, const stream_event *event, beluga_emit *emit)
{
    bool reasoning = state->reasoning;
    state->reasoning = false;
    if (reasoning) return beluga_emit_reasoning_end(emit);
    /* this does nothing if the block is a text */
    return beluga__calls_end(&state->calls, event->index, NULL, emit);
}

static int on_stop(beluga__bedrock_state *state, const stream_event *event, beluga_emit *emit)
{
    return beluga__bedrock_emit_stop(state, event->root, emit);
}

/* Decode the metadata with the usage, which arrives after the end of the message. */
static int on_metadata(beluga__bedrock_state *state, const stream_event *event, beluga_emit *emit)
{
    int code = beluga__bedrock_emit_usage(beluga_json_get(event->root, "usage"), emit);
    return code || !state->finished ? code : BELUGA_DECODE_DONE;
}

static const struct {
    const char *name;
    int (*decode)(beluga__bedrock_state *state, const stream_event *event, beluga_emit *emit);
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
    stream_event event;
    if (frame->kind != BELUGA_FRAME_EVENT)
        return beluga__bedrock_emit_exception(frame->event, frame->data, frame->length, emit);
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        if (strcmp(frame->event, events[i].name) != 0) continue;
        int code = beluga_emit_parse(emit, frame->data, frame->length, &event.root);
        if (code) return code;
        event.index = beluga__index_of(event.root, "contentBlockIndex");
        return events[i].decode(state, &event, emit);
    }
    return 0;
}
