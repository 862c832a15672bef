/* A handle: a number in the type of a pointer, which a plug-in's provider gets instead of its
 * emit.
 *
 * A plug-in may keep its emit too long, use it from a thread of its own, or between its turns. The
 * library looks a handle up, and refuses a handle that is not valid; a stale pointer would lead
 * into freed memory. The number names a slot of a table and one use of that slot. Handles are odd
 * and pointers even, so a built-in provider, which gets its emit's address, costs one test. */
#ifndef BELUGA__HANDLE_H
#define BELUGA__HANDLE_H

#include "model/emit.h"

static inline bool beluga__is_handle(const beluga_emit *given)
{
    return (uintptr_t)given & 1;
}

/* Make a handle of an emit. Returns NULL without memory, or where a million calls are open.
 * Threads: any. */
beluga_emit *beluga__handle_new(beluga_emit *emit);
/* End a handle, which then leads nowhere. Call this on the thread of its turns. */
void beluga__handle_free(beluga_emit *handle);

/* Open a new handle to all threads. It has no turns: `resolve` refuses it with NOT_SUPPORTED, and
 * threads pin what it leads to instead. */
void beluga__handle_share(const beluga_emit *handle);
/* Call `pin` with the emit of a handle that is valid, before it can be freed. Returns the emit, or
 * NULL. Threads: any. */
beluga_emit *beluga__handle_pin(const beluga_emit *handle, void (*pin)(beluga_emit *emit));
/* Free a handle that is shared, unless another thread did so. Threads: any. */
bool beluga__handle_close(beluga_emit *handle);

/* Begin a turn of this thread. Pass the returned value to `leave`. Turns may nest. */
uintptr_t beluga__handle_enter(const beluga_emit *handle);
void beluga__handle_leave(const beluga_emit *handle, uintptr_t before);

/* Returns the emit during a turn of this thread. Otherwise returns NULL and sets a code: the call
 * is over, or the handle is used out of turn, which ends the call. Threads: any. */
beluga_emit *beluga__handle_resolve(const beluga_emit *handle, int *status);

/* Returns whether the handle was used out of turn; always false for an address. */
bool beluga__handle_is_misused(const beluga_emit *given);

/* --- the same functions for a handle or an address --- */

static inline uintptr_t beluga__turn_begin(const beluga_emit *given)
{
    return beluga__is_handle(given) ? beluga__handle_enter(given) : 0;
}

static inline void beluga__turn_end(const beluga_emit *given, uintptr_t before)
{
    if (beluga__is_handle(given)) beluga__handle_leave(given, before);
}

/* Returns the emit, or NULL with a code in *status. */
static inline beluga_emit *beluga__emit_find(const beluga_emit *given, int *status)
{
    return beluga__is_handle(given) ? beluga__handle_resolve(given, status)
                                    : (beluga_emit *)(uintptr_t)given;
}

#endif
