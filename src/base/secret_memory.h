/* Memory for keys, and for what may hold one: configurations, files that are read for them. It is
 * wiped when it is released, and the system is asked to leave its pages out of core dumps.
 *
 * It lies in pages of its own, since only whole pages can be left out, and none of the host's data
 * may be lost to its dumps. So a host's allocator is not asked for it. */
#ifndef BELUGA__SECRET_MEMORY_H
#define BELUGA__SECRET_MEMORY_H

#include <beluga/allocator.h>

/* For any thread; usable in a forked child. Any allocation may fail. */
const beluga_allocator *beluga__secret_allocator(void);

/* For tests that let allocations fail: take this one instead, or NULL for the usual one. While
 * nothing of the other is in use. */
void beluga__secret_allocator_set(const beluga_allocator *other);

#endif
