/* A file descriptor that becomes readable when a thread wakes it, and stays readable until
 * beluga__wake_quiet. On Linux it is an eventfd (wake_eventfd.c); elsewhere it is the reading end
 * of a pipe (wake_pipe.c), which costs a second descriptor. After a fork, parent and child share
 * it. The command uses this file, too. */
#ifndef BELUGA__WAKE_H
#define BELUGA__WAKE_H

#include <stdbool.h>

typedef struct beluga__wake {
    int fd; /* the descriptor to watch for reading; -1: not open */
    int to; /* written to by beluga__wake_up: `fd`, or the other end of the pipe */
} beluga__wake;

#define BELUGA__NO_WAKE ((beluga__wake){-1, -1})

/* Returns false and sets errno if no descriptors are left. beluga__wake_close may be called in any
 * case. */
bool beluga__wake_open(beluga__wake *wake);
void beluga__wake_close(beluga__wake *wake);
/* Make the descriptor readable. Any thread may call this, and a signal handler that saves errno
 * itself. */
void beluga__wake_up(const beluga__wake *wake);
/* Make the descriptor unreadable again, no matter how often it was woken. */
void beluga__wake_quiet(const beluga__wake *wake);

#endif
