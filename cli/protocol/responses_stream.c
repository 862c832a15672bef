/*
 * Writes a stream of Responses.
 *
 * Each piece of the answer belongs to an item. An item is added before its first piece, and done
 * after its last. The model's events may alternate between several items, but clients need one item
 * after the other: Codex forgets the open message when any item is done. If pieces of a tool call
 * arrive after another tool call has begun, LangChain believes that they are a third tool call. So
 * the first item that is not done is written as its pieces arrive, and later items wait.
 *
 * The end of the stream repeats all items, so their texts are kept.
 */
#include "protocol/put.h"
#include "protocol/responses.h"

#include <beluga/allocator.h>
#include <beluga/error.h>

#include <stdlib.h>
#include <string.h>

#define MAX_KEPT  (64u << 20) /* maximum for the texts of all items */
#define MAX_ITEMS 4096u       /* maximum number of items */
#define MAX_HEAD  1024u

/* ---- items ----------------------------------------------------------------------------------- */

static responses_kept *items(const responses_stream *s)
{
    return (responses_kept *)(void *)s->items.data;
}

static responses_kept *newest(const responses_stream *s)
{
    return &items(s)[s->n_items - 1];
}

static bool is_call(const responses_kept *item)
{
    return item->kind == RESPONSES_FUNCTION_CALL || item->kind == RESPONSES_CUSTOM_CALL;
}

static responses_item view(const responses_stream *s, const responses_kept *kept)
{
    const char *texts = s->texts.data;
    bool call = is_call(kept);
    return (responses_item){.kind = (responses_kind)kept->kind,
                            .index = (size_t)(kept - items(s)),
                            .open = !kept->done,
                            .cut = kept->cut,
                            .text = texts + kept->text.at,
                            .length = kept->text.length,
                            .signature = texts + kept->signature.at,
                            .signature_length = kept->signature.length,
                            .id = call ? texts + kept->id : NULL,
                            .name = call ? texts + kept->name : NULL};
}

static int keep(responses_stream *s, responses_text *text, const char *bytes, size_t length)
{
    if (!text->length) text->at = s->texts.length;
    text->length += length;
    return beluga__buf_append(&s->texts, bytes, length);
}

static int keep_name(responses_stream *s, const char *name, size_t *at)
{
    *at = s->texts.length;
    return beluga__buf_append(&s->texts, name, strlen(name) + 1);
}

/* ---- events ---------------------------------------------------------------------------------- */

/* Begin an event that is not just a piece of text. It gets a JSON writer of its own. The caller
 * adds members, and calls `end`. Returns NULL if memory runs out. */
static beluga_json_writer *begin(responses_stream *s, const char *type)
{
    beluga_json_writer *w = beluga_json_writer_new();
    if (!w) return NULL;
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "type", type);
    beluga_json_put_int(w, "sequence_number", s->sequence++);
    return w;
}

static int end(responses_stream *s, const char *type, beluga_json_writer *w)
{
    size_t length;
    const char *text;
    beluga__buf *out = s->base.out;
    beluga_json_end_object(w);
    int rc = beluga_json_writer_text(w, &text, &length);
    if (rc == BELUGA_ERROR_INVALID_INPUT)
        rc = BELUGA_ERROR_NO_MEMORY; /* protocol_give_up was called because memory ran out */
    if (rc == 0) {
        PROTOCOL_PUT(out, "event: ");
        beluga__buf_puts(out, type);
        PROTOCOL_PUT(out, "\ndata: ");
        beluga__buf_append(out, text, length);
        rc = PROTOCOL_PUT(out, "\n\n");
    }
    beluga_json_writer_free(w);
    return rc;
}

static int write_item(responses_stream *s, const char *type, const responses_kept *kept)
{
    responses_item item = view(s, kept);
    beluga_json_writer *w = begin(s, type);
    if (!w) return BELUGA_ERROR_NO_MEMORY;
    beluga_json_put_int(w, "output_index", (int64_t)item.index);
    protocol_responses_put_item(w, "item", s->base.request, &s->base.identity, &item);
    return end(s, type, w);
}

/* Write an event about the content of an item; `put` adds its members after the item's index. */
static int write_event_of(responses_stream *s, const char *type, const responses_item *item,
                          void (*put)(beluga_json_writer *w, const responses_item *item))
{
    beluga_json_writer *w = begin(s, type);
    if (!w) return BELUGA_ERROR_NO_MEMORY;
    protocol_responses_put_item_id(w, "item_id", &s->base.identity, item);
    beluga_json_put_int(w, "output_index", (int64_t)item->index);
    if (put) put(w, item);
    return end(s, type, w);
}

static void put_message_part(beluga_json_writer *w, const responses_item *item)
{
    beluga_json_put_int(w, "content_index", 0);
    protocol_responses_put_text_part(w, "part", item->text, item->length);
}

static void put_message_text(beluga_json_writer *w, const responses_item *item)
{
    beluga_json_put_int(w, "content_index", 0);
    beluga_json_put_string_n(w, "text", item->text, item->length);
    beluga_json_begin_array(w, "logprobs");
    beluga_json_end_array(w);
}

static void put_summary_part(beluga_json_writer *w, const responses_item *item)
{
    beluga_json_put_int(w, "summary_index", 0);
    protocol_responses_put_summary_part(w, "part", item->text, item->length);
}

static void put_summary_text(beluga_json_writer *w, const responses_item *item)
{
    beluga_json_put_int(w, "summary_index", 0);
    beluga_json_put_string_n(w, "text", item->text, item->length);
}

static void put_arguments(beluga_json_writer *w, const responses_item *item)
{
    beluga_json_put_string_n(w, "arguments", item->text, item->length);
}

static void put_input(beluga_json_writer *w, const responses_item *item)
{
    beluga_json_put_string_n(w, "input", item->text, item->length);
}

/* ---- pieces ---------------------------------------------------------------------------------- */

/* The event name of the pieces of an item, and their constant members. */
typedef struct piece_words {
    const char *type, *place;
} piece_words;

static const piece_words pieces[] = {
    [RESPONSES_MESSAGE] = {"response.output_text.delta", ",\"content_index\":0"},
    [RESPONSES_REASONING] = {"response.reasoning_summary_text.delta", ",\"summary_index\":0"},
    [RESPONSES_FUNCTION_CALL] = {"response.function_call_arguments.delta", ""},
    [RESPONSES_CUSTOM_CALL] = {"response.custom_tool_call_input.delta", ""},
};

/* Make the bytes with which all pieces of an item begin, up to their texts. Only the number of the
 * event is missing. */
static int make_head(responses_stream *s, const responses_kept *kept)
{
    beluga__buf *head = &s->head;
    const piece_words *words = &pieces[kept->kind];
    int64_t index = kept - items(s);
    beluga__buf_clear(head);
    PROTOCOL_PUT(head, "event: ");
    beluga__buf_puts(head, words->type);
    PROTOCOL_PUT(head, "\ndata: {\"type\":\"");
    beluga__buf_puts(head, words->type);
    PROTOCOL_PUT(head, "\",\"sequence_number\":");
    s->head_number = head->length;
    PROTOCOL_PUT(head, ",\"item_id\":\"");
    beluga__buf_puts(head, protocol_responses_id_prefix((responses_kind)kept->kind));
    beluga__buf_puts(head, protocol_responses_own_id(&s->base.identity));
    PROTOCOL_PUT(head, "_");
    protocol_put_int(head, index);
    PROTOCOL_PUT(head, "\",\"output_index\":");
    protocol_put_int(head, index);
    beluga__buf_puts(head, words->place);
    return PROTOCOL_PUT(head, ",\"delta\":\"");
}

/* Write a piece. Most events are pieces, so they are written without a JSON writer. */
static int write_piece(responses_stream *s, responses_kept *kept, const char *text, size_t length)
{
    beluga__buf *out = s->base.out;
    int rc = kept->pieces ? 0 : make_head(s, kept);
    if (rc) return rc;
    size_t start = out->length, n = s->head_number;
    kept->pieces = true;
    beluga__buf_append(out, s->head.data, n);
    protocol_put_int(out, s->sequence++);
    beluga__buf_append(out, s->head.data + n, s->head.length - n);
    rc = beluga__json_escape(out, text, length);
    if (kept->kind == RESPONSES_MESSAGE)
        PROTOCOL_PUT(out, "\",\"logprobs\":[]}\n\n");
    else
        PROTOCOL_PUT(out, "\"}\n\n");
    if (rc == BELUGA_ERROR_INVALID_INPUT) out->length = start;
    return rc ? rc : out->status;
}

/* ---- the response ---------------------------------------------------------------------------- */

static void put_output(responses_stream *s, beluga_json_writer *w)
{
    beluga_json_begin_array(w, "output");
    for (size_t i = 0; i < s->n_items; i++) {
        responses_item item = view(s, &items(s)[i]);
        if (!item.open)
            protocol_responses_put_item(w, NULL, s->base.request, &s->base.identity, &item);
    }
    beluga_json_end_array(w);
}

static int write_response(responses_stream *s, const char *type, const responses_outcome *outcome)
{
    beluga_json_writer *w = begin(s, type);
    if (!w) return BELUGA_ERROR_NO_MEMORY;
    beluga_json_begin_object(w, "response");
    protocol_responses_put_members(w, s->base.request, &s->base.identity, outcome);
    put_output(s, w);
    beluga_json_end_object(w);
    return end(s, type, w);
}

static int open_stream(responses_stream *s)
{
    const responses_outcome running = {.status = "in_progress"};
    if (s->base.opened) return 0;
    s->base.opened = true;
    beluga__buf_init(&s->texts, beluga_allocator_default(), MAX_KEPT);
    beluga__buf_init(&s->head, beluga_allocator_default(), MAX_HEAD);
    beluga__buf_init(&s->items, beluga_allocator_default(), MAX_ITEMS * sizeof(responses_kept));
    int rc = write_response(s, "response.created", &running);
    return rc ? rc : write_response(s, "response.in_progress", &running);
}

/* ---- the order of items ---------------------------------------------------------------------- */

/* Write the event that begins the content part of an item. The part is still empty. */
static int open_part(responses_stream *s, const char *type, const responses_kept *kept,
                     void (*put)(beluga_json_writer *w, const responses_item *item))
{
    responses_item item = view(s, kept);
    item.length = 0;
    return write_event_of(s, type, &item, put);
}

static int begin_item(responses_stream *s, responses_kept *item)
{
    item->begun = true;
    int rc = write_item(s, "response.output_item.added", item);
    if (rc || item->kind != RESPONSES_MESSAGE) return rc;
    return open_part(s, "response.content_part.added", item, put_message_part);
}

/* Write everything that arrived while the item had to wait as one piece. The arguments of a call
 * that arrived whole are also one piece. */
static int write_first_piece(responses_stream *s, responses_kept *kept)
{
    responses_item item = view(s, kept);
    int rc = 0;
    if (!item.length || item.kind == RESPONSES_IMAGE) return 0;
    if (item.kind == RESPONSES_REASONING)
        rc = open_part(s, "response.reasoning_summary_part.added", kept, put_summary_part);
    return rc ? rc : write_piece(s, kept, item.text, item.length);
}

static int end_message(responses_stream *s, const responses_item *item)
{
    int rc = write_event_of(s, "response.output_text.done", item, put_message_text);
    return rc ? rc : write_event_of(s, "response.content_part.done", item, put_message_part);
}

static int end_reasoning(responses_stream *s, const responses_item *item)
{
    if (!item->length) return 0;
    int rc = write_event_of(s, "response.reasoning_summary_text.done", item, put_summary_text);
    return rc ? rc
              : write_event_of(s, "response.reasoning_summary_part.done", item, put_summary_part);
}

static int end_content(responses_stream *s, const responses_item *item)
{
    switch (item->kind) {
    case RESPONSES_MESSAGE: return end_message(s, item);
    case RESPONSES_REASONING: return end_reasoning(s, item);
    case RESPONSES_FUNCTION_CALL:
        return write_event_of(s, "response.function_call_arguments.done", item, put_arguments);
    case RESPONSES_CUSTOM_CALL:
        return write_event_of(s, "response.custom_tool_call_input.done", item, put_input);
    default: return write_event_of(s, "response.image_generation_call.completed", item, NULL);
    }
}

static int end_item(responses_stream *s, responses_kept *kept)
{
    responses_item item = view(s, kept);
    int rc = end_content(s, &item);
    kept->done = true;
    s->n_done++;
    return rc ? rc : write_item(s, "response.output_item.done", kept);
}

/* Write the available content of the first item that is not done. If this completes the item,
 * continue with the next one. */
static int go_on(responses_stream *s)
{
    int rc = 0;
    while (rc == 0 && s->n_done < s->n_items) {
        responses_kept *item = &items(s)[s->n_done];
        if (!item->begun) rc = begin_item(s, item);
        if (rc == 0 && !item->pieces) rc = write_first_piece(s, item);
        if (rc || !item->ended) return rc;
        rc = end_item(s, item);
    }
    return rc;
}

static int add_item(responses_stream *s, const responses_kept *item)
{
    int rc = beluga__buf_append(&s->items, item, sizeof *item);
    if (rc == 0) s->n_items++;
    return rc;
}

/* ---- messages and reasoning ------------------------------------------------------------------ */

/* Find the message or reasoning item that may get more text: the newest item. */
static responses_kept *open_block(const responses_stream *s)
{
    responses_kept *item = s->n_items ? newest(s) : NULL;
    return item && !item->ended && !is_call(item) ? item : NULL;
}

/* End the newest item if it is a message or reasoning. @param cut  The answer ends inside this
 * item. */
static int end_block(responses_stream *s, bool cut)
{
    responses_kept *block = open_block(s);
    if (!block) return 0;
    block->ended = true;
    block->cut = cut;
    return go_on(s);
}

static int begin_block(responses_stream *s, responses_kind kind, uint32_t index)
{
    const responses_kept block = {.kind = (uint8_t)kind, .index = index};
    int rc = open_stream(s);
    if (rc == 0) rc = end_block(s, false);
    return rc ? rc : add_item(s, &block);
}

static int add_piece(responses_stream *s, const char *text, size_t length)
{
    responses_kept *block = newest(s);
    int rc = keep(s, &block->text, text, length);
    if (rc) return rc;
    return block->pieces ? write_piece(s, block, text, length) : go_on(s);
}

static int on_text(responses_stream *s, const char *text, size_t length)
{
    const responses_kept *block = open_block(s);
    int rc = 0;
    if (!block || block->kind != RESPONSES_MESSAGE) rc = begin_block(s, RESPONSES_MESSAGE, 0);
    return rc ? rc : add_piece(s, text, length);
}

/* Returns whether a reasoning event continues the open item. Text after a signature, or with
 * another index, begins a new item. */
static bool reasons_on(const responses_stream *s, const beluga_event *event)
{
    const responses_kept *block = open_block(s);
    if (!block || block->kind != RESPONSES_REASONING || block->index != event->index) return false;
    return !(event->u.reasoning.length && block->signature.length);
}

static int on_reasoning(responses_stream *s, const beluga_event *event)
{
    int rc = reasons_on(s, event) ? 0 : begin_block(s, RESPONSES_REASONING, event->index);
    if (rc == 0 && event->u.reasoning.length)
        rc = add_piece(s, event->u.reasoning.text, event->u.reasoning.length);
    if (rc || !event->u.reasoning.signature_length) return rc;
    rc = keep(s, &newest(s)->signature, event->u.reasoning.signature,
              event->u.reasoning.signature_length);
    return rc ? rc : go_on(s);
}

/* ---- calls and images ------------------------------------------------------------------------ */

static responses_kept *find_call(const responses_stream *s, uint32_t index)
{
    for (size_t i = s->n_items; i > s->n_done; i--) {
        responses_kept *item = &items(s)[i - 1];
        if (is_call(item) && !item->ended && item->index == index) return item;
    }
    return NULL;
}

static int begin_call(responses_stream *s, const beluga_event *event)
{
    const char *name = event->u.tool_call.name;
    responses_kept call = {.kind = (uint8_t)protocol_responses_call_kind(s->base.request, name),
                           .index = event->index};
    int rc = open_stream(s);
    if (rc == 0) rc = end_block(s, false);
    if (rc == 0) rc = keep_name(s, event->u.tool_call.id, &call.id);
    if (rc == 0) rc = keep_name(s, name, &call.name);
    if (rc == 0) rc = add_item(s, &call);
    return rc ? rc : go_on(s);
}

/* Handle arguments of a tool call. If the call has to wait for earlier items, it is written when
 * its arguments are complete, since pieces are not kept. The same applies to a call of a custom
 * tool, because its input is inside the arguments. */
static int on_arguments(responses_stream *s, const beluga_event *event)
{
    responses_kept *call = find_call(s, event->index);
    if (!call || call->kind == RESPONSES_CUSTOM_CALL) return 0;
    call->late = call->late || !call->begun;
    if (call->late) return 0;
    return write_piece(s, call, event->u.tool_call.arguments, event->u.tool_call.length);
}

static int keep_arguments(responses_stream *s, responses_kept *call, const beluga_event *event)
{
    const char *text = event->u.tool_call.arguments;
    size_t length = event->u.tool_call.length;
    beluga_json_doc *doc = NULL;
    int rc = 0;
    if (call->kind == RESPONSES_CUSTOM_CALL)
        rc = protocol_responses_custom_input(&text, &length, &doc);
    if (rc == 0) rc = keep(s, &call->text, text, length);
    beluga_json_doc_free(doc);
    return rc;
}

/* End a tool call. If a message or reasoning item is open, it ends, too; text that follows begins a
 * new item. */
static int end_call(responses_stream *s, const beluga_event *event)
{
    int rc = end_block(s, false);
    responses_kept *call = find_call(s, event->index);
    if (rc || !call) return rc;
    rc = keep_arguments(s, call, event);
    call->ended = true;
    return rc ? rc : go_on(s);
}

/* Write the state of a part as an item after the part. When the client sends the items back, the
 * state is read from that item. */
static int on_state(responses_stream *s, const beluga_event *event)
{
    responses_kept item = {.kind = RESPONSES_REASONING, .ended = true};
    if (event->u.state.of == BELUGA_PART_TEXT) return 0;
    int rc = open_stream(s);
    if (rc == 0) rc = end_block(s, false);
    item.signature.at = s->texts.length;
    if (rc == 0)
        rc = protocol_responses_put_state(&s->texts, event->u.state.of, event->u.state.provider,
                                          event->u.state.json, event->u.state.length);
    item.signature.length = s->texts.length - item.signature.at;
    if (rc || !item.signature.length) return rc;
    rc = add_item(s, &item);
    return rc ? rc : go_on(s);
}

/* Write media. If they have an address, it becomes a text; otherwise an image becomes an item of
 * OpenAI's own image tool. Sound and files are left out, since Responses has no items for them. */
static int on_media(responses_stream *s, const beluga_event *event)
{
    responses_kept image = {.kind = RESPONSES_IMAGE, .ended = true};
    if (event->u.media.url) return on_text(s, event->u.media.url, strlen(event->u.media.url));
    if (event->u.media.kind != BELUGA_PART_IMAGE) return 0;
    int rc = open_stream(s);
    if (rc == 0) rc = end_block(s, false);
    if (rc == 0) rc = keep(s, &image.text, event->u.media.bytes, event->u.media.length);
    if (rc == 0) rc = add_item(s, &image);
    return rc ? rc : go_on(s);
}

/* ---- the stream ------------------------------------------------------------------------------ */

static int on_finish(responses_stream *s, const beluga_event *event)
{
    char raw[64] = "";
    size_t n = event->u.finish.raw ? event->u.finish.raw_length : 0;
    responses_outcome outcome = {.usage = s->has_usage ? &s->usage : NULL};
    if (n < sizeof raw) memcpy(raw, event->u.finish.raw ? event->u.finish.raw : "", n);
    protocol_responses_outcome_of(&outcome, event->u.finish.reason, raw);
    int rc = open_stream(s);
    if (rc == 0) rc = end_block(s, outcome.incomplete != NULL);
    if (rc) return rc;
    s->base.ended = true;
    return write_response(s, outcome.incomplete ? "response.incomplete" : "response.completed",
                          &outcome);
}

/* Note the answering model, which may differ from the requested one, before the first piece is
 * written. */
static int note_model(responses_stream *s, const char *model)
{
    if (s->base.opened || !model || (s->base.identity.model && !s->model)) return 0;
    free(s->model);
    s->base.identity.model = s->model = strdup(model);
    return s->model ? 0 : BELUGA_ERROR_NO_MEMORY;
}

int protocol_responses_event(protocol_stream *stream, const beluga_event *event)
{
    responses_stream *s = (responses_stream *)stream;
    if (stream->ended) return 0;
    switch (event->kind) {
    case BELUGA_EVENT_TEXT: return on_text(s, event->u.text.text, event->u.text.length);
    case BELUGA_EVENT_REASONING: return on_reasoning(s, event);
    case BELUGA_EVENT_TOOL_CALL_BEGIN: return begin_call(s, event);
    case BELUGA_EVENT_TOOL_CALL_DELTA: return on_arguments(s, event);
    case BELUGA_EVENT_TOOL_CALL_END: return end_call(s, event);
    case BELUGA_EVENT_MEDIA: return on_media(s, event);
    case BELUGA_EVENT_STATE: return on_state(s, event);
    case BELUGA_EVENT_METADATA: return note_model(s, event->u.metadata.model);
    case BELUGA_EVENT_RESTART: return protocol_stream_restart(stream);
    case BELUGA_EVENT_FINISH: return on_finish(s, event);
    case BELUGA_EVENT_USAGE:
        s->usage = event->u.usage;
        s->usage.raw = NULL;
        s->has_usage = true;
        return 0;
    default: return 0;
    }
}

/* Write a failure. Codex recognises a failure only by this event, and the SDKs need a sequence
 * number in it. */
int protocol_responses_fail(protocol_stream *stream, const beluga_error *error)
{
    responses_stream *s = (responses_stream *)stream;
    const responses_outcome failed = {
        .status = "failed", .usage = s->has_usage ? &s->usage : NULL, .error = error};
    if (stream->ended) return 0;
    int rc = open_stream(s);
    stream->ended = true;
    return rc ? rc : write_response(s, "response.failed", &failed);
}

void protocol_responses_release(protocol_stream *stream)
{
    responses_stream *s = (responses_stream *)stream;
    free(s->model);
    if (!stream->opened) return;
    beluga__buf_free(&s->texts);
    beluga__buf_free(&s->items);
    beluga__buf_free(&s->head);
}
