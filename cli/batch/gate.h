/*
 * Limits a rate, such as tokens per minute. The caller asks the gate whether it is open, and
 * reports afterwards how much it has used. Allowance that is not used accumulates only up to
 * that of one second.
 */
#ifndef BELUGA_CLI_BATCH_GATE_H
#define BELUGA_CLI_BATCH_GATE_H

#include <stdbool.h>
#include <stdint.h>

/* Zero-initialise this struct. A gate without a rate is always open. */
typedef struct batch_gate {
    double per_ms, most, level;
    int64_t at_ms;
} batch_gate;

/* Set the rate, which may change at any time. @param per_minute  0: no limit. */
void batch_gate_set(batch_gate *gate, double per_minute, int64_t now_ms);

/* Return whether the gate is open. */
bool batch_gate_is_open(batch_gate *gate, int64_t now_ms);

/* Report the amount that was used. If it was more than the gate allowed, the gate stays shut for a
 * longer time. */
void batch_gate_pass(batch_gate *gate, double amount);

#endif
