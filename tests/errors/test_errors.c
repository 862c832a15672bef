/* beluga_error itself, and calls that are refused before they reach a provider. */
#include "../support/openai.h"
#include "../support/parts.h"
#include "../support/scoped.h"

#include <beluga/providers/mock.h>

#include <stdio.h>

static beluga_chat_model *open_mock(void)
{
    beluga_chat_model *model = NULL;
    beluga_config *config = beluga_config_new(beluga_with_model_name("any"));
    assert_int_equal(beluga_registry_open(beluga_registry_default(), "mock", config, &model, NULL),
                     0);
    beluga_config_free(config);
    return model;
}

static bool one_line(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f) return false;
    return true;
}

static bool ends_in_a_whole_character(const char *text)
{
    size_t n = strlen(text), back = 0;
    while (back < n && back < 4 && ((unsigned char)text[n - 1 - back] & 0xc0) == 0x80) back++;
    if (back == n) return n == 0;
    unsigned char lead = (unsigned char)text[n - 1 - back];
    size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    return back + 1 == length;
}

/* ---- the value ------------------------------------------------------------------------------- */

static void an_error_has_a_kibibyte_and_every_code_a_name_and_a_text(void **state)
{
    (void)state;
    assert_int_equal(sizeof(beluga_error), 1024);
    for (int code = -1; code >= -BELUGA_ERROR_COUNT; code--) {
        assert_int_equal(beluga_error_code_from_name(beluga_error_name(code)), code);
        assert_true(*beluga_error_text(code));
    }
    assert_string_equal(beluga_error_name(0), "ok");
    assert_string_equal(beluga_error_name(1), "unknown_error");
    assert_string_equal(beluga_error_name(-BELUGA_ERROR_COUNT - 1), "unknown_error");
    assert_string_equal(beluga_error_name(INT32_MIN), "unknown_error");
    assert_int_equal(beluga_error_code_from_name("no_such"), 0);
    assert_int_equal(beluga_error_code_from_name(NULL), 0);
}

static void setting_an_error_clears_what_was_there(void **state)
{
    beluga_error err;
    (void)state;
    memset(&err, 'x', sizeof err);
    assert_int_equal(beluga_error_set(&err, BELUGA_ERROR_RATE_LIMIT, "slow %s", "down"),
                     BELUGA_ERROR_RATE_LIMIT);
    assert_int_equal(err.code, BELUGA_ERROR_RATE_LIMIT);
    assert_string_equal(err.message, "slow down");
    assert_string_equal(err.cause, "");
    assert_string_equal(err.provider, "");
    assert_int_equal(err.retry_after_ms, -1);
    assert_int_equal(err.http_status, 0);
    assert_true(beluga_error_is_retryable(&err));
    assert_int_equal(beluga_error_set(NULL, BELUGA_ERROR_NETWORK, "nobody listens"),
                     BELUGA_ERROR_NETWORK);
    beluga_error_set_cause(NULL, "x", 1);
    beluga_error_set_provider_code(NULL, "x", 1);
}

static void texts_are_one_line_and_cut_between_characters(void **state)
{
    beluga_error err;
    char text[1200];
    (void)state;
    for (size_t shift = 0; shift < 4; shift++) {
        memset(text, 'a', shift);
        for (size_t i = shift; i + 3 < sizeof text; i += 3) memcpy(text + i, "☃", 4);
        beluga_error_set(&err, BELUGA_ERROR_NETWORK, "%s", text);
        beluga_error_set_cause(&err, text, strlen(text));
        beluga_error_set_provider_code(&err, text, strlen(text));
        const struct {
            const char *text;
            size_t size;
        } cut[] = {{err.message, sizeof err.message},
                   {err.cause, sizeof err.cause},
                   {err.provider_code, sizeof err.provider_code}};
        for (size_t i = 0; i < sizeof cut / sizeof *cut; i++) {
            assert_true(strlen(cut[i].text) >= cut[i].size - 4);
            assert_true(ends_in_a_whole_character(cut[i].text));
        }
    }
    beluga_error_set(&err, BELUGA_ERROR_NETWORK,
                     "two\r\nlines\tand\x7f"
                     "more");
    assert_string_equal(err.message, "two  lines and\\x7fmore");
    beluga_error_set_cause(&err, "a\nb", 3);
    assert_string_equal(err.cause, "a b");
}

static void wrapping_adds_where_and_hides_nothing(void **state)
{
    beluga_error err;
    char context[900];
    (void)state;
    beluga_error_set(&err, BELUGA_ERROR_TIMEOUT, "too slow");
    err.http_status = 504;
    assert_int_equal(beluga_error_wrap(&err, "index", "page 7"), BELUGA_ERROR_TIMEOUT);
    assert_string_equal(err.operation, "index");
    assert_string_equal(err.message, "page 7: too slow");
    assert_int_equal(err.http_status, 504);
    assert_true(beluga_error_is_retryable(&err));
    assert_int_equal(beluga_error_wrap(&err, NULL, NULL), BELUGA_ERROR_TIMEOUT);
    assert_string_equal(err.message, "page 7: too slow");
    assert_string_equal(err.operation, "index");
    assert_int_equal(beluga_error_wrap(NULL, "x", "y"), 0);
    for (size_t i = 0; i + 2 < sizeof context; i += 2) memcpy(context + i, "é", 3);
    beluga_error_wrap(&err, context, context);
    assert_true(ends_in_a_whole_character(err.message));
    assert_true(ends_in_a_whole_character(err.operation));
}

static void an_error_becomes_one_line_of_all_that_is_known(void **state)
{
    beluga_error err;
    char line[1024], few[9];
    (void)state;
    beluga_error_set(&err, BELUGA_ERROR_RATE_LIMIT, "slow down");
    assert_int_equal(beluga_error_format(&err, line, sizeof line), strlen("rate_limit: slow down"));
    assert_string_equal(line, "rate_limit: slow down");
    beluga_error_set_cause(&err, "limit 60", 8);
    beluga_error_set_provider_code(&err, "rpm", 3);
    strcpy(err.provider, "openai");
    strcpy(err.model, "any");
    strcpy(err.request_id, "req-1");
    err.http_status = 429;
    err.attempts = 4;
    static const char whole[] =
        "rate_limit: slow down (limit 60) [openai, any, rpm, HTTP 429, request req-1, 4 attempts]";
    assert_int_equal(beluga_error_format(&err, line, sizeof line), sizeof whole - 1);
    assert_string_equal(line, whole);
    assert_int_equal(beluga_error_format(&err, few, sizeof few), sizeof whole - 1);
    assert_string_equal(few, "rate_lim");
    assert_int_equal(beluga_error_format(&err, NULL, 0), sizeof whole - 1);
    assert_int_equal(beluga_error_format(NULL, line, sizeof line), 0);
    assert_string_equal(line, "");
}

static void only_a_set_error_that_may_pass_is_retryable(void **state)
{
    beluga_error err = {0};
    (void)state;
    assert_false(beluga_error_is_retryable(NULL));
    assert_false(beluga_error_is_retryable(&err));
    static const int may_pass[] = {BELUGA_ERROR_NETWORK,       BELUGA_ERROR_TIMEOUT,
                                   BELUGA_ERROR_RATE_LIMIT,    BELUGA_ERROR_INTERNAL,
                                   BELUGA_ERROR_STREAM_CLOSED, BELUGA_ERROR_STREAM_TIMEOUT,
                                   BELUGA_ERROR_OVERLOADED};
    static const int will_not[] = {BELUGA_ERROR_AUTHENTICATION,   BELUGA_ERROR_AUTHORIZATION,
                                   BELUGA_ERROR_INVALID_INPUT,    BELUGA_ERROR_QUOTA_EXCEEDED,
                                   BELUGA_ERROR_CONTEXT_LENGTH,   BELUGA_ERROR_CONTENT_FILTER,
                                   BELUGA_ERROR_CONTEXT_CANCELED, BELUGA_ERROR_NO_MEMORY};
    for (size_t i = 0; i < sizeof may_pass / sizeof *may_pass; i++) {
        beluga_error_set(&err, may_pass[i], "x");
        assert_true(beluga_error_is_retryable(&err));
    }
    for (size_t i = 0; i < sizeof will_not / sizeof *will_not; i++) {
        beluga_error_set(&err, will_not[i], "x");
        assert_false(beluga_error_is_retryable(&err));
    }
}

static void every_http_status_has_a_code(void **state)
{
    static const struct {
        int status, code;
    } rows[] = {{200, 0},
                {204, 0},
                {100, BELUGA_ERROR_INVALID_RESPONSE},
                {301, BELUGA_ERROR_INVALID_RESPONSE},
                {400, BELUGA_ERROR_INVALID_REQUEST},
                {401, BELUGA_ERROR_AUTHENTICATION},
                {402, BELUGA_ERROR_QUOTA_EXCEEDED},
                {403, BELUGA_ERROR_AUTHORIZATION},
                {404, BELUGA_ERROR_NOT_FOUND},
                {408, BELUGA_ERROR_TIMEOUT},
                {413, BELUGA_ERROR_LIMIT_EXCEEDED},
                {418, BELUGA_ERROR_INVALID_REQUEST},
                {429, BELUGA_ERROR_RATE_LIMIT},
                {500, BELUGA_ERROR_INTERNAL},
                {501, BELUGA_ERROR_NOT_SUPPORTED},
                {502, BELUGA_ERROR_INTERNAL},
                {503, BELUGA_ERROR_OVERLOADED},
                {504, BELUGA_ERROR_TIMEOUT},
                {529, BELUGA_ERROR_OVERLOADED},
                {599, BELUGA_ERROR_INTERNAL},
                {600, BELUGA_ERROR_INVALID_RESPONSE},
                {0, BELUGA_ERROR_INVALID_RESPONSE}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(beluga_error_from_http(rows[i].status), rows[i].code);
}

/* ---- opening --------------------------------------------------------------------------------- */

static void an_unknown_provider_lists_those_there_are(void **state)
{
    beluga_chat_model *model = (beluga_chat_model *)&state;
    beluga_error err = {0};
    (void)state;
    beluga_registry *registry = beluga_registry_default();
    int status = beluga_registry_open(registry, "opnai", NULL, &model, &err);
    assert_int_equal(status, BELUGA_ERROR_UNSUPPORTED_PROVIDER);
    assert_null(model);
    assert_non_null(strstr(err.message, "'opnai'"));
    assert_non_null(strstr(err.message, "did you mean openai?"));
    assert_non_null(strstr(err.message, has_provider("groq") ? " groq, " : " mock, "));
    assert_string_equal(err.operation, "open");
}

static void without_a_name_and_a_configuration_the_providers_are_listed(void **state)
{
    beluga_chat_model *model = (beluga_chat_model *)&state;
    beluga_error err = {0};
    (void)state;
    int status = beluga_registry_open(beluga_registry_default(), NULL, NULL, &model, &err);
    assert_int_equal(status, BELUGA_ERROR_INVALID_CONFIG);
    assert_null(model);
    assert_non_null(strstr(err.message, "there are "));
    assert_int_equal(beluga_registry_open(NULL, "mock", NULL, &model, &err),
                     BELUGA_ERROR_INVALID_INPUT);
}

/* Assert that opening a model of the provider fails with this code, and that the error's message
 * contains this text. Returns the error. */
static beluga_error not_opened(const char *provider, const beluga_config *config, int code,
                               const char *words)
{
    /* The initial value is not NULL, so that the test sees whether the call sets the pointer. */
    beluga_chat_model *model = (beluga_chat_model *)&code;
    beluga_error err = {0};
    int status = beluga_registry_open(beluga_registry_default(), provider, config, &model, &err);
    assert_int_equal(status, code);
    assert_null(model);
    assert_non_null(strstr(err.message, words));
    return err;
}

static void without_a_configuration_what_is_missing_is_named(void **state)
{
    (void)state;
    not_opened("mock", NULL, BELUGA_ERROR_INVALID_CONFIG, "model_name is missing");
}

static void a_missing_key_names_its_variable(void **state)
{
    (void)state;
    beluga_error err = not_opened("openai", NULL, BELUGA_ERROR_AUTHENTICATION, "OPENAI_API_KEY");
    assert_string_equal(err.provider, "openai");

    unsetenv("BELUGA_TEST_NO_KEY");
    SCOPED(beluga_config) *config =
        beluga_config_new(beluga_with_api_key("env:BELUGA_TEST_NO_KEY"));
    not_opened("openai", config, BELUGA_ERROR_AUTHENTICATION, "BELUGA_TEST_NO_KEY");
}

static void every_bad_option_is_told_at_once_with_its_range(void **state)
{
    beluga_chat_model *model = (beluga_chat_model *)&state;
    beluga_error err = {0};
    (void)state;
    beluga_config *config = beluga_config_new(
        beluga_with_temperature(3), beluga_with_top_p(-0.5), beluga_with_max_retries(11),
        beluga_with_retry_delay_ms(50), beluga_with_base_url("ftp://host"));
    int status = beluga_registry_open(beluga_registry_default(), "openai", config, &model, &err);
    beluga_config_free(config);
    assert_int_equal(status, BELUGA_ERROR_INVALID_CONFIG);
    assert_null(model);
    static const char *const expected[] = {
        "temperature must be 0 to 2 (is 3)", "top_p must be 0 to 1 (is -0.5)",
        "max_retries must be 0 to 10 (is 11)", "retry_delay must be 100ms to 30s (is 50ms)",
        "base_url must"};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        if (!strstr(err.message, expected[i]))
            fail_msg("'%s' is not in: %s", expected[i], err.message);
    assert_true(one_line(err.message));
}

static void an_option_the_provider_does_not_have_is_named_when_it_opens(void **state)
{
    beluga_chat_model *model = (beluga_chat_model *)&state;
    beluga_error err = {0};
    (void)state;
    beluga_config *config =
        beluga_config_new(beluga_with_provider_specific("mock.wrods", "x"),
                          beluga_with_provider_specific("mock.latency_ms", "soon"));
    int status = beluga_registry_open(beluga_registry_default(), "mock", config, &model, &err);
    beluga_config_free(config);
    assert_int_equal(status, BELUGA_ERROR_INVALID_CONFIG);
    assert_non_null(strstr(err.message, "mock.wrods"));
    assert_non_null(strstr(err.message, "mock.latency_ms"));
}

/* ---- calls ----------------------------------------------------------------------------------- */

/* Make a call of every kind with the same messages and options. All must fail with the same
 * error. */
static void assert_all_refuse(beluga_chat_model *model, const beluga_messages *messages,
                              beluga_context *context, const beluga_option *opts, size_t n,
                              int code, const char *said)
{
    beluga_response *response = (beluga_response *)&code;
    beluga_stream *stream = (beluga_stream *)&code;
    beluga_error generate_err = {0}, stream_err = {0};
    assert_int_equal(beluga_generate_n(model, context, messages, &response, &generate_err, opts, n),
                     code);
    assert_null(response);
    assert_int_equal(beluga_stream_chat_n(model, context, messages, &stream, &stream_err, opts, n),
                     code);
    assert_null(stream);
    if (!strstr(generate_err.message, said)) fail_msg("generate: %s", generate_err.message);
    if (!strstr(stream_err.message, said)) fail_msg("stream: %s", stream_err.message);
    assert_int_equal(generate_err.code, code);
    assert_string_equal(generate_err.operation, "generate");
    assert_string_equal(stream_err.operation, "stream");
    assert_string_equal(generate_err.provider, "mock");
    assert_string_equal(generate_err.model, "any");
    assert_int_equal(beluga_generate_n(model, context, messages, &response, NULL, opts, n), code);
}

static beluga_messages *human(const char *text, size_t n)
{
    beluga_messages *messages = beluga_messages_new();
    beluga_messages_add(messages, beluga_human_message_n(text, n));
    return messages;
}

static void a_call_without_messages_is_refused(void **state)
{
    SCOPED(beluga_chat_model) *model = open_mock();
    SCOPED(beluga_messages) *none = beluga_messages_new();
    (void)state;
    assert_all_refuse(model, none, NULL, NULL, 0, BELUGA_ERROR_INVALID_INPUT,
                      "no messages provided");
    assert_all_refuse(model, NULL, NULL, NULL, 0, BELUGA_ERROR_INVALID_INPUT,
                      "no messages provided");
}

static void invalid_utf8_is_refused_with_its_position(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
        const char *said;
    } rows[] = {{"caf\xe9", 4, "byte 3"},
                {"\xc0\x80", 2, "byte 0"},
                {"a\xed\xa0\x80", 4, "byte 1"},
                {"ab\xf0\x9f\x9a", 5, "byte 2"},
                {"x\xf4\x90\x80\x80", 5, "byte 1"}};
    SCOPED(beluga_chat_model) *model = open_mock();
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        beluga_messages *messages = human("fine", 4);
        beluga_messages_add(messages, beluga_human_message_n(rows[i].bytes, rows[i].n));
        char said[80];
        snprintf(said, sizeof said, "message 1, part 0: invalid UTF-8 at %s", rows[i].said);
        assert_all_refuse(model, messages, NULL, NULL, 0, BELUGA_ERROR_INVALID_INPUT, said);
        beluga_messages_free(messages);
    }
}

static void bad_options_of_one_call_are_told_at_once(void **state)
{
    SCOPED(beluga_chat_model) *model = open_mock();
    SCOPED(beluga_messages) *messages = human("Hi", 2);
    (void)state;
    const beluga_option bad[] = {beluga_with_temperature(2.5), beluga_with_max_tokens(0)};
    assert_all_refuse(model, messages, NULL, bad, 2, BELUGA_ERROR_INVALID_INPUT,
                      "temperature must be 0 to 2 (is 2.5); max_tokens must be at least 1 (is 0)");
    const beluga_option model_only[] = {beluga_with_base_url("http://127.0.0.1")};
    assert_all_refuse(model, messages, NULL, model_only, 1, BELUGA_ERROR_INVALID_INPUT, "base_url");
    const beluga_option later[] = {{.key = 9999, .type = BELUGA_OPTION_INT}};
    assert_all_refuse(model, messages, NULL, later, 1, BELUGA_ERROR_INVALID_INPUT, "9999");
}

static void an_option_the_provider_does_not_have_is_named_in_a_call(void **state)
{
    SCOPED(beluga_chat_model) *model = open_mock();
    SCOPED(beluga_messages) *messages = human("Hi", 2);
    (void)state;
    const beluga_option unknown[] = {beluga_with_provider_specific("mock.no_such", "x")};
    assert_all_refuse(model, messages, NULL, unknown, 1, BELUGA_ERROR_INVALID_INPUT,
                      "mock.no_such");
    const beluga_option wrong[] = {beluga_with_provider_specific("mock.latency_ms", "soon")};
    assert_all_refuse(model, messages, NULL, wrong, 1, BELUGA_ERROR_INVALID_INPUT,
                      "mock.latency_ms");
}

static void a_cancelled_context_refuses_every_call(void **state)
{
    SCOPED(beluga_chat_model) *model = open_mock();
    SCOPED(beluga_messages) *messages = human("Hi", 2);
    SCOPED(beluga_context) *parent = beluga_context_new_cancellable(NULL);
    SCOPED(beluga_context) *child = beluga_context_new_timeout(parent, 60000);
    (void)state;
    beluga_context_cancel(parent);
    beluga_context_cancel(parent);
    assert_true(beluga_context_is_cancelled(child));
    assert_all_refuse(model, messages, parent, NULL, 0, BELUGA_ERROR_CONTEXT_CANCELED, "cancel");
    assert_all_refuse(model, messages, child, NULL, 0, BELUGA_ERROR_CONTEXT_CANCELED, "cancel");
}

static void an_expired_context_refuses_every_call(void **state)
{
    SCOPED(beluga_chat_model) *model = open_mock();
    SCOPED(beluga_messages) *messages = human("Hi", 2);
    (void)state;
    static const int64_t passed[] = {0, -1, INT64_MIN};
    for (size_t i = 0; i < sizeof passed / sizeof *passed; i++) {
        beluga_context *context = beluga_context_new_timeout(NULL, passed[i]);
        assert_int_equal(beluga_context_remaining_ms(context), 0);
        assert_all_refuse(model, messages, context, NULL, 0, BELUGA_ERROR_CONTEXT_TIMEOUT,
                          "deadline");
        beluga_context_unref(context);
    }
    SCOPED(beluga_context) *endless = beluga_context_new_timeout(NULL, INT64_MAX);
    assert_int_equal(beluga_context_remaining_ms(endless), -1);
}

static void a_deadline_in_mid_answer_is_context_timeout(void **state)
{
    SCOPED(beluga_chat_model) *model = open_mock();
    SCOPED(beluga_context) *context = beluga_context_new_timeout(NULL, 30);
    beluga_response *response = NULL;
    beluga_error err = {0};
    (void)state;
    int status = beluga_invoke(model, context, beluga_input_text("Hi"), &response, &err,
                               beluga_mock_with_latency_ms(600000));
    assert_int_equal(status, BELUGA_ERROR_CONTEXT_TIMEOUT);
    assert_null(response);
    assert_false(beluga_error_is_retryable(&err));
}

static void a_long_model_name_is_cut_between_characters(void **state)
{
    SCOPED(beluga_chat_model) *model = NULL;
    beluga_response *response = NULL;
    beluga_error err = {0};
    char name[301];
    (void)state;
    for (size_t i = 0; i < 300; i += 2) memcpy(name + i, "é", 3);
    memcpy(name, "a", 1), memmove(name + 1, name + 2, 299);
    beluga_config *config =
        beluga_config_new(beluga_with_model_name(name), beluga_mock_with_error("timeout"),
                          beluga_with_max_retries(0));
    assert_int_equal(beluga_registry_open(beluga_registry_default(), "mock", config, &model, &err),
                     0);
    beluga_config_free(config);
    int status = beluga_invoke(model, NULL, beluga_input_text("Hi"), &response, &err);
    assert_int_equal(status, BELUGA_ERROR_TIMEOUT);
    assert_true(strlen(err.model) >= sizeof err.model - 4);
    assert_true(ends_in_a_whole_character(err.model));
}

static void an_input_of_no_kind_is_refused(void **state)
{
    SCOPED(beluga_chat_model) *model = open_mock();
    beluga_response *response = (beluga_response *)&state;
    beluga_error err = {0};
    (void)state;
    const beluga_input bad[] = {{.kind = 0},
                                {.kind = 4},
                                beluga_input_text(NULL),
                                beluga_input_message(NULL),
                                beluga_input_messages(NULL)};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(beluga_invoke(model, NULL, bad[i], &response, &err),
                         BELUGA_ERROR_INVALID_INPUT);
        assert_null(response);
        assert_true(*err.message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_has_a_kibibyte_and_every_code_a_name_and_a_text),
        cmocka_unit_test(setting_an_error_clears_what_was_there),
        cmocka_unit_test(texts_are_one_line_and_cut_between_characters),
        cmocka_unit_test(wrapping_adds_where_and_hides_nothing),
        cmocka_unit_test(an_error_becomes_one_line_of_all_that_is_known),
        cmocka_unit_test(only_a_set_error_that_may_pass_is_retryable),
        cmocka_unit_test(every_http_status_has_a_code),
        cmocka_unit_test(an_unknown_provider_lists_those_there_are),
        cmocka_unit_test(without_a_name_and_a_configuration_the_providers_are_listed),
        cmocka_unit_test(without_a_configuration_what_is_missing_is_named),
        cmocka_unit_test(a_missing_key_names_its_variable),
        cmocka_unit_test(every_bad_option_is_told_at_once_with_its_range),
        cmocka_unit_test(an_option_the_provider_does_not_have_is_named_when_it_opens),
        cmocka_unit_test(a_call_without_messages_is_refused),
        cmocka_unit_test(invalid_utf8_is_refused_with_its_position),
        cmocka_unit_test(bad_options_of_one_call_are_told_at_once),
        cmocka_unit_test(an_option_the_provider_does_not_have_is_named_in_a_call),
        cmocka_unit_test(a_cancelled_context_refuses_every_call),
        cmocka_unit_test(an_expired_context_refuses_every_call),
        cmocka_unit_test(a_deadline_in_mid_answer_is_context_timeout),
        cmocka_unit_test(a_long_model_name_is_cut_between_characters),
        cmocka_unit_test(an_input_of_no_kind_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
