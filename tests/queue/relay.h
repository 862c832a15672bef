/* A way to a server that can be cut: a port of loopback whose connections go on to another port. */
#ifndef TESTS_QUEUE_RELAY_H
#define TESTS_QUEUE_RELAY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#define RELAY_MAX 16

typedef struct relay {
    int listener, port, to;
    pthread_t thread;
    atomic_bool cut, end;
    int pairs[RELAY_MAX][2]; /* the thread's; -1: free */
} relay;

void relay_start(relay *r, int to_port);
/* Cut all connections there are, in the middle of whatever is on its way. */
void relay_cut(relay *r);
void relay_stop(relay *r);

#endif
