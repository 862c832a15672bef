/* beluga_generate: kinds of messages, conversations, options of one call, and input that is
 * refused. */
#include "../models.h"

#include <stdio.h>

/* ---- messages -------------------------------------------------------------------------------- */

static void every_kind_of_message_is_taken(void **state)
{
    const subject *s = *state;
    beluga_response *response = NULL;
    beluga_messages *messages = beluga_messages_new();
    beluga_message *ai = beluga_message_new(BELUGA_ROLE_AI);
    beluga_message_add_text(ai, "Let me look.", 12);
    beluga_message_add_tool_call(ai, "c1", "clock", "{}", 2);
    beluga_messages_add(messages, beluga_system_message("Be brief."));
    beluga_messages_add(messages, beluga_human_message("What time is it?"));
    beluga_messages_add(messages, ai);
    beluga_messages_add(messages, beluga_tool_message("c1", "12:00"));
    beluga_messages_add(messages, beluga_ai_message("It is noon."));
    beluga_messages_add(messages, beluga_human_message("Thank you."));
    assert_int_equal(beluga_messages_status(messages), 0);
    assert_int_equal(beluga_generate(s->model, NULL, messages, &response, NULL), 0);
    assert_string_equal(beluga_response_text(response, NULL), s->answer);
    beluga_response_free(response);
    beluga_messages_free(messages);
}

static void a_conversation_goes_on_with_the_models_own_message(void **state)
{
    const subject *s = *state;
    const beluga_option lines = answers(s, "first\nsecond\nthird");
    static const char *const expected[] = {"first", "second", "third", "first"};
    beluga_chat_model *model = open_with(s, &lines, 1);
    beluga_messages *messages = one_question("Begin.");
    int64_t tokens = 0;
    for (size_t i = 0; i < 4; i++) {
        beluga_response *response = NULL;
        assert_int_equal(beluga_generate(model, NULL, messages, &response, NULL), 0);
        assert_string_equal(beluga_response_text(response, NULL), expected[i]);
        assert_true(beluga_response_usage(response)->input_total > tokens);
        tokens = beluga_response_usage(response)->input_total;
        beluga_messages_add(messages, beluga_response_message(response));
        beluga_messages_add(messages, beluga_human_message("Go on."));
        beluga_response_free(response);
    }
    assert_int_equal(beluga_messages_count(messages), 9);
    assert_int_equal(beluga_message_role(beluga_messages_get(messages, 1)), BELUGA_ROLE_AI);
    beluga_messages_free(messages);
    beluga_chat_model_unref(model);
}

static void a_list_may_be_used_again_and_changed_between_calls(void **state)
{
    const subject *s = *state;
    const beluga_option same = answers(s, "same");
    beluga_messages *messages = one_question("One");
    for (size_t i = 0; i < 3; i++) {
        beluga_response *response = NULL;
        assert_int_equal(beluga_generate(s->model, NULL, messages, &response, NULL, same), 0);
        assert_string_equal(beluga_response_text(response, NULL), "same");
        beluga_response_free(response);
        beluga_messages_add(messages, beluga_human_message("and one more"));
    }
    beluga_messages_free(messages);
}

static void an_empty_list_is_refused_in_plain_words(void **state)
{
    const subject *s = *state;
    beluga_error err = {0};
    beluga_response *response = (beluga_response *)&err;
    beluga_messages *messages = beluga_messages_new();
    assert_int_equal(beluga_generate(s->model, NULL, messages, &response, &err),
                     BELUGA_ERROR_INVALID_INPUT);
    assert_null(response);
    assert_non_null(strstr(err.message, "no messages provided"));
    assert_int_equal(err.attempts, 0);
    beluga_messages_free(messages);
}

static void a_missing_list_is_refused_like_an_empty_one(void **state)
{
    const subject *s = *state;
    beluga_error err = {0};
    beluga_response *response = NULL;
    assert_int_equal(beluga_generate(s->model, NULL, NULL, &response, &err),
                     BELUGA_ERROR_INVALID_INPUT);
    assert_true(*err.message);
}

static void bytes_that_are_not_utf8_are_refused_with_their_position(void **state)
{
    const subject *s = *state;
    static const char *const wrong[] = {"ab\xff", "ab\xc3", "ab\xed\xa0\x80", "ab\xc0\xaf",
                                        "ab\xf4\x90\x80\x80"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        beluga_error err = {0};
        beluga_response *response = NULL;
        assert_int_equal(
            beluga_invoke(s->model, NULL, beluga_input_text(wrong[i]), &response, &err),
            BELUGA_ERROR_INVALID_INPUT);
        assert_non_null(strstr(err.message, "UTF-8"));
        assert_non_null(strstr(err.message, "2")); /* the position of the invalid byte */
    }
}

static void any_text_that_is_utf8_is_echoed_byte_by_byte(void **state)
{
    const subject *s = *state;
    static const char text[] = "caf\xc3\xa9 \xf0\x9f\x90\x8b \"quoted\" \\ \t tab\nline \x01 end";
    const beluga_option echo = beluga_with_model_name("echo");
    for (int streamed = 0; streamed < 2; streamed++) {
        const beluga_option opts[] = {echo, beluga_with_wire_streaming(streamed)};
        assert_answer_n(s->model, text, text, opts, 2);
    }
}

static void nul_bytes_are_part_of_a_text(void **state)
{
    const subject *s = *state;
    beluga_response *response = NULL;
    size_t length = 0;
    assert_int_equal(beluga_invoke(s->model, NULL, beluga_input_text_n("a\0b c", 5), &response,
                                   NULL, beluga_with_model_name("echo")),
                     0);
    assert_memory_equal(beluga_response_text(response, &length), "a\0b c", 6);
    assert_int_equal(length, 5);
    beluga_response_free(response);
}

static void a_message_of_several_texts_is_echoed_whole(void **state)
{
    const subject *s = *state;
    beluga_response *response = NULL;
    beluga_message *message = beluga_message_new(BELUGA_ROLE_HUMAN);
    beluga_message_add_text(message, "one ", 4);
    beluga_message_add_text(message, "", 0);
    beluga_message_add_text(message, "two", 3);
    assert_int_equal(beluga_invoke(s->model, NULL, beluga_input_message(message), &response, NULL,
                                   beluga_with_model_name("echo")),
                     0);
    assert_string_equal(beluga_response_text(response, NULL), "one two");
    beluga_response_free(response);
    beluga_message_unref(message);
}

static void a_megabyte_goes_in_and_comes_out(void **state)
{
    enum { SIZE = 1 << 20 };
    const subject *s = *state;
    char *text = malloc(SIZE + 1);
    assert_non_null(text);
    for (size_t i = 0; i < SIZE; i++) text[i] = i % 8 == 7 ? ' ' : (char)('a' + i % 26);
    text[SIZE] = '\0';
    for (int streamed = 0; streamed < 2; streamed++) {
        const beluga_option opts[] = {beluga_with_model_name("echo"),
                                      beluga_with_wire_streaming(streamed)};
        assert_answer_n(s->model, text, text, opts, 2);
    }
    free(text);
}

static void what_a_provider_cannot_take_becomes_a_warning(void **state)
{
    const subject *s = *state;
    beluga_response *response = NULL;
    beluga_message *message = beluga_human_message("What is this?");
    beluga_message_add_url(message, BELUGA_PART_IMAGE, "https://example.com/a.png", "image/png");
    assert_int_equal(beluga_invoke(s->model, NULL, beluga_input_message(message), &response, NULL),
                     0);
    assert_non_null(beluga_response_warning(response, 0));
    assert_string_equal(beluga_response_text(response, NULL), s->answer);
    beluga_response_free(response);
    beluga_message_unref(message);
}

/* ---- the response ---------------------------------------------------------------------------- */

static void mock_counts_words_as_tokens(void **state)
{
    const subject *s = *state;
    for (int streamed = 0; streamed < 2; streamed++) {
        beluga_response *response = NULL;
        assert_int_equal(beluga_invoke(s->model, NULL, beluga_input_text(" one  two three\n"),
                                       &response, NULL, beluga_mock_with_reasoning("hm well"),
                                       beluga_with_wire_streaming(streamed)),
                         0);
        const beluga_usage *usage = beluga_response_usage(response);
        assert_int_equal(usage->input_total, 3);
        assert_int_equal(usage->output_total, 7);
        assert_int_equal(usage->output_reasoning, 2);
        assert_int_equal(usage->input_cache_read, -1);
        assert_string_equal(beluga_response_reasoning(response, NULL), "hm well");
        assert_string_equal(beluga_response_text(response, NULL), s->answer);
        beluga_response_free(response);
    }
}

static void every_answer_of_mock_has_an_id_of_its_own(void **state)
{
    const subject *s = *state;
    beluga_response *answers[2] = {NULL};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(beluga_invoke(s->model, NULL, beluga_input_text("a"), &answers[i], NULL),
                         0);
        assert_int_equal(strncmp(beluga_response_id(answers[i]), "mock-", 5), 0);
    }
    assert_string_not_equal(beluga_response_id(answers[0]), beluga_response_id(answers[1]));
    for (int i = 0; i < 2; i++) beluga_response_free(answers[i]);
}

static void an_answer_ends_with_the_reason_its_provider_gave(void **state)
{
    static const struct {
        const char *raw;
        beluga_finish_reason reason;
    } cases[] = {{"stop", BELUGA_FINISH_STOP},
                 {"length", BELUGA_FINISH_LENGTH},
                 {"content_filter", BELUGA_FINISH_CONTENT_FILTER},
                 {"other", BELUGA_FINISH_OTHER},
                 {"pause", BELUGA_FINISH_PAUSE}};
    const subject *s = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        beluga_response *response = NULL;
        assert_int_equal(beluga_invoke(s->model, NULL, beluga_input_text("a"), &response, NULL,
                                       beluga_mock_with_finish_reason(cases[i].raw)),
                         0);
        assert_int_equal(beluga_response_finish_reason(response), cases[i].reason);
        assert_string_equal(beluga_response_raw_finish_reason(response), cases[i].raw);
        assert_int_equal(beluga_response_is_complete(response),
                         cases[i].reason == BELUGA_FINISH_STOP);
        beluga_response_free(response);
    }
}

/* ---- options of one call --------------------------------------------------------------------- */

static void an_option_of_one_call_holds_for_it_alone(void **state)
{
    const subject *s = *state;
    const beluga_option lines = answers(s, "of the model"), other = answers(s, "of the call");
    beluga_chat_model *model = open_with(s, &lines, 1);
    assert_answer(model, "a", "of the model");
    assert_answer_n(model, "a", "of the call", &other, 1);
    assert_answer(model, "a", "of the model");
    beluga_chat_model_unref(model);
}

static void a_later_option_wins_over_an_earlier_one(void **state)
{
    const subject *s = *state;
    const beluga_option opts[] = {answers(s, "first"), answers(s, "second"),
                                  beluga_with_temperature(0.1), beluga_with_temperature(0.9)};
    assert_answer_n(s->model, "a", "second", opts, 4);
}

static void a_call_may_name_another_model(void **state)
{
    const subject *s = *state;
    beluga_response *response = NULL;
    assert_int_equal(beluga_invoke(s->model, NULL, beluga_input_text("a"), &response, NULL,
                                   beluga_with_model_name("another")),
                     0);
    assert_string_equal(beluga_response_model(response), "another");
    assert_string_equal(beluga_model_name(s->model), s->model_name);
    beluga_response_free(response);
}

static void bad_options_are_told_all_at_once_with_their_ranges(void **state)
{
    const subject *s = *state;
    beluga_error err = {0};
    beluga_response *response = NULL;
    assert_int_equal(beluga_invoke(s->model, NULL, beluga_input_text("a"), &response, &err,
                                   beluga_with_temperature(7), beluga_with_max_tokens(0),
                                   beluga_with_top_p(-1)),
                     BELUGA_ERROR_INVALID_INPUT);
    assert_non_null(strstr(err.message, "temperature"));
    assert_non_null(strstr(err.message, "max_tokens"));
    assert_non_null(strstr(err.message, "top_p"));
    assert_non_null(strstr(err.message, "2"));
}

static void an_option_that_nobody_knows_is_named(void **state)
{
    const subject *s = *state;
    char name[64];
    beluga_error err;
    snprintf(name, sizeof name, "%s.nonsense", s->provider);
    assert_refused(s->model, BELUGA_ERROR_INVALID_INPUT, &err,
                   beluga_with_provider_specific(name, "1"));
    assert_non_null(strstr(err.message, "nonsense"));
}

static void an_option_of_the_model_only_is_refused_in_a_call(void **state)
{
    const subject *s = *state;
    beluga_error err;
    assert_refused(s->model, BELUGA_ERROR_INVALID_INPUT, &err, beluga_with_api_key("k"));
    assert_non_null(strstr(err.message, "api_key"));
}

static void a_wrong_script_in_a_call_is_refused_by_name(void **state)
{
    const subject *s = *state;
    beluga_error err;
    assert_refused(s->model, BELUGA_ERROR_INVALID_INPUT, &err, beluga_mock_with_error("boredom"));
    assert_non_null(strstr(err.message, "boredom"));
    assert_refused(s->model, BELUGA_ERROR_INVALID_INPUT, &err,
                   beluga_mock_with_finish_reason("later"));
    assert_refused(s->model, BELUGA_ERROR_INVALID_INPUT, &err, beluga_mock_with_tool_calls("[]"));
    assert_refused(s->model, BELUGA_ERROR_INVALID_MODEL, &err,
                   beluga_with_model_name("error-of-mine"));
}

/* ---- failing --------------------------------------------------------------------------------- */

static void a_failure_tells_code_provider_and_the_providers_own_code(void **state)
{
    const subject *s = *state;
    const beluga_option opts[] = {rate_limited(s), beluga_with_max_retries(0)};
    beluga_error err = {0};
    beluga_response *response = (beluga_response *)&err;
    assert_int_equal(
        beluga_invoke_n(s->model, NULL, beluga_input_text("a"), &response, &err, opts, 2),
        BELUGA_ERROR_RATE_LIMIT);
    assert_null(response);
    assert_int_equal(err.code, BELUGA_ERROR_RATE_LIMIT);
    assert_string_equal(err.provider, s->provider);
    assert_string_equal(err.model, s->model_name);
    assert_string_equal(err.provider_code, s->rate_limit_code);
    assert_string_equal(err.operation, "generate");
    assert_true(beluga_error_is_retryable(&err));
    assert_int_equal(err.attempts, 1);
    assert_true(*err.message);
}

static void mock_fails_with_any_code_by_its_name(void **state)
{
    const subject *s = *state;
    for (int code = -1; code >= -BELUGA_ERROR_COUNT; code--) {
        char model[64], own[64];
        beluga_error err = {0};
        beluga_response *response = NULL;
        snprintf(model, sizeof model, "error-%s", beluga_error_name(code));
        snprintf(own, sizeof own, "mock_%s", beluga_error_name(code));
        assert_int_equal(beluga_invoke(s->model, NULL, beluga_input_text("a"), &response, &err,
                                       beluga_with_model_name(model), beluga_with_max_retries(0)),
                         code);
        assert_int_equal(err.code, code);
        assert_string_equal(err.provider_code, own);
    }
}

static void the_examples_errors_have_codes_of_their_own(void **state)
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
    const subject *s = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        beluga_error err = {0};
        beluga_response *response = NULL;
        assert_int_equal(beluga_invoke(s->model, NULL, beluga_input_text("a"), &response, &err,
                                       example_custom_with_simulated_failure(cases[i].kind),
                                       beluga_with_max_retries(0)),
                         cases[i].code);
        assert_string_equal(err.provider_code, cases[i].own);
    }
}

static void a_retry_makes_good_a_failure_that_passes(void **state)
{
    const subject *s = *state;
    const beluga_option opts[] = {beluga_mock_with_error("overloaded"),
                                  beluga_mock_with_error_count(2), beluga_with_max_retries(2),
                                  beluga_with_retry_delay_ms(100), beluga_with_retry_backoff(1)};
    beluga_chat_model *model = open_with(s, opts, 5);
    assert_answer(model, "a", s->answer);
    beluga_chat_model_unref(model);
}

static void an_answer_without_its_end_is_never_a_success(void **state)
{
    const subject *s = *state;
    beluga_error err = {0};
    beluga_response *response = (beluga_response *)&err, *partial = NULL;
    assert_int_equal(beluga_invoke(s->model, NULL, beluga_input_text("a"), &response, &err,
                                   beluga_mock_with_finish_reason("none"),
                                   beluga_with_max_retries(0), beluga_with_partial(&partial)),
                     BELUGA_ERROR_STREAM_CLOSED);
    assert_null(response);
    assert_non_null(partial);
    assert_string_equal(beluga_response_text(partial, NULL), s->answer);
    assert_false(beluga_response_is_complete(partial));
    assert_int_equal(beluga_response_finish_reason(partial), BELUGA_FINISH_UNKNOWN);
    beluga_response_free(partial);
}

static void what_arrived_before_a_failure_is_for_who_asks(void **state)
{
    const subject *s = *state;
    beluga_response *response = NULL, *partial = NULL;
    assert_int_equal(beluga_invoke(s->model, NULL, beluga_input_text("a"), &response, NULL,
                                   beluga_mock_with_error("internal_error"),
                                   beluga_mock_with_error_after_words(2),
                                   beluga_with_max_retries(0), beluga_with_partial(&partial)),
                     BELUGA_ERROR_INTERNAL);
    assert_null(response);
    assert_non_null(partial);
    assert_string_equal(beluga_response_text(partial, NULL), "This is ");
    assert_int_equal(beluga_response_usage(partial)->output_total, 2);
    beluga_response_free(partial);
}

static void a_cancelled_context_starts_nothing(void **state)
{
    const subject *s = *state;
    beluga_error err = {0};
    beluga_response *response = NULL;
    beluga_context *context = beluga_context_new_cancellable(NULL);
    beluga_context_cancel(context);
    assert_int_equal(beluga_invoke(s->model, context, beluga_input_text("a"), &response, &err),
                     BELUGA_ERROR_CONTEXT_CANCELED);
    assert_int_equal(err.code, BELUGA_ERROR_CONTEXT_CANCELED);
    beluga_context_unref(context);
    /* the refused call did not use up an answer of the provider */
    assert_answer(s->model, "a", s->answer);
}

static void a_deadline_ends_a_call_that_takes_longer(void **state)
{
    const subject *s = *state;
    beluga_response *response = NULL;
    beluga_context *past = beluga_context_new_timeout(NULL, 0);
    beluga_context *soon = beluga_context_new_timeout(NULL, 20);
    assert_int_equal(beluga_invoke(s->model, past, beluga_input_text("a"), &response, NULL),
                     BELUGA_ERROR_CONTEXT_TIMEOUT);
    assert_int_equal(beluga_invoke(s->model, soon, beluga_input_text("a"), &response, NULL,
                                   word_delay(s, 60000), beluga_with_wire_streaming(true)),
                     BELUGA_ERROR_CONTEXT_TIMEOUT);
    beluga_context_unref(past);
    beluga_context_unref(soon);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_EACH(every_kind_of_message_is_taken),
        ON_EACH(a_conversation_goes_on_with_the_models_own_message),
        ON_EACH(a_list_may_be_used_again_and_changed_between_calls),
        ON_EACH(an_empty_list_is_refused_in_plain_words),
        ON_EACH(a_missing_list_is_refused_like_an_empty_one),
        ON_EACH(bytes_that_are_not_utf8_are_refused_with_their_position),
        ON_MOCK(any_text_that_is_utf8_is_echoed_byte_by_byte),
        ON_MOCK(nul_bytes_are_part_of_a_text),
        ON_MOCK(a_message_of_several_texts_is_echoed_whole),
        ON_MOCK(a_megabyte_goes_in_and_comes_out),
        ON_CUSTOM(what_a_provider_cannot_take_becomes_a_warning),
        ON_MOCK(mock_counts_words_as_tokens),
        ON_MOCK(every_answer_of_mock_has_an_id_of_its_own),
        ON_MOCK(an_answer_ends_with_the_reason_its_provider_gave),
        ON_EACH(an_option_of_one_call_holds_for_it_alone),
        ON_EACH(a_later_option_wins_over_an_earlier_one),
        ON_EACH(a_call_may_name_another_model),
        ON_EACH(bad_options_are_told_all_at_once_with_their_ranges),
        ON_EACH(an_option_that_nobody_knows_is_named),
        ON_EACH(an_option_of_the_model_only_is_refused_in_a_call),
        ON_MOCK(a_wrong_script_in_a_call_is_refused_by_name),
        ON_EACH(a_failure_tells_code_provider_and_the_providers_own_code),
        ON_MOCK(mock_fails_with_any_code_by_its_name),
        ON_CUSTOM(the_examples_errors_have_codes_of_their_own),
        ON_MOCK(a_retry_makes_good_a_failure_that_passes),
        ON_MOCK(an_answer_without_its_end_is_never_a_success),
        ON_MOCK(what_arrived_before_a_failure_is_for_who_asks),
        ON_EACH(a_cancelled_context_starts_nothing),
        ON_EACH(a_deadline_ends_a_call_that_takes_longer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
