/* The timeouts of one attempt: until the first event, between events, without progress, in all.
 * They stand still while the call is paused or its loop is not polled, as in a process that is
 * stopped. Behind such a stop they wait a moment longer: what the server waited for, such as our
 * request or our reading, goes out only then. (Connecting is the transport's to time.)
 *
 * Comments and pings are signs of life: they move the first two as events do, for a server that
 * says that it works would be paid again for nothing. They are no progress, which is text,
 * reasoning or a tool call: so who only drips is given up on, too. */
#ifndef BELUGA__WATCHDOG_H
#define BELUGA__WATCHDOG_H

#include "model/call.h"

typedef struct beluga__watchdog {
    beluga__timer timer;
    beluga_loop *loop;
    int32_t first_ms, idle_ms, progress_ms, total_ms; /* 0: none */
    int64_t start_ns, last_ns, moved_ns; /* of the loop's active clock: the start, the last sign of
                                            life, and the last progress */
    int64_t pause_ns;                    /* since when it is paused; 0: it is not */
    uint32_t stops;                      /* of the loop, that are dealt with */
    uint8_t spared;                      /* how often it waited longer because of one */
    bool got_event;
    void (*bark)(struct beluga__watchdog *dog, const beluga_error *err);
} beluga__watchdog;

/* Take the times from the call's settings. */
void beluga__watchdog_init(beluga__watchdog *dog, const beluga_call *call,
                           void (*bark)(beluga__watchdog *, const beluga_error *));
void beluga__watchdog_start(beluga__watchdog *dog);
void beluga__watchdog_stop(beluga__watchdog *dog);
void beluga__watchdog_pause(beluga__watchdog *dog, bool paused);

/* A sign of life came, and no event. */
static inline void beluga__watchdog_live(beluga__watchdog *dog)
{
    dog->last_ns = beluga__loop_active_ns(dog->loop);
}

/* The last event brought the answer forward. */
static inline void beluga__watchdog_progress(beluga__watchdog *dog)
{
    dog->moved_ns = dog->last_ns;
}

/* The first event came: from here on the time between two events counts, which may end earlier. */
void beluga__watchdog_first(beluga__watchdog *dog);

/* An event came. It is only noted: the timer looks at the note when it fires. */
static inline void beluga__watchdog_feed(beluga__watchdog *dog)
{
    dog->last_ns = beluga__loop_active_ns(dog->loop);
    if (!dog->got_event) beluga__watchdog_first(dog);
}

#endif
