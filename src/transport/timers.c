#include "transport/timers.h"

#include "base/mem.h"

/* Each node of the heap has four children, since this touches fewer cache lines than two
 * children. */
enum { ARITY = 4, FIRST_CAPACITY = 16 };

void beluga__timers_init(beluga__timers *timers, const beluga_allocator *allocator)
{
    *timers = (beluga__timers){.allocator = allocator};
}

void beluga__timers_free(beluga__timers *timers)
{
    beluga__release(timers->allocator, timers->heap);
    beluga__timers_init(timers, timers->allocator);
}

static void place(beluga__timers *timers, size_t at, beluga__timer *timer)
{
    timers->heap[at] = timer;
    timer->heap_index = at;
}

/* Move a timer up to its place in the heap. Indices start at 1: the parent of i is (i - 2) / ARITY
 * + 1, and the first child of i is ARITY * (i - 1) + 2. */
static void rise(beluga__timers *timers, size_t at, beluga__timer *timer)
{
    while (at > 1) {
        size_t parent = (at - 2) / ARITY + 1;
        if (timers->heap[parent]->deadline_ns <= timer->deadline_ns) break;
        place(timers, at, timers->heap[parent]);
        at = parent;
    }
    place(timers, at, timer);
}

static void sink(beluga__timers *timers, size_t at, beluga__timer *timer)
{
    for (;;) {
        size_t first = ARITY * (at - 1) + 2, last = first + ARITY - 1, least = first;
        if (first > timers->count) break;
        if (last > timers->count) last = timers->count;
        for (size_t i = first + 1; i <= last; i++)
            if (timers->heap[i]->deadline_ns < timers->heap[least]->deadline_ns) least = i;
        if (timers->heap[least]->deadline_ns >= timer->deadline_ns) break;
        place(timers, at, timers->heap[least]);
        at = least;
    }
    place(timers, at, timer);
}

int beluga__timers_reserve(beluga__timers *timers, size_t count)
{
    if (count < timers->capacity) return 0;
    size_t capacity = timers->capacity ? timers->capacity : FIRST_CAPACITY;
    while (capacity <= count) capacity *= 2;
    beluga__timer **heap = beluga__resize(timers->allocator, timers->heap,
                                          timers->capacity * sizeof *heap, capacity * sizeof *heap);
    if (!heap) return BELUGA_ERROR_NO_MEMORY;
    timers->heap = heap;
    timers->capacity = capacity;
    return 0;
}

int beluga__timers_set(beluga__timers *timers, beluga__timer *timer, int64_t deadline_ns)
{
    beluga__timers_clear(timers, timer);
    if (beluga__timers_reserve(timers, timers->count + 1)) return BELUGA_ERROR_NO_MEMORY;
    timer->deadline_ns = deadline_ns;
    rise(timers, ++timers->count, timer);
    return 0;
}

void beluga__timers_clear(beluga__timers *timers, beluga__timer *timer)
{
    size_t at = timer->heap_index;
    if (!at) return;
    timer->heap_index = 0;
    beluga__timer *last = timers->heap[timers->count--];
    if (last == timer) return;
    if (at > 1 && timers->heap[(at - 2) / ARITY + 1]->deadline_ns > last->deadline_ns)
        rise(timers, at, last);
    else
        sink(timers, at, last);
}

int64_t beluga__timers_next(const beluga__timers *timers)
{
    return timers->count ? timers->heap[1]->deadline_ns : INT64_MAX;
}

beluga__timer *beluga__timers_pop(beluga__timers *timers, int64_t now_ns)
{
    if (!timers->count || timers->heap[1]->deadline_ns > now_ns) return NULL;
    beluga__timer *timer = timers->heap[1];
    beluga__timers_clear(timers, timer);
    return timer;
}
