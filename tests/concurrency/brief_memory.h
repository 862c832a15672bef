/* An allocator that is as short-lived as a database's: all of its memory is freed at once, and the
 * address sanitizer finds late accesses to it. */
#ifndef TESTS_CONCURRENCY_BRIEF_MEMORY_H
#define TESTS_CONCURRENCY_BRIEF_MEMORY_H

#include <beluga/allocator.h>

#include <stdbool.h>

typedef struct brief_memory brief_memory;

/* Returns a memory that the caller owns, or NULL. */
brief_memory *brief_memory_new(void);
/* Returns the allocator, which borrows the memory. */
beluga_allocator brief_memory_allocator(brief_memory *m);
bool brief_memory_is_empty(brief_memory *m);
/* Free the memory. It must have no blocks, and nothing may use it any more. */
void brief_memory_free(brief_memory *m);

#endif
