/* Memory that fails on request and counts its live blocks; there is one such allocator for the
 * whole program. */
#ifndef TESTS_SCARCE_H
#define TESTS_SCARCE_H

#include <beluga/allocator.h>

#include <stddef.h>

extern const beluga_allocator scarce_memory;

/* From now on fail the allocations from number `first` to number `last`, counted from 0; if both
 * are SIZE_MAX, none fails. This resets the counts of allocations. */
void scarce_between(size_t first, size_t last);
/* Return the number of allocations since scarce_between was called, and the size of the largest of
 * them in bytes. */
size_t scarce_asked(void);
size_t scarce_largest(void);
/* Return the number of blocks that are not freed yet. */
size_t scarce_live(void);

#endif
