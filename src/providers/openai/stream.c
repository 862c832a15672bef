#include "providers/openai/openai.h"

#include <string.h>

/* Emit the usage, unless its object is empty. Groq also sends usage in a separate member, and
 * Moonshot sends it in the choice, together with the finish reason. */
static int emit_usage(const beluga_json *root, const beluga_json *usage,
                      const beluga_json *of_choice, bool at_finish, beluga_emit *emit)
{
    if (at_finish && !beluga_json_count(usage))
        usage = beluga_json_get(beluga_json_get(root, "x_groq"), "usage");
    if (at_finish && !beluga_json_count(usage)) usage = of_choice;
    return beluga_json_count(usage) ? beluga__openai_emit_usage(usage, emit) : 0;
}

/* Decode an event of a stream. A finish reason does not end the stream, since some servers send it
 * in every chunk. Objects that are not chunks of a completion have neither choices nor usage, so
 * they are ignored. */
int beluga__openai_decode_event(void *opaque, const beluga_frame *frame, beluga_emit *emit)
{
    beluga__openai_state *state = opaque;
    const beluga_json *root, *first, *m[BELUGA__OPENAI_MEMBERS];
    const beluga_json *choice[BELUGA__OPENAI_CHOICE_MEMBERS];
    if (!frame->length) return 0;
    if (beluga__is_done(frame)) return BELUGA_DECODE_DONE;
    int code = beluga_emit_parse(emit, frame->data, frame->length, &root);
    if (code) return code;
    beluga__openai_pick(root, m);
    first = beluga__openai_pick_choice(m[BELUGA__OPENAI_CHOICES], choice);
    bool certain = first || state->finished;
    bool named_error = frame->event_length == 5 && memcmp(frame->event, "error", 5) == 0;
    if (named_error ||
        (certain ? beluga__fault_among(m + BELUGA__OPENAI_FAULTS) : beluga__fault_is(root, false)))
        return beluga__fault_emit(root, BELUGA_ERROR_STREAM, emit);
    if (!first) return emit_usage(root, m[BELUGA__OPENAI_USAGE], NULL, true, emit);
    const char *word = beluga__read_word(choice[BELUGA__OPENAI_FINISH_REASON]);
    if (!state->has_metadata) code = beluga__openai_emit_metadata(state, m, emit);
    if (!code) code = beluga__openai_emit_choice(state, choice, emit);
    if (!code && (word || beluga_json_count(m[BELUGA__OPENAI_USAGE])))
        code = emit_usage(root, m[BELUGA__OPENAI_USAGE], choice[BELUGA__OPENAI_CHOICE_USAGE], word,
                          emit);
    if (code || !word) return code;
    if (beluga__fault_is(first, true)) return beluga__fault_emit(first, BELUGA_ERROR_STREAM, emit);
    state->finished = true;
    return beluga__openai_emit_finish(state, choice, emit);
}
