/* This memory is for keys, and for things that may hold one: configurations, and files while they
 * are read. It is wiped when it is released, and the system is asked to leave its pages out of core
 * dumps.
 *
 * It lies in pages of its own, since only whole pages can be left out, and no data of the host may
 * be missing in its dumps. So the host's allocator is not asked for it. */
#ifndef BELUGA__SECRET_MEMORY_H
#define BELUGA__SECRET_MEMORY_H

#include <beluga/allocator.h>

/* Any thread may use it, also in a forked child. Any allocation may fail. */
const beluga_allocator *beluga__secret_allocator(void);

/* Use another allocator instead, or NULL for the usual one, as tests do that let allocations fail.
 * Nothing of the one before may be in use. */
void beluga__secret_allocator_set(const beluga_allocator *other);

#endif
