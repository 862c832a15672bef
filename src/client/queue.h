/* A queue of events. They are copied into one buffer, which is reused. Only the members that the
 * kind of an event uses are copied. */
#ifndef BELUGA__QUEUE_H
#define BELUGA__QUEUE_H

#include "base/buf.h"
#include "loop/loop.h"

#include <beluga/event.h>

typedef struct beluga__queue {
    beluga__buf bytes;
    size_t read;        /* offset of the next event */
    beluga_event event; /* the event that was popped last */
} beluga__queue;

/* Initialize a queue for a call on this loop. The queue reuses the loop's spare queue memory. */
void beluga__queue_init(beluga__queue *queue, beluga_loop *loop, const beluga_allocator *allocator);
/* Free a queue, and leave its memory to the loop as spare. */
void beluga__queue_free(beluga__queue *queue, beluga_loop *loop);
void beluga__queue_clear(beluga__queue *queue);
/* Copy an event with everything that it points to. Returns 0, NO_MEMORY, or LIMIT_EXCEEDED. */
int beluga__queue_push(beluga__queue *queue, const beluga_event *event);
/* Returns the next event, valid until the next push, pop or clear; NULL when the queue is empty. */
const beluga_event *beluga__queue_pop(beluga__queue *queue);
/* Returns how many bytes the events in the queue have. */
static inline size_t beluga__queue_size(const beluga__queue *queue)
{
    return queue->bytes.length - queue->read;
}

#endif
