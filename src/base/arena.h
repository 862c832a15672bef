/* Memory that goes all at once. Blocks double up to a size; single-threaded. */
#ifndef BELUGA__ARENA_H
#define BELUGA__ARENA_H

#include <beluga/common.h>

typedef struct beluga__arena {
    const beluga_allocator *allocator;
    struct beluga__block *blocks; /* what to free; the first block may be the owner's */
    char *at, *end;               /* free room in the newest block */
    uint32_t next_size;
    bool secret; /* wipe its blocks when they are freed; the first one is its owner's business */
    size_t total, max;
} beluga__arena;

/* Start with memory of the owner's (16-byte aligned), so that small users allocate nothing more. */
void beluga__arena_init(beluga__arena *arena, const beluga_allocator *allocator, void *first,
                        size_t first_size, size_t max);
void beluga__arena_free(beluga__arena *arena);
/* What the newest block has no room for. */
void *beluga__arena_grow(beluga__arena *arena, size_t size);
void *beluga__arena_zalloc(beluga__arena *arena, size_t size);
/* A NUL-terminated copy. */
char *beluga__arena_copy(beluga__arena *arena, const char *text, size_t n);

/* 16-byte aligned, not zeroed; NULL without memory or past the maximum. */
static inline void *beluga__arena_alloc(beluga__arena *arena, size_t size)
{
    size_t rounded = (size + !size + 15) & ~(size_t)15; /* 0: it overflowed, which grow refuses */
    if (rounded - 1 >= (size_t)(arena->end - arena->at)) return beluga__arena_grow(arena, size);
    void *p = arena->at;
    arena->at += rounded;
    return p;
}

#endif
