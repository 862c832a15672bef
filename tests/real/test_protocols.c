/* The same calls through the providers of several protocols, with aimock as server, which has all
 * of these protocols. with_servers.py runs this. */
#include "talk.h"

#include <beluga/providers/azure.h>

#include <stdio.h>

static const beluga_option nothing = {.type = 0};

/* A provider, the path that follows aimock's address, and the features of the protocol that aimock
 * lacks. */
typedef struct protocol {
    const char *provider, *path;
    bool no_counts;   /* aimock reports no usage in this protocol */
    bool no_list;     /* aimock has no list of models in this protocol */
    bool dated;       /* the version of the API is a date */
    bool no_thoughts; /* aimock uses another name for reasoning than the provider */
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

static beluga_chat_model *open_model(const void *about)
{
    char url[256];
    const protocol *p = about;
    const char *base = address_of_server("AIMOCK");
    snprintf(url, sizeof url, "%.*s%s", (int)(strlen(base) - strlen("/v1")), base, p->path);
    return open_real(p->provider, url, "any-key", "a-model",
                     p->dated ? beluga_azure_with_api_version("2024-10-21") : nothing);
}

static void skip_if(const talk *t, bool lacking, const char *what)
{
    const protocol *p = t->about;
    if (!lacking) return;
    print_message("# aimock %s in %s's protocol\n", what, p->provider);
    skip();
}

static void an_answer_comes_whole(talk *t)
{
    const protocol *p = t->about;
    ask(t, "say hello", nothing);
    assert_string_equal(beluga_response_text(t->response, NULL), "Hello there, café ☃ 🚀!");
    assert_int_equal(beluga_response_finish_reason(t->response), BELUGA_FINISH_STOP);
    if (!p->no_counts) {
        assert_int_equal(beluga_response_usage(t->response)->input_total, 10);
        assert_int_equal(beluga_response_usage(t->response)->output_total, 5);
    }
}

static void an_answer_comes_in_pieces(talk *t)
{
    say_human(t, "say hello");
    begin_stream_on(t, NULL, nothing);
    hear_all(t);
    assert_string_equal(t->heard.text, "Hello there, café ☃ 🚀!");
    assert_true(t->heard.texts > 1);
    assert_int_equal(t->heard.finishes, 1);
}

static void call_a_tool(talk *t, bool streamed)
{
    bind_weather(t, "{\"type\":\"object\"}");
    say_human(t, "weather in Oslo?");
    ask_on(t, beluga_with_wire_streaming(streamed));
    assert_int_equal(beluga_response_finish_reason(t->response), BELUGA_FINISH_TOOL_CALLS);
    const beluga_tool_call *call = beluga_response_tool_call(t->response, 0);
    assert_string_equal(call->name, "get_weather");
    assert_non_null(strstr(call->arguments, "\"Oslo\""));
    assert_true(strlen(call->id) > 0);
    say_result(t, "21 degrees");
    ask_on(t, beluga_with_wire_streaming(streamed));
    assert_string_equal(beluga_response_text(t->response, NULL), "It is 21 degrees in Oslo.");
}

static void a_tool_is_called_and_its_result_goes_back(talk *t)
{
    call_a_tool(t, false);
}

static void a_tool_is_called_in_a_stream(talk *t)
{
    call_a_tool(t, true);
}

static void reasoning_is_kept_apart(talk *t)
{
    const protocol *p = t->about;
    skip_if(t, p->no_thoughts, "has a name of its own for thoughts");
    ask(t, "think first", beluga_with_wire_streaming(true));
    assert_string_equal(beluga_response_reasoning(t->response, NULL), "Two and two.");
    assert_string_equal(beluga_response_text(t->response, NULL), "Four.");
}

static void assert_refused(talk *t, const char *text, int http_status, int code)
{
    assert_int_equal(try_to_ask(t, text, TALK_OPTIONS(beluga_with_max_retries(0))), code);
    assert_null(t->response);
    assert_int_equal(t->err.http_status, http_status);
    assert_true(*t->err.cause != '\0');
}

static void what_is_refused_has_its_code(talk *t)
{
    assert_refused(t, "always limited", 429, BELUGA_ERROR_RATE_LIMIT);
    assert_refused(t, "wrong key", 401, BELUGA_ERROR_AUTHENTICATION);
    assert_refused(t, "too busy", 503, BELUGA_ERROR_OVERLOADED);
}

static void a_stream_that_is_cut_is_no_success(talk *t)
{
    beluga_response *partial = NULL;
    int status =
        try_to_ask(t, "break off",
                   TALK_OPTIONS(beluga_with_wire_streaming(true), beluga_with_max_retries(0),
                                beluga_with_partial(&partial)));
    assert_int_equal(status, BELUGA_ERROR_STREAM_CLOSED);
    assert_null(t->response);
    assert_non_null(partial);
    assert_false(beluga_response_is_complete(partial));
    assert_memory_equal(beluga_response_text(partial, NULL), "This ans", 8);
    beluga_response_free(partial);
}

static void the_models_are_listed(talk *t)
{
    const protocol *p = t->about;
    skip_if(t, p->no_list, "lists no models");
    list_models(t);
    assert_true(t->n_names > 0);
    for (size_t i = 0; i < t->n_names; i++) assert_true(strlen(t->names[i]) > 0);
}

/* ---- each test with each protocol ------------------------------------------------------------ */

static const talk_row tests[] = {
    TALK_ROW(an_answer_comes_whole, open_model),
    TALK_ROW(an_answer_comes_in_pieces, open_model),
    TALK_ROW(a_tool_is_called_and_its_result_goes_back, open_model),
    TALK_ROW(a_tool_is_called_in_a_stream, open_model),
    TALK_ROW(reasoning_is_kept_apart, open_model),
    TALK_ROW(what_is_refused_has_its_code, open_model),
    TALK_ROW(a_stream_that_is_cut_is_no_success, open_model),
    TALK_ROW(the_models_are_listed, open_model),
};

int main(void)
{
    for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++)
        ADD_TALKS(protocols[i].provider, tests, &protocols[i]);
    return run_talks("protocols");
}
