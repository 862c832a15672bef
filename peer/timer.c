/* A binary heap of connections by deadline, and a clock for the earliest deadline. */
#include "peer/server.h"

#include <stdlib.h>
#include <time.h>

uint64_t peer__now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static void put(heap *h, size_t i, conn *c)
{
    h->at[i] = c;
    c->heap_at = i + 1;
}

static void sift_up(heap *h, size_t i, conn *c)
{
    while (i > 0 && h->at[(i - 1) / 2]->deadline_ns > c->deadline_ns) {
        put(h, i, h->at[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    put(h, i, c);
}

static void sift_down(heap *h, size_t i, conn *c)
{
    for (size_t child; (child = 2 * i + 1) < h->len; i = child) {
        if (child + 1 < h->len && h->at[child + 1]->deadline_ns < h->at[child]->deadline_ns)
            child++;
        if (h->at[child]->deadline_ns >= c->deadline_ns) break;
        put(h, i, h->at[child]);
    }
    put(h, i, c);
}

bool peer__timer_set(conn *c, uint64_t deadline_ns)
{
    heap *h = &c->owner->timers;
    peer__timer_clear(c);
    if (h->len == h->cap) {
        size_t cap = h->cap ? 2 * h->cap : 64;
        conn **at = realloc(h->at, cap * sizeof(conn *));
        if (!at) return false;
        h->at = at;
        h->cap = cap;
    }
    c->deadline_ns = deadline_ns;
    sift_up(h, h->len++, c);
    return true;
}

void peer__timer_clear(conn *c)
{
    heap *h = &c->owner->timers;
    if (!c->heap_at) return;
    size_t i = c->heap_at - 1;
    conn *last = h->at[--h->len];
    c->heap_at = 0;
    if (last == c) return;
    if (i > 0 && h->at[(i - 1) / 2]->deadline_ns > last->deadline_ns)
        sift_up(h, i, last);
    else
        sift_down(h, i, last);
}
