/* A handle: a number in the type of a pointer, which a provider of a plug-in gets instead of its
 * emit's address.
 *
 * A plug-in may keep its emit too long, or use it on a thread of its own or outside its turns. A
 * stale pointer would point to freed memory, but a handle is looked up in a table, and refused if
 * it is no longer valid. The number identifies a slot of the table and one use of that slot.
 * Handles are odd and addresses even, so for a built-in provider, which gets its emit's address,
 * the only cost is one test. */
#ifndef BELUGA__HANDLE_H
#define BELUGA__HANDLE_H

#include "model/emit.h"

static inline bool beluga__is_handle(const beluga_emit *given)
{
    return (uintptr_t)given & 1;
}

/* Make a handle for an emit. Returns NULL if memory runs out, or if a million calls are open.
 * Threads: any. */
beluga_emit *beluga__handle_new(beluga_emit *emit);
/* Make a handle invalid. Call this on the thread that runs its turns. */
void beluga__handle_free(beluga_emit *handle);

/* Let all threads use a new handle. Such a shared handle has no turns: beluga__handle_resolve
 * refuses it with NOT_SUPPORTED, and threads use beluga__handle_pin instead. */
void beluga__handle_share(const beluga_emit *handle);
/* Call `pin` with the emit of a shared handle, while a lock keeps the emit from being freed.
 * Returns the emit, or NULL if the handle is not valid. Threads: any. */
beluga_emit *beluga__handle_pin(const beluga_emit *handle, void (*pin)(beluga_emit *emit));
/* Free a shared handle. Returns false if another thread has freed it already. Threads: any. */
bool beluga__handle_close(beluga_emit *handle);

/* Begin a turn on this thread. Pass the returned value to beluga__handle_leave. Turns may nest. */
uintptr_t beluga__handle_enter(const beluga_emit *handle);
void beluga__handle_leave(const beluga_emit *handle, uintptr_t before);

/* Returns the emit of a handle during its turn on this thread. Returns NULL and sets *status if the
 * call is over or this is not the handle's turn; the latter makes the call fail. Threads: any. */
beluga_emit *beluga__handle_resolve(const beluga_emit *handle, int *status);

/* Returns whether the handle was used outside its turn; always false for an address. */
bool beluga__handle_is_misused(const beluga_emit *given);

/* --- the same functions for handles and addresses --------------------------------------------- */

static inline uintptr_t beluga__turn_begin(const beluga_emit *given)
{
    return beluga__is_handle(given) ? beluga__handle_enter(given) : 0;
}

static inline void beluga__turn_end(const beluga_emit *given, uintptr_t before)
{
    if (beluga__is_handle(given)) beluga__handle_leave(given, before);
}

/* Returns the emit, or NULL with an error code in *status. */
static inline beluga_emit *beluga__emit_find(const beluga_emit *given, int *status)
{
    return beluga__is_handle(given) ? beluga__handle_resolve(given, status)
                                    : (beluga_emit *)(uintptr_t)given;
}

#endif
