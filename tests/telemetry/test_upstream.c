/* Sinks that are called for tools and for the requests of a provider, sinks that lack functions,
 * and sinks that are called by many threads. */
#include "../support/scoped.h"
#include "../support/threads.h"
#include "recorder.h"

/* ---- tools ----------------------------------------------------------------------------------- */

static char traced_as[64]; /* the traceparent that a tool found in its context */

static int tell_weather(void *payload, beluga_context *ctx, const char *arguments, size_t length,
                        beluga_tool_result *result)
{
    (void)payload;
    (void)arguments;
    (void)length;
    keep(traced_as, sizeof traced_as, beluga_context_traceparent(ctx));
    return beluga_tool_result_set(result, "sunny", 5);
}

/* Open a model of mock whose first answer makes these tool calls, and whose next is a text. */
static beluga_chat_model *mock_with_tools(scene *s, const char *calls)
{
    const beluga_tool_definition definition = {.size = sizeof definition,
                                               .name = "weather",
                                               .description = "How it is",
                                               .execute = tell_weather};
    beluga_chat_model *mock = NULL, *bound = NULL;
    beluga_tool *tool = NULL;
    beluga_error err = {0};
    beluga_config *config =
        beluga_config_new(beluga_with_model_name("any"), beluga_mock_with_tool_calls(calls));
    if (beluga_registry_open(beluga_client_registry(s->client), "mock", config, &mock, &err))
        fail_msg("%s", err.message);
    beluga_config_free(config);
    assert_int_equal(beluga_tool_new(&definition, &tool, NULL), 0);
    assert_int_equal(beluga_bind_tools(mock, &tool, 1, &bound, NULL), 0);
    beluga_tool_unref(tool);
    beluga_chat_model_unref(mock);
    return bound;
}

static void run_tools(beluga_chat_model *model)
{
    SCOPED(beluga_messages) *messages = beluga_messages_new();
    SCOPED(beluga_response) *response = NULL;
    beluga_error err = {0};
    beluga_messages_add(messages, beluga_human_message("go"));
    if (beluga_run_tools(model, NULL, messages, NULL, NULL, &response, &err))
        fail_msg("%s", err.message);
    beluga_chat_model_unref(model);
}

static const span *tool_span(const scene *s, size_t nth)
{
    for (size_t i = 0; i < s->recorder.count; i++)
        if (s->recorder.spans[i].start.kind == BELUGA_SPAN_TOOL && nth-- == 0)
            return &s->recorder.spans[i];
    fail_msg("no tool was told of");
    return NULL;
}

static void a_tool_loop_is_the_parent_of_its_steps_and_tools(void **state)
{
    scene *s = *state;
    run_tools(mock_with_tools(
        s, "[{\"name\":\"weather\",\"arguments\":{}},{\"name\":\"none\",\"arguments\":{}}]"));
    const span *loop = the(s, 0, s->recorder.count);
    assert_int_equal(loop->start.kind, BELUGA_SPAN_TOOL_LOOP);
    assert_int_equal(loop->end.status, 0);
    size_t steps = 0;
    for (size_t i = 1; i < s->recorder.count; i++) {
        const span *x = &s->recorder.spans[i];
        steps += x->start.kind == BELUGA_SPAN_OPERATION;
        if (x->start.kind != BELUGA_SPAN_ATTEMPT) assert_ptr_equal(x->parent, loop);
    }
    assert_int_equal(steps, 2);
    const span *weather = tool_span(s, 0), *none = tool_span(s, 1);
    assert_string_equal(weather->tool, "weather");
    assert_int_equal(weather->end.status, 0);
    assert_string_equal(weather->content, ""); /* the texts are not captured */
    assert_string_equal(weather->result, "");
    assert_string_equal(none->tool, "none");
    assert_int_equal(none->end.status, BELUGA_ERROR_TOOL_NOT_FOUND);
    assert_string_equal(traced_as, "00-00000000000000000000000000000007-0000000000000003-01");
}

static void content_is_told_only_where_it_is_captured(void **state)
{
    scene *s = *state;
    invoke_on(s->mock, NULL, NULL, 0);
    assert_string_equal(the(s, 0, 2)->content, "");
    beluga_client_set_log(s->client, NULL, NULL, 0, true);
    invoke_on(s->mock, NULL, NULL, 0);
    assert_string_equal(the(s, 2, 4)->content, "This is a mock response.");
    run_tools(mock_with_tools(s, "[{\"name\":\"weather\",\"arguments\":{\"at\":\"here\"}}]"));
    assert_string_equal(tool_span(s, 0)->content, "{\"at\":\"here\"}");
    assert_string_equal(tool_span(s, 0)->result, "sunny");
}

/* ---- headers of requests, and attributes of a provider --------------------------------------- */

static const char *header_sent(scene *s, size_t index, const char *name)
{
    assert_true(index < peer_requests(s->peer));
    return peer_request_header(s->peer, index, name);
}

static void every_attempt_sends_its_own_context(void **state)
{
    scene *s = *state;
    peer_openai_error(peer_reply_new(s->peer), 429, "Retry-After: 0\r\n", NULL, "slow down");
    peer_openai_answer(peer_reply_new(s->peer), "Hello.");
    assert_int_equal(invoke_on(s->openai, NULL, NULL, 0), 0);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(header_sent(s, i, "traceparent"),
                            "00-00000000000000000000000000000007-0000000000000002-01");
        assert_string_equal(header_sent(s, i, "tracestate"), "vendor=1");
    }
    assert_non_null(strstr(the(s, 1, 3)->attributes, "url.full=http://127.0.0.1:"));
    assert_int_equal(the(s, 2, 3)->end.http_status, 200);
}

static void a_model_may_keep_its_trace_to_itself(void **state)
{
    scene *s = *state;
    const beluga_option off = beluga_with_propagate_trace(false);
    peer_openai_answer(peer_reply_new(s->peer), "Hello.");
    assert_int_equal(invoke_on(s->openai, NULL, &off, 1), 0);
    assert_null(header_sent(s, 0, "traceparent"));
}

static void without_a_sink_the_callers_context_goes_on(void **state)
{
    scene *s = *state;
    close_client(s);
    open_client(s, NULL);
    beluga_context *traced = beluga_context_new_trace(NULL, TRACEPARENT, "vendor=2");
    peer_openai_answer(peer_reply_new(s->peer), "Hello.");
    peer_openai_answer(peer_reply_new(s->peer), "Hello.");
    assert_int_equal(invoke_on(s->openai, traced, NULL, 0), 0);
    assert_int_equal(invoke_on(s->openai, NULL, NULL, 0), 0);
    beluga_context_unref(traced);
    assert_string_equal(header_sent(s, 0, "traceparent"), TRACEPARENT);
    assert_string_equal(header_sent(s, 0, "tracestate"), "vendor=2");
    assert_null(header_sent(s, 1, "traceparent"));
}

static int add_all(beluga_emit *emit, void *argument)
{
    (void)argument;
    beluga_span_set_string(emit, "acme.region", "north");
    beluga_span_set_int(emit, "acme.shard", -3);
    beluga_span_set_double(emit, "acme.load", 0.5);
    beluga_span_set_bool(emit, "acme.warm", true);
    beluga_counter_add(emit, "acme.credits", "{credit}", 2);
    beluga_histogram_record(emit, "acme.queue", "s", 0.25);
    return beluga_emit_finish(emit, BELUGA_FINISH_STOP, NULL);
}

static int start_here(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    (void)self;
    (void)call;
    (void)err;
    assert_int_equal(beluga_span_set_string(emit, "x", NULL), BELUGA_ERROR_INVALID_INPUT);
    assert_int_equal(beluga_counter_add(emit, "x", NULL, -1), BELUGA_ERROR_INVALID_INPUT);
    assert_int_equal(beluga_span_set_int(emit, "", 1), BELUGA_ERROR_INVALID_INPUT);
    return beluga_emit_text(emit, "x", 1) || add_all(emit, NULL);
}

static int start_there(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    (void)self;
    (void)call;
    (void)err;
    int status = beluga_emit_text(emit, "x", 1);
    return status ? status : beluga_emit_run_blocking(emit, add_all, NULL, NULL);
}

static void cancel_nothing(void *self, beluga_emit *emit)
{
    (void)self;
    (void)emit;
}

static void a_provider_adds_what_only_it_knows(void **state)
{
    scene *s = *state;
    static const beluga_provider here = {BELUGA_PROVIDER_INIT("here"), .default_model = "m",
                                         .start = start_here, .cancel = cancel_nothing};
    static const beluga_provider there = {BELUGA_PROVIDER_INIT("there"), .default_model = "m",
                                          .start = start_there, .cancel = cancel_nothing};
    beluga_registry *registry = beluga_client_registry(s->client);
    assert_int_equal(beluga_registry_register(registry, &here, NULL), 0);
    assert_int_equal(beluga_registry_register(registry, &there, NULL), 0);
    for (size_t i = 0; i < 2; i++) {
        beluga_chat_model *model = open_in(s->client, i ? "there" : "here", NULL);
        assert_int_equal(invoke_on(model, NULL, NULL, 0), 0);
        beluga_chat_model_unref(model);
        const span *attempt = the(s, 2 * i + 1, 2 * i + 2);
        assert_string_equal(attempt->attributes,
                            "acme.region=north;acme.shard=-3;acme.load=0.5;acme.warm=true;");
        assert_string_equal(attempt->measured, "1 acme.credits {credit} 2;2 acme.queue s 0.25;");
    }
}

static void a_sink_of_an_older_build_hears_operations_and_attempts_only(void **state)
{
    scene *s = *state;
    beluga_telemetry_sink sink = sink_of(&s->recorder);
    sink.size = offsetof(beluga_telemetry_sink, attribute);
    close_client(s);
    open_client(s, &sink);
    run_tools(mock_with_tools(s, "[{\"name\":\"weather\",\"arguments\":{}}]"));
    for (size_t i = 0; i < s->recorder.count; i++)
        assert_true(the(s, i, 4)->start.kind <= BELUGA_SPAN_ATTEMPT);
}

/* ---- calls for which the sink is not called -------------------------------------------------- */

static void what_never_starts_and_lists_of_models_are_not_told(void **state)
{
    scene *s = *state;
    char **names = NULL;
    size_t n;
    const beluga_option bad = beluga_with_temperature(9);
    assert_int_equal(invoke_on(s->mock, NULL, &bad, 1), BELUGA_ERROR_INVALID_INPUT);
    peer_step_json(peer_reply_new(s->peer), 200, "{\"data\":[{\"id\":\"a\"}]}");
    assert_int_equal(beluga_list_models(s->openai, NULL, &names, &n, NULL), 0);
    beluga_free(names);
    assert_int_equal(s->recorder.count, 0);
}

static void a_sink_that_returns_no_handle_hears_no_more(void **state)
{
    scene *s = *state;
    s->recorder.deaf = true;
    peer_openai_error(peer_reply_new(s->peer), 429, "Retry-After: 0\r\n", NULL, "slow down");
    peer_openai_stream(peer_reply_new(s->peer), "one two");
    pulled got;
    stream_all(s->openai, &got);
    assert_int_equal(got.status, 0);
    assert_int_equal(s->recorder.count, 1); /* the sink was called only for the operation */
}

static void a_sink_may_lack_any_function(void **state)
{
    scene *s = *state;
    for (int missing = 0; missing < 4; missing++) {
        beluga_telemetry_sink sink = sink_of(&s->recorder);
        if (missing == 0 || missing == 3) sink.begin = NULL;
        if (missing == 1 || missing == 3) sink.event = NULL;
        if (missing == 2 || missing == 3) sink.end = NULL;
        close_client(s);
        open_client(s, &sink);
        s->recorder.count = 0;
        peer_openai_error(peer_reply_new(s->peer), 429, "Retry-After: 0\r\n", NULL, "slow down");
        peer_openai_stream(peer_reply_new(s->peer), "one two");
        pulled got;
        stream_all(s->openai, &got);
        assert_int_equal(got.status, 0);
        assert_int_equal(s->recorder.count, missing == 1 || missing == 2 ? 3 : 0);
    }
}

static void a_model_may_be_told_of_not_at_all(void **state)
{
    scene *s = *state;
    SCOPED(beluga_chat_model) *quiet = NULL;
    beluga_config *config =
        beluga_config_new(beluga_with_model_name("any"), beluga_with_enable_tracing(false),
                          beluga_with_enable_metrics(false));
    assert_int_equal(
        beluga_registry_open(beluga_client_registry(s->client), "mock", config, &quiet, NULL), 0);
    beluga_config_free(config);
    assert_int_equal(invoke_on(quiet, NULL, NULL, 0), 0);
    assert_int_equal(s->recorder.count, 0);
}

static void a_client_without_a_sink_tells_nobody(void **state)
{
    scene *s = *state;
    close_client(s);
    open_client(s, NULL);
    peer_openai_stream(peer_reply_new(s->peer), "one two");
    pulled got;
    stream_all(s->openai, &got);
    assert_int_equal(got.status, 0);
    assert_int_equal(s->recorder.count, 0);
}

/* ---- threads --------------------------------------------------------------------------------- */

static void *call_some(void *argument)
{
    for (int i = 0; i < CALLS; i++) invoke_on(argument, NULL, NULL, 0);
    return NULL;
}

static void spans_of_many_threads_do_not_mix(void **state)
{
    scene *s = *state;
    threads_run(THREADS, call_some, s->mock);
    size_t operations = 0;
    for (size_t i = 0; i < s->recorder.count; i++) {
        const span *x = the(s, i, 2 * THREADS * CALLS);
        operations += x->start.kind == BELUGA_SPAN_OPERATION;
        assert_int_equal(x->end.status, 0);
        if (x->parent) assert_int_equal(x->parent->start.kind, BELUGA_SPAN_OPERATION);
    }
    assert_int_equal(operations, THREADS * CALLS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_tool_loop_is_the_parent_of_its_steps_and_tools),
        TEST(content_is_told_only_where_it_is_captured),
        TEST(every_attempt_sends_its_own_context),
        TEST(a_model_may_keep_its_trace_to_itself),
        TEST(without_a_sink_the_callers_context_goes_on),
        TEST(a_provider_adds_what_only_it_knows),
        TEST(a_sink_of_an_older_build_hears_operations_and_attempts_only),
        TEST(what_never_starts_and_lists_of_models_are_not_told),
        TEST(a_sink_that_returns_no_handle_hears_no_more),
        TEST(a_sink_may_lack_any_function),
        TEST(a_model_may_be_told_of_not_at_all),
        TEST(a_client_without_a_sink_tells_nobody),
        TEST(spans_of_many_threads_do_not_mix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
