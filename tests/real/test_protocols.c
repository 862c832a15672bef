/*
 * The same calls through providers of several protocols, without a line changed but the provider's
 * name, against aimock, which speaks them all. Run by with_servers.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <beluga/beluga.h>
#include <beluga/providers/azure.h>

enum { MAX_TESTS = 128, TIMEOUT_MS = 20000 };

/* What is behind aimock's address, and what aimock leaves out of a protocol. */
typedef struct protocol {
    const char *provider, *path;
    bool no_counts;   /* it never tells usage here */
    bool no_list;     /* it has no list of models here */
    bool dated;       /* it speaks an API that goes by its date */
    bool no_thoughts; /* it gives them another name than the provider does */
} protocol;

static const protocol protocols[] = {
    {.provider = "anthropic", .path = ""},
    {.provider = "azure", .path = "", .dated = true, .no_list = true},
    {.provider = "bedrock", .path = "", .no_list = true},
    {.provider = "cohere", .path = "", .no_list = true, .no_thoughts = true},
    {.provider = "gemini", .path = "", .no_list = true},
    {.provider = "mistral", .path = "/v1"},
    {.provider = "ollama", .path = "", .no_counts = true, .no_thoughts = true},
    {.provider = "openai", .path = "/v1"},
    {.provider = "openai-responses", .path = "/v1"},
};

static const char *address(void)
{
    const char *url = getenv("BELUGA_AIMOCK_URL");
    const char *missing = getenv("BELUGA_AIMOCK_MISSING");
    if (!url) {
        print_message("# %s\n", missing ? missing : "run it with tests/real/with_servers.py");
        skip();
    }
    return url;
}

static beluga_chat_model *open_model(const protocol *p)
{
    char url[256];
    beluga_error err;
    beluga_chat_model *model = NULL;
    const char *base = address();
    const beluga_option date = beluga_azure_with_api_version("2024-10-21");
    snprintf(url, sizeof url, "%.*s%s", (int)(strlen(base) - strlen("/v1")), base, p->path);
    beluga_config *config =
        beluga_config_new(beluga_with_base_url(url), beluga_with_api_key("any-key"),
                          beluga_with_model_name("a-model"), beluga_with_retry_delay_ms(100),
                          beluga_with_timeout_ms(TIMEOUT_MS));
    if (p->dated) beluga_config_set_n(config, &date, 1);
    int status = beluga_registry_open(beluga_registry_default(), p->provider, config, &model, &err);
    beluga_config_free(config);
    if (status) fail_msg("cannot open the model: %s", err.message);
    return model;
}

static void skip_if(const protocol *p, bool lacking, const char *what)
{
    if (!lacking) return;
    print_message("# aimock %s in %s's protocol\n", what, p->provider);
    skip();
}

static void expect_ok(int status, const beluga_error *err)
{
    char line[1024];
    if (!status) return;
    beluga_error_format(err, line, sizeof line);
    fail_msg("%s", line);
}

static void an_answer_comes_whole(void **state)
{
    const protocol *p = *state;
    beluga_chat_model *model = open_model(p);
    beluga_response *response = NULL;
    beluga_error err;
    expect_ok(beluga_invoke(model, NULL, beluga_input_text("say hello"), &response, &err), &err);
    assert_string_equal(beluga_response_text(response, NULL), "Hello there, café ☃ 🚀!");
    assert_int_equal(beluga_response_finish_reason(response), BELUGA_FINISH_STOP);
    if (!p->no_counts) {
        assert_int_equal(beluga_response_usage(response)->input_total, 10);
        assert_int_equal(beluga_response_usage(response)->output_total, 5);
    }
    beluga_response_free(response);
    beluga_chat_model_unref(model);
}

static void an_answer_comes_in_pieces(void **state)
{
    beluga_chat_model *model = open_model(*state);
    beluga_stream *stream = NULL;
    const beluga_event *event = NULL;
    beluga_error err;
    char text[256] = "";
    size_t pieces = 0, finishes = 0;
    expect_ok(beluga_stream_input(model, NULL, beluga_input_text("say hello"), &stream, &err),
              &err);
    do {
        expect_ok(beluga_stream_next(stream, &event, &err), &err);
        if (event && event->kind == BELUGA_EVENT_TEXT) {
            strncat(text, event->u.text.text, event->u.text.length);
            pieces++;
        }
        finishes += event && event->kind == BELUGA_EVENT_FINISH;
    } while (event);
    assert_string_equal(text, "Hello there, café ☃ 🚀!");
    assert_true(pieces > 1);
    assert_int_equal(finishes, 1);
    beluga_stream_free(stream);
    beluga_chat_model_unref(model);
}

static beluga_chat_model *with_weather(beluga_chat_model *model)
{
    beluga_error err;
    beluga_tool *tool = NULL;
    beluga_chat_model *bound = NULL;
    beluga_tool_definition definition = {
        .size = sizeof definition, .name = "get_weather", .parameters = "{\"type\":\"object\"}"};
    expect_ok(beluga_tool_new(&definition, &tool, &err), &err);
    expect_ok(beluga_bind_tools(model, &tool, 1, &bound, &err), &err);
    beluga_tool_unref(tool);
    beluga_chat_model_unref(model);
    return bound;
}

static beluga_response *ask(beluga_chat_model *model, beluga_messages *messages, bool streamed)
{
    beluga_error err;
    beluga_response *response = NULL;
    expect_ok(beluga_generate(model, NULL, messages, &response, &err,
                              beluga_with_wire_streaming(streamed)),
              &err);
    return response;
}

static void call_a_tool(const protocol *p, bool streamed)
{
    beluga_chat_model *model = with_weather(open_model(p));
    beluga_messages *messages = beluga_messages_new();
    beluga_messages_add(messages, beluga_human_message("weather in Oslo?"));
    beluga_response *response = ask(model, messages, streamed);
    assert_int_equal(beluga_response_finish_reason(response), BELUGA_FINISH_TOOL_CALLS);
    const beluga_tool_call *call = beluga_response_tool_call(response, 0);
    assert_string_equal(call->name, "get_weather");
    assert_non_null(strstr(call->arguments, "\"Oslo\""));
    assert_true(strlen(call->id) > 0);
    beluga_messages_add(messages, beluga_response_message(response));
    beluga_messages_add(messages, beluga_tool_message(call->id, "21 degrees"));
    beluga_response_free(response);
    response = ask(model, messages, streamed);
    assert_string_equal(beluga_response_text(response, NULL), "It is 21 degrees in Oslo.");
    beluga_response_free(response);
    beluga_messages_free(messages);
    beluga_chat_model_unref(model);
}

static void a_tool_is_called_and_its_result_goes_back(void **state)
{
    call_a_tool(*state, false);
}

static void a_tool_is_called_in_a_stream(void **state)
{
    call_a_tool(*state, true);
}

static void reasoning_is_kept_apart(void **state)
{
    skip_if(*state, ((const protocol *)*state)->no_thoughts, "has a name of its own for thoughts");
    beluga_chat_model *model = open_model(*state);
    beluga_response *response = NULL;
    beluga_error err;
    expect_ok(beluga_invoke(model, NULL, beluga_input_text("think first"), &response, &err,
                            beluga_with_wire_streaming(true)),
              &err);
    assert_string_equal(beluga_response_reasoning(response, NULL), "Two and two.");
    assert_string_equal(beluga_response_text(response, NULL), "Four.");
    beluga_response_free(response);
    beluga_chat_model_unref(model);
}

static void assert_refused(const protocol *p, const char *text, int status, int code)
{
    beluga_chat_model *model = open_model(p);
    beluga_response *response = NULL;
    beluga_error err = {0};
    assert_int_equal(beluga_invoke(model, NULL, beluga_input_text(text), &response, &err,
                                   beluga_with_max_retries(0)),
                     code);
    assert_null(response);
    assert_int_equal(err.http_status, status);
    assert_true(*err.cause != '\0');
    beluga_chat_model_unref(model);
}

static void what_is_refused_has_its_code(void **state)
{
    assert_refused(*state, "always limited", 429, BELUGA_ERROR_RATE_LIMIT);
    assert_refused(*state, "wrong key", 401, BELUGA_ERROR_AUTHENTICATION);
    assert_refused(*state, "too busy", 503, BELUGA_ERROR_OVERLOADED);
}

static void a_stream_that_is_cut_is_no_success(void **state)
{
    beluga_chat_model *model = open_model(*state);
    beluga_response *response = NULL, *partial = NULL;
    beluga_error err = {0};
    int status = beluga_invoke(model, NULL, beluga_input_text("break off"), &response, &err,
                               beluga_with_wire_streaming(true), beluga_with_max_retries(0),
                               beluga_with_partial(&partial));
    assert_int_equal(status, BELUGA_ERROR_STREAM_CLOSED);
    assert_null(response);
    assert_non_null(partial);
    assert_false(beluga_response_is_complete(partial));
    assert_memory_equal(beluga_response_text(partial, NULL), "This ans", 8);
    beluga_response_free(partial);
    beluga_chat_model_unref(model);
}

static void the_models_are_listed(void **state)
{
    skip_if(*state, ((const protocol *)*state)->no_list, "lists no models");
    beluga_chat_model *model = open_model(*state);
    beluga_error err = {0};
    char **names = NULL;
    size_t n = 0;
    expect_ok(beluga_list_models(model, NULL, &names, &n, &err), &err);
    assert_true(n > 0);
    for (size_t i = 0; i < n; i++) assert_true(strlen(names[i]) > 0);
    beluga_free(names);
    beluga_chat_model_unref(model);
}

/* ---- one of each for each protocol ----------------------------------------------------------- */

static struct CMUnitTest tests[MAX_TESTS];
static char names[MAX_TESTS][128];
static size_t n_tests;

static void add(const protocol *p, const char *name, CMUnitTestFunction test)
{
    assert_true(n_tests < MAX_TESTS);
    snprintf(names[n_tests], sizeof names[n_tests], "%s: %s", p->provider, name);
    tests[n_tests] = (struct CMUnitTest){names[n_tests], test, NULL, NULL, (void *)(uintptr_t)p};
    n_tests++;
}

#define ADD(p, test) add(p, #test, test)

int main(void)
{
    for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++) {
        const protocol *p = &protocols[i];
        ADD(p, an_answer_comes_whole);
        ADD(p, an_answer_comes_in_pieces);
        ADD(p, a_tool_is_called_and_its_result_goes_back);
        ADD(p, a_tool_is_called_in_a_stream);
        ADD(p, reasoning_is_kept_apart);
        ADD(p, what_is_refused_has_its_code);
        ADD(p, a_stream_that_is_cut_is_no_success);
        ADD(p, the_models_are_listed);
    }
    return _cmocka_run_group_tests("protocols", tests, n_tests, NULL, NULL);
}
