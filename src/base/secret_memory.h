/* Memory for keys, and for objects that may contain a key: configurations, and files while they are
 * read. It is wiped when it is released, and the system is asked to leave its pages out of core
 * dumps.
 *
 * It has whole pages of its own, so the host program's allocator is not used: only whole pages can
 * be left out of a core dump, and the host program's data must not be missing in the dump. */
#ifndef BELUGA__SECRET_MEMORY_H
#define BELUGA__SECRET_MEMORY_H

#include <beluga/allocator.h>

/* Returns the allocator. Threads: any, also in a forked child. Every allocation may fail. */
const beluga_allocator *beluga__secret_allocator(void);

/* Use another allocator instead, or NULL for the usual one. For tests that let allocations fail. No
 * memory of the previous allocator may be in use. */
void beluga__secret_allocator_set(const beluga_allocator *other);

#endif
