/* Random actions in random order: many calls to a server that fails in many ways are started,
 * paused, resumed, cancelled and freed. At the end each call must have had exactly one terminal
 * event, unless its loop was freed before. The random numbers are the same in every run; only the
 * timing of the network differs. */
#include "../support/calls.h"
#include "../support/script.h"

#include <stdio.h>

enum { SEEDS = 12, CALLS = 60, ROUNDS = 400 };

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static bool one_in(uint32_t *state, uint32_t n)
{
    return next_random(state) % n == 0;
}

/* --- the server ------------------------------------------------------------------------------- */

#define HALF BEGINS, SAYS("half "), SAYS("an answer")

static void misbehave(peer *p, uint32_t how)
{
    enum { WAYS = 11, MOST = 6 };
    const script_step ways[WAYS][MOST] = {
        {HALF, CLOSES},
        {HALF, RESETS},
        {HALF, HANGS},
        {RESETS},
        {FAILS(500, NULL)},
        {FAILS(429, "retry-after-ms: 20\r\n")},
        {HALF, EVENT("{\"choices\":[{"), HANGS},
        {ANSWERS("in one piece")},
        {STREAMS("a whole answer"), CLOSES},
        {TRICKLES(7, 0), STREAMS("byte by byte, nearly")},
        {STREAMS("an answer of some more words than the others have")},
    };
    script_reply(peer_reply_new(p), ways[how % WAYS]);
}

static void script_chaos(peer *p, uint32_t *random)
{
    for (int i = 0; i < CALLS; i++) misbehave(p, next_random(random));
    script(p, FOR_EVER, STREAMS("and then it behaves"));
}

/* --- the caller ------------------------------------------------------------------------------- */

typedef struct chaos {
    peer *p;
    beluga_loop *loop;
    beluga_chat_model *model;
    beluga_context *everything, *contexts[4];
    uint32_t random;
    size_t n;
    beluga_op *ops[CALLS];
    record records[CALLS];
} chaos;

typedef struct actor {
    chaos *c;
    size_t i;
} actor;

static actor actors[CALLS];

static void act(void *payload, const beluga_event *event)
{
    actor *a = payload;
    chaos *c = a->c;
    record_event(&c->records[a->i], event);
    if (one_in(&c->random, 40)) beluga_op_cancel(c->ops[a->i]);
    if (one_in(&c->random, 40)) beluga_op_pause(c->ops[a->i], true);
    if (one_in(&c->random, 80)) beluga_op_cancel(c->ops[next_random(&c->random) % CALLS]);
    assert_int_equal(beluga_loop_step(c->loop), BELUGA_ERROR_RECURSIVE);
}

static void start_one(chaos *c)
{
    if (c->n == CALLS) return;
    beluga_error err;
    beluga_messages *messages = beluga_messages_new();
    beluga_messages_add(messages, beluga_human_message("Hi"));
    beluga_context *ctx =
        one_in(&c->random, 3) ? c->everything : c->contexts[next_random(&c->random) % 4];
    size_t i = c->n++;
    actors[i] = (actor){c, i};
    bool whole = one_in(&c->random, 3);
    const beluga_option opts[] = {beluga_with_restart_delivery(one_in(&c->random, 2)),
                                  beluga_with_wire_streaming(one_in(&c->random, 2)),
                                  beluga_with_raw_events(one_in(&c->random, 4))};
    int status = whole ? beluga_generate_start_n(c->model, c->loop, ctx, messages, act, &actors[i],
                                                 &c->ops[i], &err, opts, 3)
                       : beluga_stream_start_n(c->model, c->loop, ctx, messages, act, &actors[i],
                                               &c->ops[i], &err, opts, 3);
    if (status) {
        assert_int_equal(status, BELUGA_ERROR_CONTEXT_CANCELED);
        assert_null(c->ops[i]);
        c->records[i].errors = 1; /* the call failed before it started */
    }
    beluga_messages_free(messages);
}

static void do_something(chaos *c)
{
    size_t i = next_random(&c->random) % CALLS;
    switch (next_random(&c->random) % 16) {
    case 0: beluga_op_cancel(c->ops[i]); return;
    case 1:
    case 2: beluga_op_pause(c->ops[i], true); return;
    case 3:
    case 4:
    case 5: beluga_op_pause(c->ops[i], false); return;
    case 6:
        beluga_op_free(c->ops[i]);
        c->ops[i] = NULL;
        return;
    case 7:
        if (one_in(&c->random, 8)) beluga_context_cancel(c->contexts[i % 4]);
        return;
    default: start_one(c);
    }
}

static bool all_ended(const chaos *c)
{
    for (size_t i = 0; i < c->n; i++)
        if (!record_ended(&c->records[i])) return false;
    return true;
}

static void begin(chaos *c, peer *p, uint32_t seed)
{
    memset(c, 0, sizeof *c);
    c->random = seed;
    c->p = p;
    c->loop = new_loop();
    c->model = open_peer_with(p, beluga_with_max_retries(2), beluga_with_timeout_ms(300));
    c->everything = beluga_context_new_cancellable(NULL);
    for (int i = 0; i < 4; i++) c->contexts[i] = beluga_context_new_cancellable(c->everything);
    script_chaos(p, &c->random);
}

static void let_handles_go(chaos *c)
{
    for (size_t i = 0; i < CALLS; i++) {
        beluga_op_free(c->ops[i]);
        c->ops[i] = NULL;
    }
}

static void end(chaos *c)
{
    for (int i = 0; i < 4; i++) beluga_context_unref(c->contexts[i]);
    beluga_context_unref(c->everything);
    beluga_chat_model_unref(c->model);
}

static void every_call_ends_once_whatever_is_done_to_it(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= SEEDS; seed++) {
        static chaos c;
        begin(&c, peer_start(), seed);
        for (int round = 0; round < ROUNDS; round++) {
            do_something(&c);
            assert_int_equal(beluga_loop_wait(c.loop, one_in(&c.random, 4) ? 2 : 0), 0);
        }
        beluga_context_cancel(c.everything); /* otherwise a paused call would never end */
        while (!all_ended(&c)) poll_and_step(c.loop);
        step_until_quiet(c.loop);
        assert_int_equal(beluga_loop_active(c.loop), 0);
        for (size_t i = 0; i < c.n; i++)
            assert_int_equal(c.records[i].finishes + c.records[i].errors, 1);
        let_handles_go(&c);
        beluga_loop_free(c.loop);
        assert_int_equal(peer_wait_all_closed(c.p, PATIENCE_MS), 0);
        end(&c);
        peer_stop(c.p);
    }
}

static void a_loop_may_go_in_the_middle_of_it_all(void **state)
{
    (void)state;
    for (uint32_t seed = 100; seed < 100 + SEEDS; seed++) {
        static chaos c;
        begin(&c, peer_start(), seed);
        for (uint32_t round = 0, rounds = next_random(&c.random) % ROUNDS; round < rounds;
             round++) {
            do_something(&c);
            assert_int_equal(beluga_loop_wait(c.loop, 0), 0);
        }
        let_handles_go(&c);
        beluga_loop_free(c.loop);
        for (size_t i = 0; i < c.n; i++)
            assert_in_range(c.records[i].finishes + c.records[i].errors, 0, 1);
        end(&c);
        peer_stop(c.p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_ends_once_whatever_is_done_to_it),
        cmocka_unit_test(a_loop_may_go_in_the_middle_of_it_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
