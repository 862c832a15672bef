/* A handle: a number in the type of a pointer, which a provider from elsewhere is given instead of
 * its emit.
 *
 * A plug-in may keep its emit too long, use it from a thread of its own, or between its turns. A
 * handle is looked up, and refused where it is not good; a pointer would be followed into memory
 * that is gone. The number says which slot of a table it is, and which of the slot's uses. It is
 * odd, and pointers are even: so a built-in provider, which is given its emit's address, pays one
 * test. */
#ifndef BELUGA__HANDLE_H
#define BELUGA__HANDLE_H

#include "model/emit.h"

static inline bool beluga__is_handle(const beluga_emit *given)
{
    return (uintptr_t)given & 1;
}

/* Make a handle that leads to an emit. NULL without memory, or where a million calls are open.
 * Threads: any. */
beluga_emit *beluga__handle_new(beluga_emit *emit);
/* From here on the handle leads nowhere. Call it on the thread of its turns. */
void beluga__handle_free(beluga_emit *handle);

/* A turn of this thread begins; give what it returns to `leave`. Turns may nest. */
uintptr_t beluga__handle_enter(const beluga_emit *handle);
void beluga__handle_leave(const beluga_emit *handle, uintptr_t before);

/* Returns the emit in a turn of this thread. Else NULL, and a code to return: the call is over, or
 * the handle is used out of turn, which ends the call. Threads: any. */
beluga_emit *beluga__handle_resolve(const beluga_emit *handle, int *status);

/* Returns whether the handle was used out of turn; false for an address. */
bool beluga__handle_is_misused(const beluga_emit *given);

/* --- the same for what a provider was given, be it a handle or an address --- */

static inline uintptr_t beluga__turn_begin(const beluga_emit *given)
{
    return beluga__is_handle(given) ? beluga__handle_enter(given) : 0;
}

static inline void beluga__turn_end(const beluga_emit *given, uintptr_t before)
{
    if (beluga__is_handle(given)) beluga__handle_leave(given, before);
}

/* Returns the emit, or NULL and a code to return. */
static inline beluga_emit *beluga__emit_find(const beluga_emit *given, int *status)
{
    return beluga__is_handle(given) ? beluga__handle_resolve(given, status)
                                    : (beluga_emit *)(uintptr_t)given;
}

#endif
