/* The timers of a loop, as one heap. */
#ifndef BELUGA__TIMERS_H
#define BELUGA__TIMERS_H

#include "loop/loop.h"

typedef struct beluga__timers {
    beluga__timer **heap; /* indices start at 1 */
    size_t count, capacity;
    const beluga_allocator *allocator;
} beluga__timers;

void beluga__timers_init(beluga__timers *timers, const beluga_allocator *allocator);
void beluga__timers_free(beluga__timers *timers);
/* Reserve memory for `count` timers in total. Returns 0 or NO_MEMORY. */
int beluga__timers_reserve(beluga__timers *timers, size_t count);
/* Set a timer, or change the deadline of a timer that is set. Returns 0 or NO_MEMORY; never fails
 * if memory was reserved. */
int beluga__timers_set(beluga__timers *timers, beluga__timer *timer, int64_t deadline_ns);
void beluga__timers_clear(beluga__timers *timers, beluga__timer *timer);
/* Returns the earliest deadline, or INT64_MAX if no timer is set. */
int64_t beluga__timers_next(const beluga__timers *timers);
/* Returns the earliest timer and removes it, if it is due; else NULL. */
beluga__timer *beluga__timers_pop(beluga__timers *timers, int64_t now_ns);

#endif
