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
    /* the most bytes that libcurl reads at once; before version 8.8 it reads at most half */
    BELUGA__READ_BYTES = 16 * 1024,
    BELUGA__TURN_STEPS = 4, /* every ready descriptor is read within this number of steps */
};

typedef struct beluga__network_loop {
    beluga_loop base;
    bool hosted; /* the loop is for a host program, which may watch the loop's descriptor */
    bool stepping;
    /* a host program watches the descriptor, so the loop makes it readable when there is work */
    atomic_bool watched;
    atomic_bool waits; /* a task or a timer waits */
    bool has_poller;
    beluga__poller poller;
    beluga__timers timers;
    beluga__list tasks;
    beluga__watch mail_watch;
    beluga__list *cancels; /* hash table of watched contexts, allocated at first use */
    beluga__http *http;
    size_t step_bytes; /* body bytes read in this step */
    size_t turn_bytes; /* body bytes read since the current descriptor or transfer was called */
    size_t share;      /* maximum of turn_bytes */
    /* number of descriptors that must be read before timers run; see may_run_timers */
    size_t behind;
    int64_t left_ns; /* time at which the loop stopped running while it had calls; 0: not so */
    int64_t seen_ns; /* the last time that was read from the clock */
    int64_t plan_ns; /* time at which the loop should run next; INT64_MAX: never */
    int64_t look_ns; /* time before the descriptors were last polled */
} beluga__network_loop;

static inline beluga__network_loop *beluga__loop_of(beluga_loop *base)
{
    return beluga__container_of(base, beluga__network_loop, base);
}

/* Note that a call is about to start. If nobody runs the loop yet, the call's timeouts begin when
 * it runs. */
static inline void beluga__loop_starts(beluga__network_loop *loop)
{
    if (!loop->hosted && !loop->base.active) loop->left_ns = loop->base.now_ns;
}

/* The functions of a loop whose calls use the network. */
extern const beluga__loop_ops beluga__network_ops;
static inline const beluga__loop_ops *beluga__loop_ops_of(const beluga__runtime *runtime)
{
    return runtime->loop_ops ? runtime->loop_ops : &beluga__network_ops;
}

/* Make a loop. The caller keeps the runtime alive. If `hosted` is true, the loop has a descriptor
 * that a host program can watch. */
int beluga__network_loop_new(beluga__runtime *runtime, bool hosted, beluga__network_loop **out);
void beluga__network_loop_destroy(beluga__network_loop *loop);
/* Run one step, waiting at most timeout_ms for work (-1: without limit). The wait ends early when
 * `done` is set. */
int beluga__loop_turn(beluga__network_loop *loop, int64_t timeout_ms, const bool *done);
/* Run steps until the flag is set. The time between two runs does not count for timeouts. */
int beluga__loop_run(beluga__network_loop *loop, const bool *done);
/* End every running call without delivering further events. */
void beluga__loop_abort_all(beluga__network_loop *loop);
/* Make the poller at its first use. Returns 0 or LIMIT_EXCEEDED. */
static inline int beluga__loop_poller(beluga__network_loop *loop)
{
    if (loop->has_poller) return 0;
    int status = beluga__poller_init(&loop->poller, loop->hosted);
    loop->has_poller = status == 0;
    return status;
}
/* Note whether work or a timer waits. Returns whether a host program watches the descriptor. This
 * function writes `waits` and then reads `watched`; a thread that begins to watch writes `watched`
 * and then reads `waits`. So at least one of the two threads learns that the descriptor must be
 * readable. */
static inline bool beluga__loop_is_watched(beluga__network_loop *loop, bool waits)
{
    if (atomic_load_explicit(&loop->waits, memory_order_relaxed) != waits)
        atomic_store(&loop->waits, waits);
    return atomic_load(&loop->watched);
}

/* If a host program watches the descriptor, make it readable, since the loop has work. Inside a
 * step this does nothing, since the step's end does it. */
static inline void beluga__loop_wake(beluga__network_loop *loop)
{
    if (!loop->stepping && beluga__loop_is_watched(loop, true)) beluga__poller_wake(&loop->poller);
}

/* Returns whether `n` more body bytes may be read in this step. */
static inline bool beluga__loop_has_room(const beluga__network_loop *loop, size_t n)
{
    return !loop->step_bytes || loop->step_bytes + n <= BELUGA__MAX_STEP_BYTES;
}
static inline bool beluga__loop_forked(const beluga__network_loop *loop)
{
    return beluga__loop_inherited(&loop->base);
}

/* Close the mailbox. Mail that is sent to it later is run by the sending thread, and the loop's
 * next use of a mailbox makes a new one. No call may be running. */
void beluga__loop_close_mailbox(beluga__network_loop *loop);

/* --- http.c --- */
int beluga__http_transfer_start(beluga_loop *loop, const beluga__transfer_spec *spec,
                                beluga__transfer **out, beluga_error *err);
void beluga__http_transfer_cancel(beluga__transfer *transfer, const beluga_error *why);
void beluga__http_transfer_finish(beluga__transfer *transfer);
void beluga__http_transfer_pause(beluga__transfer *transfer, bool paused);
/* Returns whether libcurl asked to be called at once. */
bool beluga__http_due(const beluga__http *http);
/* Returns whether a transfer was added since the last step, and no transfer drains. */
bool beluga__http_is_fresh(const beluga__http *http);
/* Resume paused or held transfers. */
void beluga__http_resume(beluga__http *http);
/* Returns whether transfers were held or resumed, so that they may read bytes in the next step. */
bool beluga__http_holds(const beluga__http *http);
/* Let libcurl handle its timers, and start and end the transfers that wait for this step. */
void beluga__http_step(beluga__http *http);
void beluga__http_free(beluga__http *http);

#endif
