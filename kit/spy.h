/* Measures how much the functions of a provider cost the thread that runs them.
 *
 * The scheduler counts how often a thread gave up the processor to wait, and how much processor
 * time it used. Neither depends on the load of the machine. A copy of the provider's table is
 * registered with a separate client. The functions in the copy measure these costs, and call the
 * provider's functions. */
#ifndef BELUGA_KIT_SPY_H
#define BELUGA_KIT_SPY_H

#include "kit/run.h"

#include <beluga/client.h>

/* Begin to count the cost of a function. End it with spy_end, on the same thread. */
typedef struct spy_cost {
    long waits;
    int64_t begun_ns;
} spy_cost;
spy_cost spy_begin(const char *function);
void spy_end(const char *function, spy_cost cost);
/* Record the status that a function returned. @return the status. */
int spy_note_status(const char *function, int status);

/* Make a client whose registry has the copy of the run's provider, and make the run use the copy. A
 * provider that is built in or linked is in every registry, so its copy has another name.
 * @return NULL if it can't be registered. Only one such client may exist at a time. */
beluga_client *spy_new(check_run *run);
/* Begin another round of calls; each function is judged by its best round. */
void spy_next_round(void);
/* Return whether a function computes for so long that further calls would take minutes. */
bool spy_is_slow(void);
/* Write a line for each function that waited, or computed for long, in every round, and one for an
 * unknown code. */
void spy_tell(check_text *blocks, check_text *codes);

#endif
