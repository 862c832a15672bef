#include "loop/rooms.h"

#include "base/limits.h"
#include "base/mem.h"

void beluga__room_lend(beluga_loop *loop, beluga__room_kind kind, beluga__buf *buf)
{
    beluga__room *room = &loop->rooms[kind];
    bool fits = !buf->capacity && room->capacity - 1 <= buf->max;
    if (!room->data || !fits || buf->allocator != &loop->runtime->allocator) return;
    BELUGA__UNPOISON(room->data, room->capacity);
    buf->data = room->data;
    buf->capacity = room->capacity;
    *room = (beluga__room){0};
    beluga__buf_clear(buf);
}

void beluga__room_keep(beluga_loop *loop, beluga__room_kind kind, beluga__buf *buf)
{
    beluga__room *room = &loop->rooms[kind];
    bool fits = buf->capacity > room->capacity && buf->capacity <= BELUGA__MAX_KEPT_BYTES;
    if (!fits || buf->allocator != &loop->runtime->allocator) {
        beluga__buf_free(buf);
        return;
    }
    beluga__room earlier = *room;
    *room = (beluga__room){buf->data, buf->capacity};
    BELUGA__POISON(room->data, room->capacity);
    beluga__buf_init(buf, buf->allocator, buf->max);
    BELUGA__UNPOISON(earlier.data, earlier.capacity);
    beluga__release(&loop->runtime->allocator, earlier.data);
}

void beluga__rooms_free(beluga_loop *loop)
{
    for (int i = 0; i < BELUGA__ROOMS; i++) {
        beluga__room *room = &loop->rooms[i];
        BELUGA__UNPOISON(room->data, room->capacity);
        beluga__release(&loop->runtime->allocator, room->data);
        *room = (beluga__room){0};
    }
}
