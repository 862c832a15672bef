/* An allocator over malloc that counts what all threads of the process ask of it. */
#ifndef BENCH_MEMORY_H
#define BENCH_MEMORY_H

#include <beluga/allocator.h>

typedef struct memory_count {
    size_t allocations; /* so far; growing a block counts, too */
    size_t bytes;       /* asked for so far */
    size_t held;        /* now, with what malloc adds to each block */
} memory_count;

extern const beluga_allocator memory_counting;

memory_count memory_counted(void);

#endif
