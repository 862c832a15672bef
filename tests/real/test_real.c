/*
 * The library against servers that others wrote: llama.cpp's, with a model that talks noise, and
 * aimock, which says what its fixtures say. Run by with_servers.py, which starts them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <yyjson.h>

#include <beluga/beluga.h>
#include <beluga/providers/openai.h>

#define TEXT_MAX     8192
#define STEP_TIMEOUT 20000
#define NOISE_TOKENS 24
#define BATCH_INPUTS 6
#define WEATHER_SCHEMA                                                      \
    "{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}}," \
    "\"required\":[\"city\"],\"additionalProperties\":false}"

/* Without an end token the noise goes on until the limit, so that its length is known. */
static beluga_option endless(void)
{
    return beluga_with_extra_body("{\"ignore_eos\": true}");
}

static const char *address(const char *url_name, const char *missing_name)
{
    const char *url = getenv(url_name);
    const char *missing = getenv(missing_name);
    if (!url) {
        print_message("# %s\n", missing ? missing : "run it with tests/real/with_servers.py");
        skip();
    }
    return url;
}

static beluga_chat_model *open_at(const char *url, const char *key)
{
    beluga_error err;
    beluga_chat_model *model = NULL;
    beluga_config *config = beluga_config_new(
        beluga_with_base_url(url), beluga_with_api_key(key), beluga_with_model_name("tiny"),
        beluga_with_retry_delay_ms(100), beluga_with_timeout_ms(20000));
    int status = beluga_registry_open(beluga_registry_default(), "openai", config, &model, &err);
    beluga_config_free(config);
    if (status) fail_msg("cannot open the model: %s", err.message);
    return model;
}

static beluga_chat_model *open_llama(void)
{
    return open_at(address("BELUGA_LLAMA_URL", "BELUGA_LLAMA_MISSING"), getenv("BELUGA_LLAMA_KEY"));
}

static beluga_chat_model *open_aimock(void)
{
    return open_at(address("BELUGA_AIMOCK_URL", "BELUGA_AIMOCK_MISSING"), "any-key");
}

static void expect_ok(int status, const beluga_error *err)
{
    char line[1024];
    if (!status) return;
    beluga_error_format(err, line, sizeof(line));
    fail_msg("%s", line);
}

static beluga_tool *weather_tool(void)
{
    beluga_error err;
    beluga_tool *tool = NULL;
    beluga_tool_definition definition = {.size = sizeof(definition),
                                         .name = "get_weather",
                                         .description = "Tell the weather of a city",
                                         .parameters = WEATHER_SCHEMA};
    expect_ok(beluga_tool_new(&definition, &tool, &err), &err);
    return tool;
}

/* The model with the weather tool; gives the other reference back. */
static beluga_chat_model *with_weather(beluga_chat_model *model)
{
    beluga_error err;
    beluga_chat_model *bound = NULL;
    beluga_tool *tool = weather_tool();
    expect_ok(beluga_bind_tools(model, &tool, 1, &bound, &err), &err);
    beluga_tool_unref(tool);
    beluga_chat_model_unref(model);
    return bound;
}

static void expect_city(const char *arguments, size_t length)
{
    yyjson_doc *doc = yyjson_read(arguments, length, 0);
    assert_non_null(doc);
    assert_true(yyjson_is_str(yyjson_obj_get(yyjson_doc_get_root(doc), "city")));
    yyjson_doc_free(doc);
}

/* What a stream gave, folded by hand so that the library's own folding has something to agree with.
 */
struct heard {
    char text[TEXT_MAX];
    char arguments[TEXT_MAX];
    size_t length;
    size_t arguments_length;
    size_t texts, begins, ends, finishes, errors;
    beluga_usage usage;
    uint32_t reason;
    int code;
};

static void append(char *to, size_t *length, const char *piece, size_t n)
{
    assert_true(*length + n < TEXT_MAX);
    memcpy(to + *length, piece, n);
    *length += n;
}

static void hear(void *payload, const beluga_event *event)
{
    struct heard *heard = payload;
    assert_int_equal(0, heard->finishes + heard->errors);
    switch (event->kind) {
    case BELUGA_EVENT_TEXT:
        heard->texts++;
        append(heard->text, &heard->length, event->u.text.text, event->u.text.length);
        break;
    case BELUGA_EVENT_TOOL_CALL_BEGIN:
        heard->begins++;
        assert_string_equal("get_weather", event->u.tool_call.name);
        break;
    case BELUGA_EVENT_TOOL_CALL_DELTA:
        append(heard->arguments, &heard->arguments_length, event->u.tool_call.arguments,
               event->u.tool_call.length);
        break;
    case BELUGA_EVENT_TOOL_CALL_END:
        heard->ends++;
        assert_int_equal(heard->arguments_length, event->u.tool_call.length);
        assert_memory_equal(heard->arguments, event->u.tool_call.arguments,
                            event->u.tool_call.length);
        break;
    case BELUGA_EVENT_USAGE: heard->usage = event->u.usage; break;
    case BELUGA_EVENT_FINISH:
        heard->finishes++;
        heard->reason = event->u.finish.reason;
        break;
    case BELUGA_EVENT_ERROR:
        heard->errors++;
        heard->code = event->u.error->code;
        break;
    default: break;
    }
}

static void pull(beluga_stream *stream, struct heard *heard)
{
    const beluga_event *event = NULL;
    beluga_error err;
    do {
        expect_ok(beluga_stream_next(stream, &event, &err), &err);
        if (event) hear(heard, event);
    } while (event);
}

static beluga_messages *asking(const char *text)
{
    beluga_messages *messages = beluga_messages_new();
    beluga_messages_add(messages, beluga_human_message(text));
    return messages;
}

/* ---- llama.cpp */

static void a_real_server_answers_a_generate(void **state)
{
    beluga_chat_model *model = open_llama();
    beluga_messages *messages = asking("Say hello");
    beluga_response *response = NULL;
    beluga_error err;
    size_t length = 0;
    (void)state;

    expect_ok(beluga_generate(model, NULL, messages, &response, &err, endless(),
                              beluga_with_max_tokens(NOISE_TOKENS)),
              &err);
    assert_false(beluga_response_is_complete(response)); /* its token limit cut it */
    assert_int_equal(BELUGA_FINISH_LENGTH, beluga_response_finish_reason(response));
    assert_int_equal(NOISE_TOKENS, beluga_response_usage(response)->output_total);
    assert_true(beluga_response_usage(response)->input_total > 0);
    beluga_response_text(response, &length);
    assert_true(length > 0);

    beluga_response_free(response);
    beluga_messages_free(messages);
    beluga_chat_model_unref(model);
}

static void an_answer_that_ends_by_itself_is_a_stop(void **state)
{
    beluga_chat_model *model = open_llama();
    beluga_response *response = NULL;
    beluga_error err;
    (void)state;

    expect_ok(beluga_invoke(model, NULL, beluga_input_text("Say hello"), &response, &err,
                            beluga_with_max_tokens(1500)),
              &err);
    assert_int_equal(BELUGA_FINISH_STOP, beluga_response_finish_reason(response));

    beluga_response_free(response);
    beluga_chat_model_unref(model);
}

static void a_real_stream_is_pulled_to_its_finish(void **state)
{
    beluga_chat_model *model = open_llama();
    beluga_messages *messages = asking("Say hello");
    beluga_stream *stream = NULL;
    struct heard heard = {0};
    beluga_error err;
    (void)state;

    expect_ok(beluga_stream_chat(model, NULL, messages, &stream, &err, endless(),
                                 beluga_with_max_tokens(NOISE_TOKENS)),
              &err);
    pull(stream, &heard);
    assert_true(heard.texts > 1);
    assert_int_equal(1, heard.finishes);
    assert_int_equal(BELUGA_FINISH_LENGTH, heard.reason);
    assert_int_equal(NOISE_TOKENS, heard.usage.output_total);

    beluga_stream_free(stream);
    beluga_messages_free(messages);
    beluga_chat_model_unref(model);
}

static void real_streams_are_pushed_side_by_side_on_one_loop(void **state)
{
    enum { STREAMS = 4 };
    static struct heard heard[STREAMS];
    beluga_chat_model *model = open_llama();
    beluga_messages *messages = asking("Say hello");
    beluga_loop *loop = NULL;
    beluga_error err;
    (void)state;

    memset(heard, 0, sizeof(heard));
    assert_int_equal(0, beluga_loop_new(NULL, &loop));
    for (int i = 0; i < STREAMS; i++)
        expect_ok(beluga_stream_start(model, loop, NULL, messages, hear, &heard[i], NULL, &err,
                                      endless(), beluga_with_max_tokens(NOISE_TOKENS)),
                  &err);
    while (beluga_loop_active(loop) > 0) assert_int_equal(0, beluga_loop_wait(loop, STEP_TIMEOUT));
    for (int i = 0; i < STREAMS; i++) {
        assert_int_equal(1, heard[i].finishes);
        assert_int_equal(NOISE_TOKENS, heard[i].usage.output_total);
        assert_true(heard[i].length > 0);
    }

    beluga_loop_free(loop);
    beluga_messages_free(messages);
    beluga_chat_model_unref(model);
}

static void a_required_tool_is_called_and_its_result_goes_back(void **state)
{
    beluga_chat_model *model = with_weather(open_llama());
    beluga_messages *messages = asking("How is the weather?");
    beluga_response *response = NULL;
    beluga_error err;
    (void)state;

    expect_ok(beluga_generate(model, NULL, messages, &response, &err,
                              beluga_with_tool_choice("required"), beluga_with_max_tokens(1500)),
              &err);
    assert_int_equal(BELUGA_FINISH_TOOL_CALLS, beluga_response_finish_reason(response));
    const beluga_tool_call *call = beluga_response_tool_call(response, 0);
    assert_non_null(call);
    assert_string_equal("get_weather", call->name);
    expect_city(call->arguments, call->length);

    beluga_messages_add(messages, beluga_response_message(response));
    beluga_messages_add(messages, beluga_tool_message(call->id, "21 degrees"));
    beluga_response_free(response);
    response = NULL;
    expect_ok(beluga_generate(model, NULL, messages, &response, &err,
                              beluga_with_tool_choice("none"), endless(),
                              beluga_with_max_tokens(NOISE_TOKENS)),
              &err);
    assert_int_equal(BELUGA_FINISH_LENGTH, beluga_response_finish_reason(response));

    beluga_response_free(response);
    beluga_messages_free(messages);
    beluga_chat_model_unref(model);
}

static void a_tool_call_arrives_in_deltas(void **state)
{
    beluga_chat_model *model = with_weather(open_llama());
    beluga_messages *messages = asking("How is the weather?");
    beluga_stream *stream = NULL;
    struct heard heard = {0};
    beluga_error err;
    (void)state;

    expect_ok(beluga_stream_chat(model, NULL, messages, &stream, &err,
                                 beluga_with_tool_choice("required"), beluga_with_max_tokens(1500)),
              &err);
    pull(stream, &heard);
    assert_int_equal(1, heard.begins);
    assert_int_equal(1, heard.ends);
    assert_int_equal(BELUGA_FINISH_TOOL_CALLS, heard.reason);
    expect_city(heard.arguments, heard.arguments_length);

    beluga_stream_free(stream);
    beluga_messages_free(messages);
    beluga_chat_model_unref(model);
}

static void a_batch_over_two_slots_answers_every_input(void **state)
{
    beluga_chat_model *model = open_llama();
    beluga_input inputs[BATCH_INPUTS];
    beluga_batch_result results[BATCH_INPUTS];
    beluga_error err;
    (void)state;

    for (int i = 0; i < BATCH_INPUTS; i++) inputs[i] = beluga_input_text("Say hello");
    expect_ok(beluga_batch(model, NULL, inputs, BATCH_INPUTS, results, &err, endless(),
                           beluga_with_max_tokens(NOISE_TOKENS)),
              &err);
    for (int i = 0; i < BATCH_INPUTS; i++) {
        assert_int_equal(0, results[i].error.code);
        assert_int_equal(NOISE_TOKENS, beluga_response_usage(results[i].response)->output_total);
    }

    beluga_batch_results_clear(results, BATCH_INPUTS);
    beluga_chat_model_unref(model);
}

static void cancelling_ends_a_real_stream(void **state)
{
    beluga_chat_model *model = open_llama();
    beluga_context *context = beluga_context_new_cancellable(NULL);
    beluga_messages *messages = asking("Say hello");
    const beluga_event *event = NULL;
    beluga_stream *stream = NULL;
    beluga_error err;
    int status;
    (void)state;

    expect_ok(beluga_stream_chat(model, context, messages, &stream, &err, endless(),
                                 beluga_with_max_tokens(1500)),
              &err);
    expect_ok(beluga_stream_next(stream, &event, &err), &err);
    beluga_context_cancel(context);
    do {
        status = beluga_stream_next(stream, &event, &err);
    } while (!status && event && event->kind != BELUGA_EVENT_FINISH);
    assert_int_equal(BELUGA_ERROR_CONTEXT_CANCELED, status);

    beluga_stream_free(stream);
    beluga_messages_free(messages);
    beluga_context_unref(context);
    beluga_chat_model_unref(model);
}

static void a_refused_key_is_an_authentication_error(void **state)
{
    beluga_chat_model *model =
        open_at(address("BELUGA_LLAMA_URL", "BELUGA_LLAMA_MISSING"), "not-the-key");
    beluga_response *response = NULL;
    beluga_error err;
    (void)state;

    int status = beluga_invoke(model, NULL, beluga_input_text("Say hello"), &response, &err);
    assert_int_equal(BELUGA_ERROR_AUTHENTICATION, status);
    assert_int_equal(401, err.http_status);
    assert_null(response);
    assert_null(strstr(err.message, "not-the-key"));

    beluga_chat_model_unref(model);
}

static void input_past_the_context_is_context_length(void **state)
{
    enum { LONG = 12000 };
    static char text[LONG + 1];
    beluga_chat_model *model = open_llama();
    beluga_response *response = NULL;
    beluga_error err;
    (void)state;

    for (size_t i = 0; i < LONG; i++) text[i] = "word "[i % 5];
    int status = beluga_invoke(model, NULL, beluga_input_text(text), &response, &err);
    assert_int_equal(BELUGA_ERROR_CONTEXT_LENGTH, status);
    assert_int_equal(400, err.http_status);

    beluga_chat_model_unref(model);
}

static void a_probe_finds_the_server_healthy_and_its_model(void **state)
{
    beluga_chat_model *model = open_llama();
    beluga_health health;
    char **names = NULL;
    size_t n = 0;
    beluga_error err;
    (void)state;

    expect_ok(beluga_check_health(model, NULL, true, &health, &err), &err);
    assert_string_equal("healthy", health.state);
    assert_true(health.probed);
    expect_ok(beluga_list_models(model, NULL, &names, &n, &err), &err);
    assert_int_equal(1, n);
    assert_string_equal("tiny", names[0]);

    beluga_free(names);
    beluga_chat_model_unref(model);
}

/* ---- aimock */

static void text_cut_anywhere_comes_out_whole(void **state)
{
    beluga_chat_model *model = open_aimock();
    beluga_messages *messages = asking("say hello");
    beluga_response *response = NULL;
    beluga_stream *stream = NULL;
    struct heard heard = {0};
    beluga_error err;
    (void)state;

    expect_ok(beluga_stream_chat(model, NULL, messages, &stream, &err), &err);
    pull(stream, &heard);
    assert_string_equal("Hello there, café ☃ 🚀!", heard.text);
    expect_ok(beluga_generate(model, NULL, messages, &response, &err), &err);
    assert_string_equal(heard.text, beluga_response_text(response, NULL));
    assert_int_equal(10, beluga_response_usage(response)->input_total);
    assert_int_equal(5, beluga_response_usage(response)->output_total);

    beluga_response_free(response);
    beluga_stream_free(stream);
    beluga_messages_free(messages);
    beluga_chat_model_unref(model);
}

static void a_scripted_tool_call_keeps_its_id_and_arguments(void **state)
{
    beluga_chat_model *model = with_weather(open_aimock());
    beluga_messages *messages = asking("weather");
    beluga_response *response = NULL;
    beluga_error err;
    (void)state;

    expect_ok(
        beluga_generate(model, NULL, messages, &response, &err, beluga_with_wire_streaming(true)),
        &err);
    assert_int_equal(1, beluga_response_tool_call_count(response));
    const beluga_tool_call *call = beluga_response_tool_call(response, 0);
    assert_string_equal("call_weather_1", call->id);
    assert_string_equal("{\"city\":\"Oslo\",\"unit\":\"celsius\"}", call->arguments);

    beluga_messages_add(messages, beluga_response_message(response));
    beluga_messages_add(messages, beluga_tool_message(call->id, "21 degrees"));
    beluga_response_free(response);
    response = NULL;
    expect_ok(beluga_generate(model, NULL, messages, &response, &err), &err);
    assert_string_equal("It is 21 degrees in Oslo.", beluga_response_text(response, NULL));

    beluga_response_free(response);
    beluga_messages_free(messages);
    beluga_chat_model_unref(model);
}

static void a_limited_call_is_tried_again(void **state)
{
    beluga_chat_model *model = open_aimock();
    beluga_response *response = NULL;
    beluga_error err;
    (void)state;

    expect_ok(beluga_invoke(model, NULL, beluga_input_text("try again"), &response, &err,
                            beluga_with_max_retries(2)),
              &err);
    assert_string_equal("The second attempt is answered.", beluga_response_text(response, NULL));

    beluga_response_free(response);
    beluga_chat_model_unref(model);
}

static void a_limit_without_retries_says_when_to_come_back(void **state)
{
    beluga_chat_model *model = open_aimock();
    beluga_response *response = NULL;
    beluga_error err;
    (void)state;

    int status = beluga_invoke(model, NULL, beluga_input_text("always limited"), &response, &err,
                               beluga_with_max_retries(0));
    assert_int_equal(BELUGA_ERROR_RATE_LIMIT, status);
    assert_int_equal(429, err.http_status);
    assert_int_equal(1000, err.retry_after_ms);
    assert_int_equal(1, err.retryable);
    assert_true(strlen(err.request_id) > 0);
    assert_non_null(strstr(err.cause, "Rate limited"));

    beluga_chat_model_unref(model);
}

static void a_stream_broken_off_is_stream_closed_and_keeps_what_came(void **state)
{
    beluga_chat_model *model = open_aimock();
    beluga_response *response = NULL, *partial = NULL;
    beluga_error err;
    (void)state;

    int status = beluga_invoke(model, NULL, beluga_input_text("break off"), &response, &err,
                               beluga_with_max_retries(0), beluga_with_wire_streaming(true),
                               beluga_with_partial(&partial));
    assert_int_equal(BELUGA_ERROR_STREAM_CLOSED, status);
    assert_null(response);
    assert_non_null(partial);
    assert_false(beluga_response_is_complete(partial));
    assert_int_equal(0, strncmp(beluga_response_text(partial, NULL), "This ans", 8));

    beluga_response_free(partial);
    beluga_chat_model_unref(model);
}

static void reasoning_is_kept_apart_from_the_answer(void **state)
{
    beluga_chat_model *model = open_aimock();
    beluga_response *response = NULL;
    beluga_error err;
    (void)state;

    expect_ok(beluga_invoke(model, NULL, beluga_input_text("think first"), &response, &err,
                            beluga_with_wire_streaming(true)),
              &err);
    assert_string_equal("Two and two.", beluga_response_reasoning(response, NULL));
    assert_string_equal("Four.", beluga_response_text(response, NULL));

    beluga_response_free(response);
    beluga_chat_model_unref(model);
}

static void an_unknown_model_keeps_the_providers_own_code(void **state)
{
    beluga_chat_model *model = open_aimock();
    beluga_response *response = NULL;
    beluga_error err;
    (void)state;

    int status = beluga_invoke(model, NULL, beluga_input_text("no such model"), &response, &err);
    assert_true(status < 0);
    assert_int_equal(404, err.http_status);
    assert_int_equal(0, err.retryable);
    assert_string_equal("model_not_found", err.provider_code);

    beluga_chat_model_unref(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_real_server_answers_a_generate),
        cmocka_unit_test(an_answer_that_ends_by_itself_is_a_stop),
        cmocka_unit_test(a_real_stream_is_pulled_to_its_finish),
        cmocka_unit_test(real_streams_are_pushed_side_by_side_on_one_loop),
        cmocka_unit_test(a_required_tool_is_called_and_its_result_goes_back),
        cmocka_unit_test(a_tool_call_arrives_in_deltas),
        cmocka_unit_test(a_batch_over_two_slots_answers_every_input),
        cmocka_unit_test(cancelling_ends_a_real_stream),
        cmocka_unit_test(a_refused_key_is_an_authentication_error),
        cmocka_unit_test(input_past_the_context_is_context_length),
        cmocka_unit_test(a_probe_finds_the_server_healthy_and_its_model),
        cmocka_unit_test(text_cut_anywhere_comes_out_whole),
        cmocka_unit_test(a_scripted_tool_call_keeps_its_id_and_arguments),
        cmocka_unit_test(a_limited_call_is_tried_again),
        cmocka_unit_test(a_limit_without_retries_says_when_to_come_back),
        cmocka_unit_test(a_stream_broken_off_is_stream_closed_and_keeps_what_came),
        cmocka_unit_test(reasoning_is_kept_apart_from_the_answer),
        cmocka_unit_test(an_unknown_model_keeps_the_providers_own_code),
    };
    return cmocka_run_group_tests_name("real servers", tests, NULL, NULL);
}
