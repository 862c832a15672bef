/* Receives signals from a file descriptor instead of a handler: a signalfd on Linux, a kqueue
 * elsewhere. */
#ifndef BELUGA__SIGNALS_H
#define BELUGA__SIGNALS_H

#include <signal.h>

/* timeout(1) sends its signal to the command and then to its group, and a wrapper passes on the
 * Ctrl-C that the terminal also sends to the program. Where a second signal ends a program at once,
 * the same signal within this time is therefore not a second one. */
#define BELUGA__SIGNAL_ECHO_MS 250

/* Returns a descriptor that becomes readable when a signal of the set arrives, or -1 with errno.
 * The caller must have blocked these signals, and closes the descriptor. */
int beluga__signals_open(const sigset_t *set);
/* Returns the next signal that arrived, or 0 if there is none. */
int beluga__signals_next(int fd);

#endif
