/* The signals that end a batch: the first one asks for an end, the second one ends the program. */
#ifndef BELUGA_CLI_BATCH_SIGNALS_H
#define BELUGA_CLI_BATCH_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

#define BATCH_SIGNALS 3

/* What the signals did before they were watched. */
typedef struct batch_signals {
    struct sigaction before[BATCH_SIGNALS];
} batch_signals;

void batch_signals_watch(batch_signals *signals);
void batch_signals_unwatch(const batch_signals *signals);

/* Return whether one came since they are watched. */
bool batch_signals_came(void);

#endif
