#include "base/arena.h"

#include "base/mem.h"

enum { ALIGNMENT = 16, SMALLEST_BLOCK = 1024, LARGEST_STEP = 64 * 1024 };

struct beluga__block {
    beluga__block *next;
    size_t size;
};

void beluga__arena_init(beluga__arena *arena, const beluga_allocator *allocator, void *first,
                        size_t first_size, size_t max)
{
    *arena = (beluga__arena){.allocator = allocator, .next_size = SMALLEST_BLOCK, .max = max};
    arena->at = first;
    arena->end = first_size ? (char *)first + first_size : first;
}

void beluga__arena_free_blocks(beluga__arena *arena)
{
    for (beluga__block *b = arena->blocks, *next; b; b = next) {
        next = b->next;
        if (arena->secret) explicit_bzero(b, b->size);
        beluga__release(arena->allocator, b);
    }
    arena->blocks = NULL;
}

void *beluga__arena_grow(beluga__arena *arena, size_t size)
{
    if (size > arena->max) return NULL;
    size = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    size_t whole = size + sizeof(beluga__block);
    if (arena->total > arena->max || size > arena->max - arena->total) return NULL;
    bool large = whole > arena->next_size / 2;
    size_t block_size = large ? whole : arena->next_size;
    beluga__block *block = beluga__alloc(arena->allocator, block_size);
    if (!block) return NULL;
    block->size = block_size;
    block->next = arena->blocks;
    arena->blocks = block;
    arena->total += block_size;
    /* A large piece gets a block of its own, so that the free room of the current block stays in
     * use. */
    if (large) return block + 1;
    if (arena->next_size < LARGEST_STEP) arena->next_size *= 2;
    arena->at = (char *)(block + 1) + size;
    arena->end = (char *)block + block_size;
    return block + 1;
}

char *beluga__arena_copy(beluga__arena *arena, const char *text, size_t n)
{
    char *copy = beluga__arena_alloc(arena, n + 1);
    if (!copy) return NULL;
    if (n) memcpy(copy, text, n);
    copy[n] = '\0';
    return copy;
}
