/* An arena hands out pieces of memory that are all freed at once. The sizes of its blocks double up
 * to a limit. Only one thread may use it at a time. */
#ifndef BELUGA__ARENA_H
#define BELUGA__ARENA_H

#include <beluga/common.h>

#include <string.h>

typedef struct beluga__block beluga__block;

typedef struct beluga__arena {
    const beluga_allocator *allocator;
    /* Blocks that the arena allocated; the owner's first memory is not among them. */
    beluga__block *blocks;
    char *at, *end; /* the free bytes of the newest block */
    uint32_t next_size;
    bool secret; /* the blocks are wiped when they are freed; the owner wipes its own memory */
    size_t total, max;
} beluga__arena;

/* Initialize an arena. Its first memory, which the owner provides (16-byte aligned), is used first,
 * so that an arena of few bytes need not allocate. */
void beluga__arena_init(beluga__arena *arena, const beluga_allocator *allocator, void *first,
                        size_t first_size, size_t max);
/* Allocate a piece that does not fit into the newest block. */
void *beluga__arena_grow(beluga__arena *arena, size_t size);
void beluga__arena_free_blocks(beluga__arena *arena);
/* Copy a text of n bytes, and add a NUL. */
char *beluga__arena_copy(beluga__arena *arena, const char *text, size_t n);

/* Allocate a piece that is 16-byte aligned and not zeroed; NULL if memory runs out or past the
 * maximum.
 */
static inline void *beluga__arena_alloc(beluga__arena *arena, size_t size)
{
    /* 0 if the sum overflowed; then beluga__arena_grow fails */
    size_t rounded = (size + !size + 15) & ~(size_t)15;
    if (rounded - 1 >= (size_t)(arena->end - arena->at)) return beluga__arena_grow(arena, size);
    void *p = arena->at;
    arena->at += rounded;
    return p;
}

static inline void *beluga__arena_zalloc(beluga__arena *arena, size_t size)
{
    void *p = beluga__arena_alloc(arena, size);
    return p ? memset(p, 0, size) : NULL;
}

static inline void beluga__arena_free(beluga__arena *arena)
{
    if (arena->blocks) beluga__arena_free_blocks(arena);
    arena->at = arena->end = NULL;
}

#endif
