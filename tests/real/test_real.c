/* The library with servers of other projects: llama.cpp, with a model that produces noise, and
 * aimock, whose answers are fixtures. with_servers.py starts the servers and runs this. */
#include "talk.h"

#include <yyjson.h>

enum { NOISE_TOKENS = 24, BATCH_INPUTS = 6 };

static const char weather[] =
    "{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}},"
    "\"required\":[\"city\"],\"additionalProperties\":false}";

static const beluga_option nothing = {.type = 0};

/* Options for noise of a known length: without an end token the noise continues up to the limit. */
#define NOISE beluga_with_extra_body("{\"ignore_eos\": true}"), beluga_with_max_tokens(NOISE_TOKENS)

static const char wrong_key[] = "not-the-key";

static beluga_chat_model *open_with_key(const char *key)
{
    return open_real("openai", address_of_server("LLAMA"), key, "tiny", nothing);
}

static beluga_chat_model *open_llama(const void *about)
{
    (void)about;
    return open_with_key(getenv("BELUGA_LLAMA_KEY"));
}

static beluga_chat_model *open_with_wrong_key(const void *about)
{
    (void)about;
    return open_with_key(wrong_key);
}

static beluga_chat_model *open_aimock(const void *about)
{
    (void)about;
    return open_real("openai", address_of_server("AIMOCK"), "any-key", "tiny", nothing);
}

static void expect_city(const char *arguments, size_t length)
{
    yyjson_doc *doc = yyjson_read(arguments, length, 0);
    assert_non_null(doc);
    assert_true(yyjson_is_str(yyjson_obj_get(yyjson_doc_get_root(doc), "city")));
    yyjson_doc_free(doc);
}

/* ---- llama.cpp */

static void a_real_server_answers_a_generate(talk *t)
{
    size_t length = 0;
    say_human(t, "Say hello");
    ask_on(t, NOISE);
    assert_false(beluga_response_is_complete(t->response)); /* the token limit cut the answer */
    assert_int_equal(beluga_response_finish_reason(t->response), BELUGA_FINISH_LENGTH);
    assert_int_equal(beluga_response_usage(t->response)->output_total, NOISE_TOKENS);
    assert_true(beluga_response_usage(t->response)->input_total > 0);
    beluga_response_text(t->response, &length);
    assert_true(length > 0);
}

static void an_answer_that_ends_by_itself_is_a_stop(talk *t)
{
    ask(t, "Say hello", beluga_with_max_tokens(1500));
    assert_int_equal(beluga_response_finish_reason(t->response), BELUGA_FINISH_STOP);
}

static void a_real_stream_is_pulled_to_its_finish(talk *t)
{
    say_human(t, "Say hello");
    begin_stream_on(t, NULL, NOISE);
    hear_all(t);
    assert_true(t->heard.texts > 1);
    assert_int_equal(t->heard.finishes, 1);
    assert_int_equal(t->heard.reason, BELUGA_FINISH_LENGTH);
    assert_int_equal(t->heard.usage.output_total, NOISE_TOKENS);
}

static void real_streams_are_pushed_side_by_side_on_one_loop(talk *t)
{
    enum { STREAMS = 4 };
    static heard each[STREAMS];
    beluga_loop *loop = NULL;
    say_human(t, "Say hello");
    assert_int_equal(beluga_loop_new(NULL, &loop), 0);
    for (int i = 0; i < STREAMS; i++)
        expect_ok(beluga_stream_start(t->model, loop, NULL, t->messages, hear, &each[i], NULL,
                                      &t->err, NOISE),
                  &t->err);
    while (beluga_loop_active(loop) > 0)
        assert_int_equal(beluga_loop_wait(loop, TALK_TIMEOUT_MS), 0);
    for (int i = 0; i < STREAMS; i++) {
        assert_int_equal(each[i].finishes, 1);
        assert_int_equal(each[i].usage.output_total, NOISE_TOKENS);
        assert_true(each[i].length > 0);
    }
    beluga_loop_free(loop);
}

#define MUST_CALL beluga_with_tool_choice("required"), beluga_with_max_tokens(1500)

static void a_required_tool_is_called_and_its_result_goes_back(talk *t)
{
    bind_weather(t, weather);
    say_human(t, "How is the weather?");
    ask_on(t, MUST_CALL);
    assert_int_equal(beluga_response_finish_reason(t->response), BELUGA_FINISH_TOOL_CALLS);
    const beluga_tool_call *call = beluga_response_tool_call(t->response, 0);
    assert_non_null(call);
    assert_string_equal(call->name, "get_weather");
    expect_city(call->arguments, call->length);
    say_result(t, "21 degrees");
    ask_on(t, beluga_with_tool_choice("none"), NOISE);
    assert_int_equal(beluga_response_finish_reason(t->response), BELUGA_FINISH_LENGTH);
}

static void a_tool_call_arrives_in_deltas(talk *t)
{
    bind_weather(t, weather);
    say_human(t, "How is the weather?");
    begin_stream_on(t, NULL, MUST_CALL);
    hear_all(t);
    assert_int_equal(t->heard.begins, 1);
    assert_int_equal(t->heard.ends, 1);
    assert_int_equal(t->heard.reason, BELUGA_FINISH_TOOL_CALLS);
    expect_city(t->heard.arguments, t->heard.arguments_length);
}

static void a_batch_over_two_slots_answers_every_input(talk *t)
{
    beluga_input inputs[BATCH_INPUTS];
    beluga_batch_result results[BATCH_INPUTS];
    for (int i = 0; i < BATCH_INPUTS; i++) inputs[i] = beluga_input_text("Say hello");
    expect_ok(beluga_batch(t->model, NULL, inputs, BATCH_INPUTS, results, &t->err, NOISE), &t->err);
    for (int i = 0; i < BATCH_INPUTS; i++) {
        assert_int_equal(results[i].error.code, 0);
        assert_int_equal(beluga_response_usage(results[i].response)->output_total, NOISE_TOKENS);
    }
    beluga_batch_results_clear(results, BATCH_INPUTS);
}

static void cancelling_ends_a_real_stream(talk *t)
{
    beluga_context *context = beluga_context_new_cancellable(NULL);
    const beluga_event *event = NULL;
    int status;
    say_human(t, "Say hello");
    begin_stream_on(t, context, beluga_with_extra_body("{\"ignore_eos\": true}"),
                    beluga_with_max_tokens(1500));
    expect_ok(beluga_stream_next(t->stream, &event, &t->err), &t->err);
    beluga_context_cancel(context);
    do {
        status = beluga_stream_next(t->stream, &event, &t->err);
    } while (!status && event && event->kind != BELUGA_EVENT_FINISH);
    assert_int_equal(status, BELUGA_ERROR_CONTEXT_CANCELED);
    beluga_context_unref(context);
}

static void a_refused_key_is_an_authentication_error(talk *t)
{
    int status = try_to_ask(t, "Say hello", NULL);
    assert_int_equal(status, BELUGA_ERROR_AUTHENTICATION);
    assert_int_equal(t->err.http_status, 401);
    assert_null(t->response);
    assert_null(strstr(t->err.message, wrong_key));
}

static void input_past_the_context_is_context_length(talk *t)
{
    ask_past_the_context(t);
}

static void a_probe_finds_the_server_healthy_and_its_model(talk *t)
{
    beluga_health health;
    expect_ok(beluga_check_health(t->model, NULL, true, &health, &t->err), &t->err);
    assert_string_equal(health.state, "healthy");
    assert_true(health.probed);
    list_models(t);
    assert_int_equal(t->n_names, 1);
    assert_string_equal(t->names[0], "tiny");
}

/* ---- aimock */

static void text_cut_anywhere_comes_out_whole(talk *t)
{
    say_human(t, "say hello");
    begin_stream_on(t, NULL, nothing);
    hear_all(t);
    assert_string_equal(t->heard.text, "Hello there, café ☃ 🚀!");
    ask_on(t, nothing);
    assert_string_equal(beluga_response_text(t->response, NULL), t->heard.text);
    assert_int_equal(beluga_response_usage(t->response)->input_total, 10);
    assert_int_equal(beluga_response_usage(t->response)->output_total, 5);
}

static void a_scripted_tool_call_keeps_its_id_and_arguments(talk *t)
{
    bind_weather(t, weather);
    say_human(t, "weather");
    ask_on(t, beluga_with_wire_streaming(true));
    assert_int_equal(beluga_response_tool_call_count(t->response), 1);
    const beluga_tool_call *call = beluga_response_tool_call(t->response, 0);
    assert_string_equal(call->id, "call_weather_1");
    assert_string_equal(call->arguments, "{\"city\":\"Oslo\",\"unit\":\"celsius\"}");
    say_result(t, "21 degrees");
    ask_on(t, nothing);
    assert_string_equal(beluga_response_text(t->response, NULL), "It is 21 degrees in Oslo.");
}

static void a_limited_call_is_tried_again(talk *t)
{
    ask(t, "try again", beluga_with_max_retries(2));
    assert_string_equal(beluga_response_text(t->response, NULL), "The second attempt is answered.");
}

static void a_limit_without_retries_says_when_to_come_back(talk *t)
{
    int status = try_to_ask(t, "always limited", TALK_OPTIONS(beluga_with_max_retries(0)));
    assert_int_equal(status, BELUGA_ERROR_RATE_LIMIT);
    assert_int_equal(t->err.http_status, 429);
    assert_int_equal(t->err.retry_after_ms, 1000);
    assert_int_equal(t->err.retryable, 1);
    assert_true(strlen(t->err.request_id) > 0);
    assert_non_null(strstr(t->err.cause, "Rate limited"));
}

static void a_stream_broken_off_is_stream_closed_and_keeps_what_came(talk *t)
{
    beluga_response *partial = NULL;
    int status =
        try_to_ask(t, "break off",
                   TALK_OPTIONS(beluga_with_max_retries(0), beluga_with_wire_streaming(true),
                                beluga_with_partial(&partial)));
    assert_int_equal(status, BELUGA_ERROR_STREAM_CLOSED);
    assert_null(t->response);
    assert_non_null(partial);
    assert_false(beluga_response_is_complete(partial));
    assert_int_equal(strncmp(beluga_response_text(partial, NULL), "This ans", 8), 0);
    beluga_response_free(partial);
}

static void reasoning_is_kept_apart_from_the_answer(talk *t)
{
    ask(t, "think first", beluga_with_wire_streaming(true));
    assert_string_equal(beluga_response_reasoning(t->response, NULL), "Two and two.");
    assert_string_equal(beluga_response_text(t->response, NULL), "Four.");
}

static void an_unknown_model_keeps_the_providers_own_code(talk *t)
{
    assert_true(try_to_ask(t, "no such model", NULL) < 0);
    assert_int_equal(t->err.http_status, 404);
    assert_int_equal(t->err.retryable, 0);
    assert_string_equal(t->err.provider_code, "model_not_found");
}

static const talk_row tests[] = {
    TALK_ROW(a_real_server_answers_a_generate, open_llama),
    TALK_ROW(an_answer_that_ends_by_itself_is_a_stop, open_llama),
    TALK_ROW(a_real_stream_is_pulled_to_its_finish, open_llama),
    TALK_ROW(real_streams_are_pushed_side_by_side_on_one_loop, open_llama),
    TALK_ROW(a_required_tool_is_called_and_its_result_goes_back, open_llama),
    TALK_ROW(a_tool_call_arrives_in_deltas, open_llama),
    TALK_ROW(a_batch_over_two_slots_answers_every_input, open_llama),
    TALK_ROW(cancelling_ends_a_real_stream, open_llama),
    TALK_ROW(a_refused_key_is_an_authentication_error, open_with_wrong_key),
    TALK_ROW(input_past_the_context_is_context_length, open_llama),
    TALK_ROW(a_probe_finds_the_server_healthy_and_its_model, open_llama),
    TALK_ROW(text_cut_anywhere_comes_out_whole, open_aimock),
    TALK_ROW(a_scripted_tool_call_keeps_its_id_and_arguments, open_aimock),
    TALK_ROW(a_limited_call_is_tried_again, open_aimock),
    TALK_ROW(a_limit_without_retries_says_when_to_come_back, open_aimock),
    TALK_ROW(a_stream_broken_off_is_stream_closed_and_keeps_what_came, open_aimock),
    TALK_ROW(reasoning_is_kept_apart_from_the_answer, open_aimock),
    TALK_ROW(an_unknown_model_keeps_the_providers_own_code, open_aimock),
};

int main(void)
{
    ADD_TALKS(NULL, tests, NULL);
    return run_talks("real servers");
}
