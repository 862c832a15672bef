/* The timeouts of one attempt: until the first event, between events, without progress, and in
 * total. They do not count time in which the call is paused or its loop does not run, for example
 * because the process is suspended. After that they are extended by a moment, since the server may
 * have waited for this process, too. (The transport has the timeout for connecting.)
 *
 * Comments and pings are signs of life. They extend the first two timeouts as events do, since the
 * server is still working, and a retry would only cost money again. But they are no progress, which
 * is text, reasoning or a tool call. So a server that sends only pings is given up, too. */
#ifndef BELUGA__WATCHDOG_H
#define BELUGA__WATCHDOG_H

#include "model/call.h"

typedef struct beluga__watchdog {
    beluga__timer timer;
    beluga_loop *loop;
    int32_t first_ms, idle_ms, progress_ms, total_ms; /* timeouts in milliseconds; 0: no timeout */
    /* times of beluga__loop_active_ns: the start, the last sign of life, the last progress */
    int64_t start_ns, last_ns, moved_ns;
    int64_t pause_ns; /* time at which the pause began; 0: not paused */
    uint32_t stops;   /* the value of the loop's `stops` that was handled last */
    uint8_t spared;   /* how many times the timeouts were extended after the loop was stopped */
    bool got_event;
    /* total_timeout was given, so it covers all requests of an attempt together */
    bool whole;
    void (*bark)(struct beluga__watchdog *dog, const beluga_error *err);
} beluga__watchdog;

/* Read the timeouts from the call's settings. */
void beluga__watchdog_init(beluga__watchdog *dog, const beluga_call *call,
                           void (*bark)(beluga__watchdog *, const beluga_error *));
void beluga__watchdog_start(beluga__watchdog *dog);
/* Start the timeouts again for another request of the same attempt, except a total_timeout that was
 * given. */
void beluga__watchdog_next(beluga__watchdog *dog);
/* Returns the time of the monotonic clock at which a total_timeout that was given will have passed,
 * or INT64_MAX if none was given. */
int64_t beluga__watchdog_end_ns(const beluga__watchdog *dog);
/* Set the error of an attempt whose total timeout has passed. Returns its code. */
int beluga__watchdog_late(const beluga__watchdog *dog, beluga_error *err);
void beluga__watchdog_stop(beluga__watchdog *dog);
void beluga__watchdog_pause(beluga__watchdog *dog, bool paused);

/* Note a sign of life that is not an event. */
static inline void beluga__watchdog_live(beluga__watchdog *dog)
{
    dog->last_ns = beluga__loop_active_ns(dog->loop);
}

/* Note that the last event was progress, which means a part of the answer. */
static inline void beluga__watchdog_progress(beluga__watchdog *dog)
{
    dog->moved_ns = dog->last_ns;
}

/* Note the first event. From now on the timeout between two events applies, which may make the
 * deadline earlier. */
void beluga__watchdog_first(beluga__watchdog *dog);

/* Note an event. This only stores a time, which is read when the timer fires. */
static inline void beluga__watchdog_feed(beluga__watchdog *dog)
{
    dog->last_ns = beluga__loop_active_ns(dog->loop);
    if (!dog->got_event) beluga__watchdog_first(dog);
}

#endif
