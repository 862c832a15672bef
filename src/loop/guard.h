/* A guard calls a function when its context, or an ancestor of that context, is cancelled. */
#ifndef BELUGA__GUARD_H
#define BELUGA__GUARD_H

#include "loop/loop.h"

#include <beluga/error.h>

typedef struct beluga__guard_link beluga__guard_link;

typedef struct beluga__guard {
    beluga_loop *loop;
    /* One link for each cancellable context of the chain; in the arena. */
    beluga__guard_link *links;
    /* Called on cancellation. It may only defer a task, since the loop is iterating over its list
     * of watches. */
    void (*cancelled)(struct beluga__guard *guard);
} beluga__guard;

/* Begin to watch the context. Returns 0, or NO_MEMORY or LIMIT_EXCEEDED with detail. After a
 * failure, too, the guard must be ended. */
int beluga__guard_start(beluga__guard *guard, beluga_loop *loop, beluga_context *context,
                        beluga__arena *arena, void (*cancelled)(beluga__guard *),
                        beluga_error *err);
void beluga__guard_end(beluga__guard *guard);

#endif
