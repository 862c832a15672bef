/* Helpers for suites that run each test with two providers, neither of which needs a network:
 * `mock`, and the provider of examples/custom_provider. */
#ifndef TESTS_MODELS_H
#define TESTS_MODELS_H

#include "../examples/custom_provider/custom_provider.h"

#include <beluga/beluga.h>
#include <beluga/providers/mock.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The provider of a test, and the options that control it. */
typedef struct subject {
    const char *provider, *model_name, *answer, *rate_limit_code;
    beluga_chat_model *model;
} subject;

static const subject mock_subject = {"mock", "test", "This is a mock response.", "mock_rate_limit",
                                     NULL};
static const subject custom_subject = {EXAMPLE_CUSTOM_NAME, EXAMPLE_CUSTOM_MODEL,
                                       "This is a response from the custom LLM provider.",
                                       EXAMPLE_ERROR_RATE_LIMIT, NULL};

static inline bool is_mock(const subject *s)
{
    return strcmp(s->provider, "mock") == 0;
}

static inline beluga_option answers(const subject *s, const char *lines)
{
    return is_mock(s) ? beluga_mock_with_responses(lines)
                      : example_custom_with_simulated_responses(lines);
}

static inline beluga_option rate_limited(const subject *s)
{
    return is_mock(s) ? beluga_mock_with_error("rate_limit")
                      : example_custom_with_simulated_failure("rate_limit");
}

static inline beluga_option word_delay(const subject *s, int64_t ms)
{
    return is_mock(s) ? beluga_mock_with_word_delay_ms(ms) : example_custom_with_word_delay_ms(ms);
}

/* Open a model of the subject with further options. With the example's provider, each new model
 * begins again at its first answer. */
static inline beluga_chat_model *open_with(const subject *s, const beluga_option *opts, size_t n)
{
    beluga_error err = {0};
    beluga_chat_model *model = NULL;
    beluga_config *config = beluga_config_new(beluga_with_model_name(s->model_name));
    assert_non_null(config);
    assert_int_equal(beluga_config_set_n(config, opts, n), 0);
    int status = beluga_registry_open(beluga_registry_default(), s->provider, config, &model, &err);
    if (status) fail_msg("open: %s", err.message);
    beluga_config_free(config);
    return model;
}

static inline int setup_subject(void **state, const subject *which)
{
    subject *s = malloc(sizeof *s);
    if (!s) return -1;
    *s = *which;
    s->model = open_with(s, NULL, 0);
    *state = s;
    return 0;
}

static inline int on_mock(void **state)
{
    return setup_subject(state, &mock_subject);
}

static inline int on_custom(void **state)
{
    return setup_subject(state, &custom_subject);
}

static inline int close_subject(void **state)
{
    subject *s = *state;
    beluga_chat_model_unref(s->model);
    free(s);
    return 0;
}

/* A test that runs with each provider, with a model opened for it. */
#define ON_EACH(test)                                                    \
    {#test " on mock", test, on_mock, close_subject, NULL},              \
    {                                                                    \
        #test " on example-custom", test, on_custom, close_subject, NULL \
    }
#define ON_MOCK(test)   {#test, test, on_mock, close_subject, NULL}
#define ON_CUSTOM(test) {#test, test, on_custom, close_subject, NULL}

static inline beluga_messages *one_question(const char *text)
{
    beluga_messages *messages = beluga_messages_new();
    beluga_messages_add(messages, beluga_human_message(text));
    return messages;
}

/* Generate with options; the text must be `expected`. */
static inline void assert_answer_n(beluga_chat_model *model, const char *question,
                                   const char *expected, const beluga_option *opts, size_t n)
{
    beluga_error err = {0};
    beluga_response *response = NULL;
    int status =
        beluga_invoke_n(model, NULL, beluga_input_text(question), &response, &err, opts, n);
    if (status) fail_msg("invoke: %s", err.message);
    assert_string_equal(beluga_response_text(response, NULL), expected);
    assert_true(beluga_response_is_complete(response));
    beluga_response_free(response);
}

static inline void assert_answer(beluga_chat_model *model, const char *question,
                                 const char *expected)
{
    assert_answer_n(model, question, expected, NULL, 0);
}

/* Generate with one option; the call must fail with `code`, and `err` gets the error. */
static inline void assert_refused(beluga_chat_model *model, int code, beluga_error *err,
                                  beluga_option option)
{
    /* The initial value is not NULL, so that the test sees whether the call sets the pointer. */
    beluga_response *response = (beluga_response *)err;
    memset(err, 0, sizeof *err);
    assert_int_equal(beluga_invoke(model, NULL, beluga_input_text("Hi"), &response, err, option),
                     code);
    assert_null(response);
    assert_int_equal(err->code, code);
    assert_true(*err->message);
}

/* Read a stream to its end, and copy its text into a buffer. Returns the number of text events. */
static inline size_t drain(beluga_stream *stream, char *text, size_t n)
{
    const beluga_event *event = NULL;
    beluga_error err = {0};
    size_t pieces = 0, length = 0;
    int status;
    while ((status = beluga_stream_next(stream, &event, &err)) == 0 && event) {
        if (event->kind != BELUGA_EVENT_TEXT) continue;
        assert_true(length + event->u.text.length < n);
        memcpy(text + length, event->u.text.text, event->u.text.length);
        length += event->u.text.length;
        pieces++;
    }
    if (status) fail_msg("stream: %s", err.message);
    text[length] = '\0';
    return pieces;
}

#endif
