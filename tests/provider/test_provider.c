/* What the library guarantees to a full provider, and what it checks: rules of emitting, delays,
 * work that blocks, and cancelling. Each test has its own provider, a function to which `behave`
 * points. */
#include "subject.h"

#include <stdio.h>

/* ---- rules of emitting ----------------------------------------------------------------------- */

static int goes_on_after_finish(const beluga_call *c, beluga_emit *emit, beluga_error *err)
{
    (void)c;
    (void)err;
    say(emit, "a");
    stop(emit);
    return say(emit, "b");
}

static void content_after_the_finish_is_an_invalid_response(void **state)
{
    assert_fails(*state, goes_on_after_finish, BELUGA_ERROR_INVALID_RESPONSE);
}

static int finishes_twice(const beluga_call *c, beluga_emit *emit, beluga_error *err)
{
    (void)c;
    (void)err;
    int status = beluga_emit_finish(emit, BELUGA_FINISH_LENGTH, "length");
    return status ? status : stop(emit);
}

static void the_first_finish_counts(void **state)
{
    beluga_error err;
    SCOPED(beluga_response) *response = call(*state, finishes_twice, 0, &err);
    assert_int_equal(beluga_response_finish_reason(response), BELUGA_FINISH_LENGTH);
}

static int fails_after_finish(const beluga_call *c, beluga_emit *emit, beluga_error *err)
{
    (void)c;
    say(emit, "a");
    stop(emit);
    return beluga_error_set(err, BELUGA_ERROR_INTERNAL, "it broke in the end");
}

static void a_failure_wins_over_a_finish_that_was_not_delivered_yet(void **state)
{
    assert_fails(*state, fails_after_finish, BELUGA_ERROR_INTERNAL);
}

/* Define a provider that calls one function. */
#define BEHAVES(name, does)                                                     \
    static int name(const beluga_call *c, beluga_emit *emit, beluga_error *err) \
    {                                                                           \
        (void)c;                                                                \
        (void)err;                                                              \
        return does;                                                            \
    }

BEHAVES(begins_no_call, beluga_emit_tool_call_delta(emit, 3, "{}", 2))

static void arguments_of_a_call_that_never_began_are_malformed(void **state)
{
    assert_fails(*state, begins_no_call, BELUGA_ERROR_MALFORMED_RESPONSE);
}

static int shares_an_index(const beluga_call *c, beluga_emit *emit, beluga_error *err)
{
    (void)c;
    (void)err;
    int status = beluga_emit_tool_call_begin(emit, 0, "one", "t");
    return status ? status : beluga_emit_tool_call_begin(emit, 0, "two", "t");
}

static void two_calls_of_one_index_are_malformed(void **state)
{
    assert_fails(*state, shares_an_index, BELUGA_ERROR_MALFORMED_RESPONSE);
}

static int leaves_calls_open(const beluga_call *c, beluga_emit *emit, beluga_error *err)
{
    (void)c;
    (void)err;
    beluga_emit_tool_call_begin(emit, 0, "one", "first");
    beluga_emit_tool_call_begin(emit, 1, NULL, "second");
    beluga_emit_tool_call_delta(emit, 1, "{\"b\"", 4);
    beluga_emit_tool_call_delta(emit, 0, "{\"a\":1}", 7);
    /* begin the same call twice, as some servers do */
    beluga_emit_tool_call_begin(emit, 0, "one", "first");
    beluga_emit_tool_call_delta(emit, 1, ":2}", 3);
    return beluga_emit_finish(emit, BELUGA_FINISH_TOOL_CALLS, NULL);
}

static int calls_by_one_id(const beluga_call *c, beluga_emit *emit, beluga_error *err)
{
    (void)c;
    (void)err;
    for (uint32_t i = 0; i < 3; i++) {
        int status = beluga_emit_tool_call(emit, i, i < 2 ? "same" : "other", "w", "{}", 2);
        if (status) return status;
    }
    return beluga_emit_finish(emit, BELUGA_FINISH_TOOL_CALLS, NULL);
}

static void two_calls_of_one_id_are_told_apart(void **state)
{
    beluga_error err;
    SCOPED(beluga_response) *response = call(*state, calls_by_one_id, 0, &err);
    assert_int_equal(beluga_response_tool_call_count(response), 3);
    assert_string_equal(beluga_response_tool_call(response, 0)->id, "same");
    assert_string_not_equal(beluga_response_tool_call(response, 1)->id, "same");
    assert_string_equal(beluga_response_tool_call(response, 2)->id, "other");
}

static int counts_results(const beluga_call *c, beluga_emit *emit, beluga_error *err)
{
    char text[32];
    size_t n = 0;
    const beluga_message *last = NULL;
    (void)err;
    for (size_t i = 0; i < beluga_call_message_count(c); i++)
        if (beluga_message_role(beluga_call_message(c, i)) == BELUGA_ROLE_TOOL) {
            n++;
            last = beluga_call_message(c, i);
        }
    snprintf(text, sizeof text, "%zu %s", n, beluga_message_text(last, NULL));
    int status = say(emit, text);
    return status ? status : stop(emit);
}

static void of_two_results_of_a_call_the_last_is_sent_and_a_warning_says_so(void **state)
{
    SCOPED(beluga_response) *response = NULL;
    SCOPED(beluga_messages) *messages = beluga_messages_new();
    beluga_message *answer = beluga_message_new(BELUGA_ROLE_AI);
    beluga_messages_add(messages, beluga_human_message("Hi"));
    beluga_message_add_tool_call(answer, "a", "w", "{}", 2);
    beluga_messages_add(messages, answer);
    beluga_messages_add(messages, beluga_tool_message("a", "cancelled"));
    beluga_messages_add(messages, beluga_human_message("Well?"));
    beluga_messages_add(messages, beluga_tool_message("a", "done"));
    behave = counts_results;
    assert_int_equal(beluga_generate(*state, NULL, messages, &response, NULL), 0);
    assert_string_equal(beluga_response_text(response, NULL), "1 done");
    assert_non_null(strstr(beluga_response_warning(response, 0), "more than one result"));
}

static void finish_ends_the_calls_that_are_still_open(void **state)
{
    beluga_error err;
    SCOPED(beluga_response) *response = call(*state, leaves_calls_open, 0, &err);
    assert_int_equal(beluga_response_tool_call_count(response), 2);
    assert_string_equal(beluga_response_tool_call(response, 0)->arguments, "{\"a\":1}");
    assert_string_equal(beluga_response_tool_call(response, 1)->arguments, "{\"b\":2}");
    assert_true(*beluga_response_tool_call(response, 1)->id);
}

BEHAVES(says_bytes, say(emit, "\xff\xfe"))

static void text_that_is_not_utf8_is_malformed(void **state)
{
    assert_fails(*state, says_bytes, BELUGA_ERROR_MALFORMED_RESPONSE);
}

static int tells_everything(const beluga_call *c, beluga_emit *emit, beluga_error *err)
{
    beluga_usage usage = BELUGA_USAGE_INIT;
    (void)c;
    (void)err;
    usage.input_total = 1;
    beluga_emit_warning(emit, "no %s here", "images");
    beluga_emit_warning(emit, "no %s here", "images");
    beluga_emit_metadata(emit, "id-1", NULL, 0);
    beluga_emit_metadata(emit, "id-2", "model-2", 1700000000);
    beluga_emit_usage(emit, &usage);
    beluga_emit_reasoning(emit, "because", 7);
    beluga_emit_reasoning_signature(emit, "sig", 3);
    beluga_emit_reasoning_end(emit);
    beluga_emit_reasoning_signature(emit, "of the text", 11);
    beluga_emit_text(emit, "", 0);
    say(emit, "text");
    stop(emit);
    usage.output_total = 2;
    return beluga_emit_usage(emit, &usage); /* usage after the finish, as some servers send it */
}

static void all_that_a_provider_tells_is_in_the_response(void **state)
{
    beluga_error err;
    SCOPED(beluga_response) *response = call(*state, tells_everything, 0, &err);
    assert_string_equal(beluga_response_warning(response, 0), "no images here");
    assert_null(beluga_response_warning(response, 1));
    assert_string_equal(beluga_response_id(response), "id-1");
    assert_string_equal(beluga_response_model(response), "model-2");
    assert_int_equal(beluga_response_created(response), 1700000000);
    assert_string_equal(beluga_response_reasoning(response, NULL), "because");
    assert_string_equal(beluga_response_text(response, NULL), "text");
    assert_int_equal(beluga_response_usage(response)->output_total, 2);
    SCOPED(beluga_message) *message = beluga_response_message(response);
    const beluga_part *part = beluga_message_part(message, 0);
    assert_int_equal(part->kind, BELUGA_PART_REASONING);
    assert_int_equal(part->signature_length, 3);
    assert_memory_equal(part->signature, "sig", 3);
    part = beluga_message_part(message, 1);
    assert_int_equal(part->text_length, 0);
    assert_string_equal(part->signature, "of the text");
    assert_int_equal(beluga_message_part(message, 2)->kind, BELUGA_PART_TEXT);
}

/* ---- ends ------------------------------------------------------------------------------------ */

BEHAVES(says_and_leaves, say(emit, "half an ans"))

static void a_provider_that_leaves_without_a_finish_has_closed_the_stream(void **state)
{
    assert_fails(*state, says_and_leaves, BELUGA_ERROR_STREAM_CLOSED);
}

static int leaves_later(const beluga_call *c, beluga_emit *emit, beluga_error *err)
{
    static char text[] = "half";
    (void)c;
    (void)err;
    return beluga_emit_after(emit, 1, leaves, text);
}

static void the_same_after_a_delay(void **state)
{
    assert_fails(*state, leaves_later, BELUGA_ERROR_STREAM_CLOSED);
}

static int refuses(const beluga_call *c, beluga_emit *emit, beluga_error *err)
{
    (void)c;
    (void)emit;
    beluga_error_set(err, BELUGA_ERROR_NOT_FOUND, "no such drawer");
    beluga_error_set_provider_code(err, "no_drawer", 9);
    return BELUGA_ERROR_NOT_FOUND;
}

static void an_error_of_start_ends_the_call_with_its_detail(void **state)
{
    beluga_error err;
    assert_null(call(*state, refuses, BELUGA_ERROR_NOT_FOUND, &err));
    assert_string_equal(err.message, "no such drawer");
    assert_string_equal(err.provider_code, "no_drawer");
    assert_int_equal(atomic_load(&cancelled), 0);
}

static int breaks(beluga_emit *emit, void *argument)
{
    (void)emit;
    (void)argument;
    return BELUGA_ERROR_NO_MEMORY;
}

BEHAVES(breaks_later, beluga_emit_after(emit, 0, breaks, NULL))

static void a_code_returned_after_a_delay_ends_the_call(void **state)
{
    assert_fails(*state, breaks_later, BELUGA_ERROR_NO_MEMORY);
}

/* ---- delays ---------------------------------------------------------------------------------- */

typedef struct counter {
    int left;
    char zeroes[64];
} counter;

static int count_down(beluga_emit *emit, void *argument)
{
    counter *c = argument;
    char digit[2] = {(char)('0' + c->left), '\0'};
    int status = say(emit, digit);
    if (status || c->left-- == 0) return status ? status : stop(emit);
    return beluga_emit_after(emit, c->left % 2, count_down, c);
}

static int counts_down(const beluga_call *c, beluga_emit *emit, beluga_error *err)
{
    static const char zeroes[64];
    counter *state = beluga_emit_alloc(emit, sizeof *state);
    (void)c;
    if (!state || memcmp(state->zeroes, zeroes, sizeof zeroes) != 0)
        return beluga_error_set(err, BELUGA_ERROR_INTERNAL, "memory is not zero");
    state->left = 5;
    return count_down(emit, state);
}

static void a_call_goes_on_from_delay_to_delay(void **state)
{
    assert_text(*state, counts_down, "543210");
}

static int asks_for_two_delays(const beluga_call *c, beluga_emit *emit, beluga_error *err)
{
    (void)c;
    (void)err;
    int first = beluga_emit_after(emit, 60000, leaves, NULL);
    return first ? first : beluga_emit_after(emit, 1, leaves, NULL);
}

static void one_delay_at_a_time(void **state)
{
    assert_fails(*state, asks_for_two_delays, BELUGA_ERROR_INVALID_INPUT);
}

/* ---- cancelling ------------------------------------------------------------------------------ */

static int waits(const beluga_call *c, beluga_emit *emit, beluga_error *err)
{
    (void)c;
    (void)err;
    int status = say(emit, "a");
    return status ? status : beluga_emit_after(emit, 60000, leaves, NULL);
}

static void a_stream_that_is_left_is_cancelled_once(void **state)
{
    beluga_stream *stream = NULL;
    const beluga_event *event = NULL;
    behave = waits;
    assert_int_equal(beluga_stream_input(*state, NULL, beluga_input_text("Hi"), &stream, NULL), 0);
    while (beluga_stream_next(stream, &event, NULL) == 0 && event->kind != BELUGA_EVENT_TEXT)
        continue;
    assert_int_equal(atomic_load(&cancelled), 0);
    beluga_stream_free(stream);
    assert_int_equal(atomic_load(&cancelled), 1);
}

static void a_call_that_never_began_is_not_cancelled(void **state)
{
    beluga_stream *stream = NULL;
    behave = waits;
    assert_int_equal(beluga_stream_input(*state, NULL, beluga_input_text("Hi"), &stream, NULL), 0);
    beluga_stream_free(stream);
    assert_int_equal(atomic_load(&cancelled), 0);
}

static void a_timeout_cancels_the_provider(void **state)
{
    beluga_response *response = NULL;
    behave = waits;
    assert_int_equal(beluga_invoke(*state, NULL, beluga_input_text("Hi"), &response, NULL,
                                   beluga_with_timeout_ms(10), beluga_with_max_retries(0)),
                     BELUGA_ERROR_TIMEOUT);
    assert_int_equal(atomic_load(&cancelled), 1);
}

static void a_call_that_ended_is_not_cancelled(void **state)
{
    assert_text(*state, counts_down, "543210");
    assert_int_equal(atomic_load(&cancelled), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_MODEL(content_after_the_finish_is_an_invalid_response),
        WITH_MODEL(the_first_finish_counts),
        WITH_MODEL(a_failure_wins_over_a_finish_that_was_not_delivered_yet),
        WITH_MODEL(arguments_of_a_call_that_never_began_are_malformed),
        WITH_MODEL(two_calls_of_one_index_are_malformed),
        WITH_MODEL(two_calls_of_one_id_are_told_apart),
        WITH_MODEL(of_two_results_of_a_call_the_last_is_sent_and_a_warning_says_so),
        WITH_MODEL(finish_ends_the_calls_that_are_still_open),
        WITH_MODEL(text_that_is_not_utf8_is_malformed),
        WITH_MODEL(all_that_a_provider_tells_is_in_the_response),
        WITH_MODEL(a_provider_that_leaves_without_a_finish_has_closed_the_stream),
        WITH_MODEL(the_same_after_a_delay),
        WITH_MODEL(an_error_of_start_ends_the_call_with_its_detail),
        WITH_MODEL(a_code_returned_after_a_delay_ends_the_call),
        WITH_MODEL(a_call_goes_on_from_delay_to_delay),
        WITH_MODEL(one_delay_at_a_time),
        WITH_MODEL(a_stream_that_is_left_is_cancelled_once),
        WITH_MODEL(a_call_that_never_began_is_not_cancelled),
        WITH_MODEL(a_timeout_cancels_the_provider),
        WITH_MODEL(a_call_that_ended_is_not_cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
