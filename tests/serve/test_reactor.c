/* The event loop: descriptors, timers and tasks. */
#include "serve/reactor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cmocka.h>

enum { MANY = 1000 };

static int start(void **state)
{
    reactor *r;
    assert_int_equal(reactor_new(&r), 0);
    *state = r;
    return 0;
}

static int stop(void **state)
{
    reactor_free(*state);
    return 0;
}

/* ---- timers ---------------------------------------------------------------------------------- */

static int64_t last_due_ns;
static unsigned n_due;

static void in_order(reactor_timer *timer)
{
    assert_true(timer->due_ns >= last_due_ns);
    assert_int_equal(timer->place, 0);
    last_due_ns = timer->due_ns;
    n_due++;
}

static reactor_timer *make_timers(reactor *r, void (*due)(reactor_timer *))
{
    reactor_timer *timers = calloc(MANY, sizeof *timers);
    assert_non_null(timers);
    assert_int_equal(reactor_reserve(r, MANY), 0);
    for (int i = 0; i < MANY; i++) timers[i].due = due;
    n_due = 0;
    last_due_ns = 0;
    return timers;
}

static void timers_are_called_in_the_order_of_their_times(void **state)
{
    reactor *r = *state;
    reactor_timer *timers = make_timers(r, in_order);
    uint32_t random = 1;
    for (int i = 0; i < 3 * MANY; i++) {
        random = random * 1664525u + 1013904223u;
        reactor_set_timer(r, &timers[i % MANY], (random >> 16) % 40);
    }
    while (n_due < MANY) assert_int_equal(reactor_turn(r, -1), 0);
    free(timers);
}

static void a_timer_that_was_stopped_is_not_called(void **state)
{
    reactor *r = *state;
    reactor_timer *timers = make_timers(r, in_order);
    for (int i = 0; i < MANY; i++) reactor_set_timer(r, &timers[i], 10 + i * 7 % 20);
    for (int i = 0; i < MANY; i++)
        if (i % 3) reactor_stop_timer(r, &timers[i]);
    for (int i = 0; i < MANY; i++) reactor_stop_timer(r, &timers[i / 2 * 2 + 1]);
    unsigned left = 0;
    for (int i = 0; i < MANY; i++) left += timers[i].place != 0;
    while (n_due < left) reactor_turn(r, -1);
    for (int i = 0; i < 5; i++) reactor_turn(r, 1);
    assert_int_equal(n_due, left);
    free(timers);
}

static void a_turn_does_not_end_before_its_timer_is_due(void **state)
{
    reactor *r = *state;
    reactor_timer *timers = make_timers(r, in_order);
    reactor_turn(r, 0);
    reactor_set_timer(r, timers, 20);
    reactor_turn(r, -1);
    assert_int_equal(n_due, 1);
    assert_true(reactor_now_ns(r) >= last_due_ns);
    reactor_set_timer(r, timers, INT64_MAX);
    reactor_turn(r, 1);
    assert_int_equal(n_due, 1);
    reactor_stop_timer(r, timers);
    free(timers);
}

typedef struct again {
    reactor_timer timer;
    reactor *r;
    unsigned n;
} again;

static void set_again(reactor_timer *timer)
{
    again *a = (again *)(void *)timer;
    if (++a->n < 10) reactor_set_timer(a->r, timer, 1);
}

static void a_timer_may_set_itself_again(void **state)
{
    again a = {.timer.due = set_again, .r = *state};
    assert_int_equal(reactor_reserve(a.r, 1), 0);
    reactor_set_timer(a.r, &a.timer, 0);
    while (a.n < 10) reactor_turn(a.r, -1);
    assert_int_equal(a.timer.place, 0);
    reactor_unreserve(a.r, 1);
}

/* ---- descriptors ----------------------------------------------------------------------------- */

typedef struct end {
    reactor_watch watch;
    reactor *r;
    struct end *other; /* NULL, or another end that on_end stops watching */
    unsigned calls;
    uint32_t events;
} end;

static void on_end(reactor_watch *watch, uint32_t events)
{
    end *e = (end *)(void *)watch;
    e->calls++;
    e->events = events;
    if (e->other) reactor_set(e->r, &e->other->watch, 0);
}

static void an_event_of_this_turn_is_forgotten_with_its_descriptor(void **state)
{
    int first[2], second[2];
    assert_int_equal(pipe(first), 0);
    assert_int_equal(pipe(second), 0);
    end a = {.watch = {.fd = first[0], .ready = on_end}, .r = *state};
    end b = {.watch = {.fd = second[0], .ready = on_end}, .r = *state, .other = &a};
    a.other = &b;
    assert_int_equal(reactor_set(*state, &a.watch, EPOLLIN), 0);
    assert_int_equal(reactor_set(*state, &b.watch, EPOLLIN), 0);
    assert_int_equal(write(first[1], "x", 1), 1);
    assert_int_equal(write(second[1], "x", 1), 1);
    for (int i = 0; i < 3; i++) reactor_turn(*state, 1);
    assert_true((a.calls == 0) != (b.calls == 0));
    reactor_set(*state, &a.watch, 0);
    reactor_set(*state, &b.watch, 0);
    for (int i = 0; i < 2; i++) {
        close(first[i]);
        close(second[i]);
    }
}

static void a_descriptor_that_is_not_watched_any_more_is_not_called(void **state)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    end a = {.watch = {.fd = fds[0], .ready = on_end}, .r = *state};
    assert_int_equal(write(fds[1], "x", 1), 1);
    assert_int_equal(reactor_set(*state, &a.watch, EPOLLIN), 0);
    reactor_turn(*state, -1);
    assert_int_equal(a.calls, 1);
    assert_int_equal(a.events, EPOLLIN);
    assert_int_equal(reactor_set(*state, &a.watch, 0), 0);
    reactor_turn(*state, 1);
    assert_int_equal(a.calls, 1);
    close(fds[0]);
    close(fds[1]);
    a.watch.events = 0;
    assert_int_not_equal(reactor_set(*state, &a.watch, EPOLLIN), 0);
}

/* ---- tasks ----------------------------------------------------------------------------------- */

typedef struct job {
    reactor_task task;
    reactor *r;
    struct job *then;
    int place;
} job;

static int n_jobs;

static void do_job(reactor_task *task)
{
    job *j = (job *)(void *)task;
    j->place = ++n_jobs;
    if (j->then) reactor_defer(j->r, &j->then->task);
}

static void tasks_run_once_in_their_order_at_the_end_of_a_turn(void **state)
{
    job jobs[4];
    n_jobs = 0;
    for (int i = 0; i < 4; i++) jobs[i] = (job){.task.run = do_job, .r = *state};
    jobs[1].then = &jobs[3];
    for (int i = 0; i < 3; i++) reactor_defer(*state, &jobs[i].task);
    reactor_defer(*state, &jobs[0].task);
    reactor_cancel_task(*state, &jobs[2].task);
    reactor_cancel_task(*state, &jobs[3].task);
    reactor_turn(*state, -1);
    assert_int_equal(jobs[0].place, 1);
    assert_int_equal(jobs[1].place, 2);
    assert_int_equal(jobs[2].place, 0);
    assert_int_equal(jobs[3].place, 3);
    reactor_turn(*state, 0);
    assert_int_equal(n_jobs, 3);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        CASE(timers_are_called_in_the_order_of_their_times),
        CASE(a_timer_that_was_stopped_is_not_called),
        CASE(a_turn_does_not_end_before_its_timer_is_due),
        CASE(a_timer_may_set_itself_again),
        CASE(an_event_of_this_turn_is_forgotten_with_its_descriptor),
        CASE(a_descriptor_that_is_not_watched_any_more_is_not_called),
        CASE(tasks_run_once_in_their_order_at_the_end_of_a_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
