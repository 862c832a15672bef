/* An allocator for a host program that frees all memory of a task at once, as a database does after
 * a query. The address sanitizer finds later accesses to this memory. */
#ifndef TESTS_CONCURRENCY_BRIEF_MEMORY_H
#define TESTS_CONCURRENCY_BRIEF_MEMORY_H

#include <beluga/allocator.h>

#include <stdbool.h>

typedef struct brief_memory brief_memory;

/* Returns a new memory, owned by the caller, or NULL. */
brief_memory *brief_memory_new(void);
/* Returns an allocator that takes blocks from this memory, which must outlive it. */
beluga_allocator brief_memory_allocator(brief_memory *m);
bool brief_memory_is_empty(brief_memory *m);
/* Free the memory. All of its blocks must have been freed, and nothing may use the allocator any
 * longer. */
void brief_memory_free(brief_memory *m);

#endif
