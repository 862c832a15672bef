/* Many streams on one loop: a step does a limited amount of work, no stream has to wait for long,
 * and thousands of streams work. */
#include "../support/scene.h"

#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

enum { MAX_STEP_EVENTS = 64, MAX_STEP_BYTES = 256 * 1024 };

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

typedef struct crowd {
    beluga_loop *loop;
    beluga_chat_model *model;
    size_t n;
    record *records;
} crowd;

static void make_crowd(crowd *c, beluga_chat_model *model, size_t n)
{
    *c = (crowd){.loop = new_loop(), .model = model, .records = calloc(n, sizeof *c->records)};
    assert_non_null(c->records);
}

static void push_more(crowd *c, size_t n)
{
    for (; n; n--) beluga_op_free(push_stream(c->model, c->loop, NULL, &c->records[c->n++]));
}

static void push_crowd(crowd *c, beluga_chat_model *model, size_t n)
{
    make_crowd(c, model, n);
    push_more(c, n);
}

static void free_crowd(crowd *c)
{
    beluga_loop_free(c->loop);
    beluga_chat_model_unref(c->model);
    free(c->records);
}

/* Returns how many of the records satisfy the condition. */
static size_t count(const crowd *c, bool (*is)(const record *))
{
    size_t found = 0;
    for (size_t i = 0; i < c->n; i++) found += is(&c->records[i]);
    return found;
}

static bool has_text(const record *r)
{
    return r->texts > 0;
}

static bool has_more_text(const record *r)
{
    return r->texts > 1;
}

static bool has_finished(const record *r)
{
    return r->finishes == 1;
}

static bool has_failed(const record *r)
{
    return r->errors > 0;
}

static void step_until(crowd *c, bool (*is)(const record *))
{
    while (count(c, is) < c->n) {
        for (size_t i = 0; i < c->n; i++)
            if (has_failed(&c->records[i]))
                fail_msg("stream %zu: %s (%s)", i, c->records[i].error.message,
                         c->records[i].error.cause);
        poll_and_step(c->loop);
    }
}

/* For the next `times` requests, script a word and a gate; the caller adds the rest of the
 * answer. */
static peer_reply *gated_reply(peer *p, int gate, int times)
{
    peer_reply *reply = script(p, REPEATS(times), BEGINS, SAYS("Hello"), WAITS_AT(gate));
    return reply;
}

static void let_through(peer *p, int gate, size_t from, size_t to)
{
    peer_open_gate(p, gate);
    for (size_t i = from; i < to; i++)
        assert_int_equal(peer_wait_outcome(p, i, PEER_ANSWERED, PATIENCE_MS), 0);
}

/* Some time after a transfer has connected, libcurl checks it again, and then reads more than a
 * step should. Wait until this has happened. */
static void let_timers_pass(crowd *c)
{
    for (int64_t until = now_ms() + 500; now_ms() < until;)
        assert_int_equal(beluga_loop_wait(c->loop, 20), 0);
}

/* Step until all streams have finished. The descriptor must be readable before each step, and each
 * step may finish only a few streams. */
static void step_boundedly(crowd *c)
{
    for (size_t before = 0, steps = 0; before < c->n; steps++) {
        assert_true(is_readable(c->loop));
        assert_int_equal(beluga_loop_step(c->loop), 0);
        size_t after = count(c, has_finished);
        assert_in_range(after - before, 0, MAX_STEP_EVENTS);
        assert_in_range(steps, 0, 1000);
        before = after;
    }
}

static void a_step_reads_a_bounded_number_of_descriptors_and_the_rest_stays_readable(void **state)
{
    peer *p = *state;
    enum { N = 200 };
    crowd c;
    peer_reply *reply = gated_reply(p, 0, PEER_FOR_EVER);
    script_more(reply, STOPS, DONE);
    push_crowd(&c, open_peer(p), N);
    step_until(&c, has_text);
    let_timers_pass(&c);
    let_through(p, 0, 0, N);
    step_boundedly(&c);
    free_crowd(&c);
}

static void a_step_begins_a_bounded_number_of_calls_without_a_network_too(void **state)
{
    (void)state;
    enum { N = 200 };
    crowd c;
    push_crowd(&c, open_mock_n(NULL, 0), N);
    step_boundedly(&c);
    free_crowd(&c);
}

/* A step could serve all of these streams, but they have more bytes than a step reads. */
static void streams_with_much_to_read_do_not_starve_the_others(void **state)
{
    peer *p = *state;
    enum { N = 60, TEXTS = 8, TEXT = 7000 };
    crowd c;
    peer_reply *reply = gated_reply(p, 0, PEER_FOR_EVER);
    for (int i = 0; i < TEXTS; i++) script_more(reply, SAYS_LETTERS(TEXT));
    script_more(reply, STOPS, DONE);
    push_crowd(&c, open_peer(p), N);
    step_until(&c, has_text);
    let_timers_pass(&c);
    let_through(p, 0, 0, N);
    size_t bytes = 0;
    for (int i = 0; i < 4; i++) {
        size_t before = bytes;
        poll_and_step(c.loop);
        bytes = 0;
        for (size_t k = 0; k < N; k++) bytes += c.records[k].bytes;
        assert_in_range(bytes - before, 0, MAX_STEP_BYTES);
    }
    assert_int_equal(count(&c, has_more_text), N);
    step_until(&c, has_finished);
    free_crowd(&c);
}

/* A step can't serve all of these streams, and each of them always has bytes to read. */
static void a_cancellation_is_heard_among_streams_that_never_wait(void **state)
{
    peer *p = *state;
    enum { N = 40, TEXTS = 40, TEXT = 7000, STEPS = 12 };
    crowd c;
    record quiet = {0};
    beluga_context *ctx = beluga_context_new_cancellable(NULL);
    peer_reply *reply = gated_reply(p, 0, N);
    for (int i = 0; i < TEXTS; i++) script_more(reply, SAYS_LETTERS(TEXT));
    script_more(reply, STOPS, DONE);
    gated_reply(p, 1, 1);
    push_crowd(&c, open_peer(p), N);
    step_until(&c, has_text);
    beluga_op_free(push_stream(c.model, c.loop, ctx, &quiet));
    while (!quiet.texts) poll_and_step(c.loop);
    let_timers_pass(&c);
    let_through(p, 0, 0, N);
    for (int i = 0; i < STEPS; i++) poll_and_step(c.loop);
    assert_int_equal(count(&c, has_finished), 0);
    beluga_context_cancel(ctx);
    for (int i = 0; i < STEPS && !quiet.errors; i++) poll_and_step(c.loop);
    assert_int_equal(count(&c, has_finished), 0);
    assert_int_equal(quiet.errors, 1);
    free_crowd(&c);
    beluga_context_unref(ctx);
}

/* The loop is not stepped for longer than the timeout, and meanwhile more bytes arrive than one
 * step reads. The streams that would time out first get their bytes last. */
static void no_stream_fails_for_want_of_bytes_that_are_there(void **state)
{
    peer *p = *state;
    enum { N = 200, TIMEOUT_MS = 2000 };
    crowd c;
    for (int half = 0; half < 2; half++) {
        peer_reply *reply = gated_reply(p, half, half ? PEER_FOR_EVER : N / 2);
        script_more(reply, STOPS, DONE);
    }
    int64_t start = now_ms();
    make_crowd(&c, open_peer_with(p, beluga_with_timeout_ms(TIMEOUT_MS)), N);
    for (int half = 0; half < 2; half++) {
        push_more(&c, N / 2);
        while (count(&c, has_text) < c.n && now_ms() - start < TIMEOUT_MS / 2)
            poll_and_step(c.loop);
    }
    let_timers_pass(&c);
    bool in_time = count(&c, has_text) == N && count(&c, has_failed) == 0;
    if (in_time) {
        let_through(p, 1, N / 2, N);
        let_through(p, 0, 0, N / 2);
        struct timespec rest = {.tv_sec = TIMEOUT_MS / 1000, .tv_nsec = 100000000};
        nanosleep(&rest, NULL);
        step_until(&c, has_finished);
    }
    free_crowd(&c);
    if (!in_time) {
        print_message("# this machine is too busy now for %d streams in %d ms\n", N,
                      TIMEOUT_MS / 2);
        skip();
    }
}

/* Return how many streams the limit of descriptors allows. Each stream needs two, since the server
 * is in the same process. */
static size_t streams_allowed(void)
{
    enum { WANTED = 2000, OTHERS = 100 };
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < 2 * WANTED + OTHERS) {
        limit.rlim_cur =
            limit.rlim_max < 2 * WANTED + OTHERS ? limit.rlim_max : 2 * WANTED + OTHERS;
        setrlimit(RLIMIT_NOFILE, &limit);
        getrlimit(RLIMIT_NOFILE, &limit);
    }
    return limit.rlim_cur < 2 * WANTED + OTHERS ? (limit.rlim_cur - OTHERS) / 2 : WANTED;
}

static void thousands_of_streams_run_on_one_thread(void **state)
{
    peer *p = *state;
    crowd c;
    size_t n = streams_allowed();
    if (n < 1000) {
        print_message("# only %zu streams: the limit of open files can't be raised\n", n);
        skip();
    }
    peer_reply *reply = gated_reply(p, 0, PEER_FOR_EVER);
    script_more(reply, SAYS(" world"), STOPS, DONE);
    push_crowd(&c, open_peer(p), n);
    step_until(&c, has_text); /* all streams are open at the same time */
    assert_int_equal(beluga_loop_active(c.loop), n);
    peer_open_gate(p, 0);
    step_until(&c, has_finished);
    for (size_t i = 0; i < n; i++)
        assert_story(&c.records[i], "start metadata [Hello] [ world] finish(stop)");
    assert_int_equal(beluga_loop_active(c.loop), 0);
    free_crowd(&c);
}

static void many_calls_one_after_the_other_share_a_few_connections(scene *s)
{
    enum { N = 300 };
    script(s->peer, REPEATS(PEER_FOR_EVER), STREAMS("Hello"));
    for (int i = 0; i < N; i++) {
        record_clear(&s->r);
        beluga_op_free(push_stream(s->model, s->loop, NULL, &s->r));
        step_to_the_end(s);
        assert_int_equal(s->r.finishes, 1);
    }
    /* A connection may still be busy with its last body when the next call begins, which then opens
     * another one. */
    assert_in_range(peer_connections(s->peer), 1, N / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_PEER(a_step_reads_a_bounded_number_of_descriptors_and_the_rest_stays_readable),
        cmocka_unit_test(a_step_begins_a_bounded_number_of_calls_without_a_network_too),
        ON_PEER(streams_with_much_to_read_do_not_starve_the_others),
        ON_PEER(a_cancellation_is_heard_among_streams_that_never_wait),
        ON_PEER(no_stream_fails_for_want_of_bytes_that_are_there),
        ON_PEER(thousands_of_streams_run_on_one_thread),
        SCENE(many_calls_one_after_the_other_share_a_few_connections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
