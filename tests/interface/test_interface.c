/* The interfaces ChatModel and LLM: each function is tested with the two providers that need no
 * network. */
#include "../models.h"
#include "../support/scoped.h"

#include <stdio.h>

#define MAX_TEXT 4096

/* ---- ChatModel ------------------------------------------------------------------------------- */

static void a_model_tells_its_own_name_and_its_providers(void **state)
{
    const subject *s = *state;
    assert_string_equal(beluga_model_name(s->model), s->model_name);
    assert_string_equal(beluga_provider_name(s->model), s->provider);
}

static void generate_gives_text_and_all_that_goes_with_it(void **state)
{
    const subject *s = *state;
    SCOPED(beluga_response) *response = NULL;
    SCOPED(beluga_messages) *messages = one_question("One two three");
    assert_int_equal(beluga_generate(s->model, NULL, messages, &response, NULL), 0);
    size_t length = 0;
    assert_string_equal(beluga_response_text(response, &length), s->answer);
    assert_int_equal(length, strlen(s->answer));
    assert_true(beluga_response_is_complete(response));
    assert_int_equal(beluga_response_finish_reason(response), BELUGA_FINISH_STOP);
    assert_string_equal(beluga_response_raw_finish_reason(response), "stop");
    assert_string_equal(beluga_response_model(response), s->model_name);
    assert_string_equal(beluga_response_provider(response), s->provider);
    assert_string_equal(beluga_response_reasoning(response, NULL), "");
    assert_int_equal(beluga_response_tool_call_count(response), 0);
    assert_null(beluga_response_tool_call(response, 0));
    assert_null(beluga_response_warning(response, 0));
    assert_true(beluga_response_usage(response)->input_total > 0);
    assert_true(beluga_response_usage(response)->output_total > 0);
    assert_true(beluga_response_duration_ns(response) >= 0);
    assert_true(beluga_response_first_content_ns(response) >= 0);
}

static void a_stream_gives_the_text_in_pieces_and_one_finish(void **state)
{
    const subject *s = *state;
    SCOPED(beluga_stream) *stream = NULL;
    const beluga_event *event = NULL;
    char text[MAX_TEXT] = "";
    size_t texts = 0, finishes = 0;
    beluga_messages *messages = one_question("Hello");
    assert_int_equal(beluga_stream_chat(s->model, NULL, messages, &stream, NULL), 0);
    beluga_messages_free(messages); /* the call keeps its own references to the messages */
    while (beluga_stream_next(stream, &event, NULL) == 0 && event) {
        assert_int_equal(finishes, 0);
        if (event->kind == BELUGA_EVENT_FINISH) finishes++;
        if (event->kind != BELUGA_EVENT_TEXT) continue;
        strncat(text, event->u.text.text, event->u.text.length);
        texts++;
    }
    assert_string_equal(text, s->answer);
    assert_true(texts > 1);
    assert_int_equal(finishes, 1);
}

static void a_stream_that_ended_says_so_for_ever(void **state)
{
    const subject *s = *state;
    SCOPED(beluga_stream) *stream = NULL;
    const beluga_event *event = NULL;
    char text[MAX_TEXT];
    assert_int_equal(beluga_stream_input(s->model, NULL, beluga_input_text("Hello"), &stream, NULL),
                     0);
    drain(stream, text, sizeof text);
    for (int i = 0; i < 3; i++) {
        event = (const beluga_event *)text;
        assert_int_equal(beluga_stream_next(stream, &event, NULL), 0);
        assert_null(event);
    }
}

static void binding_tools_gives_another_model_of_the_same_name(void **state)
{
    const subject *s = *state;
    SCOPED(beluga_tool) *tool = NULL;
    SCOPED(beluga_chat_model) *bound = NULL;
    const beluga_tool_definition definition = {.size = sizeof definition, .name = "clock"};
    assert_int_equal(beluga_tool_new(&definition, &tool, NULL), 0);
    assert_int_equal(beluga_bind_tools(s->model, &tool, 1, &bound, NULL), 0);
    assert_ptr_not_equal(bound, s->model);
    assert_string_equal(beluga_model_name(bound), s->model_name);
    assert_string_equal(beluga_provider_name(bound), s->provider);
    assert_int_equal(beluga_chat_model_tool_count(bound), 1);
}

static void health_is_told_without_a_call(void **state)
{
    const subject *s = *state;
    beluga_health health;
    assert_int_equal(beluga_check_health(s->model, NULL, false, &health, NULL), 0);
    assert_string_equal(health.state, "healthy");
    assert_string_equal(health.model, s->model_name);
    assert_string_equal(health.provider, s->provider);
    assert_answer(s->model, "Hello", s->answer); /* the provider still gives its first answer */
}

static void a_reference_keeps_a_model_alive(void **state)
{
    const subject *s = *state;
    SCOPED(beluga_chat_model) *model = open_with(s, NULL, 0);
    assert_ptr_equal(beluga_chat_model_ref(model), model);
    beluga_chat_model_unref(model);
    assert_answer(model, "Hello", s->answer);
}

static void a_provider_without_a_list_of_models_says_so(void **state)
{
    const subject *s = *state;
    char **names = (char **)state;
    size_t n = 1;
    assert_int_equal(beluga_list_models(s->model, NULL, &names, &n, NULL),
                     BELUGA_ERROR_NOT_SUPPORTED);
}

/* ---- LLM ------------------------------------------------------------------------------------- */

static void invoke_takes_text_a_message_or_a_list(void **state)
{
    const subject *s = *state;
    SCOPED(beluga_message) *message = beluga_human_message("Hello");
    SCOPED(beluga_messages) *messages = one_question("Hello");
    const beluga_input inputs[] = {beluga_input_text("Hello"), beluga_input_text_n("Hello!!", 5),
                                   beluga_input_message(message), beluga_input_messages(messages)};
    const beluga_option same = answers(s, "same");
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        beluga_response *response = NULL;
        assert_int_equal(beluga_invoke(s->model, NULL, inputs[i], &response, NULL, same), 0);
        assert_string_equal(beluga_response_text(response, NULL), "same");
        assert_true(beluga_response_usage(response)->input_total > 0);
        beluga_response_free(response);
    }
}

static void stream_takes_the_same_inputs(void **state)
{
    const subject *s = *state;
    SCOPED(beluga_message) *message = beluga_human_message("Hello");
    SCOPED(beluga_messages) *messages = one_question("Hello");
    const beluga_input inputs[] = {beluga_input_text("Hello"), beluga_input_message(message),
                                   beluga_input_messages(messages)};
    const beluga_option same = answers(s, "a b c");
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        beluga_stream *stream = NULL;
        char text[MAX_TEXT];
        assert_int_equal(beluga_stream_input(s->model, NULL, inputs[i], &stream, NULL, same), 0);
        assert_int_equal(drain(stream, text, sizeof text), 3);
        assert_string_equal(text, "a b c");
        beluga_stream_free(stream);
    }
}

static void batch_answers_every_input(void **state)
{
    const subject *s = *state;
    beluga_batch_result results[3];
    const beluga_input inputs[3] = {beluga_input_text("a"), beluga_input_text("b"),
                                    beluga_input_text("c")};
    assert_int_equal(beluga_batch(s->model, NULL, inputs, 3, results, NULL, answers(s, "same")), 0);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(results[i].error.code, 0);
        assert_string_equal(beluga_response_text(results[i].response, NULL), "same");
    }
    beluga_batch_results_clear(results, 3);
    assert_null(results[0].response);
}

static void any_input_becomes_a_list_of_messages(void **state)
{
    (void)state;
    beluga_messages *list = NULL, *again = NULL;
    beluga_error err;
    assert_int_equal(beluga_ensure_messages(beluga_input_text("Hello"), &list, NULL), 0);
    assert_int_equal(beluga_messages_count(list), 1);
    assert_int_equal(beluga_message_role(beluga_messages_get(list, 0)), BELUGA_ROLE_HUMAN);
    assert_string_equal(beluga_message_text(beluga_messages_get(list, 0), NULL), "Hello");
    assert_int_equal(beluga_ensure_messages(beluga_input_messages(list), &again, NULL), 0);
    assert_int_equal(beluga_messages_count(again), 1);
    assert_ptr_not_equal(again, list);
    beluga_messages_free(list);
    beluga_messages_free(again);
    const beluga_input nothing = {9, 0, NULL, 0};
    assert_int_equal(beluga_ensure_messages(nothing, &list, &err), BELUGA_ERROR_INVALID_INPUT);
    assert_int_equal(beluga_ensure_messages(beluga_input_message(NULL), &list, &err),
                     BELUGA_ERROR_INVALID_INPUT);
}

/* ---- push ------------------------------------------------------------------------------------ */

/* A call on a loop that the test steps: its messages, and the events that were received. */
typedef struct heard {
    beluga_loop *loop;
    beluga_messages *messages;
    beluga_response_builder *builder;
    size_t texts, ends;
} heard;

static void hear(void *payload, const beluga_event *event)
{
    heard *h = payload;
    h->texts += event->kind == BELUGA_EVENT_TEXT;
    h->ends += event->kind == BELUGA_EVENT_FINISH || event->kind == BELUGA_EVENT_ERROR;
    assert_int_equal(beluga_response_builder_add(h->builder, event), 0);
}

static heard ready(void)
{
    heard h = {.messages = one_question("Hello"), .builder = beluga_response_builder_new()};
    assert_int_equal(beluga_loop_new(NULL, &h.loop), 0);
    return h;
}

static void run(heard *h)
{
    while (beluga_loop_active(h->loop) > 0) assert_int_equal(beluga_loop_wait(h->loop, 10000), 0);
}

/* Assert the answer of a call that has ended, and free its objects. */
static void assert_heard(heard *h, const char *text)
{
    SCOPED(beluga_response) *response = NULL;
    assert_int_equal(h->ends, 1);
    assert_int_equal(beluga_response_builder_finish(h->builder, &response), 0);
    assert_string_equal(beluga_response_text(response, NULL), text);
    assert_int_equal(beluga_response_finish_reason(response), BELUGA_FINISH_STOP);
    beluga_response_builder_free(h->builder);
    beluga_messages_free(h->messages);
    beluga_loop_free(h->loop);
}

static void a_stream_on_the_hosts_loop_calls_back_from_step_only(void **state)
{
    const subject *s = *state;
    heard h = ready();
    assert_int_equal(beluga_stream_start(s->model, h.loop, NULL, h.messages, hear, &h, NULL, NULL),
                     0);
    assert_int_equal(h.texts, 0);
    assert_int_equal(beluga_loop_active(h.loop), 1);
    run(&h);
    assert_true(h.texts > 1);
    assert_heard(&h, s->answer);
}

static void generate_on_the_hosts_loop_gives_one_piece(void **state)
{
    const subject *s = *state;
    heard h = ready();
    assert_int_equal(
        beluga_generate_start(s->model, h.loop, NULL, h.messages, hear, &h, NULL, NULL), 0);
    run(&h);
    assert_int_equal(h.texts, 1);
    assert_heard(&h, s->answer);
}

static void a_delayed_stream_needs_no_more_than_the_loop(void **state)
{
    const subject *s = *state;
    heard h = ready();
    assert_int_equal(beluga_stream_start(s->model, h.loop, NULL, h.messages, hear, &h, NULL, NULL,
                                         answers(s, "one two three"), word_delay(s, 2)),
                     0);
    run(&h);
    assert_int_equal(h.texts, 3);
    assert_heard(&h, "one two three");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_EACH(a_model_tells_its_own_name_and_its_providers),
        ON_EACH(generate_gives_text_and_all_that_goes_with_it),
        ON_EACH(a_stream_gives_the_text_in_pieces_and_one_finish),
        ON_EACH(a_stream_that_ended_says_so_for_ever),
        ON_EACH(binding_tools_gives_another_model_of_the_same_name),
        ON_EACH(health_is_told_without_a_call),
        ON_EACH(a_reference_keeps_a_model_alive),
        ON_EACH(a_provider_without_a_list_of_models_says_so),
        ON_EACH(invoke_takes_text_a_message_or_a_list),
        ON_EACH(stream_takes_the_same_inputs),
        ON_EACH(batch_answers_every_input),
        cmocka_unit_test(any_input_becomes_a_list_of_messages),
        ON_EACH(a_stream_on_the_hosts_loop_calls_back_from_step_only),
        ON_EACH(generate_on_the_hosts_loop_gives_one_piece),
        ON_EACH(a_delayed_stream_needs_no_more_than_the_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
