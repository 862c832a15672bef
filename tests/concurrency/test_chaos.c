/*
 * Calls that are cancelled, paused, started and freed at any moment, from their own callbacks and
 * from outside, at a server that fails in every way. The events depend on the seed and on timing,
 * but these rules always hold: each call has one terminal event, none after it, and nothing is left
 * over.
 */
#include "../support/openai.h"
#include "../support/script.h"

#include <beluga/providers/mock.h>

#include <stdio.h>

enum { CALLS = 60, SEEDS = 8, STEPS = 4000, MAX_CHAINED = 20 };

typedef struct chaos chaos;

typedef struct ride {
    chaos *chaos;
    beluga_op *op;
    beluga_context *context;
    unsigned events, terminals;
    bool paused, inside;
} ride;

struct chaos {
    peer *peer;
    beluga_client *client;
    beluga_chat_model *openai, *mock;
    beluga_loop *loop;
    beluga_messages *messages;
    beluga_context *root;
    ride rides[CALLS];
    unsigned started, ended, chained;
    uint64_t random;
};

static unsigned roll(chaos *c, unsigned sides)
{
    c->random ^= c->random << 13;
    c->random ^= c->random >> 7;
    c->random ^= c->random << 17;
    return (unsigned)(c->random % sides);
}

static void start_one(chaos *c);

static void meddle(ride *r)
{
    chaos *c = r->chaos;
    switch (roll(c, 24)) {
    case 0: beluga_op_cancel(r->op); break;
    case 1: beluga_context_cancel(r->context); break;
    case 2: beluga_op_pause(r->op, r->paused = true); break;
    case 3:
        beluga_op_pause(r->op, true);
        beluga_op_pause(r->op, r->paused = false);
        break;
    case 4:
        if (c->chained++ < MAX_CHAINED) start_one(c);
        break;
    case 5: beluga_op_cancel(c->rides[roll(c, c->started)].op); break;
    case 6:
        beluga_op_pause(r->op, r->paused = true);
        beluga_op_cancel(r->op);
        break;
    }
}

static void on_event(void *payload, const beluga_event *event)
{
    ride *r = payload;
    assert_int_equal(r->terminals, 0);
    assert_false(r->inside);
    r->inside = true;
    r->events++;
    if (event->kind == BELUGA_EVENT_ERROR)
        assert_true(event->u.error->code < 0 && *event->u.error->message);
    if (event->kind == BELUGA_EVENT_ERROR || event->kind == BELUGA_EVENT_FINISH) {
        r->terminals++;
        r->chaos->ended++;
    }
    meddle(r);
    r->inside = false;
}

static void start_one(chaos *c)
{
    if (c->started == CALLS) return;
    ride *r = &c->rides[c->started++];
    beluga_chat_model *model = roll(c, 5) ? c->openai : c->mock;
    const beluga_option opts[] = {
        beluga_with_max_retries(roll(c, 3)), beluga_with_retry_delay_ms(100),
        beluga_with_timeout_ms(20 + roll(c, 400)), beluga_with_restart_delivery(roll(c, 2)),
        beluga_with_wire_streaming(roll(c, 2))};
    *r = (ride){.chaos = c, .context = beluga_context_new_cancellable(roll(c, 2) ? c->root : NULL)};
    int status = roll(c, 3) ? beluga_stream_start_n(model, c->loop, r->context, c->messages,
                                                    on_event, r, &r->op, NULL, opts, 5)
                            : beluga_generate_start_n(model, c->loop, r->context, c->messages,
                                                      on_event, r, &r->op, NULL, opts, 5);
    if (!status) return;
    /* the root context was cancelled, so the call did not start */
    assert_int_equal(status, BELUGA_ERROR_CONTEXT_CANCELED);
    assert_null(r->op);
    r->terminals++;
    c->ended++;
}

/* Do something to a random call from outside of its callbacks, or nothing. */
static void meddle_from_outside(chaos *c)
{
    ride *r = &c->rides[roll(c, c->started)];
    switch (roll(c, 12)) {
    case 0: beluga_op_cancel(r->op); break;
    case 1: beluga_op_pause(r->op, r->paused = !r->paused); break;
    case 2:
        beluga_op_free(r->op);
        r->op = NULL;
        break;
    case 3: start_one(c); break;
    }
}

static void resume_all(chaos *c)
{
    for (unsigned i = 0; i < c->started; i++) {
        if (c->rides[i].paused) beluga_op_pause(c->rides[i].op, c->rides[i].paused = false);
        /* the test has freed the handle of the call, so only its context can cancel it */
        if (!c->rides[i].op) beluga_context_cancel(c->rides[i].context);
    }
}

/* ---- the server ------------------------------------------------------------------------------ */

/* Each kind of reply answers a fifth of the requests that the kinds before it do not answer, and
 * the last kind answers all others. */
static void script_chaos(peer *p)
{
    enum { WAYS = 9, MOST = 7 };
    const script_step ways[WAYS][MOST] = {
        {STREAMS("one two three four five six seven")},
        {TRICKLES(7, 0), STREAMS("one two three four five six seven")},
        {FAILS(429, "Retry-After: 0\r\n")},
        {TRICKLES(7, 0), BEGINS, SAYS("Half an answer"), RESETS},
        {RESETS},
        {BEGINS, SAYS("Half"), HANGS},
        {BEGINS, BEGINS_TOOL(0, "call_1", "tool", "{\"a\":"), CONTINUES_TOOL(0, "1}"),
         FINISHES("tool_calls"), PAUSES(30), DONE},
        {HANGS},
        {ANSWERS("A whole answer.")},
    };
    for (unsigned i = 0; i < WAYS; i++) {
        peer_reply *r = script(p, FOR_EVER);
        bool last = i == WAYS - 1;
        peer_reply_turn(r, last ? 0 : i % 3, last ? 1 : 5);
        script_reply(r, ways[i]);
    }
}

/* ---- the tests ------------------------------------------------------------------------------- */

static beluga_chat_model *open_in(chaos *c, const char *provider, const char *name)
{
    beluga_chat_model *model = NULL;
    beluga_config *config =
        beluga_config_new(beluga_with_model_name(name), beluga_with_base_url(peer_url(c->peer)),
                          beluga_with_api_key(SECRET_KEY));
    assert_int_equal(
        beluga_registry_open(beluga_client_registry(c->client), provider, config, &model, NULL), 0);
    beluga_config_free(config);
    return model;
}

static void open_chaos(chaos *c, uint64_t seed)
{
    c->random = seed * 0x9e3779b97f4a7c15u + 1;
    c->started = c->ended = c->chained = 0;
    assert_int_equal(beluga_client_new(NULL, &c->client), 0);
    c->openai = open_in(c, "openai", "any");
    c->mock = open_in(c, "mock", "echo");
    assert_int_equal(beluga_loop_new(c->client, &c->loop), 0);
    c->root = beluga_context_new_cancellable(NULL);
    c->messages = beluga_messages_new();
    beluga_messages_add(c->messages, beluga_human_message("one two three"));
}

static void close_chaos(chaos *c)
{
    for (unsigned i = 0; i < c->started; i++) {
        beluga_op_free(c->rides[i].op);
        beluga_context_unref(c->rides[i].context);
    }
    beluga_loop_free(c->loop);
    beluga_messages_free(c->messages);
    beluga_context_unref(c->root);
    beluga_chat_model_unref(c->mock);
    beluga_chat_model_unref(c->openai);
    beluga_client_unref(c->client);
}

static void run_some(chaos *c, unsigned steps)
{
    while (steps-- && c->ended < CALLS) {
        assert_int_equal(beluga_loop_wait(c->loop, 2), 0);
        meddle_from_outside(c);
    }
}

static int set_up(void **state)
{
    static chaos c;
    c.peer = peer_start();
    if (!c.peer) return -1;
    script_chaos(c.peer);
    *state = &c;
    return 0;
}

static int tear_down(void **state)
{
    peer_stop(((chaos *)*state)->peer);
    return 0;
}

static void every_call_ends_once_whatever_is_done_to_it(void **state)
{
    chaos *c = *state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        open_chaos(c, seed);
        for (unsigned i = 0; i < CALLS / 3; i++) start_one(c);
        run_some(c, 150);
        while (c->started < CALLS) start_one(c);
        if (seed % 2) beluga_context_cancel(c->root);
        for (unsigned i = 0; i < STEPS && c->ended < CALLS; i++) {
            resume_all(c);
            assert_int_equal(beluga_loop_wait(c->loop, PATIENCE_MS / 100), 0);
        }
        assert_int_equal(c->ended, CALLS);
        assert_int_equal(beluga_loop_active(c->loop), 0);
        for (unsigned i = 0; i < CALLS; i++) assert_int_equal(c->rides[i].terminals, 1);
        close_chaos(c);
    }
}

static void a_loop_may_go_at_any_moment(void **state)
{
    chaos *c = *state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        open_chaos(c, 1000 + seed);
        for (unsigned i = 0; i < CALLS / 2; i++) start_one(c);
        run_some(c, (unsigned)seed * 2);
        beluga_loop_free(c->loop);
        c->loop = NULL;
        for (unsigned i = 0; i < c->started; i++) {
            assert_true(c->rides[i].terminals <= 1);
            beluga_op_cancel(c->rides[i].op); /* this has no effect, since the loop is gone */
            beluga_op_pause(c->rides[i].op, true);
        }
        close_chaos(c);
    }
}

static void pulled_streams_may_go_at_any_event(void **state)
{
    chaos *c = *state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        open_chaos(c, 2000 + seed);
        for (unsigned i = 0; i < 20; i++) {
            beluga_stream *stream = NULL;
            const beluga_event *event = NULL;
            unsigned left = roll(c, 12);
            int status = beluga_stream_chat(
                roll(c, 4) ? c->openai : c->mock, NULL, c->messages, &stream, NULL,
                beluga_with_timeout_ms(20 + roll(c, 100)), beluga_with_max_retries(0));
            assert_int_equal(status, 0);
            do status = beluga_stream_next(stream, &event, NULL);
            while (!status && event && left--);
            beluga_stream_free(stream);
        }
        close_chaos(c);
    }
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_call_ends_once_whatever_is_done_to_it),
        TEST(a_loop_may_go_at_any_moment),
        TEST(pulled_streams_may_go_at_any_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
