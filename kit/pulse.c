#include "kit/pulse.h"

#include "base/clock.h"

void check_pulse_feel(check_pulse *pulse, pid_t pid)
{
    int64_t now = beluga__now_ms();
    if (pulse->felt_ms && !check_pulse_is_busy(pid)) pulse->rested_ms += now - pulse->felt_ms;
    pulse->felt_ms = now;
    pulse->computed_ms = check_pulse_computed_ms(pid);
    pulse->private_bytes = check_pulse_bytes(pid);
}
