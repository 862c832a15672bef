/* An allocator over malloc that counts the allocations of all threads of the process. */
#ifndef BENCH_MEMORY_H
#define BENCH_MEMORY_H

#include <beluga/allocator.h>

typedef struct memory_count {
    size_t allocations; /* allocations so far; growing a block counts, too */
    size_t bytes;       /* bytes requested so far */
    size_t held;        /* bytes held now, with malloc's overhead for each block */
} memory_count;

extern const beluga_allocator memory_counting;

memory_count memory_counted(void);

#endif
