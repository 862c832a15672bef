/* Times in which the process can't read: it is stopped, a callback blocks, or the host program is
 * busy. In some tests a child process makes the call, and its parent stops the child for longer
 * than every timeout. Meanwhile the answer arrives in the kernel. Events fix the order of timeout
 * and answer, and no time is measured. */
#include "../support/scene.h"
#include "../support/sockets.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A call times out after TIMEOUT_MS. A process is stopped for STOP_MS, which is longer. */
enum { TIMEOUT_MS = 2000, STOP_MS = 3500, SETTLE_MS = 400 };

static void sleep_ms(int ms)
{
    int64_t end = beluga__ends_ns(ms);
    while (beluga__now_ns() < end) usleep(10000);
}

/* ---- a child that is stopped ----------------------------------------------------------------- */

static char said;       /* the byte that the parent has read last */
static int say_fd = -1; /* the writing end of the child's pipe to its parent */

static void say(char c)
{
    assert_int_equal(write(say_fd, &c, 1), 1);
}

static void hear(int fd, char expected)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int n;
    while ((n = poll(&p, 1, PATIENCE_MS)) < 0 && errno == EINTR) continue;
    assert_int_equal(n, 1);
    assert_int_equal(read(fd, &said, 1), 1);
    assert_int_equal(said, expected);
}

/* Called in the child: exit with 0 if the story is the expected one. */
static void leave(const record *r, const char *expected)
{
    if (strcmp(r->story, expected) != 0) {
        fprintf(stderr, "# the child's story: %s\n", r->story);
        _exit(1);
    }
    _exit(0);
}

typedef struct child {
    pid_t pid;
    int fd;
} child;

/* Start a child that runs `body`. This must be called before the parent has made an object with a
 * thread of the library. */
static child begin_child(void (*body)(const char *url), const char *url)
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    child c = {.pid = fork(), .fd = ends[0]};
    assert_true(c.pid >= 0);
    if (c.pid) {
        close(ends[1]);
        return c;
    }
    alarm(4 * PATIENCE_MS / 1000);
    say_fd = ends[1];
    body(url);
    _exit(2);
}

/* Returns the child's state as the kernel names it: S, if the child sleeps and so only waits for
 * its descriptors; Z, if it has ended. */
static char state_of(const child *c)
{
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)c->pid);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    fclose(file);
    const char *name_ends = strrchr(line, ')');
    assert_non_null(name_ends);
    return name_ends[2];
}

static void wait_until_asleep(const child *c)
{
    int64_t end = beluga__ends_ns(PATIENCE_MS);
    char state;
    while ((state = state_of(c)) != 'S') {
        assert_int_not_equal(state, 'Z');
        assert_true(beluga__now_ns() < end);
        usleep(1000);
    }
}

static void stop(const child *c)
{
    int status;
    /* Wait until libcurl's short timers have expired, since they make it check its sockets. */
    sleep_ms(SETTLE_MS);
    wait_until_asleep(c);
    assert_int_equal(kill(c->pid, SIGSTOP), 0);
    assert_int_equal(waitpid(c->pid, &status, WUNTRACED), c->pid);
    assert_true(WIFSTOPPED(status));
}

static int go_on_and_wait(const child *c)
{
    int status;
    assert_int_equal(kill(c->pid, SIGCONT), 0);
    assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
    close(c->fd);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* The timeout for connecting keeps its default, since libcurl's own timer for it would expire
 * first. */
#define SHORT_TIMEOUTS beluga_with_timeout_ms(TIMEOUT_MS), beluga_with_total_timeout_ms(TIMEOUT_MS)

static void script_halves(peer *p)
{
    script(p, BEGINS, SAYS("Hello"), WAITS_AT(0), SAYS(" world"), STOPS, DONE);
}

static const char halves[] = "start metadata [Hello] [ world] finish(stop)";

/* In the child: pull a stream up to its first text, and then tell the parent. */
static beluga_stream *pull_the_first_half(const char *url, record *r)
{
    beluga_stream *stream = begin_stream(open_at(url, SHORT_TIMEOUTS), NULL);
    record_clear(r);
    pull_until(stream, r, BELUGA_EVENT_TEXT);
    say('t');
    return stream;
}

static void pull_halves(const char *url)
{
    record r;
    pull_all(pull_the_first_half(url, &r), &r);
    leave(&r, halves);
}

static void push_halves(const char *url)
{
    record r = {0};
    beluga_loop *loop = new_loop();
    push_stream(open_at(url, SHORT_TIMEOUTS), loop, NULL, &r);
    while (!r.texts) poll_and_step(loop);
    say('t');
    step_until_end(loop, &r);
    leave(&r, halves);
}

/* Stop the child after it has written `said_before`. The rest of the answer arrives while it is
 * stopped; then the child continues and must succeed. */
static void answer_while_stopped(peer *p, void (*body)(const char *), char said_before)
{
    child c = begin_child(body, peer_url(p));
    hear(c.fd, said_before);
    assert_int_equal(peer_wait_requests(p, 1, PATIENCE_MS), 0);
    stop(&c);
    peer_open_gate(p, 0);
    assert_int_equal(peer_wait_outcome(p, 0, PEER_ANSWERED, PATIENCE_MS), 0);
    sleep_ms(STOP_MS);
    assert_int_equal(go_on_and_wait(&c), 0);
    assert_int_equal(peer_requests(p), 1);
}

static void a_stream_goes_on_with_what_came_while_the_process_was_stopped(void **state)
{
    script_halves(*state);
    answer_while_stopped(*state, pull_halves, 't');
}

static void a_pushed_stream_goes_on_with_what_came_while_the_process_was_stopped(void **state)
{
    script_halves(*state);
    answer_while_stopped(*state, push_halves, 't');
}

static void generate_and_leave(beluga_chat_model *model, beluga_context *ctx)
{
    beluga_error err = {0};
    say('g');
    int status = generate_under(model, ctx, "Hello", &err);
    if (status) fprintf(stderr, "# the child's error: %s\n", err.message);
    _exit(status != 0);
}

static void generate_hello(const char *url)
{
    generate_and_leave(open_at(url, SHORT_TIMEOUTS), NULL);
}

static void a_whole_answer_that_came_while_the_process_was_stopped_is_an_answer(void **state)
{
    script(*state, WAITS_AT(0), ANSWERS("Hello"));
    answer_while_stopped(*state, generate_hello, 'g');
}

/* A deadline is a point in real time. Even so, an answer that has already arrived must be read. */
static void generate_under_a_deadline(const char *url)
{
    beluga_chat_model *model = open_at_n(url, NULL, 0);
    generate_and_leave(model, beluga_context_new_timeout(NULL, TIMEOUT_MS));
}

static void an_answer_that_is_there_when_its_deadline_has_passed_is_read_first(void **state)
{
    script(*state, WAITS_AT(0), ANSWERS("Hello"));
    answer_while_stopped(*state, generate_under_a_deadline, 'g');
}

static void pull_to_the_timeout(const char *url)
{
    record r;
    pull_all(pull_the_first_half(url, &r), &r);
    _exit(r.status == BELUGA_ERROR_STREAM_TIMEOUT || r.status == BELUGA_ERROR_TIMEOUT ? 0 : 1);
}

static void a_server_that_is_silent_behind_a_stop_too_is_a_timeout(void **state)
{
    peer *p = *state;
    script_halves(p);
    child c = begin_child(pull_to_the_timeout, peer_url(p));
    hear(c.fd, 't');
    stop(&c);
    sleep_ms(STOP_MS);
    assert_int_equal(go_on_and_wait(&c), 0);
}

/* --- connecting ------------------------------------------------------------------------------- */

/* A listener whose queue is full. When one connection is accepted, the next can enter the queue. */
typedef struct full_queue {
    int listener, filler;
    char url[64];
} full_queue;

static void make_full_queue(full_queue *q)
{
    q->listener = listen_locally(0, q->url, sizeof q->url);
    q->filler = connect_to(q->listener, 0);
}

/* Accept a connection, read a request and answer it. Returns false if the connection has no
 * request. */
static bool answer_one(int listener)
{
    static const char answer[] =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
        "{\"choices\":[{\"message\":{\"content\":\"Hello\"},\"finish_reason\":\"stop\"}]}";
    char request[65536];
    size_t n = 0;
    ssize_t got;
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    assert_true(fd >= 0);
    while ((got = read(fd, request + n, sizeof request - 1 - n)) > 0) {
        n += (size_t)got;
        request[n] = '\0';
        if (strstr(request, "\r\n\r\n") && request[n - 1] == '}') break;
    }
    if (got > 0) assert_true(write(fd, answer, sizeof answer - 1) > 0);
    close(fd);
    return got > 0;
}

static int64_t connect_ms; /* the child's timeout for connecting */

static void generate_slowly_connected(const char *url)
{
    generate_and_leave(open_at(url, beluga_with_timeout_ms(PATIENCE_MS),
                               beluga_with_connect_timeout_ms(connect_ms)),
                       NULL);
}

static void take_one_out(const full_queue *q)
{
    assert_int_equal(close(accept(q->listener, NULL, NULL)), 0);
}

/* Let the child continue and answer its request, unless it gives up. Connections of its earlier
 * attempts are accepted, too, but have no request. Returns whether its call succeeded. */
static bool finish_slowly_connected(full_queue *q, const child *c)
{
    struct pollfd p = {.fd = q->listener, .events = POLLIN};
    bool answered = false;
    assert_int_equal(kill(c->pid, SIGCONT), 0);
    while (!answered && state_of(c) != 'Z')
        if (poll(&p, 1, 100) == 1) answered = answer_one(q->listener);
    int status = go_on_and_wait(c);
    close(q->filler);
    close(q->listener);
    return status == 0;
}

/* Stop the child while it waits for a place in the queue. A place becomes free before the stop or
 * while the child is stopped. Returns whether the child's call succeeded. */
static bool stop_once(bool free_before)
{
    full_queue q;
    make_full_queue(&q);
    child c = begin_child(generate_slowly_connected, q.url);
    hear(c.fd, 'g');
    stop(&c);
    if (free_before) take_one_out(&q);
    sleep_ms((int)connect_ms + STOP_MS - TIMEOUT_MS);
    if (!free_before) take_one_out(&q);
    return finish_slowly_connected(&q, &c);
}

/* On a busy machine the child or its parent may sleep for as long as the child may take to
 * connect, so longer timeouts are tried, too. */
static void stop_while_connecting(bool free_before)
{
    bool connected = false;
    for (connect_ms = TIMEOUT_MS; !connected && connect_ms <= 4 * TIMEOUT_MS; connect_ms *= 2)
        connected = stop_once(free_before);
    assert_true(connected);
}

/* A second after the first attempt, the kernel tries to connect again; the child is stopped
 * then. */
static void a_connection_that_came_about_while_the_process_was_stopped_is_used(void **state)
{
    (void)state;
    stop_while_connecting(true);
}

/* The stop is longer than the timeout for connecting, but must not count. The kernel tries to
 * connect again only after the child continues. */
static void a_stop_does_not_count_as_connecting(void **state)
{
    (void)state;
    stop_while_connecting(false);
}

/* --- a callback, a host program --------------------------------------------------------------- */

typedef struct blocking {
    record r;
    bool blocked;
} blocking;

static void block_at_text(void *payload, const beluga_event *event)
{
    blocking *b = payload;
    record_event(&b->r, event);
    if (event->kind != BELUGA_EVENT_TEXT || b->blocked) return;
    b->blocked = true;
    sleep_ms(STOP_MS);
}

/* Two calls share a loop. While the callback of one call blocks, nothing reads the answer of the
 * other. */
static void a_callback_that_blocks_costs_no_other_call_its_answer(scene *s)
{
    blocking b = {.blocked = false};
    open_with(s, SHORT_TIMEOUTS);
    script_halves(s->peer);
    push(s);
    step_to_text(s);
    script(s->peer, STREAMS("Hello"));
    beluga_op_free(push_to(s->model, s->loop, NULL, block_at_text, &b));
    while (!b.blocked) poll_and_step(s->loop);
    assert_false(record_ended(&s->r));
    peer_open_gate(s->peer, 0);
    step_to_the_end(s);
    step_until_end(s->loop, &b.r);
    assert_story(&s->r, halves);
}

/* The host program first steps after the timeout, and only this step sends the request. The call
 * must still get time for its answer. */
static void a_call_that_was_not_sent_before_its_host_did_something_else_gets_its_answer(scene *s)
{
    open_with(s, SHORT_TIMEOUTS);
    script(s->peer, STREAMS("Hello"));
    push(s);
    sleep_ms(STOP_MS);
    step_to_the_end(s);
    assert_story(&s->r, "start metadata [Hello] usage(12,1) finish(stop)");
}

/* Even if the host program always steps late, a call to a server that sends nothing must time
 * out. */
static void a_host_that_comes_late_each_time_gets_its_timeout(scene *s)
{
    open_with(s, beluga_with_timeout_ms(200));
    script(s->peer, HANGS);
    push(s);
    for (int i = 0; i < 30 && !record_ended(&s->r); i++) {
        sleep_ms(1500);
        assert_int_equal(beluga_loop_step(s->loop), 0);
    }
    assert_int_equal(s->r.error.code, BELUGA_ERROR_TIMEOUT);
}

/* --- signals ---------------------------------------------------------------------------------- */

static void on_alarm(int number)
{
    (void)number;
}

/* Interrupt system calls with a signal each millisecond, as long as `on` is true. */
static void set_storm(bool on)
{
    struct sigaction action = {.sa_handler = on_alarm};
    struct itimerval each = {{0, on ? 1000 : 0}, {0, on ? 1000 : 0}};
    if (on) sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &each, NULL);
}

static void signals_all_the_time_cost_no_call_its_answer(void **state)
{
    peer *p = *state;
    record r = {0};
    beluga_chat_model *model = open_peer_with(p, beluga_with_api_key("command:sleep 0.1; echo k"));
    set_storm(true);
    for (int i = 0; i < 20; i++) {
        script(p, BEGINS, TRICKLES(50, 1000), SAYS("Hello"), STOPS, DONE);
        record_clear(&r);
        stream_whole(model, &r);
        assert_story(&r, "start metadata [Hello] finish(stop)");
    }
    script(p, HANGS);
    assert_int_equal(stream_with(model, &r, beluga_with_first_event_timeout_ms(100)),
                     BELUGA_ERROR_TIMEOUT);
    set_storm(false);
    beluga_chat_model_unref(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_PEER(a_stream_goes_on_with_what_came_while_the_process_was_stopped),
        ON_PEER(a_pushed_stream_goes_on_with_what_came_while_the_process_was_stopped),
        ON_PEER(a_whole_answer_that_came_while_the_process_was_stopped_is_an_answer),
        ON_PEER(an_answer_that_is_there_when_its_deadline_has_passed_is_read_first),
        ON_PEER(a_server_that_is_silent_behind_a_stop_too_is_a_timeout),
        cmocka_unit_test(a_connection_that_came_about_while_the_process_was_stopped_is_used),
        cmocka_unit_test(a_stop_does_not_count_as_connecting),
        SCENE(a_callback_that_blocks_costs_no_other_call_its_answer),
        SCENE(a_call_that_was_not_sent_before_its_host_did_something_else_gets_its_answer),
        SCENE(a_host_that_comes_late_each_time_gets_its_timeout),
        ON_PEER(signals_all_the_time_cost_no_call_its_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
