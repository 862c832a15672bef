/* A way to a server that can be cut: a port of loopback whose connections go on to another port. */
#ifndef TESTS_QUEUE_RELAY_H
#define TESTS_QUEUE_RELAY_H

#include <pthread.h>
#include <stdbool.h>

#define RELAY_MAX 128

typedef struct relay_pump {
    int from, to;
    pthread_t thread;
} relay_pump;

typedef struct relay {
    int listener, port, to;
    pthread_t thread;
    pthread_mutex_t lock;
    relay_pump pumps[RELAY_MAX]; /* two for each connection there was */
    size_t count;
    bool end;
} relay;

void relay_start(relay *r, int to_port);
/* Cut all connections there are, in the middle of whatever is on its way. */
void relay_cut(relay *r);
void relay_stop(relay *r);

#endif
