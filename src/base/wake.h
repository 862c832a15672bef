/* A descriptor that becomes readable when somebody wakes it, and stays so until it is quieted. On
 * Linux it is an eventfd (wake_eventfd.c); elsewhere it is the reading end of a pipe (wake_pipe.c),
 * which costs a second descriptor. Like either of them, a forked child shares it with its parent.
 * The command compiles this, too. */
#ifndef BELUGA__WAKE_H
#define BELUGA__WAKE_H

#include <stdbool.h>

typedef struct beluga__wake {
    int fd; /* to watch for reading; -1: it is not open */
    int to; /* where waking writes: the same descriptor, or the other end of the pipe */
} beluga__wake;

#define BELUGA__NO_WAKE ((beluga__wake){-1, -1})

/* Returns false with errno when no descriptors are left; then it may be closed all the same. */
bool beluga__wake_open(beluga__wake *wake);
void beluga__wake_close(beluga__wake *wake);
/* Make it readable. Any thread may do so, and a signal handler, which has to keep errno itself. */
void beluga__wake_up(const beluga__wake *wake);
/* Make it quiet, however often it was woken. */
void beluga__wake_quiet(const beluga__wake *wake);

#endif
