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

static int add(beluga__cohere_state *state, const struct event *event, beluga_emit *emit)
{
    beluga__call_piece piece =
        beluga__cohere_read_call(beluga_json_get(event->message, "tool_calls"), event->index);
    return beluga__calls_add(&state->calls, &piece, emit);
}

static int on_call_start(beluga__cohere_state *state, const struct event *event, beluga_emit *emit)
{
    int code = beluga__cohere_end_plan(state, emit);
    if (!code) code = add(state, event, emit);
    return code ? code : beluga__calls_name_is_whole(&state->calls, emit);
}

static int on_call_end(beluga__cohere_state *state, const struct event *event, beluga_emit *emit)
{
    return beluga__calls_end(&state->calls, event->index, NULL, emit);
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
    if (beluga__fault_is(root, false)) return beluga__fault_emit(root, BELUGA_ERROR_STREAM, emit);
    return beluga__decode_failure(root, BELUGA_ERROR_MALFORMED_RESPONSE,
                                  "an event of the stream has no type", emit);
}

int beluga__cohere_decode_event(void *state, const beluga_frame *frame, beluga_emit *emit)
{
    static const struct {
        const char *type;
        int (*decode)(beluga__cohere_state *state, const struct event *event, beluga_emit *emit);
    } types[] = {
        {"content-delta", on_content},      {"message-start", on_start},
        {"content-start", on_content},      {"tool-plan-delta", on_plan},
        {"tool-call-start", on_call_start}, {"tool-call-delta", add},
        {"tool-call-end", on_call_end},     {"message-end", on_end},
    };
    struct event event;
    if (!frame->length || beluga__is_done(frame)) return 0;
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
