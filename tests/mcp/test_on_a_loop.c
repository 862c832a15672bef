/* MCP servers that are used on a loop that the host program steps. No step may block. */
#include "servers.h"
#include "support/calls.h"

#include <beluga/providers/mock.h>

/* The outcome of opening a server. */
typedef struct opening {
    beluga_mcp *mcp; /* the server that the callback received */
    int calls, code;
} opening;

static void opened(void *payload, beluga_mcp *mcp, const beluga_error *err)
{
    opening *o = payload;
    o->mcp = mcp;
    o->calls++;
    o->code = err ? err->code : 0;
}

static beluga_mcp *start(beluga_loop *loop, const char *way, int64_t connect_ms,
                         beluga_context *ctx, opening *o)
{
    server s;
    beluga_mcp *mcp;
    beluga_error err = {.message = ""};
    server_init(&s, way, NULL);
    if (connect_ms) s.settings.connect_timeout_ms = connect_ms;
    if (beluga_mcp_open_start(loop, &s.settings, ctx, opened, o, &mcp, &err))
        fail_msg("%s", err.message);
    return mcp;
}

static void step_until_told(beluga_loop *loop, const opening *o)
{
    while (!o->calls) poll_and_step(loop);
    assert_int_equal(o->calls, 1);
    assert_int_equal(beluga_loop_active(loop), 0);
}

static void a_server_opens_while_the_loop_goes_on(void **state)
{
    (void)state;
    opening o = {.calls = 0};
    SCOPED(beluga_loop) *loop = new_loop();
    SCOPED(beluga_mcp) *mcp = start(loop, "old", 0, NULL, &o);
    assert_int_equal(o.calls, 0);
    assert_int_equal(beluga_loop_active(loop), 1);
    step_until_told(loop, &o);
    assert_int_equal(o.code, 0);
    assert_ptr_equal(o.mcp, mcp);
    expect_alive(mcp);
}

static void an_opening_that_fails_is_told_once(void **state)
{
    (void)state;
    opening crash = {.calls = 0}, late = {.calls = 0};
    SCOPED(beluga_loop) *loop = new_loop();
    SCOPED(beluga_mcp) *a = start(loop, "crashes", 0, NULL, &crash);
    step_until_told(loop, &crash);
    assert_int_equal(crash.code, BELUGA_ERROR_STREAM_CLOSED);
    SCOPED(beluga_mcp) *b = start(loop, "hangs", 100, NULL, &late);
    step_until_told(loop, &late);
    assert_int_equal(late.code, BELUGA_ERROR_TIMEOUT);
}

static void an_opening_ends_with_its_context(void **state)
{
    (void)state;
    opening cancelled = {.calls = 0}, late = {.calls = 0};
    SCOPED(beluga_loop) *loop = new_loop();
    SCOPED(beluga_context) *ctx = beluga_context_new_cancellable(NULL);
    SCOPED(beluga_context) *soon = beluga_context_new_timeout(NULL, 100);
    SCOPED(beluga_mcp) *a = start(loop, "hangs", 0, ctx, &cancelled);
    beluga_context_cancel(ctx);
    step_until_told(loop, &cancelled);
    assert_int_equal(cancelled.code, BELUGA_ERROR_CONTEXT_CANCELED);
    SCOPED(beluga_mcp) *b = start(loop, "hangs", 0, soon, &late);
    step_until_told(loop, &late);
    assert_int_equal(late.code, BELUGA_ERROR_CONTEXT_TIMEOUT);
}

static void an_opening_that_was_given_back_is_not_told(void **state)
{
    (void)state;
    opening o = {.calls = 0}, other = {.calls = 0};
    SCOPED(beluga_loop) *loop = new_loop();
    beluga_mcp_close(start(loop, "old", 0, NULL, &o));
    assert_int_equal(beluga_loop_active(loop), 0);
    SCOPED(beluga_mcp) *mcp = start(loop, "old", 0, NULL, &other);
    step_until_told(loop, &other);
    assert_int_equal(o.calls, 0);
}

static void a_loop_may_be_freed_during_an_opening(void **state)
{
    (void)state;
    opening o = {.calls = 0};
    beluga_loop *loop = new_loop();
    SCOPED(beluga_mcp) *mcp = start(loop, "old", 0, NULL, &o);
    beluga_loop_free(loop);
    assert_int_equal(o.calls, 0);
}

/* --- tool loops ------------------------------------------------------------------------------- */

/* Bind the server's tools to a model of mock. Its first answer makes the tool calls in this JSON,
 * and the second is "done". */
static beluga_chat_model *mock_that_calls(beluga_mcp *mcp, const char *calls)
{
    size_t n;
    beluga_tool **tools;
    beluga_error err = {.message = ""};
    beluga_chat_model *bound;
    SCOPED(beluga_chat_model) *model =
        open_mock(beluga_mock_with_tool_calls(calls), beluga_mock_with_responses("\ndone"));
    assert_int_equal(beluga_mcp_tools(mcp, &tools, &n, &err), 0);
    if (beluga_bind_tools(model, tools, n, &bound, &err)) fail_msg("%s", err.message);
    beluga_mcp_tools_free(tools, n);
    return bound;
}

static void keep_result(void *payload, const beluga_event *event)
{
    char *text = payload;
    if (event->kind == BELUGA_EVENT_TOOL_RESULT)
        snprintf(text, 256, "%s: %s", beluga_error_name(event->u.tool_result.status),
                 event->u.tool_result.text);
}

static void a_model_calls_a_servers_tool(void **state)
{
    (void)state;
    char result[256] = "";
    beluga_error err = {.message = ""};
    beluga_response *response;
    SCOPED(beluga_mcp) *mcp = open_server("old");
    SCOPED(beluga_chat_model) *model = mock_that_calls(
        mcp, "[{\"id\":\"1\",\"name\":\"srv__echo\",\"arguments\":{\"text\":\"hi\"}}]");
    SCOPED(beluga_messages) *messages = beluga_messages_new();
    beluga_messages_add(messages, beluga_human_message("Say hi"));
    int status =
        beluga_run_tools_n(model, NULL, messages, keep_result, result, &response, &err, NULL, 0);
    if (status) fail_msg("%s", err.message);
    assert_string_equal(result, "ok: hi");
    assert_string_equal(beluga_response_text(response, NULL), "done");
    beluga_response_free(response);
}

static void a_tool_that_hangs_ends_by_the_loops_time_out(void **state)
{
    (void)state;
    char result[256] = "";
    beluga_error err = {.message = ""};
    beluga_tool_run *run;
    server s;
    server_init(&s, "old", NULL);
    s.settings.timeout_ms = 200;
    SCOPED(beluga_loop) *loop = new_loop();
    SCOPED(beluga_mcp) *mcp = open_with(&s.settings);
    SCOPED(beluga_chat_model) *model =
        mock_that_calls(mcp, "[{\"id\":\"1\",\"name\":\"srv__hang\",\"arguments\":{}}]");
    SCOPED(beluga_messages) *messages = beluga_messages_new();
    beluga_messages_add(messages, beluga_human_message("Hang"));
    assert_int_equal(beluga_run_tools_start_n(model, loop, NULL, messages, keep_result, result,
                                              &run, &err, NULL, 0),
                     0);
    while (beluga_loop_active(loop)) poll_and_step(loop);
    /* The tool call fails by the timeout of its MCP request or by the equal timeout of the tool,
     * whichever comes first. */
    assert_true(*result);
    assert_has_none(result, "ok: ");
    SCOPED(beluga_response) *response = beluga_tool_run_response(run);
    assert_string_equal(beluga_response_text(response, NULL), "done");
    beluga_tool_run_free(run);
    expect_alive_in_the_end(mcp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_opens_while_the_loop_goes_on),
        cmocka_unit_test(an_opening_that_fails_is_told_once),
        cmocka_unit_test(an_opening_ends_with_its_context),
        cmocka_unit_test(an_opening_that_was_given_back_is_not_told),
        cmocka_unit_test(a_loop_may_be_freed_during_an_opening),
        cmocka_unit_test(a_model_calls_a_servers_tool),
        cmocka_unit_test(a_tool_that_hangs_ends_by_the_loops_time_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
