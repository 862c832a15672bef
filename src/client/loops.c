#include "client/loops.h"

#include "base/clock.h"
#include "base/mem.h"

struct beluga__loop_slot {
    beluga__network_loop *loop;
    _Atomic uint32_t next; /* index of the next slot in its stack plus 1; 0: none */
};

static void push(beluga__loops *loops, _Atomic uint64_t *head, uint32_t slot)
{
    uint64_t old = atomic_load_explicit(head, memory_order_relaxed), new;
    do {
        atomic_store_explicit(&loops->slots[slot].next, (uint32_t)old, memory_order_relaxed);
        new = ((old >> 32) + 1) << 32 | (slot + 1);
    } while (!atomic_compare_exchange_weak_explicit(head, &old, new, memory_order_release,
                                                    memory_order_relaxed));
}

/* Take a slot from a stack. Returns its index, or -1 if the stack is empty. */
static int64_t pop(beluga__loops *loops, _Atomic uint64_t *head)
{
    uint64_t old = atomic_load_explicit(head, memory_order_acquire), new;
    do {
        uint32_t top = (uint32_t)old;
        if (!top) return -1;
        uint32_t next = atomic_load_explicit(&loops->slots[top - 1].next, memory_order_relaxed);
        new = ((old >> 32) + 1) << 32 | next;
    } while (!atomic_compare_exchange_weak_explicit(head, &old, new, memory_order_acquire,
                                                    memory_order_acquire));
    return (int64_t)(uint32_t)old - 1;
}

int beluga__loops_init(beluga__loops *loops, beluga__runtime *runtime, uint32_t max_idle,
                       int64_t idle_ms)
{
    loops->runtime = runtime;
    loops->idle_ns = idle_ms * BELUGA__NS_PER_MS;
    loops->slots = beluga__zalloc(&runtime->allocator, max_idle * sizeof *loops->slots);
    if (!loops->slots) return BELUGA_ERROR_NO_MEMORY;
    /* one idle loop is in `last` and needs no slot */
    for (uint32_t i = max_idle; i-- > 1;) push(loops, &loops->empty, i);
    return 0;
}

/* Take the most recently used idle loop. Returns NULL if there is no idle loop. A loop of the
 * parent process is not used. */
static beluga__network_loop *take_idle(beluga__loops *loops)
{
    beluga__network_loop *loop = atomic_exchange(&loops->last, NULL);
    if (loop && !beluga__loop_forked(loop)) return loop;
    for (int64_t slot; loops->slots && (slot = pop(loops, &loops->idle)) >= 0;) {
        loop = loops->slots[slot].loop;
        push(loops, &loops->empty, (uint32_t)slot);
        if (!beluga__loop_forked(loop)) return loop;
    }
    return NULL;
}

void beluga__loops_free(beluga__loops *loops)
{
    for (beluga__network_loop *loop; (loop = take_idle(loops));) beluga__network_loop_destroy(loop);
    beluga__release(&loops->runtime->allocator, loops->slots);
    loops->slots = NULL;
}

int beluga__loops_lease(beluga__loops *loops, beluga__network_loop **out, beluga_error *err)
{
    *out = take_idle(loops);
    if (*out) {
        (*out)->base.ops = beluga__loop_ops_of(loops->runtime);
    } else {
        int status = beluga__network_loop_new(loops->runtime, false, out);
        if (status)
            return beluga_error_set(err, status, "no event loop can be made for the call: %s",
                                    beluga_error_text(status));
    }
    loops->runtime->ref(loops->runtime);
    return 0;
}

/* Keep an idle loop that is no longer the most recently used one: put it on the stack of idle
 * loops, or destroy it if there is no empty slot. */
static void keep(beluga__loops *loops, beluga__network_loop *loop)
{
    int64_t slot = beluga__loop_forked(loop) ? -1 : pop(loops, &loops->empty);
    if (slot >= 0) {
        loops->slots[slot].loop = loop;
        push(loops, &loops->idle, (uint32_t)slot);
    } else if (!beluga__loop_forked(loop)) {
        beluga__network_loop_destroy(loop);
    }
}

/* Destroy the loops that were idle for too long; this is done only now and then. The other loops
 * are put back in the same order. */
static void sweep(beluga__loops *loops, int64_t now)
{
    int64_t last = atomic_load_explicit(&loops->swept_ns, memory_order_relaxed);
    if (now - last < loops->idle_ns / 2 ||
        !atomic_compare_exchange_strong(&loops->swept_ns, &last, now))
        return;
    uint32_t young[64];
    size_t n = 0;
    for (int64_t slot; n < 64 && (slot = pop(loops, &loops->idle)) >= 0;) {
        if (now - loops->slots[slot].loop->base.now_ns < loops->idle_ns) {
            young[n++] = (uint32_t)slot;
            continue;
        }
        beluga__network_loop *old = loops->slots[slot].loop;
        push(loops, &loops->empty, (uint32_t)slot);
        if (!beluga__loop_forked(old)) beluga__network_loop_destroy(old);
    }
    while (n--) push(loops, &loops->idle, young[n]);
}

/* Run the loop until all detached requests have been sent, since the loop does not run while it is
 * idle. (A detached request tells a service that a call was cancelled.) The wait is limited. */
static void settle(beluga__network_loop *loop)
{
    int64_t end = beluga__ends_ns(2 * BELUGA__CANCEL_REQUEST_MS);
    while (loop->base.active && beluga__now_ns() < end)
        if (beluga__loop_turn(loop, BELUGA__CANCEL_REQUEST_MS, NULL)) break;
    beluga__loop_abort_all(loop);
}

void beluga__loops_give_back(beluga__loops *loops, beluga__network_loop *loop)
{
    beluga__runtime *runtime = loops->runtime;
    if (!beluga__loop_forked(loop)) {
        if (loop->base.active) settle(loop);
        beluga__loop_close_mailbox(loop);
        /* the time of the last step is exact enough, and saves reading the clock */
        int64_t now = loop->base.now_ns;
        beluga__network_loop *other = atomic_exchange(&loops->last, loop);
        if (other) keep(loops, other);
        sweep(loops, now);
    }
    runtime->unref(runtime);
}
