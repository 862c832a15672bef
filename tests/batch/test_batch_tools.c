/* Batches whose items are tool loops. */
#include "../support/scoped.h"

#include <beluga/beluga.h>
#include <beluga/providers/mock.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define CALL "[{\"id\":\"1\",\"name\":\"echo\",\"arguments\":{\"a\":1}}]"

/* ---- a model with a tool --------------------------------------------------------------------- */

static atomic_int calls, woken;

static int echo(void *payload, beluga_context *ctx, const char *arguments, size_t length,
                beluga_tool_result *result)
{
    (void)payload;
    (void)ctx;
    atomic_fetch_add(&calls, 1);
    return beluga_tool_result_set(result, arguments, length);
}

/* Waits until its call is cancelled. */
static int wait_for_end(void *payload, beluga_context *ctx, const char *arguments, size_t length,
                        beluga_tool_result *result)
{
    (void)payload;
    (void)arguments;
    (void)length;
    (void)result;
    atomic_fetch_add(&calls, 1);
    while (!beluga_context_is_cancelled(ctx)) usleep(1000);
    atomic_fetch_add(&woken, 1);
    return BELUGA_ERROR_CONTEXT_CANCELED;
}

static beluga_chat_model *open_with(beluga_tool_execute_fn execute)
{
    beluga_error err;
    beluga_chat_model *model = NULL, *bound = NULL;
    SCOPED(beluga_tool) *tool = NULL;
    SCOPED(beluga_config) *config =
        beluga_config_new(beluga_with_model_name("any"), beluga_mock_with_tool_calls(CALL));
    const beluga_tool_definition definition = {
        .size = sizeof definition, .name = "echo", .execute = execute};
    atomic_store(&calls, 0);
    atomic_store(&woken, 0);
    if (beluga_registry_open(beluga_registry_default(), "mock", config, &model, &err) ||
        beluga_tool_new(&definition, &tool, &err) ||
        beluga_bind_tools(model, &tool, 1, &bound, &err))
        fail_msg("%s", err.message);
    beluga_chat_model_unref(model);
    return bound;
}

/* ---- a batch --------------------------------------------------------------------------------- */

typedef struct batch {
    uint64_t n;
    const beluga_option *options; /* options of each item */
    size_t n_options;
    size_t results, answered, partial, tool_results;
    int code; /* code of the last failure */
    bool done;
} batch;

static void on_event(void *payload, const beluga_event *event)
{
    batch *b = payload;
    if (event->kind == BELUGA_EVENT_TOOL_RESULT) b->tool_results++;
}

static int next(void *payload, uint64_t index, beluga_batch_item *item)
{
    batch *b = payload;
    if (index == b->n) return BELUGA_BATCH_END;
    *item = (beluga_batch_item){.input = beluga_input_text("hi"),
                                .options = b->options,
                                .n_options = b->n_options,
                                .run_tools = true,
                                .cb = on_event,
                                .payload = b};
    return BELUGA_BATCH_ITEM;
}

static void on_result(void *payload, uint64_t index, beluga_batch_result *result)
{
    batch *b = payload;
    (void)index;
    b->results++;
    b->partial += result->partial != NULL;
    if (result->response)
        b->answered +=
            strcmp(beluga_response_text(result->response, NULL), "This is a mock response.") == 0;
    else
        b->code = result->error.code;
}

static void on_done(void *payload, int status, uint64_t succeeded, uint64_t failed)
{
    batch *b = payload;
    assert_int_equal(status, 0);
    assert_int_equal(succeeded + failed, b->n);
    b->done = true;
}

static void run(beluga_chat_model *model, batch *b)
{
    beluga_error err;
    beluga_batch_op *op = NULL;
    beluga_loop *loop = NULL;
    assert_int_equal(beluga_loop_new(NULL, &loop), 0);
    assert_int_equal(beluga_batch_start_items_n(model, loop, NULL, next, on_result, on_done, b, &op,
                                                &err, NULL, 0),
                     0);
    while (!b->done) assert_int_equal(beluga_loop_wait(loop, -1), 0);
    beluga_batch_op_free(op);
    beluga_loop_free(loop);
}

static void each_item_goes_on_until_the_model_answers(void **state)
{
    (void)state;
    batch b = {.n = 20};
    SCOPED(beluga_chat_model) *model = open_with(echo);
    run(model, &b);
    assert_int_equal(b.results, 20);
    assert_int_equal(b.answered, 20);
    assert_int_equal(b.tool_results, 20);
    assert_int_equal(atomic_load(&calls), 20);
}

static void an_item_that_fails_has_what_came(void **state)
{
    (void)state;
    const beluga_option one[] = {beluga_with_max_tool_steps(1)};
    batch b = {.n = 3, .options = one, .n_options = 1};
    SCOPED(beluga_chat_model) *model = open_with(echo);
    run(model, &b);
    assert_int_equal(b.results, 3);
    assert_int_equal(b.code, BELUGA_ERROR_LIMIT_EXCEEDED);
    assert_int_equal(b.partial, 3);
    assert_int_equal(b.answered + b.tool_results, 0);
}

static void an_item_that_can_not_begin_fails_alone(void **state)
{
    (void)state;
    const beluga_option body[] = {beluga_with_request_body("{}")};
    batch b = {.n = 2, .options = body, .n_options = 1};
    SCOPED(beluga_chat_model) *model = open_with(echo);
    run(model, &b);
    assert_int_equal(b.results, 2);
    assert_int_equal(b.code, BELUGA_ERROR_INVALID_INPUT);
}

static void a_batch_that_is_freed_ends_its_tools(void **state)
{
    (void)state;
    batch b = {.n = 3};
    beluga_batch_op *op = NULL;
    beluga_loop *loop = NULL;
    SCOPED(beluga_chat_model) *model = open_with(wait_for_end);
    assert_int_equal(beluga_loop_new(NULL, &loop), 0);
    assert_int_equal(beluga_batch_start_items_n(model, loop, NULL, next, on_result, on_done, &b,
                                                &op, NULL, NULL, 0),
                     0);
    while (atomic_load(&calls) < 3) assert_int_equal(beluga_loop_wait(loop, 1), 0);
    beluga_batch_op_free(op);
    beluga_loop_free(loop);
    while (atomic_load(&woken) < 3) usleep(1000);
    assert_int_equal(b.results, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_item_goes_on_until_the_model_answers),
        cmocka_unit_test(an_item_that_fails_has_what_came),
        cmocka_unit_test(an_item_that_can_not_begin_fails_alone),
        cmocka_unit_test(a_batch_that_is_freed_ends_its_tools),
    };
    return cmocka_run_group_tests_name("batch tools", tests, NULL, NULL);
}
