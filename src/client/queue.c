#include "client/queue.h"

#include "base/limits.h"
#include "schema/event.h"

#include <string.h>

enum { ALIGNMENT = 16 };

/* A waiting event, followed by everything that it points to; padded so that the next event is
 * aligned. */
typedef struct record {
    size_t size;
    char *room; /* address of the bytes behind the record when they were written */
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

/* Drop the events that were read once they fill most of the buffer. */
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
    size_t size = sizeof(record) + beluga__event_room(event);
    size = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    compact(queue);
    int status = beluga__buf_reserve(&queue->bytes, size);
    if (status) return status;
    record *r = (record *)(void *)(queue->bytes.data + queue->bytes.length);
    r->size = size;
    r->room = (char *)(r + 1);
    beluga__event_copy(&r->event, event, r->room);
    queue->bytes.length += size;
    queue->bytes.data[queue->bytes.length] = '\0';
    return 0;
}

const beluga_event *beluga__queue_pop(beluga__queue *queue)
{
    if (queue->read == queue->bytes.length) return NULL;
    record *r = (record *)(void *)(queue->bytes.data + queue->read);
    beluga__event_moved(&r->event, (char *)(r + 1) - r->room);
    queue->read += r->size;
    return &r->event;
}
