/* Memory of buffers that a loop keeps from call to call. Growing a new buffer would cost each call
 * page faults, and the allocator may return a large one to the system each time. */
#ifndef BELUGA__ROOMS_H
#define BELUGA__ROOMS_H

#include "loop/loop.h"

/* Give an empty buffer the memory that the last buffer of its kind had. It gets none if none is
 * kept, or if its allocator or maximum differs. */
void beluga__room_lend(beluga_loop *loop, beluga__room_kind kind, beluga__buf *buf);
/* Free a buffer, and keep its memory for the next buffer of its kind, unless larger memory is kept
 * already. */
void beluga__room_keep(beluga_loop *loop, beluga__room_kind kind, beluga__buf *buf);
void beluga__rooms_free(beluga_loop *loop);

#endif
