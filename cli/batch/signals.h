/* Signals that ask a run to end: Ctrl-C, SIGTERM, SIGHUP. */
#ifndef BELUGA_CLI_BATCH_SIGNALS_H
#define BELUGA_CLI_BATCH_SIGNALS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#define BATCH_SIGNALS 3

/* The previous handlers of the watched signals. */
typedef struct batch_signals {
    struct sigaction before[BATCH_SIGNALS];
} batch_signals;

/* Watch the signals: the first one is noted, the second one ends the program. A signal that comes
 * twice at almost the same time is one. */
void batch_signals_watch(batch_signals *signals);
void batch_signals_unwatch(const batch_signals *signals);

/* Return whether a signal has arrived since batch_signals_watch. */
bool batch_signals_seen(void);

/* Sleep for this time, or until a signal arrives. */
void batch_signals_pause(int64_t ms);

#endif
