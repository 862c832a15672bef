#include "client/queue.h"

#include "base/limits.h"
#include "loop/rooms.h"
#include "schema/event.h"

#include <stdint.h>
#include <string.h>

enum { ALIGNMENT = 16, FIRST_BYTES = 1000 }; /* a short answer fits into the first block */

/* The header of an event in the queue. The bytes of the event follow, and then everything that the
 * event points to. Records are padded so that the next one is aligned. */
typedef struct record {
    size_t size;
    uintptr_t address; /* the address of this record when it was written */
} record;

void beluga__queue_init(beluga__queue *queue, beluga_loop *loop, const beluga_allocator *allocator)
{
    beluga__buf_init(&queue->bytes, allocator, BELUGA__MAX_RESPONSE_BYTES);
    beluga__room_lend(loop, BELUGA__ROOM_EVENTS, &queue->bytes);
    queue->read = 0;
}

void beluga__queue_free(beluga__queue *queue, beluga_loop *loop)
{
    beluga__room_keep(loop, BELUGA__ROOM_EVENTS, &queue->bytes);
    queue->read = 0;
}

void beluga__queue_clear(beluga__queue *queue)
{
    beluga__buf_clear(&queue->bytes);
    queue->read = 0;
}

/* Drop the records that were read, if they fill most of the buffer. */
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
    size_t bytes = beluga__event_size(event);
    size_t size = sizeof(record) + bytes + beluga__event_room(event);
    size = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    compact(queue);
    size_t room = !queue->bytes.capacity && size < FIRST_BYTES ? FIRST_BYTES : size;
    int status = beluga__buf_reserve(&queue->bytes, room);
    if (status) return status;
    char *at = queue->bytes.data + queue->bytes.length;
    beluga_event copy;
    *(record *)(void *)at = (record){size, (uintptr_t)at};
    beluga__event_copy(&copy, event, at + sizeof(record) + bytes);
    memcpy(at + sizeof(record), &copy, bytes);
    queue->bytes.length += size;
    queue->bytes.data[queue->bytes.length] = '\0';
    return 0;
}

const beluga_event *beluga__queue_pop(beluga__queue *queue)
{
    if (queue->read == queue->bytes.length) return NULL;
    const char *at = queue->bytes.data + queue->read;
    const record *r = (const record *)(const void *)at;
    memcpy(&queue->event, at + sizeof *r, offsetof(beluga_event, u));
    memcpy(&queue->event, at + sizeof *r, beluga__event_size(&queue->event));
    beluga__event_moved(&queue->event, (ptrdiff_t)((uintptr_t)at - r->address));
    queue->read += r->size;
    return &queue->event;
}
