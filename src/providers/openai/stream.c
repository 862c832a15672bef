#include "providers/openai/openai.h"

#include <string.h>

static bool is_done(const beluga_frame *frame)
{
    return frame->length >= 6 && memcmp(frame->data, "[DONE]", 6) == 0;
}

static bool is_error(const beluga_frame *frame)
{
    return frame->event_length == 5 && memcmp(frame->event, "error", 5) == 0;
}

/* Groq has the usage in a field of its own, too, Moonshot in the choice; it comes with the finish.
 */
static int emit_usage(const beluga_json *root, const beluga_json *choice, bool at_finish,
                      beluga_emit *emit)
{
    const beluga_json *usage = beluga_json_get(root, "usage");
    if (at_finish && !beluga_json_is_object(usage))
        usage = beluga_json_get(beluga_json_get(root, "x_groq"), "usage");
    if (at_finish && !beluga_json_is_object(usage)) usage = beluga_json_get(choice, "usage");
    return beluga__openai_emit_usage(usage, emit);
}

static int decode_choice(beluga__openai_state *state, const beluga_json *choice, beluga_emit *emit)
{
    const beluga_json *delta = beluga_json_get(choice, "delta");
    if (!beluga_json_is_object(delta)) delta = beluga_json_get(choice, "message");
    return beluga__openai_emit_message(state, delta, emit);
}

/* Objects that are not chunks of a completion have no choices and no usage, and so are ignored. A
 * finish reason ends nothing: some servers say it in every chunk. */
static int decode_chunk(beluga__openai_state *state, const beluga_json *root,
                        const beluga_json *choice, beluga_emit *emit)
{
    const char *word = beluga_json_get_string(choice, "finish_reason", NULL);
    bool finish = word && *word;
    int code = choice ? beluga__openai_emit_metadata(state, root, emit) : 0;
    if (!code && choice) code = decode_choice(state, choice, emit);
    if (!code) code = emit_usage(root, choice, finish || !choice, emit);
    if (!code && finish && beluga__fault_is(choice, true))
        return beluga__fault_emit(choice, BELUGA_ERROR_STREAM, emit);
    return code || !finish ? code : beluga__openai_emit_finish(state, word, emit);
}

int beluga__openai_decode_event(void *opaque, const beluga_frame *frame, beluga_emit *emit)
{
    beluga__openai_state *state = opaque;
    const beluga_json *root;
    if (!frame->length) return 0;
    if (is_done(frame)) return BELUGA_DECODE_DONE;
    int code = beluga_emit_parse(emit, frame->data, frame->length, &root);
    if (code) return code;
    const beluga_json *choice = beluga__openai_first_choice(root);
    if (is_error(frame) || beluga__fault_is(root, choice || state->finished))
        return beluga__fault_emit(root, BELUGA_ERROR_STREAM, emit);
    return decode_chunk(state, root, choice, emit);
}
