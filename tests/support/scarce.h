/* Memory that fails on request and counts its live blocks; there is one such allocator for the
 * whole program. */
#ifndef TESTS_SCARCE_H
#define TESTS_SCARCE_H

#include <beluga/allocator.h>

#include <stddef.h>

extern const beluga_allocator scarce_memory;

/* From now on fail the allocations from number `first` to number `last`, counted from 0; none with
 * SIZE_MAX for both. This resets the counts of allocations. */
void scarce_between(size_t first, size_t last);
/* Return how many allocations were made since then, and the largest of them in bytes. */
size_t scarce_asked(void);
size_t scarce_largest(void);
/* Return how many blocks are not freed. */
size_t scarce_live(void);

#endif
