/* Loops and threads: many calls run on one loop, loops of several threads share a model, and a tool
 * that runs on a thread may outlive the loop of its call. `make tsan` runs this under the thread
 * sanitizer. */
#include "../support/openai.h"
#include "team.h"

#include <beluga/providers/mock.h>
#include <beluga/tool_loop.h>

enum { LOOPS = 8, CALLS = 1000 };

typedef struct tally {
    unsigned finished, failed;
} tally;

static void count(void *payload, const beluga_event *event)
{
    tally *n = payload;
    if (event->kind == BELUGA_EVENT_FINISH) n->finished++;
    if (event->kind == BELUGA_EVENT_ERROR) n->failed++;
}

/* ---- tools that outlive their calls ---------------------------------------------------------- */

typedef struct gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool entered, open, released;
} gate;

static void set(gate *g, bool *what)
{
    pthread_mutex_lock(&g->lock);
    *what = true;
    pthread_cond_broadcast(&g->changed);
    pthread_mutex_unlock(&g->lock);
}

static void wait_for(gate *g, const bool *what)
{
    pthread_mutex_lock(&g->lock);
    while (!*what) pthread_cond_wait(&g->changed, &g->lock);
    pthread_mutex_unlock(&g->lock);
}

static int wait_at_the_gate(void *payload, beluga_context *context, const char *arguments,
                            size_t length, beluga_tool_result *result)
{
    gate *g = payload;
    set(g, &g->entered);
    wait_for(g, &g->open);
    (void)context;
    return beluga_tool_result_set(result, arguments, length);
}

static void tool_released(void *payload)
{
    gate *g = payload;
    set(g, &g->released);
}

/* Open a model of `client` whose answers call a tool. The tool is bound to the model, and waits at
 * the gate. */
static beluga_chat_model *model_at_the_gate(beluga_client *client, gate *g)
{
    const beluga_tool_definition definition = {.size = sizeof definition,
                                               .name = "wait",
                                               .parameters = "{\"type\":\"object\"}",
                                               .execute = wait_at_the_gate,
                                               .payload = g,
                                               .release = tool_released};
    beluga_tool *tool = NULL;
    beluga_chat_model *model = team_open_in(client, "mock", "any", NULL), *bound = NULL;
    assert_int_equal(beluga_tool_new(&definition, &tool, NULL), 0);
    assert_int_equal(beluga_bind_tools(model, &tool, 1, &bound, NULL), 0);
    beluga_tool_unref(tool);
    beluga_chat_model_unref(model);
    return bound;
}

static void a_tool_may_outlive_its_run_its_loop_and_its_client(void **state)
{
    (void)state;
    for (int loop_first = 0; loop_first < 2; loop_first++) {
        gate g = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, false, false};
        tally n = {0};
        beluga_client *client;
        beluga_loop *loop;
        beluga_tool_run *run = NULL;
        beluga_messages *messages = beluga_messages_new();
        const beluga_option calls =
            beluga_mock_with_tool_calls("[{\"name\":\"wait\",\"arguments\":{}}]");
        beluga_messages_add(messages, beluga_human_message("Hi"));
        assert_int_equal(beluga_client_new(NULL, &client), 0);
        assert_int_equal(beluga_loop_new(client, &loop), 0);
        beluga_chat_model *model = model_at_the_gate(client, &g);
        assert_int_equal(
            beluga_run_tools_start_n(model, loop, NULL, messages, count, &n, &run, NULL, &calls, 1),
            0);
        for (bool entered = false; !entered;) {
            assert_true(beluga_loop_active(loop) > 0);
            assert_int_equal(beluga_loop_wait(loop, 5), 0);
            pthread_mutex_lock(&g.lock);
            entered = g.entered;
            pthread_mutex_unlock(&g.lock);
        }
        /* The model's call has ended, and the operation that runs the tool is active. */
        assert_int_equal(beluga_loop_active(loop), 1);
        beluga_chat_model_unref(model);
        beluga_client_unref(client);
        if (loop_first) beluga_loop_free(loop);
        beluga_tool_run_free(run);
        if (!loop_first) beluga_loop_free(loop);
        beluga_messages_free(messages);
        assert_int_equal(n.finished + n.failed, 0);
        set(&g, &g.open);
        /* the thread that runs the tool releases the last reference to it */
        wait_for(&g, &g.released);
    }
}

static void run_a_tool(team *t, unsigned number)
{
    beluga_messages *messages = beluga_messages_new();
    beluga_response *response = NULL;
    beluga_messages_add(messages, beluga_human_message("Hi"));
    int status =
        beluga_run_tools(t->model, NULL, messages, NULL, NULL, &response, NULL,
                         beluga_mock_with_tool_calls("[{\"name\":\"wait\",\"arguments\":{}},"
                                                     "{\"name\":\"wait\",\"arguments\":{}}]"));
    team_expect(t, status == 0 && beluga_messages_count(messages) == 4);
    beluga_response_free(response);
    beluga_messages_free(messages);
    (void)number;
}

static void threads_run_tools_at_once(void **state)
{
    team *t = *state;
    gate g = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, true, false};
    beluga_chat_model_unref(t->model);
    t->model = model_at_the_gate(t->client, &g);
    team_run(t, 16, run_a_tool);
    beluga_chat_model_unref(t->model);
    t->model = NULL;
    wait_for(&g, &g.released);
}

/* ---- one loop, a thousand calls -------------------------------------------------------------- */

static void a_thousand_streams_run_on_one_loop(void **state)
{
    team *t = *state;
    beluga_loop *loop;
    tally n = {0};
    beluga_messages *messages = beluga_messages_new();
    beluga_messages_add(messages, beluga_human_message("one two three"));
    assert_int_equal(beluga_loop_new(t->client, &loop), 0);
    for (int i = 0; i < CALLS; i++)
        assert_int_equal(beluga_stream_start(t->model, loop, NULL, messages, count, &n, NULL, NULL),
                         0);
    assert_int_equal(beluga_loop_active(loop), CALLS);
    while (beluga_loop_active(loop)) assert_int_equal(beluga_loop_wait(loop, PATIENCE_MS), 0);
    assert_int_equal(n.finished, CALLS);
    assert_int_equal(n.failed, 0);
    beluga_messages_free(messages);
    beluga_loop_free(loop);
}

static void own_loop(team *t, unsigned number)
{
    beluga_loop *loop;
    tally n = {0};
    (void)number;
    beluga_messages *messages = beluga_messages_new();
    beluga_messages_add(messages, beluga_human_message("Hi"));
    team_expect(t, beluga_loop_new(t->client, &loop) == 0);
    for (int i = 0; i < 20; i++)
        team_expect(t, beluga_stream_start(t->model, loop, NULL, messages, count, &n, NULL, NULL) ==
                           0);
    while (beluga_loop_active(loop)) team_expect(t, beluga_loop_wait(loop, PATIENCE_MS) == 0);
    team_expect(t, n.finished == 20 && n.failed == 0);
    beluga_messages_free(messages);
    beluga_loop_free(loop);
}

static void loops_on_several_threads_share_a_model(void **state)
{
    team *t = *state;
    team_serve(t);
    team_run(t, LOOPS, own_loop);
    assert_int_equal(peer_requests(t->peer), LOOPS * 20);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, team_set_up, team_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(a_thousand_streams_run_on_one_loop),
        cmocka_unit_test(a_tool_may_outlive_its_run_its_loop_and_its_client),
        WITH(threads_run_tools_at_once),
        WITH(loops_on_several_threads_share_a_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
