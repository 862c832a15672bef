#include "model/handle.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/* A handle is, from the lowest bit: 1, the slot's index, and how often the slot was used before. In
 * 64 bits the count does not come round. */
#if UINTPTR_MAX > UINT32_MAX
enum { INDEX_BITS = 20, CHUNK_BITS = 10 };
#else
enum { INDEX_BITS = 14, CHUNK_BITS = 7 };
#endif
enum { N_CHUNKS = 1 << (INDEX_BITS - CHUNK_BITS), CHUNK_SLOTS = 1 << CHUNK_BITS };
#define INDEX_MASK (((uintptr_t)1 << INDEX_BITS) - 1)

typedef struct slot {
    atomic_uintptr_t handle;  /* in use: its name; free: the next one's */
    atomic_uintptr_t turn;    /* the thread that may use it now, or 0 */
    atomic_uintptr_t misused; /* the handle that was used out of turn */
    beluga_emit *emit;        /* only for the thread whose turn it is */
    atomic_bool used;
    atomic_uint_fast32_t next; /* of the free ones: index + 1 */
} slot;

/* Process-wide and never released: whoever holds a handle may ask at any time, after the last
 * client too. So it is not a client's memory, and not from a host's allocator, which may end. */
static _Atomic(slot *) chunks[N_CHUNKS];
static atomic_uint_fast32_t n_slots;
/* The free ones, a stack: index + 1, and above it a count, without which two who take at once could
 * leave a slot twice on it. */
static atomic_uint_fast64_t free_slots;

static slot *slot_at(uint32_t index)
{
    slot *chunk = atomic_load_explicit(&chunks[index >> CHUNK_BITS], memory_order_acquire);
    return chunk ? &chunk[index & (CHUNK_SLOTS - 1)] : NULL;
}

static uint32_t index_of(uintptr_t handle)
{
    return (uint32_t)(handle >> 1 & INDEX_MASK);
}

/* --- taking and giving back ------------------------------------------------------------------- */

static bool pop(uint32_t *index)
{
    uint_fast64_t top = atomic_load(&free_slots), next;
    do {
        if (!(uint32_t)top) return false;
        *index = (uint32_t)top - 1;
        next = atomic_load(&slot_at(*index)->next);
    } while (!atomic_compare_exchange_weak(&free_slots, &top, ((top >> 32) + 1) << 32 | next));
    return true;
}

static void push(uint32_t index)
{
    uint_fast64_t top = atomic_load(&free_slots);
    do atomic_store(&slot_at(index)->next, (uint32_t)top);
    while (!atomic_compare_exchange_weak(&free_slots, &top, ((top >> 32) + 1) << 32 | (index + 1)));
}

static bool make_chunk(uint32_t index)
{
    _Atomic(slot *) *chunk = &chunks[index >> CHUNK_BITS];
    if (atomic_load(chunk)) return true;
    slot *made = calloc(CHUNK_SLOTS, sizeof *made), *there = NULL;
    if (!made) return false;
    if (!atomic_compare_exchange_strong(chunk, &there, made)) free(made);
    return true;
}

static bool add_slot(uint32_t *index)
{
    uint_fast32_t n = atomic_load(&n_slots);
    do {
        if (n > INDEX_MASK || !make_chunk((uint32_t)n)) return false;
    } while (!atomic_compare_exchange_weak(&n_slots, &n, n + 1));
    *index = (uint32_t)n;
    return true;
}

beluga_emit *beluga__handle_new(beluga_emit *emit)
{
    uint32_t index;
    if (!pop(&index) && !add_slot(&index)) return NULL;
    slot *s = slot_at(index);
    uintptr_t handle = atomic_load(&s->handle) | (uintptr_t)index << 1 | 1;
    s->emit = emit;
    atomic_store(&s->turn, 0);
    atomic_store(&s->handle, handle);
    atomic_store(&s->used, true);
    return (beluga_emit *)handle; /* NOLINT: a number, see above */
}

void beluga__handle_free(beluga_emit *handle)
{
    if (!beluga__is_handle(handle)) return;
    uint32_t index = index_of((uintptr_t)handle);
    slot *s = slot_at(index);
    atomic_store(&s->used, false);
    atomic_store(&s->turn, 0);
    atomic_store(&s->handle, (uintptr_t)handle + ((INDEX_MASK + 1) << 1));
    push(index);
}

/* --- turns ------------------------------------------------------------------------------------ */

static uintptr_t this_thread(void)
{
    return (uintptr_t)pthread_self();
}

uintptr_t beluga__handle_enter(beluga_emit *handle)
{
    if (!beluga__is_handle(handle)) return 0;
    return atomic_exchange(&slot_at(index_of((uintptr_t)handle))->turn, this_thread());
}

void beluga__handle_leave(beluga_emit *handle, uintptr_t before)
{
    if (!beluga__is_handle(handle)) return;
    slot *s = slot_at(index_of((uintptr_t)handle));
    if (atomic_load(&s->handle) == (uintptr_t)handle) atomic_store(&s->turn, before);
}

beluga_emit *beluga__handle_resolve(const beluga_emit *handle, int *status)
{
    uint32_t index = index_of((uintptr_t)handle);
    slot *s = slot_at(index);
    *status = BELUGA_ERROR_CONTEXT_CANCELED;
    if (!s || atomic_load_explicit(&s->handle, memory_order_acquire) != (uintptr_t)handle)
        return NULL;
    if (!atomic_load_explicit(&s->used, memory_order_relaxed)) return NULL;
    if (atomic_load_explicit(&s->turn, memory_order_relaxed) == this_thread()) return s->emit;
    atomic_store(&s->misused, (uintptr_t)handle);
    *status = BELUGA_ERROR_INVALID_INPUT;
    return NULL;
}

bool beluga__handle_is_misused(const beluga_emit *handle)
{
    if (!beluga__is_handle(handle)) return false;
    return atomic_load(&slot_at(index_of((uintptr_t)handle))->misused) == (uintptr_t)handle;
}
