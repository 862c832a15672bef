#include "model/handle.h"

#include "base/fork_lock.h"

#include <stdlib.h>

/* A handle is a number: the lowest bit is 1, then come the index of its slot and a count of the
 * slot's earlier uses. With 64 bits the count never repeats. */
#if UINTPTR_MAX > UINT32_MAX
enum { INDEX_BITS = 20, CHUNK_BITS = 10 };
#else
enum { INDEX_BITS = 14, CHUNK_BITS = 7 };
#endif
enum { N_CHUNKS = 1 << (INDEX_BITS - CHUNK_BITS), CHUNK_SLOTS = 1 << CHUNK_BITS };
#define MAX_SLOTS ((uint32_t)1 << INDEX_BITS)
#define ONE_USE   ((uintptr_t)MAX_SLOTS << 1)

typedef struct slot {
    /* the handle while the slot is in use; otherwise the slot's next handle, but with its lowest
     * bit 0 */
    atomic_uintptr_t handle;
    atomic_uintptr_t turn;    /* id of the thread that has the turn, or 0 */
    atomic_uintptr_t misused; /* the last handle of this slot that was used outside its turn */
    beluga_emit *emit;  /* read by the thread that has the turn, or under the lock if shared */
    uint32_t next_free; /* index + 1 of the next free slot; guarded by the lock */
} slot;

/* The table belongs to the process and is never released, since a provider may use a handle at any
 * time, even after the last client is gone. So its memory comes from calloc, and not from a
 * client's or host program's allocator. */
static _Atomic(slot *) chunks[N_CHUNKS];
static beluga__fork_lock lock = {.mutex = PTHREAD_MUTEX_INITIALIZER};
static uint32_t n_slots, first_free; /* guarded by the lock; `first_free` is an index + 1 */

static slot *slot_at(uint32_t index)
{
    slot *chunk = atomic_load_explicit(&chunks[index >> CHUNK_BITS], memory_order_acquire);
    return chunk ? &chunk[index & (CHUNK_SLOTS - 1)] : NULL;
}

static uint32_t index_of(const beluga_emit *handle)
{
    return (uint32_t)((uintptr_t)handle >> 1) & (MAX_SLOTS - 1);
}

/* The value of `turn` in a handle for all threads. No thread has this id. */
#define EVERYBODY UINTPTR_MAX

static uintptr_t this_thread(void)
{
    return (uintptr_t)pthread_self();
}

/* --- making and freeing handles --------------------------------------------------------------- */

static void lock_table(void)
{
    /* In a forked child the list of free slots may be broken, if another thread of the parent was
     * changing it at the fork. So the child drops that list. */
    if (beluga__fork_lock_take(&lock) && lock.was_held) first_free = 0;
}

/* Take a free slot. The caller holds the lock. */
static slot *take_slot(uint32_t *index)
{
    if (first_free) {
        *index = first_free - 1;
        slot *s = slot_at(*index);
        first_free = s->next_free;
        return s;
    }
    if (n_slots == MAX_SLOTS) return NULL;
    slot *chunk = slot_at(n_slots) ? NULL : calloc(CHUNK_SLOTS, sizeof *chunk);
    if (chunk) atomic_store(&chunks[n_slots >> CHUNK_BITS], chunk);
    if (!slot_at(n_slots)) return NULL;
    *index = n_slots++;
    return slot_at(*index);
}

beluga_emit *beluga__handle_new(beluga_emit *emit)
{
    uint32_t index;
    lock_table();
    slot *s = take_slot(&index);
    beluga__fork_lock_release(&lock);
    if (!s) return NULL;
    uintptr_t handle = atomic_load(&s->handle) | (uintptr_t)index << 1 | 1;
    s->emit = emit;
    atomic_store(&s->turn, 0);
    atomic_store(&s->handle, handle);
    return (beluga_emit *)handle; /* NOLINT: a handle is a number in the type of a pointer */
}

bool beluga__handle_close(beluga_emit *handle)
{
    uint32_t index = index_of(handle);
    slot *s = slot_at(index);
    uintptr_t used = (uintptr_t)handle;
    if (!s || !atomic_compare_exchange_strong(&s->handle, &used,
                                              ((uintptr_t)handle & ~(uintptr_t)1) + ONE_USE))
        return false;
    atomic_store(&s->turn, 0);
    lock_table();
    s->next_free = first_free;
    first_free = index + 1;
    beluga__fork_lock_release(&lock);
    return true;
}

void beluga__handle_free(beluga_emit *handle)
{
    if (beluga__is_handle(handle)) beluga__handle_close(handle);
}

/* ---- handles for all threads */

void beluga__handle_share(const beluga_emit *handle)
{
    atomic_store(&slot_at(index_of(handle))->turn, EVERYBODY);
}

beluga_emit *beluga__handle_pin(const beluga_emit *handle, void (*pin)(beluga_emit *emit))
{
    slot *s = beluga__is_handle(handle) ? slot_at(index_of(handle)) : NULL;
    beluga_emit *emit = NULL;
    if (!s) return NULL;
    /* beluga__handle_close takes the lock too, so the emit can't be freed before it is pinned. */
    lock_table();
    if (atomic_load(&s->handle) == (uintptr_t)handle && atomic_load(&s->turn) == EVERYBODY) {
        emit = s->emit;
        pin(emit);
    }
    beluga__fork_lock_release(&lock);
    return emit;
}

/* --- turns ------------------------------------------------------------------------------------ */

uintptr_t beluga__handle_enter(const beluga_emit *handle)
{
    return atomic_exchange(&slot_at(index_of(handle))->turn, this_thread());
}

void beluga__handle_leave(const beluga_emit *handle, uintptr_t before)
{
    slot *s = slot_at(index_of(handle));
    if (atomic_load(&s->handle) == (uintptr_t)handle) atomic_store(&s->turn, before);
}

beluga_emit *beluga__handle_resolve(const beluga_emit *handle, int *status)
{
    slot *s = slot_at(index_of(handle));
    *status = BELUGA_ERROR_CONTEXT_CANCELED;
    if (!s || atomic_load_explicit(&s->handle, memory_order_acquire) != (uintptr_t)handle)
        return NULL;
    uintptr_t turn = atomic_load_explicit(&s->turn, memory_order_relaxed);
    if (turn == this_thread()) return s->emit;
    *status = BELUGA_ERROR_NOT_SUPPORTED;
    if (turn == EVERYBODY) return NULL;
    atomic_store(&s->misused, (uintptr_t)handle);
    *status = BELUGA_ERROR_INVALID_INPUT;
    return NULL;
}

bool beluga__handle_is_misused(const beluga_emit *given)
{
    if (!beluga__is_handle(given)) return false;
    return atomic_load(&slot_at(index_of(given))->misused) == (uintptr_t)given;
}
