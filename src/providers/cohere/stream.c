/* Decodes a stream. The JSON of each event contains its type, which the name of the SSE event
 * repeats. */
#include "providers/cohere/cohere.h"

#include <string.h>

typedef struct stream_event {
    const beluga_json *root, *delta, *message;
    uint32_t index;
} stream_event;

static int on_start(beluga__cohere_state *state, const stream_event *event, beluga_emit *emit)
{
    (void)state;
    return beluga_emit_metadata(emit, beluga_json_get_string(event->root, "id", NULL), NULL, 0);
}

/* Emit the content of a "content-start" or "content-delta" event. The content of a start is usually
 * empty. */
static int on_content(beluga__cohere_state *state, const stream_event *event, beluga_emit *emit)
{
    const beluga_json *content = beluga_json_get(event->message, "content");
    int code = beluga__cohere_end_plan(state, emit);
    if (!code) code = beluga__emit_reasoning_member(content, "thinking", emit);
    return code ? code : beluga__emit_text_member(content, "text", emit);
}

static int on_plan(beluga__cohere_state *state, const stream_event *event, beluga_emit *emit)
{
    return beluga__cohere_emit_plan(state, event->message, emit);
}

static int add(beluga__cohere_state *state, const stream_event *event, beluga_emit *emit)
{
    beluga__call_piece piece =
        beluga__cohere_read_call(beluga_json_get(event->message, "tool_calls"), event->index);
    return beluga__calls_add(&state->calls, &piece, emit);
}

static int on_call_start(beluga__cohere_state *state, const stream_event *event, beluga_emit *emit)
{
    int code = beluga__cohere_end_plan(state, emit);
    if (!code) code = add(state, event, emit);
    return code ? code : beluga__calls_name_is_whole(&state->calls, emit);
}

static int on_call_end(beluga__cohere_state *state, const stream_event *event, beluga_emit *emit)
{
    return beluga__calls_end(&state->calls, event->index, NULL, emit);
}

static int on_end(beluga__cohere_state *state, const stream_event *event, beluga_emit *emit)
{
    int code = beluga__cohere_emit_end(state, event->delta, emit);
    return code ? code : BELUGA_DECODE_DONE;
}

int beluga__cohere_decode_event(void *state, const beluga_frame *frame, beluga_emit *emit)
{
    static const struct {
        const char *type;
        int (*decode)(beluga__cohere_state *state, const stream_event *event, beluga_emit *emit);
    } types[] = {
        {"content-delta", on_content},      {"message-start", on_start},
        {"content-start", on_content},      {"tool-plan-delta", on_plan},
        {"tool-call-start", on_call_start}, {"tool-call-delta", add},
        {"tool-call-end", on_call_end},     {"message-end", on_end},
    };
    stream_event event;
    if (!frame->length || beluga__is_done(frame)) return 0;
    int code = beluga_emit_parse(emit, frame->data, frame->length, &event.root);
    if (code) return code;
    const char *type = beluga_json_get_string(event.root, "type", NULL);
    /* An error that is sent instead of an event has a message and no type, or the type "error". */
    if (!type || strcmp(type, "error") == 0)
        return beluga__cohere_emit_fault(event.root, true, emit);
    event.delta = beluga_json_get(event.root, "delta");
    event.message = beluga_json_get(event.delta, "message");
    event.index = beluga__index_of(event.root, "index");
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(type, types[i].type) == 0) return types[i].decode(state, &event, emit);
    return 0;
}
