/* Tools: how they are made, how they are bound to a model (the result is a new model, and the old
 * one stays unchanged), and the tool calls that an answer contains. */
#include "../models.h"
#include "../support/scoped.h"
#include "../support/threads.h"
#include "bodies.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#define N_THREADS 50

static beluga_tool *tool_named(const char *name)
{
    beluga_tool *tool = NULL;
    const beluga_tool_definition definition = {
        .size = sizeof definition,
        .name = name,
        .description = "For tests",
        .parameters = "{\"type\": \"object\", \"properties\": {\"x\": {\"type\": \"integer\"}}}",
    };
    assert_int_equal(beluga_tool_new(&definition, &tool, NULL), 0);
    return tool;
}

/* ---- making ---------------------------------------------------------------------------------- */

static void a_tool_keeps_what_it_was_made_of(void **state)
{
    (void)state;
    char name[] = "add", description[] = "Adds", schema[] = "{ \"type\" : \"object\" }";
    SCOPED(beluga_tool) *tool = NULL;
    const beluga_tool_definition definition = {.size = sizeof definition,
                                               .name = name,
                                               .description = description,
                                               .parameters = schema,
                                               .strict = true};
    assert_int_equal(beluga_tool_new(&definition, &tool, NULL), 0);
    memset(name, 'x', 3);
    memset(description, 'x', 4);
    memset(schema, 'x', 5);
    size_t length = 0;
    assert_string_equal(beluga_tool_name(tool), "add");
    assert_string_equal(beluga_tool_description(tool), "Adds");
    assert_string_equal(beluga_tool_parameters(tool, &length), "{\"type\":\"object\"}");
    assert_int_equal(length, strlen("{\"type\":\"object\"}"));
    assert_true(beluga_tool_is_strict(tool));
}

static void a_tool_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name, *parameters;
    } cases[] = {
        {NULL, NULL},
        {"", NULL},
        {"two words", NULL},
        {"caf\xc3\xa9", NULL},
        {"ok", "[]"},
        {"ok", "\"text"},
        {"ok", "{} and more"},
        {"ok", ""},
        {"a-name-of-more-than-sixty-four-bytes-is-more-than-providers-will-take", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        beluga_error err = {0};
        beluga_tool *tool = (beluga_tool *)&err;
        const beluga_tool_definition definition = {
            .size = sizeof definition, .name = cases[i].name, .parameters = cases[i].parameters};
        if (beluga_tool_new(&definition, &tool, &err) != BELUGA_ERROR_INVALID_INPUT)
            fail_msg("case %zu was taken", i);
        assert_null(tool);
        assert_true(*err.message);
    }
}

static void release(void *payload)
{
    ++*(int *)payload;
}

static void the_payload_is_released_once_with_the_last_reference(void **state)
{
    const subject *s = *state;
    int released = 0;
    beluga_tool *tool = NULL;
    beluga_chat_model *bound = NULL;
    const beluga_tool_definition definition = {
        .size = sizeof definition, .name = "t", .payload = &released, .release = release};
    assert_int_equal(beluga_tool_new(&definition, &tool, NULL), 0);
    assert_int_equal(beluga_bind_tools(s->model, &tool, 1, &bound, NULL), 0);
    beluga_tool_unref(tool);
    assert_int_equal(released, 0);
    beluga_chat_model_unref(bound);
    assert_int_equal(released, 1);
}

/* ---- binding --------------------------------------------------------------------------------- */

static void binding_does_not_change_the_model(void **state)
{
    const subject *s = *state;
    SCOPED(beluga_tool) *first = tool_named("first"), *second = tool_named("second");
    SCOPED(beluga_chat_model) *one = NULL, *two = NULL, *none = NULL;
    assert_int_equal(beluga_bind_tools(s->model, &first, 1, &one, NULL), 0);
    assert_int_equal(beluga_bind_tools(one, &second, 1, &two, NULL), 0);
    assert_int_equal(beluga_bind_tools(two, NULL, 0, &none, NULL), 0);
    assert_ptr_not_equal(one, s->model);
    assert_int_equal(beluga_chat_model_tool_count(s->model), 0);
    assert_null(beluga_chat_model_tool(s->model, 0));
    assert_int_equal(beluga_chat_model_tool_count(one), 1);
    assert_ptr_equal(beluga_chat_model_tool(one, 0), first);
    assert_int_equal(beluga_chat_model_tool_count(two), 1); /* replaced, not added */
    assert_ptr_equal(beluga_chat_model_tool(two, 0), second);
    assert_null(beluga_chat_model_tool(two, 1));
    assert_int_equal(beluga_chat_model_tool_count(none), 0);
}

static void a_bound_model_outlives_the_one_it_came_from(void **state)
{
    const subject *s = *state;
    beluga_tool *tool = tool_named("t");
    beluga_chat_model *model = open_with(s, NULL, 0);
    SCOPED(beluga_chat_model) *bound = NULL;
    assert_int_equal(beluga_bind_tools(model, &tool, 1, &bound, NULL), 0);
    beluga_chat_model_unref(model);
    beluga_tool_unref(tool);
    assert_string_equal(beluga_tool_name(beluga_chat_model_tool(bound, 0)), "t");
    assert_string_equal(beluga_model_name(bound), s->model_name);
}

static void two_tools_of_one_name_are_refused(void **state)
{
    const subject *s = *state;
    beluga_tool *tools[3] = {tool_named("same"), tool_named("other"), tool_named("same")};
    beluga_chat_model *bound = s->model;
    beluga_error err = {0};
    assert_int_equal(beluga_bind_tools(s->model, tools, 3, &bound, &err),
                     BELUGA_ERROR_INVALID_INPUT);
    assert_null(bound);
    assert_non_null(strstr(err.message, "same"));
    for (size_t i = 0; i < 3; i++) beluga_tool_unref(tools[i]);
}

static void a_missing_tool_is_refused(void **state)
{
    const subject *s = *state;
    beluga_tool *tools[2] = {tool_named("t"), NULL};
    beluga_chat_model *bound = NULL;
    assert_int_equal(beluga_bind_tools(s->model, tools, 2, &bound, NULL),
                     BELUGA_ERROR_INVALID_INPUT);
    assert_null(bound);
    beluga_tool_unref(tools[0]);
}

static void there_is_a_largest_number_of_tools(void **state)
{
    enum { MOST = 1024 };
    const subject *s = *state;
    beluga_tool *tools[MOST + 1];
    beluga_chat_model *bound = NULL;
    for (size_t i = 0; i <= MOST; i++) {
        char name[16];
        snprintf(name, sizeof name, "tool-%zu", i);
        tools[i] = tool_named(name);
    }
    assert_int_equal(beluga_bind_tools(s->model, tools, MOST, &bound, NULL), 0);
    assert_int_equal(beluga_chat_model_tool_count(bound), MOST);
    beluga_chat_model_unref(bound);
    assert_int_equal(beluga_bind_tools(s->model, tools, MOST + 1, &bound, NULL),
                     BELUGA_ERROR_LIMIT_EXCEEDED);
    for (size_t i = 0; i <= MOST; i++) beluga_tool_unref(tools[i]);
}

static void a_model_without_tool_calling_takes_none(void **state)
{
    const subject *s = *state;
    const beluga_option off = beluga_with_enable_tool_calling(false);
    SCOPED(beluga_tool) *tool = tool_named("t");
    beluga_chat_model *bound = NULL;
    SCOPED(beluga_chat_model) *model = open_with(s, &off, 1);
    assert_int_equal(beluga_bind_tools(model, &tool, 1, &bound, NULL), BELUGA_ERROR_NOT_SUPPORTED);
    assert_null(bound);
}

/* ---- many threads ---------------------------------------------------------------------------- */

typedef struct binder {
    const subject *subject;
    beluga_tool *tools[2];
} binder;

static bool bind_once(const binder *b, size_t n)
{
    beluga_chat_model *bound = NULL;
    beluga_response *response = NULL;
    bool good = beluga_bind_tools(b->subject->model, b->tools, n, &bound, NULL) == 0 &&
                beluga_chat_model_tool_count(bound) == n &&
                beluga_chat_model_tool(bound, n - 1) == b->tools[n - 1] &&
                beluga_invoke(bound, NULL, beluga_input_text("Hi"), &response, NULL) == 0;
    beluga_response_free(response);
    beluga_chat_model_unref(bound);
    return good;
}

static void *bind_often(void *argument)
{
    for (size_t i = 0; i < 20; i++)
        if (!bind_once(argument, 1 + i % 2)) return argument;
    return NULL;
}

static void fifty_threads_bind_at_once_and_the_model_stays_as_it_was(void **state)
{
    const subject *s = *state;
    SCOPED(beluga_tool) *first = tool_named("first"), *second = tool_named("second");
    binder all = {s, {first, second}};
    threads_run(N_THREADS, bind_often, &all);
    assert_int_equal(beluga_chat_model_tool_count(s->model), 0);
}

/* ---- calls in answers ------------------------------------------------------------------------ */

static void the_example_calls_the_first_tool_it_is_given(void **state)
{
    const subject *s = *state;
    SCOPED(beluga_tool) *tool = tool_named("calculator");
    SCOPED(beluga_chat_model) *bound = NULL;
    SCOPED(beluga_response) *response = NULL;
    assert_int_equal(beluga_bind_tools(s->model, &tool, 1, &bound, NULL), 0);
    assert_int_equal(beluga_invoke(bound, NULL, beluga_input_text("2+2?"), &response, NULL), 0);
    assert_int_equal(beluga_response_finish_reason(response), BELUGA_FINISH_TOOL_CALLS);
    assert_int_equal(beluga_response_tool_call_count(response), 1);
    const beluga_tool_call *call = beluga_response_tool_call(response, 0);
    assert_string_equal(call->id, "call_example_123");
    assert_string_equal(call->name, "calculator");
    assert_string_equal(call->arguments, "{\"example\": \"value\"}");
    assert_int_equal(call->length, strlen(call->arguments));
}

#define TWO_CALLS                                                                            \
    "[{\"id\": \"c1\", \"name\": \"weather\", \"arguments\": {\"city\": \"Z\xc3\xbcrich\", " \
    "\"days\": 3}},"                                                                         \
    " {\"name\": \"clock\"}]"

static void assert_two_calls(const beluga_response *response)
{
    assert_int_equal(beluga_response_tool_call_count(response), 2);
    const beluga_tool_call *first = beluga_response_tool_call(response, 0);
    const beluga_tool_call *second = beluga_response_tool_call(response, 1);
    assert_string_equal(first->id, "c1");
    assert_string_equal(first->name, "weather");
    assert_string_equal(first->arguments, "{\"city\":\"Z\xc3\xbcrich\",\"days\":3}");
    assert_string_equal(second->name, "clock");
    assert_string_equal(second->arguments, "{}");
    assert_true(*second->id); /* the library has invented an id */
    assert_string_not_equal(second->id, first->id);
}

static void several_calls_come_in_order_whole_or_streamed(void **state)
{
    const subject *s = *state;
    const beluga_option calls = beluga_mock_with_tool_calls(TWO_CALLS);
    for (int streamed = 0; streamed < 2; streamed++) {
        beluga_response *response = NULL;
        assert_int_equal(beluga_invoke(s->model, NULL, beluga_input_text("Hi"), &response, NULL,
                                       calls, beluga_with_wire_streaming(streamed)),
                         0);
        assert_two_calls(response);
        assert_string_equal(beluga_response_text(response, NULL), "");
        assert_int_equal(beluga_response_finish_reason(response), BELUGA_FINISH_TOOL_CALLS);
        beluga_response_free(response);
    }
}

static void a_streamed_call_begins_comes_in_pieces_and_ends_whole(void **state)
{
    const subject *s = *state;
    SCOPED(beluga_stream) *stream = NULL;
    const beluga_event *event = NULL;
    char pieces[256] = "";
    size_t begins = 0, deltas = 0, ends = 0;
    assert_int_equal(beluga_stream_input(s->model, NULL, beluga_input_text("Hi"), &stream, NULL,
                                         beluga_mock_with_tool_calls(TWO_CALLS)),
                     0);
    while (beluga_stream_next(stream, &event, NULL) == 0 && event) {
        begins += event->kind == BELUGA_EVENT_TOOL_CALL_BEGIN;
        if (event->kind == BELUGA_EVENT_TOOL_CALL_DELTA && event->index == 0) {
            strncat(pieces, event->u.tool_call.arguments, event->u.tool_call.length);
            deltas++;
        }
        if (event->kind == BELUGA_EVENT_TOOL_CALL_END && ends++ == 0) {
            assert_int_equal(event->u.tool_call.length, strlen(pieces));
            assert_memory_equal(event->u.tool_call.arguments, pieces, strlen(pieces));
        }
    }
    assert_int_equal(begins, 2);
    assert_int_equal(ends, 2);
    assert_true(deltas > 2);
}

static void after_a_tools_result_the_model_answers_in_words(void **state)
{
    const subject *s = *state;
    const beluga_option calls = beluga_mock_with_tool_calls(TWO_CALLS);
    SCOPED(beluga_tool) *tool = tool_named("weather");
    SCOPED(beluga_chat_model) *model = open_with(s, &calls, is_mock(s) ? 1 : 0), *bound = NULL;
    SCOPED(beluga_response) *response = NULL;
    SCOPED(beluga_messages) *messages = one_question("Weather?");
    assert_int_equal(beluga_bind_tools(model, &tool, 1, &bound, NULL), 0);
    assert_int_equal(beluga_generate(bound, NULL, messages, &response, NULL), 0);
    assert_true(beluga_response_tool_call_count(response) > 0);
    beluga_messages_add(messages, beluga_response_message(response));
    for (size_t i = 0; i < beluga_response_tool_call_count(response); i++) {
        const char *id = beluga_response_tool_call(response, i)->id;
        beluga_messages_add(messages, beluga_tool_message(id, "sunny"));
    }
    beluga_response_free(response);
    assert_int_equal(beluga_generate(bound, NULL, messages, &response, NULL), 0);
    assert_int_equal(beluga_response_tool_call_count(response), 0);
    assert_string_equal(beluga_response_text(response, NULL), s->answer);
}

static void arguments_that_are_no_json_arrive_as_the_model_wrote_them(void **state)
{
    const subject *s = *state;
    SCOPED(beluga_response) *response = NULL;
    assert_int_equal(
        beluga_invoke(s->model, NULL, beluga_input_text("Hi"), &response, NULL,
                      beluga_mock_with_tool_calls("[{\"name\": \"t\", \"arguments\": \"{oops\"}]")),
        0);
    assert_string_equal(beluga_response_tool_call(response, 0)->arguments, "{oops");
}

/* ---- running --------------------------------------------------------------------------------- */

static int shout(void *payload, beluga_context *context, const char *arguments, size_t length,
                 beluga_tool_result *result)
{
    (void)context;
    ++*(int *)payload;
    return beluga_tool_result_set(result, arguments, length);
}

static failing refusal = {"not today", BELUGA_ERROR_TOOL_EXECUTION};

static beluga_tool *tool_that(beluga_tool_execute_fn execute, void *payload)
{
    beluga_tool *tool = NULL;
    const beluga_tool_definition definition = {
        .size = sizeof definition, .name = "t", .execute = execute, .payload = payload};
    assert_int_equal(beluga_tool_new(&definition, &tool, NULL), 0);
    return tool;
}

static void a_tool_runs_with_the_models_arguments(void **state)
{
    (void)state;
    int runs = 0;
    char *text = NULL;
    size_t length = 0;
    SCOPED(beluga_tool) *tool = tool_that(shout, &runs);
    assert_int_equal(beluga_tool_execute(tool, NULL, "{\"x\": 1}", 8, &text, &length, NULL), 0);
    assert_string_equal(text, "{\"x\": 1}");
    assert_int_equal(length, 8);
    beluga_free(text);
    assert_int_equal(beluga_tool_execute(tool, NULL, "", 0, &text, &length, NULL), 0);
    assert_string_equal(text, "{}");
    beluga_free(text);
    assert_int_equal(runs, 2);
}

static void arguments_that_are_no_object_do_not_reach_the_tool(void **state)
{
    (void)state;
    static const char *const wrong[] = {"[1]", "{", "null", "{} {}", "\"{}\""};
    int runs = 0;
    SCOPED(beluga_tool) *tool = tool_that(shout, &runs);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char *text = NULL;
        assert_int_equal(
            beluga_tool_execute(tool, NULL, wrong[i], strlen(wrong[i]), &text, NULL, NULL),
            BELUGA_ERROR_TOOL_CALL);
        assert_null(text);
    }
    assert_int_equal(runs, 0);
}

static void a_tool_that_fails_says_what_the_model_may_read(void **state)
{
    (void)state;
    SCOPED(char) *text = NULL;
    size_t length = 0;
    SCOPED(beluga_tool) *tool = tool_that(fail_as_told, &refusal), *mute = tool_that(NULL, NULL);
    assert_int_equal(beluga_tool_execute(tool, NULL, "{}", 2, &text, &length, NULL),
                     BELUGA_ERROR_TOOL_EXECUTION);
    assert_string_equal(text, "not today");
    beluga_free(text);
    text = NULL;
    assert_int_equal(beluga_tool_execute(mute, NULL, "{}", 2, &text, &length, NULL),
                     BELUGA_ERROR_TOOL_EXECUTION);
}

static void a_cancelled_context_keeps_a_tool_from_running(void **state)
{
    (void)state;
    int runs = 0;
    char *text = NULL;
    SCOPED(beluga_tool) *tool = tool_that(shout, &runs);
    SCOPED(beluga_context) *context = beluga_context_new_cancellable(NULL);
    beluga_context_cancel(context);
    assert_int_equal(beluga_tool_execute(tool, context, "{}", 2, &text, NULL, NULL),
                     BELUGA_ERROR_CONTEXT_CANCELED);
    assert_int_equal(runs, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tool_keeps_what_it_was_made_of),
        cmocka_unit_test(a_tool_that_does_not_fit_is_refused),
        ON_EACH(the_payload_is_released_once_with_the_last_reference),
        ON_EACH(binding_does_not_change_the_model),
        ON_EACH(a_bound_model_outlives_the_one_it_came_from),
        ON_EACH(two_tools_of_one_name_are_refused),
        ON_EACH(a_missing_tool_is_refused),
        ON_EACH(there_is_a_largest_number_of_tools),
        ON_EACH(a_model_without_tool_calling_takes_none),
        ON_EACH(fifty_threads_bind_at_once_and_the_model_stays_as_it_was),
        ON_CUSTOM(the_example_calls_the_first_tool_it_is_given),
        ON_MOCK(several_calls_come_in_order_whole_or_streamed),
        ON_MOCK(a_streamed_call_begins_comes_in_pieces_and_ends_whole),
        ON_EACH(after_a_tools_result_the_model_answers_in_words),
        ON_MOCK(arguments_that_are_no_json_arrive_as_the_model_wrote_them),
        cmocka_unit_test(a_tool_runs_with_the_models_arguments),
        cmocka_unit_test(arguments_that_are_no_object_do_not_reach_the_tool),
        cmocka_unit_test(a_tool_that_fails_says_what_the_model_may_read),
        cmocka_unit_test(a_cancelled_context_keeps_a_tool_from_running),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
