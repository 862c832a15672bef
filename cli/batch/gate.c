#include "batch/gate.h"

#define MINUTE_MS 60000.0
#define SECOND_MS 1000.0

static void fill(batch_gate *gate, int64_t now_ms)
{
    if (now_ms > gate->at_ms) gate->level += (double)(now_ms - gate->at_ms) * gate->per_ms;
    gate->at_ms = now_ms;
    if (gate->level > gate->most) gate->level = gate->most;
}

void batch_gate_set(batch_gate *gate, double per_minute, int64_t now_ms)
{
    double before = gate->per_ms;
    if (before > 0) fill(gate, now_ms);
    gate->per_ms = per_minute / MINUTE_MS;
    gate->most = gate->per_ms * SECOND_MS;
    if (gate->most < 1) gate->most = 1;
    if (before > 0) return;
    gate->level = 1;
    gate->at_ms = now_ms;
}

bool batch_gate_is_open(batch_gate *gate, int64_t now_ms)
{
    if (!(gate->per_ms > 0)) return true;
    fill(gate, now_ms);
    return gate->level >= 1;
}

void batch_gate_pass(batch_gate *gate, double amount)
{
    if (gate->per_ms > 0) gate->level -= amount;
}
