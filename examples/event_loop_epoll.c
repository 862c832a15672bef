/* Streams inside an epoll loop: one descriptor to watch, one function to call.
 *
 *     event_loop_epoll [-n STREAMS] [-r ROUNDS] [MODEL-REFERENCE]
 *
 * Everything runs on the one thread of main; the host program's own events (here a timer that
 * prints the progress) are served between the library's. */
#define _GNU_SOURCE 1
#include "streams.h"

#include <stdint.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define MAX_EVENTS 8

static int watch(int poller, int descriptor)
{
    struct epoll_event event = {.events = EPOLLIN, .data = {.fd = descriptor}};
    return epoll_ctl(poller, EPOLL_CTL_ADD, descriptor, &event);
}

static int make_timer(void)
{
    const struct itimerspec every_second = {{1, 0}, {1, 0}};
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (timer >= 0) timerfd_settime(timer, 0, &every_second, NULL);
    return timer;
}

static void on_timer(int timer, const streams *s)
{
    uint64_t ticks;
    if (read(timer, &ticks, sizeof ticks) == sizeof ticks) streams_print_progress(s);
}

static int run(int poller, int timer, streams *s)
{
    struct epoll_event events[MAX_EVENTS];
    while (!streams_done(s)) {
        int n = epoll_wait(poller, events, MAX_EVENTS, -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.fd == timer)
                on_timer(timer, s);
            else if (beluga_loop_step(streams_loop(s)))
                return -1;
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    streams *s = streams_new(argc, argv);
    if (!s) return 1;
    int poller = epoll_create1(EPOLL_CLOEXEC), timer = make_timer();
    int status = watch(poller, timer) || watch(poller, beluga_loop_fd(streams_loop(s)));
    if (status) perror("epoll");
    if (!status) status = streams_start(s) || run(poller, timer, s);
    close(timer);
    close(poller);
    int result = streams_finish(s);
    return status ? 1 : result;
}
