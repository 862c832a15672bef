/* The timeouts of one attempt: until the first event, between events, without progress, and in all.
 * They stand still while the call is paused or its loop is not polled, for example in a stopped
 * process. After such a stop they wait a moment longer, since only then the loop sends and reads
 * what the server was waiting for. (The transport times connecting.)
 *
 * Comments and pings are signs of life: they extend the first two timeouts as events do, since a
 * retry against a server that is working would be charged again for nothing. They are no progress.
 * Progress is text, reasoning or a tool call, so a server that sends only pings is given up,
 * too. */
#ifndef BELUGA__WATCHDOG_H
#define BELUGA__WATCHDOG_H

#include "model/call.h"

typedef struct beluga__watchdog {
    beluga__timer timer;
    beluga_loop *loop;
    int32_t first_ms, idle_ms, progress_ms, total_ms; /* timeouts in milliseconds; 0: no timeout */
    /* times of the loop's active clock: start, last sign of life, last progress */
    int64_t start_ns, last_ns, moved_ns;
    int64_t pause_ns; /* time at which the pause began; 0: not paused */
    uint32_t stops;   /* how many stops of the loop have been handled */
    uint8_t spared;   /* how many times the timeouts were extended after a stop */
    bool got_event;
    /* total_timeout was set by the caller, so it covers all requests of an attempt together */
    bool whole;
    void (*bark)(struct beluga__watchdog *dog, const beluga_error *err);
} beluga__watchdog;

/* Read the timeouts from the call's settings. */
void beluga__watchdog_init(beluga__watchdog *dog, const beluga_call *call,
                           void (*bark)(beluga__watchdog *, const beluga_error *));
void beluga__watchdog_start(beluga__watchdog *dog);
/* Start anew for another request of the same attempt; a total_timeout that was given goes on. */
void beluga__watchdog_next(beluga__watchdog *dog);
/* Returns the time of the monotonic clock at which a total_timeout that was given ends, or
 * INT64_MAX. */
int64_t beluga__watchdog_end_ns(const beluga__watchdog *dog);
/* Fill in the error of an attempt whose total timeout is over. Returns its code. */
int beluga__watchdog_late(const beluga__watchdog *dog, beluga_error *err);
void beluga__watchdog_stop(beluga__watchdog *dog);
void beluga__watchdog_pause(beluga__watchdog *dog, bool paused);

/* Note a sign of life that is not an event. */
static inline void beluga__watchdog_live(beluga__watchdog *dog)
{
    dog->last_ns = beluga__loop_active_ns(dog->loop);
}

/* Note that the last event was progress: it brought part of the answer. */
static inline void beluga__watchdog_progress(beluga__watchdog *dog)
{
    dog->moved_ns = dog->last_ns;
}

/* Note the first event. From here on the time between two events counts, which may make the
 * deadline earlier. */
void beluga__watchdog_first(beluga__watchdog *dog);

/* Note an event. This only stores a time, which is read when the timer fires. */
static inline void beluga__watchdog_feed(beluga__watchdog *dog)
{
    dog->last_ns = beluga__loop_active_ns(dog->loop);
    if (!dog->got_event) beluga__watchdog_first(dog);
}

#endif
