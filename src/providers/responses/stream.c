/* Decodes a stream: items are added, arrive in pieces, and are completed. The response at the end
 * contains the usage. */
#include "providers/responses/responses.h"

#include <string.h>

/* Members of an event, the most frequent first. Some are listed only so that they are skipped
 * quickly; the members of an error come last. */
typedef enum member {
    TYPE,
    SEQUENCE_NUMBER,
    ITEM_ID,
    OUTPUT_INDEX,
    CONTENT_INDEX,
    DELTA,
    LOGPROBS,
    OBFUSCATION,
    TEXT,
    REFUSAL,
    ARGUMENTS,
    ITEM,
    RESPONSE,
    FAULTS,
    MEMBERS = FAULTS + BELUGA__FAULT_MEMBERS
} member;

static const beluga_json_name names[MEMBERS] = {
    [TYPE] = BELUGA_JSON_NAME("type"),
    [SEQUENCE_NUMBER] = BELUGA_JSON_NAME("sequence_number"),
    [ITEM_ID] = BELUGA_JSON_NAME("item_id"),
    [OUTPUT_INDEX] = BELUGA_JSON_NAME("output_index"),
    [CONTENT_INDEX] = BELUGA_JSON_NAME("content_index"),
    [DELTA] = BELUGA_JSON_NAME("delta"),
    [LOGPROBS] = BELUGA_JSON_NAME("logprobs"),
    [OBFUSCATION] = BELUGA_JSON_NAME("obfuscation"),
    [TEXT] = BELUGA_JSON_NAME("text"),
    [REFUSAL] = BELUGA_JSON_NAME("refusal"),
    [ARGUMENTS] = BELUGA_JSON_NAME("arguments"),
    [ITEM] = BELUGA_JSON_NAME("item"),
    [RESPONSE] = BELUGA_JSON_NAME("response"),
    [FAULTS] = BELUGA__FAULT_NAMES,
};

typedef struct stream_event {
    const char *type; /* the event's type without the prefix "response." */
    member piece;     /* the member with the text; DELTA if it is only a piece */
    const beluga_json *members[MEMBERS];
} stream_event;

/* ---- pieces ---------------------------------------------------------------------------------- */

/* Returns a piece of a part, or the complete part. If pieces have arrived before, the complete part
 * contains nothing new, so its length is set to 0. */
static const char *read_piece(beluga__responses_state *state, const stream_event *event, size_t *n)
{
    bool whole = event->piece != DELTA;
    const char *text = beluga_json_string(event->members[event->piece], n);
    if (whole && state->in_part) *n = 0;
    state->in_part = !whole && (state->in_part || *n);
    return text;
}

static int on_text(beluga__responses_state *state, const stream_event *event, beluga_emit *emit)
{
    size_t n = 0;
    const char *text = read_piece(state, event, &n);
    state->has_text = state->has_text || n;
    return n ? beluga_emit_text(emit, text, n) : 0;
}

static int on_refusal(beluga__responses_state *state, const stream_event *event, beluga_emit *emit)
{
    size_t n = 0;
    const char *text = read_piece(state, event, &n);
    state->has_text = state->has_text || n;
    return beluga__responses_emit_refusal(state, text, n, emit);
}

static int on_reasoning(beluga__responses_state *state, const stream_event *event,
                        beluga_emit *emit)
{
    size_t n = 0;
    const char *text = read_piece(state, event, &n);
    state->has_reasoning = state->has_reasoning || n;
    return n ? beluga_emit_reasoning(emit, text, n) : 0;
}

/* Emit a blank line before every part of a summary but the first, since the parts are
 * paragraphs. */
static int on_paragraph(beluga__responses_state *state, const stream_event *event,
                        beluga_emit *emit)
{
    (void)event;
    return state->has_reasoning ? beluga_emit_reasoning(emit, "\n\n", 2) : 0;
}

static int on_arguments(beluga__responses_state *state, const stream_event *event,
                        beluga_emit *emit)
{
    beluga__call_piece piece = {
        .place = beluga_json_int(event->members[OUTPUT_INDEX], BELUGA__NO_PLACE),
        .item = beluga__filled(beluga_json_string(event->members[ITEM_ID], NULL)),
    };
    int code = beluga__calls_read_arguments(&piece, event->members[event->piece], emit);
    if (code) return code;
    return beluga__responses_add_arguments(state, &piece, event->piece == ARGUMENTS, emit);
}

static int on_item_begin(beluga__responses_state *state, const stream_event *event,
                         beluga_emit *emit)
{
    const beluga_json *item = event->members[ITEM];
    const char *type = beluga_json_get_string(item, "type", NULL);
    state->has_items = true;
    if (!type || strcmp(type, "function_call") != 0) return 0;
    return beluga__responses_begin_call(state, item,
                                        beluga_json_int(event->members[OUTPUT_INDEX], -1), emit);
}

static int on_item(beluga__responses_state *state, const stream_event *event, beluga_emit *emit)
{
    state->has_items = true;
    return beluga__responses_emit_item(state, event->members[ITEM],
                                       beluga_json_int(event->members[OUTPUT_INDEX], -1), emit);
}

/* ---- events ---------------------------------------------------------------------------------- */

static int on_head(beluga__responses_state *state, const stream_event *event, beluga_emit *emit)
{
    return beluga__responses_emit_metadata(state, event->members[RESPONSE], emit);
}

static int on_end(beluga__responses_state *state, const stream_event *event, beluga_emit *emit)
{
    const beluga_json *response = event->members[RESPONSE];
    int code = 0;
    /* some servers send the items only with the response at the end */
    if (!state->has_items && strcmp(event->type, "failed") != 0)
        code = beluga__responses_emit_output(state, beluga_json_get(response, "output"), emit);
    if (!code) code = beluga__responses_emit_end(state, response, event->type, emit);
    return code ? code : BELUGA_DECODE_DONE;
}

typedef struct event_row {
    const char *type;
    int (*decode)(beluga__responses_state *state, const stream_event *event, beluga_emit *emit);
    member piece;
} event_row;

static const event_row rows[] = {
    {"output_text.delta", on_text, DELTA},
    {"function_call_arguments.delta", on_arguments, DELTA},
    {"reasoning_summary_text.delta", on_reasoning, DELTA},
    {"reasoning_text.delta", on_reasoning, DELTA},
    {"refusal.delta", on_refusal, DELTA},
    {"output_text.done", on_text, TEXT},
    {"function_call_arguments.done", on_arguments, ARGUMENTS},
    {"reasoning_summary_text.done", on_reasoning, TEXT},
    {"reasoning_text.done", on_reasoning, TEXT},
    {"refusal.done", on_refusal, REFUSAL},
    {"reasoning_summary_part.added", on_paragraph, DELTA},
    {"output_item.added", on_item_begin, DELTA},
    {"output_item.done", on_item, DELTA},
    {"created", on_head, DELTA},
    {"in_progress", on_head, DELTA},
    {"completed", on_end, DELTA},
    {"incomplete", on_end, DELTA},
    {"failed", on_end, DELTA},
    {"cancelled", on_end, DELTA},
};

static bool is_content(const event_row *row)
{
    return row->decode == on_text || row->decode == on_refusal || row->decode == on_reasoning;
}

static int decode(beluga__responses_state *state, stream_event *event, beluga_emit *emit)
{
    static const char prefix[] = "response.";
    if (strncmp(event->type, prefix, sizeof prefix - 1) != 0) return 0;
    event->type += sizeof prefix - 1;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(event->type, rows[i].type) != 0) continue;
        event->piece = rows[i].piece;
        state->has_items = state->has_items || is_content(&rows[i]);
        return rows[i].decode(state, event, emit);
    }
    return 0;
}

int beluga__responses_decode_event(void *state, const beluga_frame *frame, beluga_emit *emit)
{
    const beluga_json *root;
    stream_event event;
    if (!frame->length) return 0;
    if (beluga__is_done(frame)) return BELUGA_DECODE_DONE; /* a proxy may send this */
    int code = beluga_emit_parse(emit, frame->data, frame->length, &root);
    if (code) return code;
    beluga_json_pick(root, names, MEMBERS, event.members);
    event.type = beluga_json_string(event.members[TYPE], NULL);
    if (!event.type) event.type = frame->event;
    if (strcmp(event.type, "error") == 0 || strcmp(event.type, "response.error") == 0 ||
        beluga__fault_among(event.members + FAULTS))
        return beluga__fault_emit(root, BELUGA_ERROR_STREAM, emit);
    return decode(state, &event, emit);
}
