#include "tools/desk.h"

#include "base/wake.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* How long to wait for tool calls that were told to end. A program has one second to end after
 * SIGTERM. */
#define SETTLE_S 3

/* A waiting thread; the struct is on its stack. */
typedef struct visitor {
    struct visitor *next;
    void (*serve)(void *payload);
    void *payload;
    bool done, served;
} visitor;

struct tool_desk {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    visitor *first, **end;
    beluga__wake bell; /* its descriptor is readable while a thread waits to be served */
    bool is_open;
    size_t running; /* number of running tool calls */
    atomic_uint refs;
};

tool_desk *desk_new(void)
{
    tool_desk *desk = calloc(1, sizeof *desk);
    if (!desk) return NULL;
    desk->end = &desk->first;
    atomic_init(&desk->refs, 1);
    if (!beluga__wake_open(&desk->bell)) {
        free(desk);
        return NULL;
    }
    pthread_mutex_init(&desk->lock, NULL);
    pthread_cond_init(&desk->changed, NULL);
    return desk;
}

tool_desk *desk_ref(tool_desk *desk)
{
    if (desk) atomic_fetch_add(&desk->refs, 1);
    return desk;
}

void desk_unref(tool_desk *desk)
{
    if (!desk || atomic_fetch_sub(&desk->refs, 1) != 1) return;
    beluga__wake_close(&desk->bell);
    pthread_cond_destroy(&desk->changed);
    pthread_mutex_destroy(&desk->lock);
    free(desk);
}

void desk_open(tool_desk *desk)
{
    pthread_mutex_lock(&desk->lock);
    desk->is_open = true;
    pthread_mutex_unlock(&desk->lock);
}

static visitor *take_first(tool_desk *desk)
{
    visitor *v = desk->first;
    if (v) desk->first = v->next;
    if (!desk->first) desk->end = &desk->first;
    return v;
}

void desk_close(tool_desk *desk)
{
    visitor *v;
    pthread_mutex_lock(&desk->lock);
    desk->is_open = false;
    while ((v = take_first(desk))) v->done = true;
    pthread_cond_broadcast(&desk->changed);
    pthread_mutex_unlock(&desk->lock);
}

bool desk_visit(tool_desk *desk, void (*serve)(void *payload), void *payload)
{
    visitor v = {.serve = serve, .payload = payload};
    pthread_mutex_lock(&desk->lock);
    if (desk->is_open) {
        *desk->end = &v;
        desk->end = &v.next;
        beluga__wake_up(&desk->bell);
        while (!v.done) pthread_cond_wait(&desk->changed, &desk->lock);
    }
    pthread_mutex_unlock(&desk->lock);
    return v.served;
}

void desk_begin(tool_desk *desk)
{
    pthread_mutex_lock(&desk->lock);
    desk->running++;
    pthread_mutex_unlock(&desk->lock);
}

void desk_end(tool_desk *desk)
{
    pthread_mutex_lock(&desk->lock);
    desk->running--;
    pthread_cond_broadcast(&desk->changed);
    pthread_mutex_unlock(&desk->lock);
}

void desk_settle(tool_desk *desk)
{
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += SETTLE_S;
    pthread_mutex_lock(&desk->lock);
    while (desk->running && pthread_cond_timedwait(&desk->changed, &desk->lock, &end) == 0)
        continue;
    pthread_mutex_unlock(&desk->lock);
}

/* Run the functions of all waiting threads. The lock is not held meanwhile, since asking the user
 * may take long. */
static void serve_all(tool_desk *desk)
{
    visitor *v;
    beluga__wake_quiet(&desk->bell);
    pthread_mutex_lock(&desk->lock);
    while ((v = take_first(desk))) {
        pthread_mutex_unlock(&desk->lock);
        v->serve(v->payload);
        pthread_mutex_lock(&desk->lock);
        v->served = v->done = true;
        pthread_cond_broadcast(&desk->changed);
    }
    pthread_mutex_unlock(&desk->lock);
}

int desk_wait(tool_desk *desk, beluga_loop *loop, int64_t timeout_ms)
{
    struct pollfd p[] = {{.fd = beluga_loop_fd(loop), .events = POLLIN},
                         {.fd = desk->bell.fd, .events = POLLIN}};
    int64_t due = beluga_loop_timeout_ms(loop);
    if (timeout_ms < 0 || (due >= 0 && due < timeout_ms)) timeout_ms = due;
    if (timeout_ms > INT_MAX) timeout_ms = INT_MAX;
    if (poll(p, 2, (int)timeout_ms) > 0 && p[1].revents) serve_all(desk);
    return beluga_loop_step(loop);
}
