/* The option `strict`, which makes an incomplete answer an error, with every kind of call. */
#include "../support/calls.h"
#include "../support/parts.h"
#include "../support/scoped.h"

#include <beluga/providers/mock.h>

#include <stdlib.h>
#include <unistd.h>

static const char answer[] = "This is a mock response.";

/* Open a model of mock with `strict`, whose answers end with this finish reason. */
static beluga_chat_model *open_strict(const char *reason)
{
    return open_mock(beluga_with_strict(true), beluga_mock_with_finish_reason(reason));
}

static void assert_cut(int status, const beluga_error *err)
{
    assert_int_equal(status, BELUGA_ERROR_INCOMPLETE);
    assert_int_equal(err->code, BELUGA_ERROR_INCOMPLETE);
    assert_string_equal(err->message, "the answer was cut at its token limit: raise max_tokens");
    assert_string_equal(err->cause, "it finished with \"length\"");
    assert_string_equal(err->provider, "mock");
    assert_false(beluga_error_is_retryable(err));
}

/* Assert that a strict call whose answer ends with this finish reason returns this status. */
static void ends_in(const char *reason, int expected)
{
    SCOPED(beluga_chat_model) *model = open_strict(reason);
    assert_int_equal(generate(model, expected ? NULL : answer, NULL), expected);
}

static void every_reason_but_a_natural_one_is_an_error(void **state)
{
    (void)state;
    ends_in("stop", 0);
    ends_in("tool_calls", 0);
    ends_in("length", BELUGA_ERROR_INCOMPLETE);
    ends_in("content_filter", BELUGA_ERROR_CONTENT_FILTER);
    ends_in("other", BELUGA_ERROR_INCOMPLETE);
}

static void a_cut_answer_is_no_response_and_its_text_is_had_as_a_partial_one(void **state)
{
    (void)state;
    SCOPED(beluga_chat_model) *model = open_strict("length");
    beluga_response *response = NULL;
    SCOPED(beluga_response) *partial = NULL;
    beluga_error err;
    assert_cut(beluga_invoke(model, NULL, beluga_input_text("Hi"), &response, &err,
                             beluga_with_partial(&partial)),
               &err);
    assert_null(response);
    assert_string_equal(beluga_response_text(partial, NULL), answer);
    assert_false(beluga_response_is_complete(partial));
    assert_int_equal(beluga_response_usage(partial)->output_total, 5);
}

static void a_pulled_stream_gives_its_text_and_ends_in_the_error(void **state)
{
    (void)state;
    SCOPED(beluga_chat_model) *model = open_strict("length");
    record r = {.length = 0};
    assert_cut(stream_whole(model, &r), &r.error);
    assert_int_equal(r.bytes, strlen(answer));
    assert_int_equal(r.finishes, 0);
}

static void a_pushed_stream_gives_its_text_and_ends_in_the_error(void **state)
{
    (void)state;
    SCOPED(beluga_chat_model) *model = open_strict("length");
    SCOPED(beluga_loop) *loop = new_loop();
    record r = {.length = 0};
    SCOPED(beluga_op) *op = push_stream(model, loop, NULL, &r);
    step_until_end(loop, &r);
    assert_cut(r.error.code, &r.error);
    assert_int_equal(r.bytes, strlen(answer));
    assert_int_equal(r.finishes + r.errors, 1);
}

static void an_unstreamed_push_gives_its_text_and_ends_in_the_error(void **state)
{
    (void)state;
    SCOPED(beluga_chat_model) *model = open_strict("length");
    SCOPED(beluga_loop) *loop = new_loop();
    SCOPED(beluga_messages) *messages = beluga_messages_new();
    record r = {.length = 0};
    beluga_error err;
    beluga_messages_add(messages, beluga_human_message("Hi"));
    assert_int_equal(
        beluga_generate_start(model, loop, NULL, messages, record_event, &r, NULL, &err), 0);
    step_until_end(loop, &r);
    assert_cut(r.error.code, &r.error);
    assert_int_equal(r.bytes, strlen(answer));
}

static void an_input_of_a_batch_fails_and_its_text_is_its_partial_one(void **state)
{
    (void)state;
    SCOPED(beluga_chat_model) *model = open_strict("length");
    const beluga_input inputs[] = {beluga_input_text("a"), beluga_input_text("b")};
    beluga_batch_result results[2];
    beluga_error err;
    assert_int_equal(beluga_batch(model, NULL, inputs, 2, results, &err), BELUGA_ERROR_INCOMPLETE);
    for (size_t i = 0; i < 2; i++) {
        assert_cut(results[i].error.code, &results[i].error);
        assert_null(results[i].response);
        assert_string_equal(beluga_response_text(results[i].partial, NULL), answer);
        assert_int_equal(beluga_response_usage(results[i].partial)->output_total, 5);
    }
    beluga_batch_results_clear(results, 2);
    assert_null(results[0].partial);
}

static void one_call_may_be_strict_and_another_may_not(void **state)
{
    (void)state;
    SCOPED(beluga_chat_model) *lenient = open_mock(beluga_mock_with_finish_reason("length"));
    SCOPED(beluga_chat_model) *strict = open_strict("length");
    SCOPED(beluga_response) *response = NULL;
    beluga_error err;
    assert_cut(beluga_invoke(lenient, NULL, beluga_input_text("Hi"), &response, &err,
                             beluga_with_strict(true)),
               &err);
    assert_int_equal(beluga_invoke(strict, NULL, beluga_input_text("Hi"), &response, &err,
                                   beluga_with_strict(false)),
                     0);
    assert_int_equal(beluga_response_finish_reason(response), BELUGA_FINISH_LENGTH);
}

static void an_answer_of_the_cache_is_judged_as_any(void **state)
{
    (void)state;
    needs_part("cache");
    SCOPED(beluga_chat_model) *model =
        open_mock(beluga_mock_with_finish_reason("length"), beluga_with_cache_ttl_ms(60000));
    beluga_response *response = NULL;
    beluga_error err;
    assert_int_equal(beluga_invoke(model, NULL, beluga_input_text("Hi"), &response, &err), 0);
    beluga_response_free(response);
    assert_cut(beluga_invoke(model, NULL, beluga_input_text("Hi"), &response, &err,
                             beluga_with_strict(true)),
               &err);
    assert_int_equal(err.attempts, 0);
}

static void a_probe_that_asks_for_one_token_is_not_strict(void **state)
{
    (void)state;
    SCOPED(beluga_chat_model) *model = open_strict("length");
    beluga_health health;
    beluga_error err;
    assert_int_equal(beluga_check_health(model, NULL, true, &health, &err), 0);
    assert_string_equal(health.state, "healthy");
}

static void strict_is_read_from_text(void **state)
{
    (void)state;
    beluga_option option;
    beluga_error err;
    assert_int_equal(beluga_option_parse("strict=true", &option, &err), 0);
    assert_int_equal(option.key, BELUGA_OPTION_STRICT);
    assert_int_equal(option.value.integer, 1);
}

static void strict_is_read_from_a_file(void **state)
{
    (void)state;
    needs_part("yaml");
    static const char yaml[] = "model: cut\nmodels:\n  cut:\n    model: mock/any\n"
                               "    strict: true\n    mock.finish_reason: length\n";
    SCOPED(beluga_config) *config = beluga_config_new_n(NULL, 0), *resolved = NULL;
    SCOPED(beluga_chat_model) *model = NULL;
    beluga_error err = {.code = 0};
    char path[] = "/tmp/beluga-strict-XXXXXX";
    int fd = mkstemp(path);
    assert_int_equal(write(fd, yaml, sizeof yaml - 1), sizeof yaml - 1);
    close(fd);
    assert_int_equal(beluga_config_load_file(config, path, &err), 0);
    unlink(path);
    assert_int_equal(
        beluga_config_resolve(config, beluga_registry_default(), NULL, &resolved, &err), 0);
    assert_int_equal(beluga_registry_open(beluga_registry_default(), NULL, resolved, &model, &err),
                     0);
    assert_cut(generate(model, NULL, &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_reason_but_a_natural_one_is_an_error),
        cmocka_unit_test(a_cut_answer_is_no_response_and_its_text_is_had_as_a_partial_one),
        cmocka_unit_test(a_pulled_stream_gives_its_text_and_ends_in_the_error),
        cmocka_unit_test(a_pushed_stream_gives_its_text_and_ends_in_the_error),
        cmocka_unit_test(an_unstreamed_push_gives_its_text_and_ends_in_the_error),
        cmocka_unit_test(an_input_of_a_batch_fails_and_its_text_is_its_partial_one),
        cmocka_unit_test(one_call_may_be_strict_and_another_may_not),
        cmocka_unit_test(an_answer_of_the_cache_is_judged_as_any),
        cmocka_unit_test(a_probe_that_asks_for_one_token_is_not_strict),
        cmocka_unit_test(strict_is_read_from_text),
        cmocka_unit_test(strict_is_read_from_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
