#include "brief_memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct block {
    struct block *next, **link;
} block;

/* bytes before each block, for its list entry; a multiple of 16 keeps the block aligned */
enum { HEAD = 32 };

struct brief_memory {
    pthread_mutex_t lock;
    block *blocks;
};

static void *take(void *payload, size_t size)
{
    brief_memory *m = payload;
    block *b = malloc(HEAD + size);
    if (!b) return NULL;
    pthread_mutex_lock(&m->lock);
    *b = (block){m->blocks, &m->blocks};
    if (b->next) b->next->link = &b->next;
    m->blocks = b;
    pthread_mutex_unlock(&m->lock);
    return (char *)b + HEAD;
}

static void release(void *payload, void *pointer)
{
    brief_memory *m = payload;
    if (!pointer) return;
    block *b = (block *)(void *)((char *)pointer - HEAD);
    pthread_mutex_lock(&m->lock);
    *b->link = b->next;
    if (b->next) b->next->link = b->link;
    pthread_mutex_unlock(&m->lock);
    free(b);
}

static void *resize(void *payload, void *pointer, size_t old_size, size_t size)
{
    void *grown = take(payload, size);
    if (grown && pointer) memcpy(grown, pointer, old_size < size ? old_size : size);
    if (grown) release(payload, pointer);
    return grown;
}

bool brief_memory_is_empty(brief_memory *m)
{
    pthread_mutex_lock(&m->lock);
    bool empty = !m->blocks;
    pthread_mutex_unlock(&m->lock);
    return empty;
}

brief_memory *brief_memory_new(void)
{
    brief_memory *m = calloc(1, sizeof *m);
    if (m) pthread_mutex_init(&m->lock, NULL);
    return m;
}

beluga_allocator brief_memory_allocator(brief_memory *m)
{
    return (beluga_allocator){take, resize, release, m};
}

void brief_memory_free(brief_memory *m)
{
    pthread_mutex_destroy(&m->lock);
    memset(m, 0xa5, sizeof *m);
    free(m);
}
