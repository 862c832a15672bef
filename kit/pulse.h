/* Measures another process: how long it has computed, how long it has rested, and how much memory
 * it has.
 *
 * Whether a check hangs must not depend on the load of the machine. So a check is judged by the
 * time in which its process computed, and by the time in which no thread was ready to run; time in
 * which a thread waited for a processor is neither. */
#ifndef BELUGA_KIT_PULSE_H
#define BELUGA_KIT_PULSE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct check_pulse {
    int64_t felt_ms;       /* time of this measurement */
    int64_t computed_ms;   /* processor time of all threads */
    int64_t rested_ms;     /* time in which no thread could run, since the first measurement */
    int64_t private_bytes; /* memory that belongs to the process alone */
} check_pulse;

/* Measure a process. `*pulse` must be all zeros at first; call this several times a second. */
void check_pulse_feel(check_pulse *pulse, pid_t pid);

/* Return the processor time and the memory of a process. Each system reports them in its own way:
 * see pulse_proc.c, pulse_darwin.c, pulse_freebsd.c. */
int64_t check_pulse_computed_ms(pid_t pid);
/* Returns whether a thread of the process computes, or waits for a processor or a disk. */
bool check_pulse_is_busy(pid_t pid);
int64_t check_pulse_bytes(pid_t pid);

#endif
