/* Receives signals from a file descriptor instead of a handler: a signalfd on Linux, a kqueue
 * elsewhere. */
#ifndef BELUGA__SIGNALS_H
#define BELUGA__SIGNALS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* timeout(1) sends its signal to the command and then to its group, and a wrapper passes on the
 * Ctrl-C that the terminal also sends to the program. Where a second signal ends a program at once,
 * the same signal within this time is therefore not a second one. */
#define BELUGA__SIGNAL_ECHO_MS 250

/* Returns whether a signal is a second one, after a first one that came at `first_ms`. A handler
 * may call this. */
static inline bool beluga__signal_is_second(int first, int64_t first_ms, int number, int64_t now_ms)
{
    return number != first || now_ms - first_ms >= BELUGA__SIGNAL_ECHO_MS;
}

/* Returns a descriptor that becomes readable when a signal of the set arrives, or -1 with errno.
 * The caller must have blocked these signals, and closes the descriptor. */
int beluga__signals_open(const sigset_t *set);
/* Returns the next signal that arrived, or 0 if there is none. */
int beluga__signals_next(int fd);

#endif
