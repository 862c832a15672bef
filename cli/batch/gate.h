/*
 * Keeps a rate, such as tokens a minute: what is to be done asks the gate whether it is open, and
 * tells it how much passed. No more passes at once than a second's worth.
 */
#ifndef BELUGA_CLI_BATCH_GATE_H
#define BELUGA_CLI_BATCH_GATE_H

#include <stdbool.h>
#include <stdint.h>

/* Zero-initialise it: a gate without a rate is open. */
typedef struct batch_gate {
    double per_ms, most, level;
    int64_t at_ms;
} batch_gate;

/* Set the rate, which may change at any time. @param per_minute  0: none. */
void batch_gate_set(batch_gate *gate, double per_minute, int64_t now_ms);

/* Return whether something may pass now. */
bool batch_gate_is_open(batch_gate *gate, int64_t now_ms);

/* Count what passed. It may be more than there was room for: then the gate is shut for longer. */
void batch_gate_pass(batch_gate *gate, double amount);

#endif
