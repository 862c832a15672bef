#include "telemetry/span.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "telemetry/state.h"

enum { SLAB = 64, BLOCK = 2048 };

/* --- the pool --------------------------------------------------------------------------------- */

static beluga__span *at_index(const beluga__span_pool *pool, uint32_t index)
{
    beluga__span *slab =
        atomic_load_explicit(&pool->slabs[(index - 1) / SLAB], memory_order_acquire);
    return &slab[(index - 1) % SLAB];
}

static void push(beluga__span_pool *pool, beluga__span *first, beluga__span *last)
{
    uint64_t head = atomic_load_explicit(&pool->free, memory_order_relaxed), next;
    do {
        atomic_store_explicit(&last->next_free, (uint32_t)head, memory_order_relaxed);
        next = ((head >> 32) + 1) << 32 | atomic_load_explicit(&first->index, memory_order_relaxed);
    } while (!atomic_compare_exchange_weak_explicit(&pool->free, &head, next, memory_order_release,
                                                    memory_order_relaxed));
}

static beluga__span *pop(beluga__span_pool *pool)
{
    uint64_t head = atomic_load_explicit(&pool->free, memory_order_acquire), next;
    beluga__span *span;
    do {
        if (!(uint32_t)head) return NULL;
        span = at_index(pool, (uint32_t)head);
        next =
            ((head >> 32) + 1) << 32 | atomic_load_explicit(&span->next_free, memory_order_relaxed);
    } while (!atomic_compare_exchange_weak_explicit(&pool->free, &head, next, memory_order_acquire,
                                                    memory_order_acquire));
    return span;
}

/* Number the spans of a slab, and link them to a list. */
static void chain(beluga__span *slab, uint32_t n_slab)
{
    for (int i = 0; i < SLAB; i++) {
        atomic_init(&slab[i].index, n_slab * SLAB + (uint32_t)i + 1);
        atomic_init(&slab[i].next_free, i + 1 < SLAB ? n_slab * SLAB + (uint32_t)i + 2 : 0);
    }
}

/* Make a new slab and return one span of it. The caller holds the lock. */
static beluga__span *grow(beluga__span_pool *pool)
{
    uint32_t n = atomic_load_explicit(&pool->n_slabs, memory_order_relaxed);
    if (n >= BELUGA__MAX_SPANS / SLAB) return NULL;
    beluga__span *slab = beluga__alloc(pool->allocator, SLAB * sizeof *slab);
    if (!slab) return NULL;
    chain(slab, n);
    atomic_store_explicit(&pool->slabs[n], slab, memory_order_release);
    atomic_store_explicit(&pool->n_slabs, n + 1, memory_order_relaxed);
    push(pool, &slab[1], &slab[SLAB - 1]);
    return &slab[0];
}

void beluga__span_pool_init(beluga__span_pool *pool, const beluga_allocator *allocator,
                            pthread_mutex_t *lock)
{
    memset((void *)pool, 0, sizeof *pool);
    pool->allocator = allocator;
    pool->lock = lock;
}

void beluga__span_pool_free(beluga__span_pool *pool)
{
    uint32_t n = atomic_load_explicit(&pool->n_slabs, memory_order_relaxed);
    for (uint32_t i = 0; i < n; i++)
        beluga__release(pool->allocator,
                        atomic_load_explicit(&pool->slabs[i], memory_order_relaxed));
}

void beluga__span_pool_reset(beluga__span_pool *pool)
{
    uint32_t n = atomic_load_explicit(&pool->n_slabs, memory_order_relaxed);
    atomic_store_explicit(&pool->free, 0, memory_order_relaxed);
    for (uint32_t i = 0; i < n; i++) {
        beluga__span *slab = atomic_load_explicit(&pool->slabs[i], memory_order_relaxed);
        chain(slab, i);
        push(pool, &slab[0], &slab[SLAB - 1]);
    }
}

static void clear(beluga__span *span)
{
    span->next = NULL;
    span->parent_id = 0;
    span->first_ns = span->chunk_ns = 0;
    span->code = span->retry_code = 0;
    span->remote_parent = false;
    span->chunks = NULL;
    span->message = span->tracestate = NULL;
    span->attributes = (beluga__attributes){.last = &span->attributes.first};
    span->marks = NULL;
    span->last_mark = &span->marks;
    span->n_marks = span->marks_dropped = 0;
    span->links = NULL;
    span->n_links = span->links_dropped = 0;
    span->content = NULL;
    span->blocks = NULL;
    span->extra = 0;
    span->at = span->room;
    span->end = span->room + sizeof span->room;
}

beluga__span *beluga__span_take(beluga__span_pool *pool)
{
    beluga__span *span = pop(pool);
    if (!span) {
        pthread_mutex_lock(pool->lock);
        span = pop(pool);
        if (!span) span = grow(pool);
        pthread_mutex_unlock(pool->lock);
    }
    if (span) clear(span);
    return span;
}

void beluga__span_give_back(beluga__span_pool *pool, beluga__span *span)
{
    while (span->blocks) {
        void *next = *(void **)span->blocks;
        beluga__release(pool->allocator, span->blocks);
        span->blocks = next;
    }
    push(pool, span, span);
}

/* --- a span's memory -------------------------------------------------------------------------- */

/* Allocate a further block. Not inlined, so that the usual case of the caller has only a few
 * instructions. */
static void *alloc_block(beluga__span *span, size_t size)
{
    enum { HEAD = 16 };
    size_t bytes = size + HEAD > BLOCK ? size + HEAD : BLOCK;
    if (bytes > BELUGA__MAX_SPAN_BYTES - span->extra) return NULL;
    char *block = beluga__alloc(span->telemetry->pool.allocator, bytes);
    if (!block) return NULL;
    *(void **)(void *)block = span->blocks;
    span->blocks = block;
    span->extra += bytes;
    span->at = block + HEAD + size;
    span->end = block + bytes;
    return block + HEAD;
}

void *beluga__span_alloc(beluga__span *span, size_t size)
{
    if (size > BELUGA__MAX_SPAN_BYTES) return NULL;
    size = (size + 7) & ~(size_t)7;
    if (size > (size_t)(span->end - span->at)) return alloc_block(span, size);
    void *p = span->at;
    span->at += size;
    return p;
}

char *beluga__span_copy(beluga__span *span, const char *text, size_t length)
{
    char *copy = beluga__span_alloc(span, length + 1);
    if (!copy) return NULL;
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

char *beluga__span_copy_text(beluga__span *span, const char *text, size_t length)
{
    char *copy = beluga__span_copy(span, text, length);
    for (size_t i = 0; copy && i < length; i++) {
        i += beluga__utf8_valid(copy + i, length - i);
        if (i < length) copy[i] = '?';
    }
    return copy;
}

/* --- attributes and events -------------------------------------------------------------------- */

/* Allocate an attribute or an event. If it is not allowed, or if out of memory, it is counted as
 * dropped. Inlined, since a span adds a dozen attributes. */
static inline __attribute__((always_inline)) void *new_item(beluga__span *span, size_t size,
                                                            bool allowed, uint32_t *dropped)
{
    void *item = allowed ? beluga__span_alloc(span, size) : NULL;
    if (!item) ++*dropped;
    return item;
}

beluga__attribute *beluga__span_add(beluga__span *span, beluga__attributes *to, const char *name,
                                    uint32_t type)
{
    bool allowed = to->count < span->telemetry->settings.limits.attributes;
    beluga__attribute *a = new_item(span, sizeof *a, allowed, &to->dropped);
    if (!a) return NULL;
    a->next = NULL;
    a->name = name;
    a->type = type;
    *to->last = a;
    to->last = &a->next;
    to->count++;
    return a;
}

void beluga__span_add_text(beluga__span *span, beluga__attributes *to, const char *name,
                           const char *text, size_t length)
{
    size_t most = span->telemetry->settings.limits.value_bytes;
    if (length > most) length = beluga__utf8_cut(text, length, most);
    const char *copy = beluga__span_copy_text(span, text, length);
    beluga__attribute *a = copy ? beluga__span_add(span, to, name, BELUGA_ATTRIBUTE_STRING) : NULL;
    if (!copy) to->dropped++;
    if (!a) return;
    a->length = (uint32_t)length;
    a->value.string = copy;
}

beluga__mark *beluga__span_mark(beluga__span *span, const char *name, int64_t at_ns)
{
    bool allowed = span->n_marks < span->telemetry->settings.limits.events;
    beluga__mark *mark = new_item(span, sizeof *mark, allowed, &span->marks_dropped);
    if (!mark) return NULL;
    *mark = (beluga__mark){.at_ns = at_ns, .name = name};
    mark->attributes.last = &mark->attributes.first;
    *span->last_mark = mark;
    span->last_mark = &mark->next;
    span->n_marks++;
    return mark;
}
