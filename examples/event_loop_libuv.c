/* Streams inside a libuv loop: a uv_poll_t on one descriptor.
 *
 *     event_loop_libuv [-n STREAMS] [-r ROUNDS] [MODEL-REFERENCE]
 *
 * Everything runs on the one thread of uv_run, beside whatever else the host program does there. */
#define _GNU_SOURCE 1
#include "streams.h"

#include <stdio.h>
#include <uv.h>

typedef struct host {
    uv_loop_t loop;
    uv_poll_t poll;
    uv_timer_t timer;
    streams *streams;
} host;

static void stop(host *h)
{
    uv_close((uv_handle_t *)&h->poll, NULL);
    uv_close((uv_handle_t *)&h->timer, NULL);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    host *h = poll->data;
    (void)events;
    if (status < 0 || beluga_loop_step(streams_loop(h->streams)) || streams_done(h->streams))
        stop(h);
}

static void on_timer(uv_timer_t *timer)
{
    const host *h = timer->data;
    streams_print_progress(h->streams);
}

static int run(host *h)
{
    int status = uv_loop_init(&h->loop);
    if (status < 0) return status;
    uv_poll_init(&h->loop, &h->poll, beluga_loop_fd(streams_loop(h->streams)));
    uv_timer_init(&h->loop, &h->timer);
    h->poll.data = h->timer.data = h;
    uv_timer_start(&h->timer, on_timer, 1000, 1000);
    status = uv_poll_start(&h->poll, UV_READABLE, on_readable);
    if (status < 0 || streams_start(h->streams)) stop(h);
    uv_run(&h->loop, UV_RUN_DEFAULT);
    uv_loop_close(&h->loop);
    return status;
}

int main(int argc, char **argv)
{
    host h = {.streams = streams_new(argc, argv)};
    if (!h.streams) return 1;
    int status = run(&h);
    if (status < 0) fprintf(stderr, "libuv: %s\n", uv_strerror(status));
    int result = streams_finish(h.streams);
    return status < 0 ? 1 : result;
}
