/* A loop keeps the memory of its buffers from call to call. Otherwise each call would cost page
 * faults while its buffers grow, since the allocator may return freed large buffers to the
 * system. */
#ifndef BELUGA__ROOMS_H
#define BELUGA__ROOMS_H

#include "loop/loop.h"

/* Give an empty buffer the memory that the last buffer of its kind had. The buffer stays empty if
 * no memory is kept, or if its allocator or maximum differs. */
void beluga__room_lend(beluga_loop *loop, beluga__room_kind kind, beluga__buf *buf);
/* Free a buffer, and keep its memory for the next buffer of its kind, unless larger memory is kept
 * already. */
void beluga__room_keep(beluga_loop *loop, beluga__room_kind kind, beluga__buf *buf);
void beluga__rooms_free(beluga_loop *loop);

#endif
