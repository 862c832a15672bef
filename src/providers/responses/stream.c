/* A stream: items are added, come in pieces, and are done; the response that ends it has the usage.
 */
#include "providers/responses/responses.h"

#include <string.h>

static bool is(const char *type, const char *name)
{
    return strcmp(type, name) == 0;
}

/* ---- pieces ---------------------------------------------------------------------------------- */

/* A piece of a part, under "delta"; or the whole of it, which says nothing new when pieces came. */
static const char *read_piece(beluga__responses_state *state, const beluga_json *event,
                              const char *whole, size_t *n)
{
    const char *text = beluga_json_get_string(event, whole ? whole : "delta", n);
    if (whole && state->in_part) *n = 0;
    state->in_part = !whole && (state->in_part || *n);
    return text;
}

static int emit_text(beluga__responses_state *state, const beluga_json *event, const char *whole,
                     beluga_emit *emit)
{
    size_t n = 0;
    const char *text = read_piece(state, event, whole, &n);
    state->has_text = state->has_text || n;
    return n ? beluga_emit_text(emit, text, n) : 0;
}

static int emit_refusal(beluga__responses_state *state, const beluga_json *event, const char *whole,
                        beluga_emit *emit)
{
    size_t n = 0;
    const char *text = read_piece(state, event, whole, &n);
    state->has_text = state->has_text || n;
    return beluga__responses_emit_refusal(state, text, n, emit);
}

static int emit_reasoning(beluga__responses_state *state, const beluga_json *event,
                          const char *whole, beluga_emit *emit)
{
    size_t n = 0;
    const char *text = read_piece(state, event, whole, &n);
    state->has_reasoning = state->has_reasoning || n;
    return n ? beluga_emit_reasoning(emit, text, n) : 0;
}

/* Parts of a summary are paragraphs. */
static int begin_paragraph(const beluga__responses_state *state, beluga_emit *emit)
{
    return state->has_reasoning ? beluga_emit_reasoning(emit, "\n\n", 2) : 0;
}

static int begin_item(beluga__responses_state *state, const beluga_json *event, beluga_emit *emit)
{
    const beluga_json *item = beluga_json_get(event, "item");
    const char *type = beluga_json_get_string(item, "type", NULL);
    if (!type || !is(type, "function_call")) return 0;
    return beluga__responses_begin_call(state, item, beluga_json_get_int(event, "output_index", -1),
                                        emit);
}

/* Returns 1 for an event of another kind. */
static int decode_part(beluga__responses_state *state, const char *type, const beluga_json *event,
                       beluga_emit *emit)
{
    if (is(type, "output_text.delta")) return emit_text(state, event, NULL, emit);
    if (is(type, "output_text.done")) return emit_text(state, event, "text", emit);
    if (is(type, "refusal.delta")) return emit_refusal(state, event, NULL, emit);
    if (is(type, "refusal.done")) return emit_refusal(state, event, "refusal", emit);
    if (is(type, "reasoning_summary_text.delta") || is(type, "reasoning_text.delta"))
        return emit_reasoning(state, event, NULL, emit);
    if (is(type, "reasoning_summary_text.done") || is(type, "reasoning_text.done"))
        return emit_reasoning(state, event, "text", emit);
    return 1;
}

static int decode_piece(beluga__responses_state *state, const char *type, const beluga_json *event,
                        beluga_emit *emit)
{
    int code = decode_part(state, type, event, emit);
    state->has_items = state->has_items || code != 1 || strncmp(type, "output_item.", 12) == 0;
    if (code != 1) return code;
    if (is(type, "function_call_arguments.delta"))
        return beluga__responses_add_arguments(state, event, "delta", emit);
    if (is(type, "function_call_arguments.done"))
        return beluga__responses_add_arguments(state, event, "arguments", emit);
    if (is(type, "reasoning_summary_part.added")) return begin_paragraph(state, emit);
    if (is(type, "output_item.added")) return begin_item(state, event, emit);
    if (is(type, "output_item.done"))
        return beluga__responses_emit_item(state, beluga_json_get(event, "item"),
                                           beluga_json_get_int(event, "output_index", -1), emit);
    return 0;
}

/* ---- events ---------------------------------------------------------------------------------- */

static int decode_end(beluga__responses_state *state, const char *status,
                      const beluga_json *response, beluga_emit *emit)
{
    int code = 0;
    /* Some servers tell all of it at the end alone. */
    if (!state->has_items && !is(status, "failed"))
        code = beluga__responses_emit_output(state, beluga_json_get(response, "output"), emit);
    if (!code) code = beluga__responses_emit_end(state, response, status, emit);
    return code ? code : BELUGA_DECODE_DONE;
}

static int decode(beluga__responses_state *state, const char *type, const beluga_json *event,
                  beluga_emit *emit)
{
    const beluga_json *response = beluga_json_get(event, "response");
    if (is(type, "completed") || is(type, "incomplete") || is(type, "failed") ||
        is(type, "cancelled"))
        return decode_end(state, type, response, emit);
    if (is(type, "created") || is(type, "in_progress"))
        return beluga__responses_emit_metadata(state, response, emit);
    return decode_piece(state, type, event, emit);
}

static bool is_done(const beluga_frame *frame)
{
    return frame->length >= 6 && memcmp(frame->data, "[DONE]", 6) == 0;
}

int beluga__responses_decode_event(void *state, const beluga_frame *frame, beluga_emit *emit)
{
    static const char prefix[] = "response.";
    const beluga_json *event;
    if (!frame->length) return 0;
    if (is_done(frame)) return BELUGA_DECODE_DONE; /* a proxy's */
    int code = beluga_emit_parse(emit, frame->data, frame->length, &event);
    if (code) return code;
    const char *type = beluga_json_get_string(event, "type", NULL);
    if (!type) type = frame->event;
    if (is(type, "error") || is(type, "response.error") || beluga__fault_is(event, true))
        return beluga__fault_emit(event, BELUGA_ERROR_STREAM, emit);
    if (strncmp(type, prefix, sizeof prefix - 1) != 0) return 0;
    return decode(state, type + sizeof prefix - 1, event, emit);
}
