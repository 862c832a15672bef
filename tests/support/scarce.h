/* Memory that fails on request, and that counts what of it is out: one for the whole program. */
#ifndef TESTS_SCARCE_H
#define TESTS_SCARCE_H

#include <beluga/allocator.h>

#include <stddef.h>

extern const beluga_allocator scarce_memory;

/* From now on fail the allocations from number `first` to number `last`, counted from 0; none with
 * SIZE_MAX for both. The counts of what was asked for begin anew. */
void scarce_between(size_t first, size_t last);
/* How many allocations were asked for since then, and the largest of them in bytes. */
size_t scarce_asked(void);
size_t scarce_largest(void);
/* How many are not released. */
size_t scarce_live(void);

#endif
