#include "client/queue.h"

#include "base/limits.h"

#include <string.h>

enum { ALIGNMENT = 16 };

/* Before each event; padded so that events stay aligned. */
typedef struct record {
    size_t size;
    size_t reserved;
    beluga_event event;
} record;

void beluga__queue_init(beluga__queue *queue, const beluga_allocator *allocator)
{
    beluga__buf_init(&queue->bytes, allocator, BELUGA__MAX_RESPONSE_BYTES);
    queue->read = 0;
}

void beluga__queue_free(beluga__queue *queue)
{
    beluga__buf_free(&queue->bytes);
    queue->read = 0;
}

void beluga__queue_clear(beluga__queue *queue)
{
    beluga__buf_clear(&queue->bytes);
    queue->read = 0;
}

/* The bytes of an event that do not outlive its callback: at most two stretches. */
typedef struct stretch {
    const char **text;
    size_t length;
} stretch;

static void stretches(beluga_event *event, stretch out[2])
{
    out[0] = out[1] = (stretch){NULL, 0};
    switch (event->kind) {
    case BELUGA_EVENT_TEXT: out[0] = (stretch){&event->u.text.text, event->u.text.length}; break;
    case BELUGA_EVENT_REASONING:
        out[0] = (stretch){&event->u.reasoning.text, event->u.reasoning.length};
        out[1] = (stretch){&event->u.reasoning.signature, event->u.reasoning.signature_length};
        break;
    case BELUGA_EVENT_TOOL_CALL_DELTA:
    case BELUGA_EVENT_TOOL_CALL_END:
        out[0] = (stretch){&event->u.tool_call.arguments, event->u.tool_call.length};
        break;
    case BELUGA_EVENT_USAGE:
        out[0] = (stretch){&event->u.usage.raw, event->u.usage.raw_length};
        break;
    case BELUGA_EVENT_MEDIA:
        out[0] = (stretch){&event->u.media.bytes, event->u.media.length};
        break;
    case BELUGA_EVENT_RAW: out[0] = (stretch){&event->u.raw.bytes, event->u.raw.length}; break;
    }
}

static size_t room_for(const stretch *s)
{
    return s->text && *s->text ? s->length + 1 : 0;
}

/* Drop what was read, when that is most of it. */
static void compact(beluga__queue *queue)
{
    if (queue->read == queue->bytes.length)
        beluga__queue_clear(queue);
    else if (queue->read > queue->bytes.length / 2) {
        beluga__buf_consume(&queue->bytes, queue->read);
        queue->read = 0;
    }
}

int beluga__queue_push(beluga__queue *queue, const beluga_event *event)
{
    record r = {.event = *event};
    stretch parts[2];
    stretches(&r.event, parts);
    size_t first = room_for(&parts[0]), second = room_for(&parts[1]);
    size_t size = sizeof r + first + second;
    r.size = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    compact(queue);
    int status = beluga__buf_reserve(&queue->bytes, r.size);
    if (status) return status;
    beluga__buf_append(&queue->bytes, &r, sizeof r);
    for (int i = 0; i < 2; i++) {
        if (!room_for(&parts[i])) continue;
        beluga__buf_append(&queue->bytes, *parts[i].text, parts[i].length);
        beluga__buf_append(&queue->bytes, "", 1);
    }
    beluga__buf_append(&queue->bytes, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", r.size - size);
    return 0;
}

const beluga_event *beluga__queue_pop(beluga__queue *queue)
{
    if (queue->read == queue->bytes.length) return NULL;
    record *r = (record *)(void *)(queue->bytes.data + queue->read);
    char *at = (char *)(r + 1);
    stretch parts[2];
    stretches(&r->event, parts);
    for (int i = 0; i < 2; i++) {
        size_t room = room_for(&parts[i]);
        if (room) *parts[i].text = at;
        at += room;
    }
    queue->read += r->size;
    return &r->event;
}
