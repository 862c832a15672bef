/* Many streams at once inside the event loop of a host program: the code that event_loop_epoll.c
 * and event_loop_libuv.c share. It does not depend on which event loop that is. */
#ifndef EXAMPLE_STREAMS_H
#define EXAMPLE_STREAMS_H

#include <beluga/beluga.h>

typedef struct streams streams;

/**
 * Read `[-n STREAMS] [-r ROUNDS] [MODEL-REFERENCE]`, and open the model and a loop. Reports errors
 * on stderr.
 * @return NULL if the arguments are wrong or the model can't be opened.
 */
streams *streams_new(int argc, char **argv);

/** Return the loop. The host program watches the loop's beluga_loop_fd and calls beluga_loop_step.
 */
beluga_loop *streams_loop(streams *s);

/** Start STREAMS streams at once. When one ends, another one starts, until STREAMS times ROUNDS
 * have run. */
int streams_start(streams *s);

bool streams_done(const streams *s);

/** Print the progress on stderr. */
void streams_print_progress(const streams *s);

/** Print a summary on stdout, free everything, and return the program's exit status. */
int streams_finish(streams *s);

#endif
