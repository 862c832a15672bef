/* Many streams at once inside a host's event loop: what event_loop_epoll.c and event_loop_libuv.c
 * share. Nothing here knows which loop the host has. */
#ifndef EXAMPLE_STREAMS_H
#define EXAMPLE_STREAMS_H

#include <beluga/beluga.h>

typedef struct streams streams;

/**
 * Read `[-n STREAMS] [-r ROUNDS] [MODEL-REFERENCE]`, open the model and a loop. Complains on
 * stderr.
 * @return NULL when the arguments or the model do not do.
 */
streams *streams_new(int argc, char **argv);

/** Return the loop; the host watches beluga_loop_fd of it and calls beluga_loop_step. */
beluga_loop *streams_loop(streams *s);

/** Start STREAMS streams at once; each that ends starts its successor, ROUNDS times. */
int streams_start(streams *s);

bool streams_done(const streams *s);

/** Say on stderr how far it is. */
void streams_print_progress(const streams *s);

/** Say on stdout how it went, free everything, and return the program's exit status. */
int streams_finish(streams *s);

#endif
