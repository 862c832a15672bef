/* Signals that come by a descriptor instead of a handler: a signalfd on Linux, a kqueue elsewhere.
 */
#ifndef BELUGA__SIGNALS_H
#define BELUGA__SIGNALS_H

#include <signal.h>

/* Returns a descriptor that is readable when one of the signals came, which the caller has blocked,
 * or -1 with errno. The caller closes it. */
int beluga__signals_open(const sigset_t *set);
/* Take the next signal. Returns 0 when there is none. */
int beluga__signals_next(int fd);

#endif
