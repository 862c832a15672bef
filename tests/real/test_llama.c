/*
 * The protocols of a real llama.cpp server, whose model talks noise: Chat Completions, Anthropic's
 * Messages and OpenAI's Responses, with no line changed but the provider's name. Run by
 * with_servers.py.
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
#include <beluga/provider/json.h>

/* The noise may end by itself: an answer that its limit cuts takes some tries. */
enum { MAX_TESTS = 64, TIMEOUT_MS = 20000, NOISE_TOKENS = 12, MANY_TOKENS = 1500, TRIES = 100 };

typedef struct protocol {
    const char *provider;
    bool no_schemas;      /* the server does not look for one where the protocol has it */
    bool hides_the_limit; /* the server calls an answer that its limit cut complete */
} protocol;

static const protocol protocols[] = {
    {.provider = "anthropic", .no_schemas = true},
    {.provider = "llama-server"},
    {.provider = "openai"},
    {.provider = "openai-responses", .no_schemas = true, .hides_the_limit = true},
};

static beluga_chat_model *open_with(const protocol *p, const char *key)
{
    const char *url = getenv("BELUGA_LLAMA_URL"), *missing = getenv("BELUGA_LLAMA_MISSING");
    beluga_error err;
    beluga_chat_model *model = NULL;
    if (!url) {
        print_message("# %s\n", missing ? missing : "run it with tests/real/with_servers.py");
        skip();
    }
    beluga_config *config = beluga_config_new(
        beluga_with_base_url(url), beluga_with_api_key(key), beluga_with_model_name("tiny"),
        beluga_with_retry_delay_ms(100), beluga_with_timeout_ms(TIMEOUT_MS));
    int status = beluga_registry_open(beluga_registry_default(), p->provider, config, &model, &err);
    beluga_config_free(config);
    if (status) fail_msg("cannot open the model: %s", err.message);
    return model;
}

static beluga_chat_model *open_model(const protocol *p)
{
    return open_with(p, getenv("BELUGA_LLAMA_KEY"));
}

static void expect_ok(int status, const beluga_error *err)
{
    char line[1024];
    if (!status) return;
    beluga_error_format(err, line, sizeof line);
    fail_msg("%s", line);
}

/* Returns whether the limit cut the answer. */
static bool is_cut(const protocol *p, const beluga_usage *usage, uint32_t reason)
{
    bool cut = reason == BELUGA_FINISH_LENGTH;
    assert_true(cut || reason == BELUGA_FINISH_STOP);
    assert_true(usage->input_total > 0);
    assert_true(usage->output_total <= NOISE_TOKENS);
    if (p->hides_the_limit) return usage->output_total == NOISE_TOKENS;
    if (cut) assert_int_equal(usage->output_total, NOISE_TOKENS);
    return cut;
}

static void an_answer_comes_whole(void **state)
{
    beluga_chat_model *model = open_model(*state);
    bool cut = false;
    for (int i = 0; i < TRIES && !cut; i++) {
        beluga_response *response = NULL;
        beluga_error err;
        size_t length;
        expect_ok(beluga_invoke(model, NULL, beluga_input_text("Say hello"), &response, &err,
                                beluga_with_max_tokens(NOISE_TOKENS)),
                  &err);
        assert_int_equal(beluga_response_is_complete(response),
                         beluga_response_finish_reason(response) != BELUGA_FINISH_LENGTH);
        assert_string_equal(beluga_response_model(response), "tiny");
        assert_true(*beluga_response_id(response));
        cut = is_cut(*state, beluga_response_usage(response),
                     beluga_response_finish_reason(response));
        beluga_response_text(response, &length);
        if (cut) assert_true(length > 0);
        beluga_response_free(response);
    }
    assert_true(cut);
    beluga_chat_model_unref(model);
}

/* What a stream gave, counted by hand. */
struct heard {
    size_t texts, begins, ends, finishes, arguments;
    uint32_t reason;
    beluga_usage usage;
    size_t pieces; /* of arguments that are not empty */
};

static void hear(struct heard *heard, const beluga_event *event)
{
    switch (event->kind) {
    case BELUGA_EVENT_TEXT: heard->texts++; break;
    case BELUGA_EVENT_TOOL_CALL_BEGIN: heard->begins++; break;
    case BELUGA_EVENT_TOOL_CALL_DELTA:
        heard->arguments += event->u.tool_call.length;
        heard->pieces += event->u.tool_call.length > 0;
        break;
    case BELUGA_EVENT_TOOL_CALL_END:
        heard->ends++;
        assert_int_equal(event->u.tool_call.length, heard->arguments);
        break;
    case BELUGA_EVENT_USAGE: heard->usage = event->u.usage; break;
    case BELUGA_EVENT_FINISH:
        heard->finishes++;
        heard->reason = event->u.finish.reason;
        break;
    default: break;
    }
}

static struct heard pull(beluga_stream *stream)
{
    struct heard heard = {0};
    const beluga_event *event = NULL;
    beluga_error err;
    do {
        expect_ok(beluga_stream_next(stream, &event, &err), &err);
        if (event) hear(&heard, event);
    } while (event);
    beluga_stream_free(stream);
    return heard;
}

static void an_answer_comes_in_pieces(void **state)
{
    beluga_chat_model *model = open_model(*state);
    bool cut = false;
    for (int i = 0; i < TRIES && !cut; i++) {
        beluga_stream *stream = NULL;
        beluga_error err;
        expect_ok(beluga_stream_input(model, NULL, beluga_input_text("Say hello"), &stream, &err,
                                      beluga_with_max_tokens(NOISE_TOKENS)),
                  &err);
        struct heard heard = pull(stream);
        assert_int_equal(heard.finishes, 1);
        cut = is_cut(*state, &heard.usage, heard.reason);
        if (cut) assert_true(heard.texts > 1);
    }
    assert_true(cut);
    beluga_chat_model_unref(model);
}

/* ---- tools ----------------------------------------------------------------------------------- */

static beluga_chat_model *with_weather(beluga_chat_model *model)
{
    beluga_error err;
    beluga_tool *tool = NULL;
    beluga_chat_model *bound = NULL;
    beluga_tool_definition definition = {
        .size = sizeof definition,
        .name = "get_weather",
        .description = "Tell the weather of a city",
        .parameters = "{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}},"
                      "\"required\":[\"city\"],\"additionalProperties\":false}"};
    expect_ok(beluga_tool_new(&definition, &tool, &err), &err);
    expect_ok(beluga_bind_tools(model, &tool, 1, &bound, &err), &err);
    beluga_tool_unref(tool);
    beluga_chat_model_unref(model);
    return bound;
}

static void assert_city(const beluga_tool_call *call)
{
    beluga_json_doc *doc = NULL;
    assert_non_null(call);
    assert_string_equal(call->name, "get_weather");
    assert_true(*call->id);
    assert_int_equal(beluga_json_parse(call->arguments, call->length, &doc, NULL), 0);
    assert_non_null(beluga_json_get_string(beluga_json_doc_root(doc), "city", NULL));
    beluga_json_doc_free(doc);
}

static void a_required_tool_is_called_and_its_result_goes_back(void **state)
{
    beluga_chat_model *model = with_weather(open_model(*state));
    beluga_messages *messages = beluga_messages_new();
    beluga_response *response = NULL;
    beluga_error err;
    beluga_messages_add(messages, beluga_system_message("Be brief."));
    beluga_messages_add(messages, beluga_human_message("How is the weather?"));
    expect_ok(beluga_generate(model, NULL, messages, &response, &err,
                              beluga_with_tool_choice("required"),
                              beluga_with_max_tokens(MANY_TOKENS)),
              &err);
    assert_int_equal(beluga_response_finish_reason(response), BELUGA_FINISH_TOOL_CALLS);
    const beluga_tool_call *call = beluga_response_tool_call(response, 0);
    assert_city(call);
    beluga_messages_add(messages, beluga_response_message(response));
    beluga_messages_add(messages, beluga_tool_message(call->id, "21 degrees"));
    beluga_response_free(response);
    response = NULL;
    expect_ok(beluga_generate(model, NULL, messages, &response, &err,
                              beluga_with_tool_choice("none"),
                              beluga_with_max_tokens(NOISE_TOKENS)),
              &err);
    is_cut(*state, beluga_response_usage(response), beluga_response_finish_reason(response));
    beluga_response_free(response);
    beluga_messages_free(messages);
    beluga_chat_model_unref(model);
}

static void a_tool_call_comes_in_pieces(void **state)
{
    beluga_chat_model *model = with_weather(open_model(*state));
    beluga_stream *stream = NULL;
    beluga_error err;
    expect_ok(beluga_stream_input(model, NULL, beluga_input_text("How is the weather?"), &stream,
                                  &err, beluga_with_tool_choice("required"),
                                  beluga_with_max_tokens(MANY_TOKENS)),
              &err);
    struct heard heard = pull(stream);
    assert_int_equal(heard.begins, 1);
    assert_int_equal(heard.ends, 1);
    assert_int_equal(heard.finishes, 1);
    assert_int_equal(heard.reason, BELUGA_FINISH_TOOL_CALLS);
    assert_true(heard.pieces > 1);
    beluga_chat_model_unref(model);
}

/* ---- schemas --------------------------------------------------------------------------------- */

static void a_schema_makes_noise_into_fitting_json(void **state)
{
    static const char schema[] =
        "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"},"
        "\"ok\":{\"type\":\"boolean\"}},\"required\":[\"name\",\"ok\"],"
        "\"additionalProperties\":false}";
    const protocol *p = *state;
    beluga_chat_model *model = open_model(p);
    beluga_response *response = NULL;
    beluga_json_doc *doc = NULL;
    beluga_error err;
    size_t length = 0;
    if (p->no_schemas) {
        beluga_chat_model_unref(model);
        print_message("# llama.cpp looks for no schema where %s has it\n", p->provider);
        skip();
    }
    expect_ok(beluga_invoke(model, NULL, beluga_input_text("Describe it"), &response, &err,
                            beluga_with_response_schema(schema),
                            beluga_with_max_tokens(MANY_TOKENS)),
              &err);
    const char *text = beluga_response_text(response, &length);
    expect_ok(beluga_json_parse(text, length, &doc, &err), &err);
    assert_non_null(beluga_json_get_string(beluga_json_doc_root(doc), "name", NULL));
    const beluga_json *ok = beluga_json_get(beluga_json_doc_root(doc), "ok");
    assert_int_equal(beluga_json_bool(ok, true), beluga_json_bool(ok, false)); /* it is one */
    beluga_json_doc_free(doc);
    beluga_response_free(response);
    beluga_chat_model_unref(model);
}

/* ---- an end before the end ------------------------------------------------------------------- */

/* The likeliest noise never ends by itself. llama.cpp's own word for that, ignore_eos, is not
 * heeded where the protocol is Anthropic's. Returns whether it could be cancelled: the answer may
 * have come whole before. */
static bool cancel_at_the_first_text(beluga_chat_model *model)
{
    beluga_context *context = beluga_context_new_cancellable(NULL);
    beluga_stream *stream = NULL;
    const beluga_event *event = NULL;
    beluga_error err;
    int status;
    expect_ok(beluga_stream_input(model, context, beluga_input_text("Say hello"), &stream, &err,
                                  beluga_with_max_tokens(MANY_TOKENS), beluga_with_temperature(0)),
              &err);
    do {
        status = beluga_stream_next(stream, &event, &err);
        if (event && event->kind == BELUGA_EVENT_TEXT) beluga_context_cancel(context);
    } while (!status && event);
    beluga_stream_free(stream);
    beluga_context_unref(context);
    if (status) assert_int_equal(status, BELUGA_ERROR_CONTEXT_CANCELED);
    return status;
}

/* The server has two slots: those that were not let go would be missed at the end. */
static void cancelled_streams_leave_the_server_free(void **state)
{
    enum { WANTED = 3 }; /* one more than it has slots */
    beluga_chat_model *model = open_model(*state);
    beluga_response *response = NULL;
    beluga_error err;
    int cancelled = 0;
    for (int i = 0; i < TRIES && cancelled < WANTED; i++)
        cancelled += cancel_at_the_first_text(model);
    assert_int_equal(cancelled, WANTED);
    expect_ok(beluga_invoke(model, NULL, beluga_input_text("Say hello"), &response, &err,
                            beluga_with_max_tokens(NOISE_TOKENS)),
              &err);
    assert_int_equal(beluga_response_is_complete(response),
                     beluga_response_finish_reason(response) != BELUGA_FINISH_LENGTH);
    beluga_response_free(response);
    beluga_chat_model_unref(model);
}

/* ---- what goes wrong ------------------------------------------------------------------------- */

static void a_refused_key_is_an_authentication_error(void **state)
{
    beluga_chat_model *model = open_with(*state, "not-the-key");
    beluga_response *response = NULL;
    beluga_error err;
    assert_int_equal(beluga_invoke(model, NULL, beluga_input_text("Say hello"), &response, &err),
                     BELUGA_ERROR_AUTHENTICATION);
    assert_int_equal(err.http_status, 401);
    assert_string_equal(err.provider_code, "authentication_error");
    assert_null(response);
    beluga_chat_model_unref(model);
}

static void input_past_the_context_is_context_length(void **state)
{
    enum { LONG = 12000 };
    static char text[LONG + 1];
    beluga_chat_model *model = open_model(*state);
    beluga_response *response = NULL;
    beluga_error err;
    for (size_t i = 0; i < LONG; i++) text[i] = "word "[i % 5];
    assert_int_equal(beluga_invoke(model, NULL, beluga_input_text(text), &response, &err),
                     BELUGA_ERROR_CONTEXT_LENGTH);
    assert_int_equal(err.http_status, 400);
    beluga_chat_model_unref(model);
}

static void its_model_is_listed(void **state)
{
    beluga_chat_model *model = open_model(*state);
    beluga_error err;
    char **names = NULL;
    size_t n = 0;
    expect_ok(beluga_list_models(model, NULL, &names, &n, &err), &err);
    assert_int_equal(n, 1);
    assert_string_equal(names[0], "tiny");
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
        ADD(p, a_required_tool_is_called_and_its_result_goes_back);
        ADD(p, a_tool_call_comes_in_pieces);
        ADD(p, a_schema_makes_noise_into_fitting_json);
        ADD(p, cancelled_streams_leave_the_server_free);
        ADD(p, a_refused_key_is_an_authentication_error);
        ADD(p, input_past_the_context_is_context_length);
        ADD(p, its_model_is_listed);
    }
    return _cmocka_run_group_tests("llama.cpp", tests, n_tests, NULL, NULL);
}
