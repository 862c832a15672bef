/*
 * What another process does: how long it has computed, how long it has rested, and how much memory
 * it has.
 *
 * Whether a check hangs must not depend on what else the machine does. So it is judged by the time
 * in which its process computed, and by that in which it wanted nothing: the time in which it
 * waited for its turn is neither.
 */
#ifndef BELUGA_KIT_PULSE_H
#define BELUGA_KIT_PULSE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct check_pulse {
    int64_t felt_ms;       /* when it was felt */
    int64_t computed_ms;   /* processor time of all threads */
    int64_t rested_ms;     /* since it was felt first; no thread could run then */
    int64_t private_bytes; /* memory that belongs to the process alone */
} check_pulse;

/* Feel the pulse of a process: begin with zeros, and do it several times a second. */
void check_pulse_feel(check_pulse *pulse, pid_t pid);

/* What each system tells of a process in its own way: pulse_proc.c, pulse_darwin.c,
 * pulse_freebsd.c. */
int64_t check_pulse_computed_ms(pid_t pid);
/* Returns whether a thread of it computes, waits for its turn, or for a disk. */
bool check_pulse_is_busy(pid_t pid);
int64_t check_pulse_bytes(pid_t pid);

#endif
