/* The memory of buffers that calls fill, kept by the loop from call to call: growing one anew costs
 * a call its pages, and the allocator may give a large one back to the system each time. */
#ifndef BELUGA__ROOMS_H
#define BELUGA__ROOMS_H

#include "loop/loop.h"

/* Give a buffer that is empty the room of the last one of its kind. It stays empty where no room is
 * kept, or where its allocator or its maximum is another. */
void beluga__room_lend(beluga_loop *loop, beluga__room_kind kind, beluga__buf *buf);
/* Free a buffer, and keep its room for the next one of its kind, unless a larger one is kept. */
void beluga__room_keep(beluga_loop *loop, beluga__room_kind kind, beluga__buf *buf);
void beluga__rooms_free(beluga_loop *loop);

#endif
