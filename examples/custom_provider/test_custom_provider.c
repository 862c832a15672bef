/* The tests of the custom provider, in the categories that every provider should have.
 *
 * Copy this file together with the provider: it checks what callers rely on. It needs only the
 * public headers and cmocka. To run only the tests whose names match a pattern:
 *
 *     test_custom_provider "*stream*"
 */
#include "custom_provider.h"

#include <beluga/beluga.h>

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FIRST_ANSWER "This is a response from the custom LLM provider."
#define N_THREADS    16

static beluga_chat_model *open_model(beluga_option option)
{
    beluga_chat_model *model = NULL;
    beluga_config *config = beluga_config_new(option);
    assert_non_null(config);
    assert_int_equal(
        beluga_registry_open(beluga_registry_default(), EXAMPLE_CUSTOM_NAME, config, &model, NULL),
        0);
    beluga_config_free(config);
    return model;
}

static int open_default(void **state)
{
    *state = open_model(beluga_with_model_name(EXAMPLE_CUSTOM_MODEL));
    return 0;
}

static int close_model(void **state)
{
    beluga_chat_model_unref(*state);
    return 0;
}

static void assert_answer(beluga_chat_model *model, beluga_input input, const char *expected)
{
    beluga_response *response = NULL;
    assert_int_equal(beluga_invoke(model, NULL, input, &response, NULL), 0);
    assert_string_equal(beluga_response_text(response, NULL), expected);
    beluga_response_free(response);
}

static beluga_tool *make_tool(const char *name)
{
    beluga_tool *tool = NULL;
    const beluga_tool_definition definition = {.size = sizeof definition, .name = name};
    assert_int_equal(beluga_tool_new(&definition, &tool, NULL), 0);
    return tool;
}

/* ---- interface ------------------------------------------------------------------------------- */

static void interface_the_model_tells_its_names(void **state)
{
    assert_string_equal(beluga_model_name(*state), EXAMPLE_CUSTOM_MODEL);
    assert_string_equal(beluga_provider_name(*state), EXAMPLE_CUSTOM_NAME);
}

static void interface_any_kind_of_input_is_answered(void **state)
{
    beluga_message *message = beluga_human_message("Hello");
    beluga_messages *messages = beluga_messages_new();
    beluga_messages_add(messages, beluga_human_message("Hello"));
    beluga_chat_model *model = open_model(example_custom_with_simulated_responses("same"));
    assert_answer(model, beluga_input_text("Hello"), "same");
    assert_answer(model, beluga_input_message(message), "same");
    assert_answer(model, beluga_input_messages(messages), "same");
    beluga_chat_model_unref(model);
    beluga_messages_free(messages);
    beluga_message_unref(message);
    (void)state;
}

/* ---- registration ---------------------------------------------------------------------------- */

static void registration_linking_it_is_enough(void **state)
{
    (void)state;
    assert_true(beluga_registry_contains(beluga_registry_default(), EXAMPLE_CUSTOM_NAME));
    assert_ptr_equal(beluga_registry_get(beluga_registry_default(), EXAMPLE_CUSTOM_NAME),
                     example_custom_provider());
}

static void registration_the_explicit_call_may_come_on_top(void **state)
{
    (void)state;
    assert_int_equal(
        beluga_registry_register(beluga_registry_default(), example_custom_provider(), NULL), 0);
}

static void registration_it_opens_without_a_configuration(void **state)
{
    (void)state;
    beluga_chat_model *model = NULL;
    assert_int_equal(
        beluga_registry_open(beluga_registry_default(), EXAMPLE_CUSTOM_NAME, NULL, &model, NULL),
        0);
    assert_string_equal(beluga_model_name(model), EXAMPLE_CUSTOM_MODEL);
    beluga_chat_model_unref(model);
}

/* ---- generate -------------------------------------------------------------------------------- */

static void generate_answers_a_conversation_of_every_role(void **state)
{
    beluga_messages *messages = beluga_messages_new();
    beluga_messages_add(messages, beluga_system_message("Be brief."));
    beluga_messages_add(messages, beluga_human_message("What time is it?"));
    beluga_messages_add(messages, beluga_ai_message("Noon."));
    beluga_messages_add(messages, beluga_human_message("Thank you."));
    assert_answer(*state, beluga_input_messages(messages), FIRST_ANSWER);
    beluga_messages_free(messages);
}

static void generate_tells_why_it_ended_and_what_it_cost(void **state)
{
    beluga_response *response = NULL;
    assert_int_equal(beluga_invoke(*state, NULL, beluga_input_text("Hello"), &response, NULL), 0);
    assert_true(beluga_response_is_complete(response));
    assert_int_equal(beluga_response_finish_reason(response), BELUGA_FINISH_STOP);
    assert_int_equal(beluga_response_usage(response)->input_total, 2);
    assert_int_equal(beluga_response_usage(response)->output_total,
                     (int64_t)(strlen(FIRST_ANSWER) + 3) / 4);
    assert_string_equal(beluga_response_model(response), EXAMPLE_CUSTOM_MODEL);
    beluga_response_free(response);
}

static void generate_gives_the_simulated_responses_in_turn(void **state)
{
    static const char *const expected[] = {"one", "", "three", "one"};
    beluga_chat_model *model =
        open_model(example_custom_with_simulated_responses("one\n\nthree\n"));
    for (size_t i = 0; i < 4; i++) assert_answer(model, beluga_input_text("Hi"), expected[i]);
    beluga_chat_model_unref(model);
    (void)state;
}

static void generate_warns_of_what_the_api_cannot_take(void **state)
{
    beluga_response *response = NULL;
    beluga_message *message = beluga_human_message("What is this?");
    beluga_message_add_url(message, BELUGA_PART_IMAGE, "https://example.com/a.png", NULL);
    assert_int_equal(beluga_invoke(*state, NULL, beluga_input_message(message), &response, NULL),
                     0);
    assert_non_null(beluga_response_warning(response, 0));
    beluga_response_free(response);
    beluga_message_unref(message);
}

static void generate_without_messages_is_refused(void **state)
{
    beluga_error err;
    beluga_response *response = NULL;
    beluga_messages *messages = beluga_messages_new();
    assert_int_equal(beluga_generate(*state, NULL, messages, &response, &err),
                     BELUGA_ERROR_INVALID_INPUT);
    assert_non_null(strstr(err.message, "no messages provided"));
    beluga_messages_free(messages);
}

/* ---- streaming ------------------------------------------------------------------------------- */

static size_t count_pieces(beluga_chat_model *model, beluga_option option, char *text, size_t size)
{
    beluga_stream *stream = NULL;
    const beluga_event *event = NULL;
    size_t pieces = 0;
    assert_int_equal(
        beluga_stream_input(model, NULL, beluga_input_text("Hello"), &stream, NULL, option), 0);
    while (beluga_stream_next(stream, &event, NULL) == 0 && event) {
        if (event->kind != BELUGA_EVENT_TEXT) continue;
        assert_true(strlen(text) + event->u.text.length < size);
        strncat(text, event->u.text.text, event->u.text.length);
        pieces++;
    }
    beluga_stream_free(stream);
    return pieces;
}

static void streaming_gives_word_after_word(void **state)
{
    char text[256] = "";
    assert_int_equal(count_pieces(*state, example_custom_with_word_delay_ms(0), text, sizeof text),
                     9);
    assert_string_equal(text, FIRST_ANSWER);
}

static void streaming_with_pauses_gives_the_same(void **state)
{
    char text[256] = "";
    assert_int_equal(count_pieces(*state, example_custom_with_word_delay_ms(1), text, sizeof text),
                     9);
    assert_string_equal(text, FIRST_ANSWER);
}

static void streaming_ends_when_it_is_cancelled(void **state)
{
    beluga_stream *stream = NULL;
    const beluga_event *event = NULL;
    beluga_context *context = beluga_context_new_cancellable(NULL);
    assert_int_equal(beluga_stream_input(*state, context, beluga_input_text("Hello"), &stream, NULL,
                                         example_custom_with_word_delay_ms(60000)),
                     0);
    beluga_context_cancel(context);
    int status;
    while ((status = beluga_stream_next(stream, &event, NULL)) == 0) assert_non_null(event);
    assert_int_equal(status, BELUGA_ERROR_CONTEXT_CANCELED);
    beluga_stream_free(stream);
    beluga_context_unref(context);
}

static void streaming_may_be_left_in_the_middle(void **state)
{
    beluga_stream *stream = NULL;
    const beluga_event *event = NULL;
    assert_int_equal(beluga_stream_input(*state, NULL, beluga_input_text("Hello"), &stream, NULL,
                                         example_custom_with_word_delay_ms(1)),
                     0);
    assert_int_equal(beluga_stream_next(stream, &event, NULL), 0);
    assert_non_null(event);
    beluga_stream_free(stream);
}

/* ---- tools ----------------------------------------------------------------------------------- */

static void tools_are_called_when_they_are_bound(void **state)
{
    beluga_tool *tool = make_tool("calculator");
    beluga_chat_model *bound = NULL;
    beluga_response *response = NULL;
    assert_int_equal(beluga_bind_tools(*state, &tool, 1, &bound, NULL), 0);
    assert_int_equal(beluga_invoke(bound, NULL, beluga_input_text("2 + 2?"), &response, NULL), 0);
    assert_int_equal(beluga_response_finish_reason(response), BELUGA_FINISH_TOOL_CALLS);
    assert_int_equal(beluga_response_tool_call_count(response), 1);
    const beluga_tool_call *call = beluga_response_tool_call(response, 0);
    assert_string_equal(call->id, "call_example_123");
    assert_string_equal(call->name, "calculator");
    assert_string_equal(call->arguments, "{\"example\": \"value\"}");
    beluga_response_free(response);
    beluga_chat_model_unref(bound);
    beluga_tool_unref(tool);
}

static void tools_are_bound_to_a_new_model_only(void **state)
{
    beluga_tool *tool = make_tool("calculator");
    beluga_chat_model *bound = NULL;
    assert_int_equal(beluga_bind_tools(*state, &tool, 1, &bound, NULL), 0);
    assert_ptr_not_equal(bound, *state);
    assert_int_equal(beluga_chat_model_tool_count(bound), 1);
    assert_int_equal(beluga_chat_model_tool_count(*state), 0);
    assert_answer(*state, beluga_input_text("2 + 2?"), FIRST_ANSWER);
    beluga_chat_model_unref(bound);
    beluga_tool_unref(tool);
}

/* ---- batch ----------------------------------------------------------------------------------- */

static void batch_answers_every_input_in_its_place(void **state)
{
    enum { N = 12 };
    beluga_input inputs[N];
    beluga_batch_result results[N];
    beluga_chat_model *model = open_model(example_custom_with_simulated_responses("same"));
    for (size_t i = 0; i < N; i++) inputs[i] = beluga_input_text(i % 3 == 1 ? "" : "Hello");
    inputs[7] = beluga_input_text("\xff");
    assert_int_equal(
        beluga_batch(model, NULL, inputs, N, results, NULL, beluga_with_max_concurrent_batches(3)),
        BELUGA_ERROR_INVALID_INPUT);
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(results[i].error.code, i == 7 ? BELUGA_ERROR_INVALID_INPUT : 0);
        if (i != 7) assert_string_equal(beluga_response_text(results[i].response, NULL), "same");
    }
    beluga_batch_results_clear(results, N);
    beluga_chat_model_unref(model);
    (void)state;
}

/* ---- health ---------------------------------------------------------------------------------- */

static void health_is_told_with_and_without_a_probe(void **state)
{
    for (int probe = 0; probe < 2; probe++) {
        beluga_health health;
        assert_int_equal(beluga_check_health(*state, NULL, probe, &health, NULL), 0);
        assert_string_equal(health.state, "healthy");
        assert_string_equal(health.provider, EXAMPLE_CUSTOM_NAME);
        assert_string_equal(health.model, EXAMPLE_CUSTOM_MODEL);
        assert_int_equal(health.probed, probe);
        assert_false(health.api_key_set);
    }
}

/* ---- concurrency ----------------------------------------------------------------------------- */

static void *use_everything(void *model)
{
    for (int i = 0; i < 20; i++) {
        beluga_response *response = NULL;
        beluga_stream *stream = NULL;
        const beluga_event *event = NULL;
        beluga_health health;
        if (beluga_invoke(model, NULL, beluga_input_text("Hi"), &response, NULL)) return model;
        beluga_response_free(response);
        if (beluga_stream_input(model, NULL, beluga_input_text("Hi"), &stream, NULL)) return model;
        while (beluga_stream_next(stream, &event, NULL) == 0 && event) continue;
        beluga_stream_free(stream);
        if (event) return model; /* the stream ended in an error */
        if (beluga_check_health(model, NULL, false, &health, NULL)) return model;
    }
    return NULL;
}

static void concurrency_many_threads_share_one_model(void **state)
{
    pthread_t threads[N_THREADS];
    for (size_t i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use_everything, *state), 0);
    for (size_t i = 0; i < N_THREADS; i++) {
        void *failure = *state;
        pthread_join(threads[i], &failure);
        assert_null(failure);
    }
}

/* ---- errors ---------------------------------------------------------------------------------- */

static void errors_have_a_general_code_and_one_of_the_provider(void **state)
{
    static const struct {
        const char *kind, *own;
        int code;
    } cases[] = {
        {"rate_limit", EXAMPLE_ERROR_RATE_LIMIT, BELUGA_ERROR_RATE_LIMIT},
        {"authentication", EXAMPLE_ERROR_AUTHENTICATION, BELUGA_ERROR_AUTHENTICATION},
        {"network", EXAMPLE_ERROR_NETWORK, BELUGA_ERROR_NETWORK},
        {"invalid_request", EXAMPLE_ERROR_INVALID_REQUEST, BELUGA_ERROR_INVALID_REQUEST},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        beluga_error err;
        beluga_response *response = NULL;
        assert_int_equal(beluga_invoke(*state, NULL, beluga_input_text("Hi"), &response, &err,
                                       example_custom_with_simulated_failure(cases[i].kind),
                                       beluga_with_max_retries(0)),
                         cases[i].code);
        assert_string_equal(err.provider_code, cases[i].own);
        assert_string_equal(err.provider, EXAMPLE_CUSTOM_NAME);
        assert_string_equal(err.model, EXAMPLE_CUSTOM_MODEL);
    }
}

static void errors_in_the_configuration_are_found_when_the_model_is_opened(void **state)
{
    beluga_error err;
    beluga_chat_model *model = NULL;
    beluga_config *config = beluga_config_new(example_custom_with_simulated_failure("boredom"));
    assert_int_equal(
        beluga_registry_open(beluga_registry_default(), EXAMPLE_CUSTOM_NAME, config, &model, &err),
        BELUGA_ERROR_INVALID_CONFIG);
    assert_non_null(strstr(err.message, "boredom"));
    beluga_config_free(config);
    (void)state;
}

static void errors_of_the_context_end_a_call(void **state)
{
    beluga_response *response = NULL;
    beluga_context *cancelled = beluga_context_new_cancellable(NULL);
    beluga_context *late = beluga_context_new_timeout(NULL, 0);
    beluga_context_cancel(cancelled);
    assert_int_equal(beluga_invoke(*state, cancelled, beluga_input_text("Hi"), &response, NULL),
                     BELUGA_ERROR_CONTEXT_CANCELED);
    assert_int_equal(beluga_invoke(*state, late, beluga_input_text("Hi"), &response, NULL),
                     BELUGA_ERROR_CONTEXT_TIMEOUT);
    beluga_context_unref(cancelled);
    beluga_context_unref(late);
}

static void errors_a_stream_that_stays_silent_times_out(void **state)
{
    beluga_stream *stream = NULL;
    const beluga_event *event = NULL;
    assert_int_equal(beluga_stream_input(*state, NULL, beluga_input_text("Hi"), &stream, NULL,
                                         example_custom_with_word_delay_ms(60000),
                                         beluga_with_timeout_ms(20), beluga_with_max_retries(0)),
                     0);
    int status;
    while ((status = beluga_stream_next(stream, &event, NULL)) == 0) assert_non_null(event);
    assert_true(status == BELUGA_ERROR_TIMEOUT || status == BELUGA_ERROR_STREAM_TIMEOUT);
    beluga_stream_free(stream);
}

#define WITH_MODEL(test) cmocka_unit_test_setup_teardown(test, open_default, close_model)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_MODEL(interface_the_model_tells_its_names),
        WITH_MODEL(interface_any_kind_of_input_is_answered),
        WITH_MODEL(registration_linking_it_is_enough),
        WITH_MODEL(registration_the_explicit_call_may_come_on_top),
        WITH_MODEL(registration_it_opens_without_a_configuration),
        WITH_MODEL(generate_answers_a_conversation_of_every_role),
        WITH_MODEL(generate_tells_why_it_ended_and_what_it_cost),
        WITH_MODEL(generate_gives_the_simulated_responses_in_turn),
        WITH_MODEL(generate_warns_of_what_the_api_cannot_take),
        WITH_MODEL(generate_without_messages_is_refused),
        WITH_MODEL(streaming_gives_word_after_word),
        WITH_MODEL(streaming_with_pauses_gives_the_same),
        WITH_MODEL(streaming_ends_when_it_is_cancelled),
        WITH_MODEL(streaming_may_be_left_in_the_middle),
        WITH_MODEL(tools_are_called_when_they_are_bound),
        WITH_MODEL(tools_are_bound_to_a_new_model_only),
        WITH_MODEL(batch_answers_every_input_in_its_place),
        WITH_MODEL(health_is_told_with_and_without_a_probe),
        WITH_MODEL(concurrency_many_threads_share_one_model),
        WITH_MODEL(errors_have_a_general_code_and_one_of_the_provider),
        WITH_MODEL(errors_in_the_configuration_are_found_when_the_model_is_opened),
        WITH_MODEL(errors_of_the_context_end_a_call),
        WITH_MODEL(errors_a_stream_that_stays_silent_times_out),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
