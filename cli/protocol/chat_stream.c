#include "base/json.h"
#include "protocol/chat.h"
#include "protocol/put.h"

#include <beluga/allocator.h>
#include <beluga/error.h>

#include <stdlib.h>

#define MAX_HEAD_BYTES 4096

/* ---- chunks ---------------------------------------------------------------------------------- */

/* Make the bytes with which all chunks begin. The first delta, which has the role, is written
 * together with the first content, so that an earlier failure can still become an HTTP error. */
static int open_stream(chat_stream *s)
{
    const protocol_identity *identity = &s->base.identity;
    const char *model = identity->model ? identity->model : s->base.request->model;
    beluga__buf *head = &s->head;
    if (!head->allocator) beluga__buf_init(head, beluga_allocator_default(), MAX_HEAD_BYTES);
    beluga__buf_clear(head);
    PROTOCOL_PUT(head, "data: {\"id\":");
    protocol_put_string(head, identity->id);
    PROTOCOL_PUT(head, ",\"object\":\"chat.completion.chunk\",\"created\":");
    protocol_put_int(head, identity->created);
    PROTOCOL_PUT(head, ",\"model\":");
    protocol_put_string(head, model ? model : "");
    s->about = head->length;
    PROTOCOL_PUT(head, ",\"choices\":[{\"index\":0,\"delta\":{");
    return head->status;
}

/* Write the beginning of a chunk, up to the members of its delta. */
static void begin_chunk(chat_stream *s)
{
    beluga__buf *out = s->base.out;
    if (!s->head.length && open_stream(s)) {
        out->status = s->head.status;
        return;
    }
    beluga__buf_append(out, s->head.data, s->head.length);
    if (!s->base.opened) PROTOCOL_PUT(out, "\"role\":\"assistant\",");
    s->base.opened = true;
}

static int end_chunk(chat_stream *s)
{
    return PROTOCOL_PUT(s->base.out, "},\"finish_reason\":null}]}\n\n");
}

/* Write a chunk whose delta has a single text member. */
#define PUT_DELTA(s, name, text, length)                \
    do {                                                \
        begin_chunk(s);                                 \
        PROTOCOL_PUT((s)->base.out, "\"" name "\":\""); \
        protocol_put_text((s)->base.out, text, length); \
        PROTOCOL_PUT((s)->base.out, "\"");              \
    } while (0)

static int on_text(chat_stream *s, const beluga_event *event)
{
    if (!event->u.text.length) return 0;
    PUT_DELTA(s, "content", event->u.text.text, event->u.text.length);
    return end_chunk(s);
}

static int on_reasoning(chat_stream *s, const beluga_event *event)
{
    if (!event->u.reasoning.length) return 0;
    PUT_DELTA(s, "reasoning_content", event->u.reasoning.text, event->u.reasoning.length);
    return end_chunk(s);
}

/* ---- tool calls ------------------------------------------------------------------------------ */

static chat_call *find_call(chat_stream *s, uint32_t index)
{
    for (size_t i = s->n_calls; i > 0; i--)
        if (s->calls[i - 1].index == index) return &s->calls[i - 1];
    return NULL;
}

/* Make room for another call. The room is doubled when it is full. */
static int make_room(chat_stream *s)
{
    size_t n = s->n_calls;
    if (!s->calls) s->calls = s->own;
    if (n < CHAT_CALLS || (n & (n - 1))) return 0;
    chat_call *calls = realloc(s->calls == s->own ? NULL : s->calls, 2 * n * sizeof *calls);
    if (!calls) return BELUGA_ERROR_NO_MEMORY;
    if (s->calls == s->own) memcpy(calls, s->own, sizeof s->own);
    s->calls = calls;
    return 0;
}

static void begin_call_chunk(chat_stream *s, size_t number)
{
    begin_chunk(s);
    if (protocol_chat_is_legacy(s->base.request)) {
        PROTOCOL_PUT(s->base.out, "\"function_call\":{");
        return;
    }
    PROTOCOL_PUT(s->base.out, "\"tool_calls\":[{\"index\":");
    protocol_put_int(s->base.out, (int64_t)number);
    PROTOCOL_PUT(s->base.out, ",");
}

static int end_call_chunk(chat_stream *s)
{
    if (protocol_chat_is_legacy(s->base.request))
        PROTOCOL_PUT(s->base.out, "}");
    else
        PROTOCOL_PUT(s->base.out, "}}]");
    return end_chunk(s);
}

/* Returns whether to leave out a call, since an answer in the legacy form has at most one. */
static bool is_left_out(const chat_stream *s, size_t number)
{
    return number && protocol_chat_is_legacy(s->base.request);
}

static int on_call_begin(chat_stream *s, const beluga_event *event)
{
    beluga__buf *out = s->base.out;
    size_t number = s->n_calls;
    const char *id = event->u.tool_call.id;
    int rc = make_room(s);
    if (rc) return out->status = rc;
    s->calls[s->n_calls++] = (chat_call){.index = event->index};
    if (is_left_out(s, number)) return 0;
    begin_call_chunk(s, number);
    if (!protocol_chat_is_legacy(s->base.request)) {
        PROTOCOL_PUT(out, "\"id\":");
        protocol_put_string(out, id ? id : "");
        PROTOCOL_PUT(out, ",\"type\":\"function\",\"function\":{");
    }
    PROTOCOL_PUT(out, "\"name\":");
    protocol_put_string(out, protocol_tool_name(s->base.request, event->u.tool_call.name, NULL));
    PROTOCOL_PUT(out, ",\"arguments\":\"\"");
    return end_call_chunk(s);
}

static int put_arguments(chat_stream *s, chat_call *call, const char *text, size_t length)
{
    size_t number = (size_t)(call - s->calls);
    if (!length || is_left_out(s, number)) return 0;
    call->has_arguments = true;
    begin_call_chunk(s, number);
    if (!protocol_chat_is_legacy(s->base.request)) PROTOCOL_PUT(s->base.out, "\"function\":{");
    PROTOCOL_PUT(s->base.out, "\"arguments\":\"");
    protocol_put_text(s->base.out, text, length);
    PROTOCOL_PUT(s->base.out, "\"");
    return end_call_chunk(s);
}

static int on_call_delta(chat_stream *s, const beluga_event *event)
{
    chat_call *call = find_call(s, event->index);
    if (!call) return 0;
    return put_arguments(s, call, event->u.tool_call.arguments, event->u.tool_call.length);
}

/* End a call. If it has no arguments, write "{}", since clients parse them. */
static int on_call_end(chat_stream *s, const beluga_event *event)
{
    chat_call *call = find_call(s, event->index);
    size_t length = event->u.tool_call.length;
    if (!call || call->ended) return 0;
    call->ended = true;
    s->n_ended++;
    if (call->has_arguments) return 0;
    return length ? put_arguments(s, call, event->u.tool_call.arguments, length)
                  : put_arguments(s, call, "{}", 2);
}

/* ---- images ---------------------------------------------------------------------------------- */

static int on_media(chat_stream *s, const beluga_event *event)
{
    beluga__buf *out = s->base.out;
    const char *type = event->u.media.media_type;
    if (event->u.media.kind != BELUGA_PART_IMAGE) return 0;
    begin_chunk(s);
    PROTOCOL_PUT(out, "\"images\":[{\"type\":\"image_url\",\"index\":");
    protocol_put_int(out, s->n_images++);
    PROTOCOL_PUT(out, ",\"image_url\":{\"url\":\"");
    if (event->u.media.url) {
        protocol_put_text(out, event->u.media.url, strlen(event->u.media.url));
    } else {
        if (!type) type = "application/octet-stream";
        PROTOCOL_PUT(out, "data:");
        protocol_put_text(out, type, strlen(type));
        PROTOCOL_PUT(out, ";base64,");
        beluga__base64_encode(out, event->u.media.bytes, event->u.media.length);
    }
    PROTOCOL_PUT(out, "\"}}]");
    return end_chunk(s);
}

/* ---- the end --------------------------------------------------------------------------------- */

static void put_usage(chat_stream *s)
{
    beluga__buf *out = s->base.out;
    const beluga_usage *usage = &s->usage;
    int64_t in = protocol_known(usage->input_total), made = protocol_known(usage->output_total);
    if (!s->has_usage || (usage->input_total < 0 && usage->output_total < 0)) return;
    beluga__buf_append(out, s->head.data, s->about);
    PROTOCOL_PUT(out, ",\"choices\":[],\"usage\":{\"prompt_tokens\":");
    protocol_put_int(out, in);
    PROTOCOL_PUT(out, ",\"completion_tokens\":");
    protocol_put_int(out, made);
    PROTOCOL_PUT(out, ",\"total_tokens\":");
    protocol_put_int(out, in + made);
    PROTOCOL_PUT(out, ",\"prompt_tokens_details\":{\"cached_tokens\":");
    protocol_put_int(out, protocol_known(usage->input_cache_read));
    if (usage->input_cache_write > 0) {
        PROTOCOL_PUT(out, ",\"cache_write_tokens\":");
        protocol_put_int(out, usage->input_cache_write);
    }
    PROTOCOL_PUT(out, "},\"completion_tokens_details\":{\"reasoning_tokens\":");
    protocol_put_int(out, protocol_known(usage->output_reasoning));
    PROTOCOL_PUT(out, "}}}\n\n");
}

static int on_finish(chat_stream *s, const beluga_event *event)
{
    beluga__buf *out = s->base.out;
    bool has_calls = s->n_ended && s->n_ended == s->n_calls; /* false if a call is incomplete */
    const char *reason =
        protocol_chat_finish_reason(s->base.request, event->u.finish.reason, has_calls);
    if (!s->base.opened) {
        PUT_DELTA(s, "content", "", 0);
        end_chunk(s);
    }
    beluga__buf_append(out, s->head.data, s->head.length);
    PROTOCOL_PUT(out, "},\"finish_reason\":\"");
    beluga__buf_puts(out, reason);
    PROTOCOL_PUT(out, "\"}]}\n\n");
    if (s->base.request->include_usage) put_usage(s);
    s->base.ended = true;
    return PROTOCOL_PUT(out, "data: [DONE]\n\n");
}

int protocol_chat_fail(protocol_stream *stream, const beluga_error *error)
{
    beluga__buf *out = stream->out;
    if (stream->ended) return out->status;
    stream->ended = true;
    PROTOCOL_PUT(out, "data: ");
    protocol_put_error(out, stream->protocol, error);
    return PROTOCOL_PUT(out, "\n\n");
}

/* ---- the stream ------------------------------------------------------------------------------ */

/* Begin the stream with the name of the answering model. The metadata event comes before the first
 * content. */
static int on_metadata(chat_stream *s, const beluga_event *event)
{
    if (s->base.opened || s->base.identity.model) return 0;
    s->base.identity.model = event->u.metadata.model;
    int rc = open_stream(s);
    /* The name is borrowed from the event, and invalid after this function. */
    s->base.identity.model = NULL;
    return rc;
}

static int on_usage(chat_stream *s, const beluga_event *event)
{
    s->usage = event->u.usage;
    s->usage.raw = NULL;
    s->has_usage = true;
    return 0;
}

static int on_restart(chat_stream *s)
{
    s->n_calls = s->n_ended = 0;
    s->has_usage = false;
    return protocol_stream_restart(&s->base);
}

int protocol_chat_event(protocol_stream *stream, const beluga_event *event)
{
    chat_stream *s = (chat_stream *)stream;
    if (stream->ended) return stream->out->status;
    switch (event->kind) {
    case BELUGA_EVENT_TEXT: return on_text(s, event);
    case BELUGA_EVENT_REASONING: return on_reasoning(s, event);
    case BELUGA_EVENT_TOOL_CALL_BEGIN: return on_call_begin(s, event);
    case BELUGA_EVENT_TOOL_CALL_DELTA: return on_call_delta(s, event);
    case BELUGA_EVENT_TOOL_CALL_END: return on_call_end(s, event);
    case BELUGA_EVENT_MEDIA: return on_media(s, event);
    case BELUGA_EVENT_METADATA: return on_metadata(s, event);
    case BELUGA_EVENT_USAGE: return on_usage(s, event);
    case BELUGA_EVENT_RESTART: return on_restart(s);
    case BELUGA_EVENT_FINISH: return on_finish(s, event);
    case BELUGA_EVENT_ERROR: return protocol_chat_fail(stream, event->u.error);
    default: return 0;
    }
}

void protocol_chat_release(protocol_stream *stream)
{
    chat_stream *s = (chat_stream *)stream;
    if (s->head.allocator) beluga__buf_free(&s->head);
    if (s->calls != s->own) free(s->calls);
}
