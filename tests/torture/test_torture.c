/*
 * Every allocation of every kind of call fails in turn: alone, and with all later ones. Each run
 * succeeds or fails with no_memory, a further call of the same model then succeeds, and nothing is
 * left over. Allocations of libcurl itself can't be failed here.
 */
#include "../support/broker.h"
#include "../support/openai.h"
#include "../support/parts.h"
#include "../support/scarce.h"
#include "../support/script.h"
#include "../support/tools.h"
#include "../support/torture.h"
#include "bench.h"

#include <beluga/providers/mock.h>
#include <beluga/providers/openai.h>

#include <stdio.h>

enum { BATCH = 4 };

/* ---- the calls ------------------------------------------------------------------------------- */

static int generate(bench *b)
{
    beluga_response *response;
    beluga_error err = {0};
    int status = beluga_generate(b->model, b->context, b->messages, &response, &err,
                                 beluga_with_stop_sequence("###"), beluga_with_user("somebody"));
    if (status) assert_int_equal(err.code, status);
    if (status) assert_null(response);
    beluga_response_free(response);
    return status;
}

static int generate_over_a_stream(bench *b)
{
    beluga_response *response, *partial;
    int status = beluga_generate(b->model, NULL, b->messages, &response, NULL,
                                 beluga_with_wire_streaming(true), beluga_with_partial(&partial));
    beluga_response_free(response);
    if (status) beluga_response_free(partial);
    return status;
}

static int bind(bench *b)
{
    beluga_chat_model *bound;
    beluga_error err = {0};
    int status = beluga_bind_tools(b->model, &b->tool, 1, &bound, &err);
    if (status) assert_null(bound);
    beluga_chat_model_unref(bound);
    return status;
}

/* Make a call with another model, and release that model. Returns the status. */
static int generate_on(bench *b, beluga_chat_model *model)
{
    beluga_chat_model *before = b->model;
    b->model = model;
    int status = generate(b);
    b->model = before;
    beluga_chat_model_unref(model);
    return status;
}

static int generate_with_a_tool(bench *b)
{
    beluga_chat_model *bound;
    int status = beluga_bind_tools(b->model, &b->tool, 1, &bound, NULL);
    return status ? status : generate_on(b, bound);
}

static int batch(bench *b)
{
    beluga_input inputs[BATCH];
    beluga_batch_result results[BATCH];
    beluga_error err = {0};
    for (int i = 0; i < BATCH; i++) inputs[i] = beluga_input_text("Hi");
    int status = beluga_batch(b->model, NULL, inputs, BATCH, results, &err,
                              beluga_with_max_concurrent_batches(2), beluga_with_user("somebody"));
    for (int i = 0; i < BATCH; i++) assert_true(!results[i].response != !results[i].error.code);
    beluga_batch_results_clear(results, BATCH);
    return status;
}

typedef struct item_run {
    beluga_option option;
    int given, told, status;
    bool done;
} item_run;

static int give_item(void *payload, uint64_t index, beluga_batch_item *item)
{
    item_run *run = payload;
    if (index == BATCH) return BELUGA_BATCH_END;
    run->given++;
    item->input = beluga_input_text("Hi");
    item->options = &run->option;
    item->n_options = index % 2;
    return BELUGA_BATCH_ITEM;
}

static void take_item(void *payload, uint64_t index, beluga_batch_result *result)
{
    item_run *run = payload;
    (void)index;
    run->told++;
    if (result->error.code) run->status = result->error.code;
}

static void end_items(void *payload, int status, uint64_t succeeded, uint64_t failed)
{
    item_run *run = payload;
    assert_int_equal(status, 0);
    assert_int_equal(succeeded + failed, BATCH);
    run->done = true;
}

static int batch_of_items(bench *b)
{
    beluga_loop *loop;
    beluga_batch_op *op;
    const beluga_option both = beluga_with_user("somebody");
    item_run run = {.option = beluga_with_seed(7)};
    int status = beluga_loop_new(b->client, &loop);
    if (status) return status;
    status = beluga_batch_start_items_n(b->model, loop, NULL, give_item, take_item, end_items, &run,
                                        &op, NULL, &both, 1);
    if (status) assert_null(op);
    while (!status && !run.done) assert_int_equal(beluga_loop_wait(loop, PATIENCE_MS), 0);
    assert_int_equal(run.given, run.told);
    beluga_batch_op_free(op);
    beluga_loop_free(loop);
    return status ? status : run.status;
}

static int list(bench *b)
{
    char **names;
    size_t n;
    beluga_error err = {0};
    int status = beluga_list_models(b->model, NULL, &names, &n, &err);
    if (!status) assert_int_equal(n, 2);
    beluga_free(names);
    return status;
}

static int probe(bench *b)
{
    beluga_health health;
    int status = beluga_check_health(b->model, NULL, true, &health, NULL);
    assert_string_equal(health.state, status ? "unhealthy" : "healthy");
    return status;
}

/* Open a model, and free the configuration, which is NULL if there was no memory for it. */
static int open_with(bench *b, beluga_config *config, beluga_chat_model **model, beluga_error *err)
{
    if (!config) {
        *model = NULL;
        return BELUGA_ERROR_NO_MEMORY;
    }
    int status =
        beluga_registry_open(beluga_client_registry(b->client), "openai", config, model, err);
    beluga_config_free(config);
    return status;
}

static int open_again(bench *b)
{
    /* not NULL, so that the test sees whether the call sets it */
    beluga_chat_model *model = b->model;
    beluga_error err = {0};
    beluga_config *config =
        beluga_config_new(beluga_with_model_name("any"), beluga_with_base_url(peer_url(b->peer)),
                          beluga_with_api_key(SECRET_KEY), beluga_with_extra_header("X-A: b"),
                          beluga_openai_with_project("p"), beluga_with_stop_sequence("x"));
    int status = open_with(b, config, &model, &err);
    if (status) assert_null(model);
    beluga_chat_model_unref(model);
    return status;
}

static int run_tools(bench *b)
{
    beluga_chat_model *bound;
    beluga_response *response = NULL;
    beluga_messages *messages = beluga_messages_new();
    int status = messages ? beluga_messages_add(messages, beluga_human_message("Hi"))
                          : BELUGA_ERROR_NO_MEMORY;
    if (!status) status = beluga_bind_tools(b->model, &b->tool, 1, &bound, NULL);
    if (!status) {
        status = beluga_run_tools(bound, b->context, messages, NULL, NULL, &response, NULL,
                                  beluga_mock_with_tool_calls(
                                      "[{\"name\":\"weather\",\"arguments\":{}},"
                                      "{\"name\":\"no_such\",\"arguments\":{}},"
                                      "{\"name\":\"weather\",\"arguments\":{\"city\":\"Oslo\"}}]"));
        beluga_chat_model_unref(bound);
    }
    if (!status)
        assert_string_equal(beluga_response_text(response, NULL), "This is a mock response.");
    if (status) assert_null(response);
    beluga_response_free(response);
    beluga_messages_free(messages);
    return status;
}

/* The key is fetched on a thread of the executor, and passed to the loop's thread. */
static int fetch_a_key(bench *b)
{
    beluga_chat_model *model;
    beluga_config *config =
        beluga_config_new(beluga_with_model_name("any"), beluga_with_base_url(peer_url(b->peer)),
                          beluga_with_api_key("command:echo " SECRET_KEY));
    int status = open_with(b, config, &model, NULL);
    return status ? status : generate_on(b, model);
}

/* The exchange of the key uses another loop, on a thread of the executor. */
static int exchange_a_key(bench *b)
{
    beluga_chat_model *model = NULL;
    beluga_config *config =
        beluga_config_new(beluga_with_model_name("any"), beluga_with_base_url(peer_url(b->peer)),
                          beluga_with_api_key(SECRET_KEY));
    int status = config ? beluga_registry_open(beluga_client_registry(b->client), "own_broker",
                                               config, &model, NULL)
                        : BELUGA_ERROR_NO_MEMORY;
    beluga_config_free(config);
    return status ? status : generate_on(b, model);
}

static int open_badly(bench *b)
{
    beluga_chat_model *model;
    beluga_config *config = beluga_config_new(beluga_with_temperature(9), beluga_with_top_p(9),
                                              beluga_with_provider_specific("openai.no_such", "x"));
    return open_with(b, config, &model, NULL);
}

/* ---- the suite ------------------------------------------------------------------------------- */

#define ON_MOCK(name, call)        \
    static void name(void **state) \
    {                              \
        bench *b = *state;         \
        b->model = b->mock;        \
        torture(b, call, 0);       \
    }
#define ON_OPENAI(name, call, script, expected)        \
    static void name(void **state)                     \
    {                                                  \
        bench *b = *state;                             \
        b->model = b->openai;                          \
        script(b->peer);                               \
        torture(b, call, expected);                    \
        assert_int_equal(peer_unscripted(b->peer), 0); \
    }

static void answers(peer *p)
{
    script(p, FOR_EVER, ANSWERS("Hello there, friend."));
}

/* Script streams whose events are split between several reads. */
static void streams(peer *p)
{
    script(p, FOR_EVER, TRICKLES(100, 0), STREAMS("Hello there, friend."));
}

static void calls_tools(peer *p)
{
    script(p, FOR_EVER, BEGINS, BEGINS_TOOL(0, "call_1", "weather", "{\"city\":"),
           CONTINUES_TOOL(0, "\"Oslo\"}"), BEGINS_TOOL(1, "call_2", "weather", "{}"),
           FINISHES("tool_calls"), USES(3, 4), DONE);
}

static void refuses(peer *p)
{
    peer_openai_error(script(p, FOR_EVER), 400, "X-Request-Id: req-1\r\n",
                      "context_length_exceeded", "too long");
}

static void limits_every_first_attempt(peer *p)
{
    peer_reply_turn(script(p, FOR_EVER, FAILS(429, "Retry-After: 0\r\n")), 0, 2);
    answers(p);
}

static void breaks_off(peer *p)
{
    script(p, FOR_EVER, BEGINS, SAYS("Half"), CLOSES);
}

static void lists(peer *p)
{
    script(p, FOR_EVER, JSON("{\"object\":\"list\",\"data\":[{\"id\":\"b\"},{\"id\":\"any\"}]}"));
}

ON_MOCK(generate_on_mock, generate)
ON_MOCK(invoke_on_mock, invoke_text)
ON_MOCK(a_pulled_stream_on_mock, pull)
ON_MOCK(a_pushed_stream_on_mock, push)
ON_MOCK(a_pushed_answer_on_mock, push_whole)
ON_MOCK(binding_tools, bind)
ON_MOCK(a_tool_loop, run_tools)
ON_MOCK(a_batch_on_mock, batch)
ON_MOCK(a_batch_of_items_on_mock, batch_of_items)
ON_MOCK(a_probe_of_mock, probe)
ON_MOCK(opening_a_model, open_again)
ON_OPENAI(generate_on_openai, generate, answers, 0)
ON_OPENAI(generate_on_openai_over_a_stream, generate_over_a_stream, streams, 0)
ON_OPENAI(generate_on_openai_with_a_tool, generate_with_a_tool, answers, 0)
ON_OPENAI(a_pulled_stream_on_openai, pull, streams, 0)
ON_OPENAI(a_pulled_stream_of_tool_calls, pull, calls_tools, 0)
ON_OPENAI(a_pushed_stream_on_openai, push, streams, 0)
ON_OPENAI(a_pushed_answer_on_openai, push_whole, answers, 0)
ON_OPENAI(a_batch_on_openai, batch, answers, 0)
ON_OPENAI(a_list_of_models, list, lists, 0)
ON_OPENAI(a_key_that_is_fetched, fetch_a_key, answers, 0)
ON_OPENAI(a_probe_of_openai, probe, lists, 0)
ON_OPENAI(a_refused_call, generate, refuses, BELUGA_ERROR_CONTEXT_LENGTH)
ON_OPENAI(a_refused_stream, pull, refuses, BELUGA_ERROR_CONTEXT_LENGTH)
ON_OPENAI(a_stream_that_breaks_off, pull, breaks_off, BELUGA_ERROR_STREAM_CLOSED)

static void opening_with_bad_options(void **state)
{
    torture(*state, open_badly, BELUGA_ERROR_INVALID_CONFIG);
}

static void a_key_that_is_exchanged(void **state)
{
    bench *b = *state;
    needs_part("token_exchange");
    b->model = b->openai;
    broker_register(beluga_client_registry(b->client));
    script(b->peer, MATCHES("/token"), FOR_EVER, JSON("{\"token\":\"token-1\"}"));
    answers(b->peer);
    torture(b, exchange_a_key, 0);
}

/* If memory is missing, a run may or may not use up a reply of the peer. So the replies alternate,
 * and each run begins with the same kind. */
static void a_call_that_is_tried_again(void **state)
{
    bench *b = *state;
    b->model = b->openai;
    limits_every_first_attempt(b->peer);
    assert_int_equal(generate(b), 0);
    size_t i = 0, count;
    do {
        bool even = peer_requests(b->peer) % 2 == 0;
        if (!even) assert_int_equal(generate(b), 0); /* this uses up an answer */
        count = run_failing(b, generate, 0, i, i);
    } while (i++ < count);
}

static void a_batch_takes_memory_for_its_inputs_and_not_for_its_limit(void **state)
{
    bench *b = *state;
    beluga_input inputs[BATCH];
    beluga_batch_result results[BATCH];
    for (int i = 0; i < BATCH; i++) inputs[i] = beluga_input_text("Hi");
    scarce_between(SIZE_MAX, SIZE_MAX);
    assert_int_equal(beluga_batch(b->mock, NULL, inputs, BATCH, results, NULL,
                                  beluga_with_max_concurrent_batches(1000000)),
                     0);
    beluga_batch_results_clear(results, BATCH);
    assert_in_range(scarce_largest(), 1, 64 * 1024);
}

static int whole_life(void *argument)
{
    peer *p = argument;
    beluga_client *client;
    beluga_chat_model *model = NULL;
    beluga_response *response = NULL;
    int status = beluga_client_new(NULL, &client);
    if (status) return status;
    beluga_config *config =
        beluga_config_new(beluga_with_base_url(peer_url(p)), beluga_with_api_key(SECRET_KEY));
    status = config ? 0 : BELUGA_ERROR_NO_MEMORY;
    if (!status)
        status =
            beluga_registry_open(beluga_client_registry(client), "openai", config, &model, NULL);
    if (!status) status = beluga_invoke(model, NULL, beluga_input_text("Hi"), &response, NULL);
    beluga_response_free(response);
    beluga_chat_model_unref(model);
    beluga_config_free(config);
    beluga_client_unref(client);
    return status;
}

static void the_whole_life_of_a_client(void **state)
{
    peer *p = *state;
    answers(p);
    assert_true(torture_run(whole_life, p) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_BENCH(generate_on_mock),
        IN_BENCH(invoke_on_mock),
        IN_BENCH(a_pulled_stream_on_mock),
        IN_BENCH(a_pushed_stream_on_mock),
        IN_BENCH(a_pushed_answer_on_mock),
        IN_BENCH(binding_tools),
        IN_BENCH(a_tool_loop),
        IN_BENCH(a_batch_on_mock),
        IN_BENCH(a_batch_of_items_on_mock),
        IN_BENCH(a_probe_of_mock),
        IN_BENCH(opening_a_model),
        IN_BENCH(opening_with_bad_options),
        IN_BENCH(generate_on_openai),
        IN_BENCH(generate_on_openai_over_a_stream),
        IN_BENCH(generate_on_openai_with_a_tool),
        IN_BENCH(a_pulled_stream_on_openai),
        IN_BENCH(a_pulled_stream_of_tool_calls),
        IN_BENCH(a_pushed_stream_on_openai),
        IN_BENCH(a_pushed_answer_on_openai),
        IN_BENCH(a_batch_on_openai),
        IN_BENCH(a_list_of_models),
        IN_BENCH(a_key_that_is_fetched),
        IN_BENCH(a_key_that_is_exchanged),
        IN_BENCH(a_probe_of_openai),
        IN_BENCH(a_refused_call),
        IN_BENCH(a_refused_stream),
        IN_BENCH(a_stream_that_breaks_off),
        IN_BENCH(a_call_that_is_tried_again),
        IN_BENCH(a_batch_takes_memory_for_its_inputs_and_not_for_its_limit),
        ON_PEER(the_whole_life_of_a_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
