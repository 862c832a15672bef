/* Writes a stream: message_start, blocks one after the other, message_delta, message_stop. */
#include "base/limits.h"
#include "protocol/messages.h"
#include "protocol/put.h"

#include <beluga/allocator.h>
#include <beluga/error.h>

#include <stdlib.h>
#include <string.h>

#define EVENT(name) "event: " name "\ndata: {\"type\":\"" name "\""

/* ---- the beginning --------------------------------------------------------------------------- */

static void put_number(beluga__buf *out, const char *before, int64_t number)
{
    beluga__buf_puts(out, before);
    protocol_put_int(out, number);
}

/* Write the members of the usage. The stream has usage twice: the usage at its end has the total
 * counts. */
static void put_usage(messages_stream *s)
{
    static const beluga_usage unknown = BELUGA_USAGE_INIT;
    beluga__buf *out = s->base.out;
    const beluga_usage *usage = s->has_usage ? &s->usage : &unknown;
    messages_usage count = protocol_messages_count(usage, s->input_estimate, s->bytes);
    put_number(out, "\"usage\":{\"input_tokens\":", count.input);
    put_number(out, ",\"cache_creation_input_tokens\":", count.cache_creation);
    put_number(out, ",\"cache_read_input_tokens\":", count.cache_read);
    put_number(out, ",\"output_tokens\":", count.output);
    if (count.thinking >= 0) {
        put_number(out, ",\"output_tokens_details\":{\"thinking_tokens\":", count.thinking);
        PROTOCOL_PUT(out, "}");
    }
    PROTOCOL_PUT(out, "}");
}

static void open_stream(messages_stream *s)
{
    beluga__buf *out = s->base.out;
    const char *model = s->base.identity.model ? s->base.identity.model : s->model;
    if (s->base.opened) return;
    s->base.opened = true;
    s->shows_thinking = protocol_messages_shows_thinking(s->base.request);
    if (!s->has_usage || s->usage.input_total <= 0)
        s->input_estimate = protocol_messages_estimate(s->base.request);
    PROTOCOL_PUT(out, EVENT("message_start") ",\"message\":{\"id\":");
    protocol_put_string(out, s->base.identity.id);
    PROTOCOL_PUT(out, ",\"type\":\"message\",\"role\":\"assistant\",\"model\":");
    protocol_put_string(out, model);
    PROTOCOL_PUT(out, ",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,");
    put_usage(s);
    PROTOCOL_PUT(out, "}}\n\n");
}

/* ---- blocks ---------------------------------------------------------------------------------- */

/* Returns the buffer for a block: the first block is written into the stream, and any other block
 * into its own buffer. */
static beluga__buf *out_of(messages_stream *s, messages_block *block)
{
    return block == s->blocks ? s->base.out : &block->held;
}

static messages_block *last_block(messages_stream *s)
{
    return s->n_blocks ? &s->blocks[s->n_blocks - 1] : NULL;
}

static int make_room(messages_stream *s)
{
    if (!s->blocks) {
        s->blocks = s->own;
        s->room = MESSAGES_BLOCKS;
    }
    if (s->n_blocks < s->room) return 0;
    if (s->room > 2 * BELUGA__MAX_TOOL_CALLS) return BELUGA_ERROR_LIMIT_EXCEEDED;
    bool own = s->blocks == s->own;
    messages_block *blocks = realloc(own ? NULL : s->blocks, 2 * s->room * sizeof *blocks);
    if (!blocks) return BELUGA_ERROR_NO_MEMORY;
    if (own) memcpy(blocks, s->own, sizeof s->own);
    s->blocks = blocks;
    s->room *= 2;
    return 0;
}

/* Remove the first block, which is complete, and send the next one. */
static int show_next(messages_stream *s)
{
    s->n_blocks--;
    memmove(s->blocks, s->blocks + 1, s->n_blocks * sizeof *s->blocks);
    if (!s->n_blocks) return 0;
    beluga__buf *held = &s->blocks[0].held;
    int status = held->status;
    if (!status) status = beluga__buf_append(s->base.out, held->data, held->length);
    beluga__buf_free(held);
    return status;
}

static int end_block(messages_stream *s, messages_block *block)
{
    beluga__buf *out = out_of(s, block);
    put_number(out, EVENT("content_block_stop") ",\"index\":", block->number);
    PROTOCOL_PUT(out, "}\n\n");
    int status = out->status;
    block->ended = true;
    while (!status && s->n_blocks && s->blocks[0].ended) status = show_next(s);
    return status;
}

/* End an open text or reasoning block, because another block begins. A tool call is ended only by
 * its own event. */
static int end_open_text(messages_stream *s)
{
    messages_block *last = last_block(s);
    if (!last || last->ended || last->kind == BELUGA_EVENT_TOOL_CALL_BEGIN) return 0;
    return end_block(s, last);
}

/* Write the beginning of a block, up to the members that depend on its kind. @return NULL on
 * failure, with `status` set. */
static messages_block *begin_block(messages_stream *s, const beluga_event *event, int *status)
{
    open_stream(s);
    *status = end_open_text(s);
    if (!*status) *status = make_room(s);
    if (*status) return NULL;
    messages_block *block = &s->blocks[s->n_blocks++];
    *block = (messages_block){.kind = event->kind, .index = event->index, .number = s->n_begun++};
    beluga__buf_init(&block->held, beluga_allocator_default(), BELUGA__MAX_RESPONSE_BYTES);
    put_number(out_of(s, block), EVENT("content_block_start") ",\"index\":", block->number);
    return block;
}

/* Write a delta with a single member. `before` is the text of the delta up to the value. */
static int put_delta(messages_stream *s, messages_block *block, const char *before,
                     const char *text, size_t length)
{
    beluga__buf *out = out_of(s, block);
    put_number(out, EVENT("content_block_delta") ",\"index\":", block->number);
    beluga__buf_puts(out, before);
    protocol_put_text(out, text, length);
    PROTOCOL_PUT(out, "\"}}\n\n");
    s->bytes += length;
    return out->status;
}

/* ---- text and reasoning ---------------------------------------------------------------------- */

static int put_text(messages_stream *s, const beluga_event *event)
{
    int status = 0;
    messages_block *block = last_block(s);
    if (!event->u.text.length) return 0;
    if (!block || block->ended || block->kind != BELUGA_EVENT_TEXT) {
        block = begin_block(s, event, &status);
        if (!block) return status;
        PROTOCOL_PUT(out_of(s, block), ",\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n");
    }
    return put_delta(s, block, ",\"delta\":{\"type\":\"text_delta\",\"text\":\"",
                     event->u.text.text, event->u.text.length);
}

static int put_hidden(messages_stream *s, const beluga_event *event, const char *data, size_t n)
{
    int status;
    messages_block *block = begin_block(s, event, &status);
    if (!block) return status;
    beluga__buf *out = out_of(s, block);
    PROTOCOL_PUT(out, ",\"content_block\":{\"type\":\"redacted_thinking\",\"data\":\"");
    protocol_put_text(out, data, n);
    PROTOCOL_PUT(out, "\"}}\n\n");
    return end_block(s, block);
}

/* Returns whether a reasoning event continues this block. Reasoning text after a signature, or with
 * another index, begins a new block. */
static bool continues(const messages_block *block, const beluga_event *event)
{
    return block && !block->ended && block->kind == BELUGA_EVENT_REASONING &&
           block->index == event->index && !(block->is_signed && event->u.reasoning.length);
}

static int put_signature(messages_stream *s, messages_block *block, const beluga_event *event)
{
    size_t bytes = s->bytes;
    block->is_signed = true;
    int status = put_delta(s, block, ",\"delta\":{\"type\":\"signature_delta\",\"signature\":\"",
                           event->u.reasoning.signature, event->u.reasoning.signature_length);
    s->bytes = bytes; /* the count is restored, since this text is not from the model */
    return status;
}

static int put_reasoning(messages_stream *s, const beluga_event *event)
{
    int status = 0;
    size_t length = event->u.reasoning.length, n_data = 0;
    const char *signature = event->u.reasoning.signature;
    messages_block *block = last_block(s);
    open_stream(s);
    if (!s->shows_thinking || (!length && !signature)) return s->base.out->status;
    if (!continues(block, event)) {
        const char *data =
            signature && !length
                ? protocol_messages_hidden(signature, event->u.reasoning.signature_length, &n_data)
                : NULL;
        if (data) return put_hidden(s, event, data, n_data);
        block = begin_block(s, event, &status);
        if (!block) return status;
        PROTOCOL_PUT(out_of(s, block), ",\"content_block\":{\"type\":\"thinking\","
                                       "\"thinking\":\"\",\"signature\":\"\"}}\n\n");
    }
    if (length)
        status = put_delta(s, block, ",\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"",
                           event->u.reasoning.text, length);
    return status || !signature ? status : put_signature(s, block, event);
}

/* ---- calls of tools -------------------------------------------------------------------------- */

static int begin_call(messages_stream *s, const beluga_event *event)
{
    int status;
    const char *name = protocol_tool_name(s->base.request, event->u.tool_call.name, NULL);
    messages_block *block = begin_block(s, event, &status);
    if (!block) return status;
    beluga__buf *out = out_of(s, block);
    s->has_calls = true;
    PROTOCOL_PUT(out, ",\"content_block\":{\"type\":\"tool_use\",\"id\":");
    protocol_put_string(out, event->u.tool_call.id);
    PROTOCOL_PUT(out, ",\"name\":");
    protocol_put_string(out, name);
    PROTOCOL_PUT(out, ",\"input\":{}}}\n\n");
    return out->status;
}

static messages_block *find_call(messages_stream *s, uint32_t index)
{
    for (size_t i = s->n_blocks; i-- > 0;)
        if (s->blocks[i].kind == BELUGA_EVENT_TOOL_CALL_BEGIN && s->blocks[i].index == index &&
            !s->blocks[i].ended)
            return &s->blocks[i];
    return NULL;
}

static int put_arguments(messages_stream *s, messages_block *block, const beluga_event *event)
{
    block->has_arguments = true;
    return put_delta(s, block, ",\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"",
                     event->u.tool_call.arguments, event->u.tool_call.length);
}

static int continue_call(messages_stream *s, const beluga_event *event)
{
    messages_block *block = find_call(s, event->index);
    return block && event->u.tool_call.length ? put_arguments(s, block, event) : 0;
}

/* End a call. If its arguments were not written in pieces, write them now. */
static int end_call(messages_stream *s, const beluga_event *event)
{
    messages_block *block = find_call(s, event->index);
    int status = 0;
    if (!block) return 0;
    if (!block->has_arguments && event->u.tool_call.length) status = put_arguments(s, block, event);
    return status ? status : end_block(s, block);
}

/* ---- the end --------------------------------------------------------------------------------- */

static int end_all(messages_stream *s)
{
    int status = 0;
    while (s->n_blocks && !status) {
        messages_block *block = s->blocks;
        status = end_block(s, block);
    }
    return status;
}

static int finish(messages_stream *s, const beluga_event *event)
{
    beluga__buf *out = s->base.out;
    const messages_end end =
        protocol_messages_end_of(s->base.request, event->u.finish.reason, event->u.finish.raw,
                                 event->u.finish.raw_length, s->has_calls);
    open_stream(s);
    int status = end_all(s);
    if (status) return status;
    PROTOCOL_PUT(out, EVENT("message_delta") ",\"delta\":{\"stop_reason\":\"");
    beluga__buf_puts(out, end.reason);
    PROTOCOL_PUT(out, "\",\"stop_sequence\":");
    if (end.sequence)
        protocol_put_string(out, end.sequence);
    else
        PROTOCOL_PUT(out, "null");
    PROTOCOL_PUT(out, "},");
    put_usage(s);
    PROTOCOL_PUT(out, "}\n\n" EVENT("message_stop") "}\n\n");
    s->base.ended = true;
    return out->status;
}

static int keep_model(messages_stream *s, const beluga_event *event)
{
    const char *model = event->u.metadata.model;
    size_t n = model ? strlen(model) : 0;
    if (n && n < sizeof s->model) memcpy(s->model, model, n + 1);
    return 0;
}

static int keep_usage(messages_stream *s, const beluga_event *event)
{
    s->usage = event->u.usage;
    s->usage.raw = NULL;
    s->has_usage = true;
    return 0;
}

int protocol_messages_event(protocol_stream *stream, const beluga_event *event)
{
    messages_stream *s = (messages_stream *)stream;
    if (stream->ended) return 0;
    switch (event->kind) {
    case BELUGA_EVENT_TEXT: return put_text(s, event);
    case BELUGA_EVENT_REASONING: return put_reasoning(s, event);
    case BELUGA_EVENT_TOOL_CALL_BEGIN: return begin_call(s, event);
    case BELUGA_EVENT_TOOL_CALL_DELTA: return continue_call(s, event);
    case BELUGA_EVENT_TOOL_CALL_END: return end_call(s, event);
    case BELUGA_EVENT_METADATA: return keep_model(s, event);
    case BELUGA_EVENT_USAGE: return keep_usage(s, event);
    case BELUGA_EVENT_RESTART: return protocol_stream_restart(stream);
    case BELUGA_EVENT_FINISH: return finish(s, event);
    default: return 0;
    }
}

/* Write an error as the last event. Without message_delta and message_stop, clients do not take the
 * answer for complete. */
int protocol_messages_fail(protocol_stream *stream, const beluga_error *error)
{
    if (stream->ended) return 0;
    stream->ended = true;
    PROTOCOL_PUT(stream->out, "event: error\ndata: ");
    protocol_put_error(stream->out, stream->protocol, error);
    return PROTOCOL_PUT(stream->out, "\n\n");
}

void protocol_messages_release(protocol_stream *stream)
{
    messages_stream *s = (messages_stream *)stream;
    for (size_t i = 0; i < s->n_blocks; i++) beluga__buf_free(&s->blocks[i].held);
    if (s->blocks != s->own) free(s->blocks);
}
