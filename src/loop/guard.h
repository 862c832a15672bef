/* A guard hears when a context, or one that it descends from, is cancelled. */
#ifndef BELUGA__GUARD_H
#define BELUGA__GUARD_H

#include "loop/loop.h"

#include <beluga/error.h>

typedef struct beluga__guard_link beluga__guard_link;

typedef struct beluga__guard {
    beluga_loop *loop;
    beluga__guard_link *links; /* one for each cancellable context of the chain, in the arena */
    void (*cancelled)(struct beluga__guard *guard); /* must only defer what it does */
} beluga__guard;

/* Begin to listen. Returns 0, or NO_MEMORY or LIMIT_EXCEEDED with detail; end it in either case. */
int beluga__guard_start(beluga__guard *guard, beluga_loop *loop, beluga_context *context,
                        beluga__arena *arena, void (*cancelled)(beluga__guard *),
                        beluga_error *err);
void beluga__guard_end(beluga__guard *guard);

#endif
