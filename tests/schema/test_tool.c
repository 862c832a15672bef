/* Tools: how they are made and run. */
#include "../support/scoped.h"
#include "../support/torture.h"
#include "base/mem.h"
#include "schema/tool.h"

#include <beluga/beluga.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int echo(void *payload, beluga_context *context, const char *arguments, size_t length,
                beluga_tool_result *result)
{
    (void)context;
    if (payload) ++*(int *)payload;
    return beluga_tool_result_set(result, arguments, length);
}

static int fail_with_text(void *payload, beluga_context *context, const char *arguments,
                          size_t length, beluga_tool_result *result)
{
    (void)context;
    (void)arguments;
    (void)length;
    beluga_tool_result_set(result, "no such city", 12);
    return *(int *)payload;
}

static int say_twice(void *payload, beluga_context *context, const char *arguments, size_t length,
                     beluga_tool_result *result)
{
    (void)payload;
    (void)context;
    (void)arguments;
    (void)length;
    beluga_tool_result_set(result, "first", 5);
    return beluga_tool_result_set(result, "second\0half", 11);
}

static int say_too_much(void *payload, beluga_context *context, const char *arguments,
                        size_t length, beluga_tool_result *result)
{
    (void)context;
    (void)arguments;
    (void)length;
    size_t size = (16u << 20) + 1;
    char *large = calloc(1, size);
    int status = beluga_tool_result_set(result, large, size);
    free(large);
    return payload ? status : 0; /* even if the tool ignores the error, its run fails */
}

static beluga_tool *make(beluga_tool_definition d)
{
    beluga_tool *tool;
    beluga_error err;
    d.size = sizeof d;
    if (beluga_tool_new(&d, &tool, &err)) fail_msg("%s", err.message);
    return tool;
}

static void refused(beluga_tool_definition d, const char *message)
{
    beluga_tool *tool = (beluga_tool *)&d;
    beluga_error err;
    d.size = sizeof d;
    assert_int_equal(beluga_tool_new(&d, &tool, &err), BELUGA_ERROR_INVALID_INPUT);
    assert_string_equal(err.message, message);
    assert_null(tool);
}

static void a_tool_keeps_what_it_was_made_from(void **state)
{
    (void)state;
    char name[] = "get_weather", about[] = "Weather of a city";
    char schema[] =
        "{ \"type\": \"object\",\n \"properties\": { \"city\": {\"type\": \"string\"} } }";
    SCOPED(beluga_tool) *tool = make((beluga_tool_definition){
        .name = name, .description = about, .parameters = schema, .strict = true});
    memset(name, 'x', sizeof name - 1);
    memset(about, 'x', sizeof about - 1);
    memset(schema, 'x', sizeof schema - 1);
    size_t length;
    assert_string_equal(beluga_tool_name(tool), "get_weather");
    assert_string_equal(beluga_tool_description(tool), "Weather of a city");
    assert_string_equal(beluga_tool_parameters(tool, &length),
                        "{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}}}");
    assert_int_equal(length, strlen(beluga_tool_parameters(tool, NULL)));
    assert_true(beluga_tool_is_strict(tool));
}

static void what_is_left_out_has_a_meaning(void **state)
{
    (void)state;
    SCOPED(beluga_tool) *tool = make((beluga_tool_definition){.name = "now"});
    assert_string_equal(beluga_tool_description(tool), "");
    assert_string_equal(beluga_tool_parameters(tool, NULL),
                        "{\"type\":\"object\",\"properties\":{}}");
    assert_false(beluga_tool_is_strict(tool));
}

static void names_are_1_to_64_plain_characters(void **state)
{
    (void)state;
    char longest[66];
    memset(longest, 'a', 65);
    longest[64] = '\0';
    beluga_tool_unref(make((beluga_tool_definition){.name = longest}));
    beluga_tool_unref(make((beluga_tool_definition){.name = "A-z_09"}));
    longest[64] = 'a';
    longest[65] = '\0';
    refused((beluga_tool_definition){.name = longest},
            "tool name \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\": must be 1 "
            "to 64 characters of A-Z a-z 0-9 _ -");
    refused((beluga_tool_definition){.name = "get weather"},
            "tool name \"get weather\": must be 1 to 64 characters of A-Z a-z 0-9 _ -");
    refused((beluga_tool_definition){.name = ""},
            "tool name \"\": must be 1 to 64 characters of A-Z a-z 0-9 _ -");
    refused((beluga_tool_definition){.name = NULL}, "a tool needs a name");
}

static void a_bad_definition_says_what_is_wrong(void **state)
{
    (void)state;
    refused((beluga_tool_definition){.name = "f", .parameters = "[]"},
            "tool f: parameters: not a JSON object");
    refused((beluga_tool_definition){.name = "f", .description = "ab\xff"},
            "tool f: description: invalid UTF-8 at byte 2");
    refused((beluga_tool_definition){.name = "f", .timeout_ms = -1},
            "a tool's timeout is negative");
    beluga_tool *tool;
    beluga_error err;
    beluga_tool_definition d = {.size = sizeof d, .name = "f", .parameters = "{\"a\":"};
    assert_int_equal(beluga_tool_new(&d, &tool, &err), BELUGA_ERROR_INVALID_INPUT);
    assert_ptr_equal(strstr(err.message, "tool f: parameters: "), err.message);
    assert_null(tool);
}

static void a_definition_without_its_size_is_refused(void **state)
{
    (void)state;
    beluga_tool *tool;
    beluga_error err;
    beluga_tool_definition d = {.name = "f"};
    const char *text =
        "the size of a tool's definition is not set: .size = sizeof(beluga_tool_definition)";
    assert_int_equal(beluga_tool_new(&d, &tool, &err), BELUGA_ERROR_INVALID_INPUT);
    assert_string_equal(err.message, text);
    assert_int_equal(beluga_tool_new(NULL, &tool, &err), BELUGA_ERROR_INVALID_INPUT);
    assert_string_equal(err.message, text);
}

static void texts_over_their_maximum_are_refused(void **state)
{
    (void)state;
    size_t size = (1u << 20) + 2;
    char *large = malloc(size);
    memset(large, ' ', size);
    large[size - 1] = '\0';
    refused((beluga_tool_definition){.name = "f", .description = large},
            "tool f: the description has more than 1048576 bytes");
    refused((beluga_tool_definition){.name = "f", .parameters = large},
            "tool f: the parameters have more than 1048576 bytes");
    free(large);
}

static void count_release(void *payload)
{
    ++*(int *)payload;
}

static void the_payload_is_released_with_the_last_reference(void **state)
{
    (void)state;
    int released = 0;
    beluga_tool *tool =
        make((beluga_tool_definition){.name = "f", .payload = &released, .release = count_release});
    assert_ptr_equal(beluga_tool_ref(tool), tool);
    beluga_tool_unref(tool);
    assert_int_equal(released, 0);
    beluga_tool_unref(tool);
    assert_int_equal(released, 1);
    refused((beluga_tool_definition){.name = "", .payload = &released, .release = count_release},
            "tool name \"\": must be 1 to 64 characters of A-Z a-z 0-9 _ -");
    assert_int_equal(released, 1); /* release is not called if making the tool fails */
    beluga_tool_unref(NULL);
    assert_null(beluga_tool_ref(NULL));
}

/* --- running --------------------------------------------------------------------------------- */

static void running_gives_the_tools_text(void **state)
{
    (void)state;
    int runs = 0;
    SCOPED(beluga_tool) *tool =
        make((beluga_tool_definition){.name = "f", .execute = echo, .payload = &runs});
    char *text;
    size_t length;
    assert_int_equal(beluga_tool_execute(tool, NULL, "{\"a\":1}", 7, &text, &length, NULL), 0);
    assert_string_equal(text, "{\"a\":1}");
    assert_int_equal(length, 7);
    beluga_free(text);
    assert_int_equal(beluga_tool_execute(tool, NULL, "", 0, &text, NULL, NULL), 0);
    assert_string_equal(text, "{}"); /* missing arguments count as an empty object */
    beluga_free(text);
    assert_int_equal(runs, 2);
}

static void a_result_is_replaced_by_the_next_and_may_hold_nul_bytes(void **state)
{
    (void)state;
    SCOPED(beluga_tool) *tool = make((beluga_tool_definition){.name = "f", .execute = say_twice});
    SCOPED(char) *text = NULL;
    size_t length;
    assert_int_equal(beluga_tool_execute(tool, NULL, "{}", 2, &text, &length, NULL), 0);
    assert_int_equal(length, 11);
    assert_memory_equal(text, "second\0half", 12);
}

static void arguments_must_be_a_json_object(void **state)
{
    (void)state;
    int runs = 0;
    beluga_error err;
    char *text;
    size_t length = 5;
    SCOPED(beluga_tool) *tool =
        make((beluga_tool_definition){.name = "f", .execute = echo, .payload = &runs});
    assert_int_equal(beluga_tool_execute(tool, NULL, "[1]", 3, &text, &length, &err),
                     BELUGA_ERROR_TOOL_CALL);
    assert_string_equal(err.message, "tool f: arguments: not a JSON object");
    assert_null(text);
    assert_int_equal(length, 0);
    assert_int_equal(beluga_tool_execute(tool, NULL, "{\"a\"", 4, &text, &length, &err),
                     BELUGA_ERROR_TOOL_CALL);
    assert_ptr_equal(strstr(err.message, "tool f: arguments: "), err.message);
    assert_int_equal(runs, 0);
}

static void a_failure_keeps_what_the_tool_said(void **state)
{
    (void)state;
    beluga_error err;
    SCOPED(char) *text = NULL;
    int code = BELUGA_ERROR_NOT_FOUND;
    SCOPED(beluga_tool) *tool =
        make((beluga_tool_definition){.name = "f", .execute = fail_with_text, .payload = &code});
    assert_int_equal(beluga_tool_execute(tool, NULL, "{}", 2, &text, NULL, &err),
                     BELUGA_ERROR_TOOL_EXECUTION);
    assert_string_equal(err.message, "tool f failed: the address or resource does not exist");
    assert_string_equal(err.cause, "no such city");
    assert_string_equal(text, "no such city");
    beluga_free(text);
    code = BELUGA_ERROR_CONTEXT_CANCELED;
    assert_int_equal(beluga_tool_execute(tool, NULL, "{}", 2, &text, NULL, &err),
                     BELUGA_ERROR_CONTEXT_CANCELED);
    assert_string_equal(err.message, "tool f: the caller cancelled");
}

static void a_result_over_16_mib_is_a_failure_even_if_the_tool_does_not_look(void **state)
{
    (void)state;
    for (int looks = 0; looks < 2; looks++) {
        beluga_error err;
        char *text;
        beluga_tool *tool = make((beluga_tool_definition){
            .name = "f", .execute = say_too_much, .payload = looks ? &looks : NULL});
        assert_int_equal(beluga_tool_execute(tool, NULL, "{}", 2, &text, NULL, &err),
                         BELUGA_ERROR_TOOL_EXECUTION);
        assert_string_equal(err.message, "tool f failed: a named maximum was passed");
        assert_null(text);
        beluga_tool_unref(tool);
    }
}

static void a_tool_without_a_function_can_not_run(void **state)
{
    (void)state;
    beluga_error err;
    char *text;
    SCOPED(beluga_tool) *tool = make((beluga_tool_definition){.name = "f"});
    assert_int_equal(beluga_tool_execute(tool, NULL, "{}", 2, &text, NULL, &err),
                     BELUGA_ERROR_TOOL_EXECUTION);
    assert_string_equal(err.message, "tool f has no function, so the program must run it itself");
    assert_null(text);
}

static void a_cancelled_context_keeps_a_tool_from_running(void **state)
{
    (void)state;
    int runs = 0;
    beluga_error err;
    char *text;
    SCOPED(beluga_context) *context = beluga_context_new_cancellable(NULL);
    beluga_context_cancel(context);
    SCOPED(beluga_tool) *tool =
        make((beluga_tool_definition){.name = "f", .execute = echo, .payload = &runs});
    assert_int_equal(beluga_tool_execute(tool, context, "{}", 2, &text, NULL, &err),
                     BELUGA_ERROR_CONTEXT_CANCELED);
    assert_string_equal(err.message, "tool f: cancelled");
    assert_int_equal(runs, 0);
}

/* --- allocations ----------------------------------------------------------------------------- */

static int make_and_run(void *argument)
{
    const beluga_tool_definition d = {.size = sizeof d,
                                      .name = "f",
                                      .description = "about",
                                      .parameters = argument,
                                      .execute = echo};
    beluga_tool *tool;
    beluga_error err;
    char *text = NULL;
    int status = beluga_tool_new(&d, &tool, &err);
    if (status) assert_string_equal(beluga_error_name(err.code), "no_memory");
    if (!status) status = beluga_tool_execute(tool, NULL, "{\"a\":1}", 7, &text, NULL, &err);
    beluga_free(text);
    beluga_tool_unref(tool);
    return status;
}

static int only_make(void *argument)
{
    const beluga_tool_definition d = {.size = sizeof d, .name = "f", .description = argument};
    beluga_tool *tool;
    int status = beluga_tool_new(&d, &tool, NULL);
    beluga_tool_unref(tool);
    return status;
}

static void tools_survive_every_failed_allocation(void **state)
{
    (void)state;
    char large[8000];
    memset(large, ' ', sizeof large);
    memcpy(large, "{\"description\":\"", 16);
    memcpy(large + sizeof large - 3, "\"}", 3);
    assert_true(torture_run(make_and_run, large) > 4);
    assert_int_equal(torture_count(only_make, "one allocation"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tool_keeps_what_it_was_made_from),
        cmocka_unit_test(what_is_left_out_has_a_meaning),
        cmocka_unit_test(names_are_1_to_64_plain_characters),
        cmocka_unit_test(a_bad_definition_says_what_is_wrong),
        cmocka_unit_test(a_definition_without_its_size_is_refused),
        cmocka_unit_test(texts_over_their_maximum_are_refused),
        cmocka_unit_test(the_payload_is_released_with_the_last_reference),
        cmocka_unit_test(running_gives_the_tools_text),
        cmocka_unit_test(a_result_is_replaced_by_the_next_and_may_hold_nul_bytes),
        cmocka_unit_test(arguments_must_be_a_json_object),
        cmocka_unit_test(a_failure_keeps_what_the_tool_said),
        cmocka_unit_test(a_result_over_16_mib_is_a_failure_even_if_the_tool_does_not_look),
        cmocka_unit_test(a_tool_without_a_function_can_not_run),
        cmocka_unit_test(a_cancelled_context_keeps_a_tool_from_running),
        cmocka_unit_test(tools_survive_every_failed_allocation),
    };
    return cmocka_run_group_tests_name("tool", tests, NULL, NULL);
}
