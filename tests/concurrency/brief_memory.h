/* An allocator as short-lived as a database's: all of its memory goes at once, and whoever comes
 * late to it is found by the address sanitizer. */
#ifndef TESTS_CONCURRENCY_BRIEF_MEMORY_H
#define TESTS_CONCURRENCY_BRIEF_MEMORY_H

#include <beluga/allocator.h>

#include <stdbool.h>

typedef struct brief_memory brief_memory;

/* Returns owned, or NULL. */
brief_memory *brief_memory_new(void);
/* The allocator; it holds the memory. */
beluga_allocator brief_memory_allocator(brief_memory *m);
bool brief_memory_is_empty(brief_memory *m);
/* Nothing may be in it, and nobody may look at it any more. */
void brief_memory_free(brief_memory *m);

#endif
