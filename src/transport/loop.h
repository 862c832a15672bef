/* The struct of a loop, shared by the files of the transport. */
#ifndef BELUGA__TRANSPORT_LOOP_H
#define BELUGA__TRANSPORT_LOOP_H

#include "base/limits.h"
#include "loop/loop.h"
#include "loop/mailbox.h"
#include "transport/poller.h"
#include "transport/timers.h"

#include <stdatomic.h>

typedef struct beluga__http beluga__http; /* the part of a loop that drives libcurl, in http.c */

enum {
    BELUGA__CANCEL_BUCKETS = 256,
    BELUGA__READ_BYTES = 16 * 1024, /* what libcurl reads at once, or half of it */
    BELUGA__TURN_STEPS = 4,         /* in so many steps each ready descriptor has its turn */
};

typedef struct beluga__network_loop {
    beluga_loop base;
    bool hosted; /* it belongs to a host, which may ask for its descriptor */
    bool stepping;
    atomic_bool watched; /* a host watches the descriptor, which has to be woken and armed */
    atomic_bool waits;   /* work or a timer waits */
    bool has_poller;
    beluga__poller poller;
    beluga__timers timers;
    beluga__list tasks;
    beluga__watch mail_watch;
    beluga__list *cancels; /* buckets of watched contexts, allocated at the first use */
    beluga__http *http;
    size_t step_bytes; /* body bytes read in this step */
    size_t turn_bytes; /* and by the descriptor or transfer whose turn it is */
    size_t share;      /* how many that may be */
    size_t behind;     /* number of descriptors to read before timers run again */
    int64_t left_ns;   /* time since which calls wait for a run; 0: none wait */
    int64_t seen_ns;   /* time of the last clock reading */
    int64_t plan_ns;   /* time of the next planned work; INT64_MAX: none until an event comes */
    int64_t look_ns;   /* time before descriptors were last looked at */
} beluga__network_loop;

static inline beluga__network_loop *beluga__loop_of(beluga_loop *base)
{
    return beluga__container_of(base, beluga__network_loop, base);
}

/* Note that a call is about to start. On a loop that is not being run, the call's timeouts wait
 * for the next run. */
static inline void beluga__loop_starts(beluga__network_loop *loop)
{
    if (!loop->hosted && !loop->base.active) loop->left_ns = loop->base.now_ns;
}

/* The functions of a loop whose calls go over a network. */
extern const beluga__loop_ops beluga__network_ops;
static inline const beluga__loop_ops *beluga__loop_ops_of(const beluga__runtime *runtime)
{
    return runtime->loop_ops ? runtime->loop_ops : &beluga__network_ops;
}

/* Make a loop, whose runtime the caller keeps alive. hosted: with a descriptor for a host. */
int beluga__network_loop_new(beluga__runtime *runtime, bool hosted, beluga__network_loop **out);
void beluga__network_loop_destroy(beluga__network_loop *loop);
/* Run one step, waiting at most timeout_ms for work (-1: without limit). The wait ends early when
 * `done` is set. */
int beluga__loop_turn(beluga__network_loop *loop, int64_t timeout_ms, const bool *done);
/* Run steps until the flag is set. The time between two runs does not count for timeouts. */
int beluga__loop_run(beluga__network_loop *loop, const bool *done);
/* End every running call, without events. */
void beluga__loop_abort_all(beluga__network_loop *loop);
/* Make the poller at its first use. Returns 0 or LIMIT_EXCEEDED. */
static inline int beluga__loop_poller(beluga__network_loop *loop)
{
    if (loop->has_poller) return 0;
    int status = beluga__poller_init(&loop->poller, loop->hosted);
    loop->has_poller = status == 0;
    return status;
}
/* Note that work or a timer waits, or that nothing does. Returns whether a host watches the
 * descriptor. A thread that begins to watch looks at the two in the other order, so that either it
 * or this thread finds out that the descriptor has to be readable. */
static inline bool beluga__loop_is_watched(beluga__network_loop *loop, bool waits)
{
    if (atomic_load_explicit(&loop->waits, memory_order_relaxed) != waits)
        atomic_store(&loop->waits, waits);
    return atomic_load(&loop->watched);
}

/* Tell a host that watches the descriptor that the loop has work. In a step this does nothing. */
static inline void beluga__loop_wake(beluga__network_loop *loop)
{
    if (!loop->stepping && beluga__loop_is_watched(loop, true)) beluga__poller_wake(&loop->poller);
}

/* Returns whether so many more body bytes may be read in this step. */
static inline bool beluga__loop_has_room(const beluga__network_loop *loop, size_t n)
{
    return !loop->step_bytes || loop->step_bytes + n <= BELUGA__MAX_STEP_BYTES;
}
static inline bool beluga__loop_forked(const beluga__network_loop *loop)
{
    return beluga__loop_inherited(&loop->base);
}

/* From now on the sending thread runs the mail, and the next use makes a new mailbox. No call may
 * run. */
void beluga__loop_close_mailbox(beluga__network_loop *loop);

/* --- http.c --- */
int beluga__http_transfer_start(beluga_loop *loop, const beluga__transfer_spec *spec,
                                beluga__transfer **out, beluga_error *err);
void beluga__http_transfer_cancel(beluga__transfer *transfer, const beluga_error *why);
void beluga__http_transfer_finish(beluga__transfer *transfer);
void beluga__http_transfer_pause(beluga__transfer *transfer, bool paused);
/* Returns whether libcurl asked to be called without delay. */
bool beluga__http_due(const beluga__http *http);
/* Returns whether a transfer was added since the last step, and nothing drains. */
bool beluga__http_is_fresh(const beluga__http *http);
/* Let paused or held transfers go on. */
void beluga__http_resume(beluga__http *http);
/* Returns whether bytes are held that may be read in the next step. */
bool beluga__http_holds(const beluga__http *http);
/* Call libcurl for its timers, then start and end the transfers that had to wait. */
void beluga__http_step(beluga__http *http);
void beluga__http_free(beluga__http *http);

#endif
