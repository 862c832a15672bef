/* Deadlines of connections, the earliest first. */
#ifndef BELUGA_PEER_TIMER_H
#define BELUGA_PEER_TIMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PEER_NS_PER_MS UINT64_C(1000000)

typedef struct conn conn;

typedef struct heap {
    conn **at;
    size_t len, cap;
} heap;

bool peer__timer_set(conn *c, uint64_t deadline_ns);
void peer__timer_clear(conn *c);
uint64_t peer__now_ns(void);

/* Open a descriptor that becomes readable at a set time: a timerfd, or a kqueue with a timer.
 * Returns -1 with errno on failure. */
int peer__clock_open(void);
/* Set the time at which the clock becomes readable; 0: never. */
void peer__clock_set(int fd, uint64_t at_ns);

#endif
