#include "batch/signals.h"

#include "base/clock.h"
#include "base/signals.h"

#include <stddef.h>
#include <time.h>

static volatile sig_atomic_t seen; /* the number of the first signal; 0: none */
static volatile int64_t seen_ms;   /* used in the handler only */

/* The first signal is noted; the second one ends the program. */
static void on_signal(int number)
{
    int64_t now = beluga__now_ms();
    if (!seen) {
        seen_ms = now;
        seen = number;
    } else if (beluga__signal_is_second(seen, seen_ms, number, now)) {
        signal(number, SIG_DFL);
        raise(number);
    }
}

static const int watched[BATCH_SIGNALS] = {SIGINT, SIGTERM, SIGHUP};

void batch_signals_watch(batch_signals *s)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < BATCH_SIGNALS; i++) sigaddset(&action.sa_mask, watched[i]);
    seen = 0;
    for (size_t i = 0; i < BATCH_SIGNALS; i++) {
        sigaction(watched[i], NULL, &s->before[i]);
        /* a signal that is ignored stays ignored: nohup makes a process ignore SIGHUP, so that it
         * survives the end of the terminal */
        if (s->before[i].sa_handler != SIG_IGN) sigaction(watched[i], &action, NULL);
    }
}

void batch_signals_unwatch(const batch_signals *s)
{
    for (size_t i = 0; i < BATCH_SIGNALS; i++) sigaction(watched[i], &s->before[i], NULL);
}

bool batch_signals_seen(void)
{
    return seen != 0;
}

void batch_signals_pause(int64_t ms)
{
    const struct timespec time = {.tv_sec = (time_t)(ms / 1000),
                                  .tv_nsec = (long)(ms % 1000 * BELUGA__NS_PER_MS)};
    nanosleep(&time, NULL);
}
