/* What a provider from elsewhere is given instead of its emit: a number dressed as a pointer.
 *
 * A plug-in may keep it too long, use it from a thread of its own, or between its turns. A number
 * can be looked up and found wanting where a pointer would be followed into memory that is gone. It
 * tells which slot of a table, and of which of the slot's uses it is. An odd one: pointers are
 * even, so built-in providers, which are given theirs as it is, pay one test. */
#ifndef BELUGA__HANDLE_H
#define BELUGA__HANDLE_H

#include "model/emit.h"

static inline bool beluga__is_handle(const beluga_emit *emit)
{
    return (uintptr_t)emit & 1;
}

/* Name an emit. NULL without memory, or where a million calls are open. Threads: any. */
beluga_emit *beluga__handle_new(beluga_emit *emit);
/* From here on the handle leads nowhere. The thread of its turns. */
void beluga__handle_free(beluga_emit *handle);

/* This thread's turn begins; give what it returned to `leave`. Turns may nest. Both take a pointer,
 * too, which needs neither. */
uintptr_t beluga__handle_enter(beluga_emit *handle);
void beluga__handle_leave(beluga_emit *handle, uintptr_t before);

/* The emit, in a turn of this thread. Else NULL and a code to return: the call is over, or it is
 * used out of turn, which the call then fails of. Threads: any. */
beluga_emit *beluga__handle_resolve(const beluga_emit *handle, int *status);

/* Was it used out of turn? */
bool beluga__handle_is_misused(const beluga_emit *handle);

#endif
