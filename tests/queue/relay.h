/* A connection to a server that can be cut: a port of loopback whose connections are forwarded to
 * another port. */
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
    relay_pump pumps[RELAY_MAX]; /* two for each connection so far */
    size_t count;
    bool end;
} relay;

void relay_start(relay *r, int to_port);
/* Cut all connections, in the middle of whatever is being sent. */
void relay_cut(relay *r);
void relay_stop(relay *r);

#endif
