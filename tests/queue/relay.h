/* A port on loopback whose connections are forwarded to another port. A test can cut them all. */
#ifndef TESTS_QUEUE_RELAY_H
#define TESTS_QUEUE_RELAY_H

#include <pthread.h>
#include <stdbool.h>

#define RELAY_MAX 128

typedef struct relay_pump {
    int from, to;
    bool drops;
    pthread_t thread;
} relay_pump;

typedef struct relay {
    int listener, port, to;
    int silent; /* of the connections that come next, so many are never answered */
    pthread_t thread;
    pthread_mutex_t lock;
    relay_pump pumps[RELAY_MAX]; /* two for each connection that was accepted so far */
    size_t count;
    bool end;
} relay;

/* @param silent how many connections are accepted first on which no byte comes */
void relay_start(relay *r, int to_port, int silent);
/* Cut all connections, even in the middle of a message. */
void relay_cut(relay *r);
void relay_stop(relay *r);

#endif
