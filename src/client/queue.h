/* Events that wait: copied into one buffer that is used again and again. */
#ifndef BELUGA__QUEUE_H
#define BELUGA__QUEUE_H

#include "base/buf.h"

#include <beluga/event.h>

typedef struct beluga__queue {
    beluga__buf bytes;
    size_t read; /* where the next event begins */
} beluga__queue;

void beluga__queue_init(beluga__queue *queue, const beluga_allocator *allocator);
void beluga__queue_free(beluga__queue *queue);
void beluga__queue_clear(beluga__queue *queue);
/* Copy an event with all that it points to. 0, NO_MEMORY, or LIMIT_EXCEEDED. */
int beluga__queue_push(beluga__queue *queue, const beluga_event *event);
/* Return the next event, valid until the next push, pop or clear; NULL when there is none. */
const beluga_event *beluga__queue_pop(beluga__queue *queue);
/* Return the bytes that wait. */
static inline size_t beluga__queue_size(const beluga__queue *queue)
{
    return queue->bytes.length - queue->read;
}

#endif
