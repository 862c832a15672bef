/* Recordings are replayed with the same events and the same errors, without any network. */
#include "../support/tape.h"
#include "../support/threads.h"
#include "../support/tools.h"
#include "kit/aws_frames.h"

#include <stdio.h>

/* ---- the same call twice --------------------------------------------------------------------- */

/* Stream "Hi" once over the network and once from the recording, and assert that both have the same
 * events. */
static void stream_twice(tape *t, const beluga_option *opts, size_t n, record *live, record *again)
{
    beluga_chat_model *model = tape_open_n(t, opts, n);
    tape_record(t);
    stream_whole(model, live);
    tape_silence(t);
    tape_replay(t);
    stream_whole(model, again);
    beluga_chat_model_unref(model);
    assert_string_equal(again->story, live->story);
    assert_int_equal(again->status, live->status);
}

static void assert_same_error(const beluga_error *a, const beluga_error *b)
{
    assert_string_equal(beluga_error_name(a->code), beluga_error_name(b->code));
    assert_int_equal(a->http_status, b->http_status);
    assert_int_equal(a->retry_after_ms, b->retry_after_ms);
    assert_int_equal(a->retryable, b->retryable);
    assert_string_equal(a->provider_code, b->provider_code);
    assert_string_equal(a->request_id, b->request_id);
    assert_string_equal(a->message, b->message);
    assert_string_equal(a->cause, b->cause);
}

/* ---- streams --------------------------------------------------------------------------------- */

static void a_stream_comes_back_event_by_event(void **state)
{
    tape *t = *state;
    record live, again;
    script(t->peer, STREAMS("Hello there, friend."));
    stream_twice(t, NULL, 0, &live, &again);
    assert_string_equal(again.story,
                        "start metadata [Hello] [ there,] [ friend.] usage(12,3) finish(stop)");
    assert_int_equal(tape_count(t), 1);
    assert_string_equal(tape_name(t, 0), "00001-post-chat-completions.json");
}

/* Record and replay a stream in which every chunk has a finish reason, so that it is complete only
 * if HTTP marks its end. */
static void assert_end_comes_back(tape *t, bool framed, int status)
{
    static const char chunk[] =
        "data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\n";
    record live, again;
    peer_reply *r = script(t->peer, EVENT_STREAM);
    for (int i = 0; i < 2; i++)
        if (framed)
            peer_step_chunk(r, chunk, sizeof chunk - 1);
        else
            peer_step_raw(r, chunk, sizeof chunk - 1);
    if (framed)
        peer_step_end(r);
    else
        peer_step_close(r);
    stream_twice(t, NULL, 0, &live, &again);
    assert_story(&again, status ? "start metadata [a] [a]" : "start metadata [a] [a] finish(stop)");
    assert_int_equal(again.status, status);
}

static void an_end_that_http_marks_comes_back_as_one(void **state)
{
    assert_end_comes_back(*state, true, 0);
}

static void a_close_where_http_marks_no_end_comes_back_as_one(void **state)
{
    assert_end_comes_back(*state, false, BELUGA_ERROR_STREAM_CLOSED);
}

static void chunks_that_cut_events_and_characters_come_back_byte_for_byte(void **state)
{
    tape *t = *state;
    record live, again;
    script(t->peer, TRICKLES(7, 200),
           STREAMS("Gr\xc3\xbc\xc3\x9f dich, \xe2\x98\x83 \xf0\x9f\x90\xb3!"));
    stream_twice(t, NULL, 0, &live, &again);
    assert_int_equal(again.finishes, 1);
}

static void a_stream_longer_than_a_queue_is_paused_and_goes_on(void **state)
{
    tape *t = *state;
    record live, again;
    enum { WORDS = 300, LETTERS = 999 };
    peer_reply *r = script(t->peer, BEGINS);
    for (int i = 0; i < WORDS; i++) script_more(r, SAYS_LETTERS(LETTERS));
    script_more(r, STOPS, USES(1, WORDS), DONE);
    beluga_chat_model *model = tape_open(t, beluga_with_max_retries(0));
    tape_record(t);
    stream_whole(model, &live);
    tape_silence(t);
    tape_replay(t);
    stream_whole(model, &again);
    assert_int_equal(live.bytes, WORDS * LETTERS);
    assert_int_equal(again.bytes, live.bytes);
    assert_int_equal(again.texts, live.texts);
    beluga_chat_model_unref(model);
}

static void a_pushed_stream_comes_back_in_turns_of_the_hosts_loop(void **state)
{
    tape *t = *state;
    record live = {0}, again = {0};
    script(t->peer, STREAMS("One two three"));
    beluga_chat_model *model = tape_open(t, beluga_with_max_retries(0));
    tape_record(t);
    stream_whole(model, &live);
    tape_silence(t);
    tape_replay(t);
    beluga_loop *loop = new_loop();
    beluga_op *op = push_stream(model, loop, NULL, &again);
    assert_int_equal(again.events, 0);
    step_until_end(loop, &again);
    assert_string_equal(again.story, live.story);
    beluga_op_free(op);
    beluga_loop_free(loop);
    beluga_chat_model_unref(model);
}

static void tool_calls_come_back(void **state)
{
    tape *t = *state;
    record live, again;
    script(t->peer, BEGINS, BEGINS_TOOL(0, "call_1", "weather", "{\"city\":"),
           CONTINUES_TOOL(0, "\"Oslo\"}"), FINISHES("tool_calls"), USES(3, 4), DONE);
    stream_twice(t, NULL, 0, &live, &again);
    assert_non_null(strstr(again.story, "end(0 {\"city\":\"Oslo\"})"));
}

static void a_tool_loop_comes_back_though_ids_were_made_up(void **state)
{
    tape *t = *state;
    beluga_error err = {0};
    beluga_tool *tool = NULL;
    beluga_chat_model *with_tool = NULL, *model = tape_open(t, beluga_with_max_retries(0));
    const beluga_tool_definition weather = {.size = sizeof weather,
                                            .name = "weather",
                                            .description = "Tell the weather",
                                            .parameters = "{\"type\":\"object\"}",
                                            .execute = echo_arguments};
    assert_int_equal(beluga_tool_new(&weather, &tool, &err), 0);
    assert_int_equal(beluga_bind_tools(model, &tool, 1, &with_tool, &err), 0);
    /* Without ids. */
    script(t->peer, BEGINS, BEGINS_TOOL(0, NULL, "weather", "{\"city\":\"Oslo\"}"),
           BEGINS_TOOL(1, NULL, "weather", "{\"city\":\"Rome\"}"), FINISHES("tool_calls"), DONE);
    script(t->peer, STREAMS("It rains"));
    tape_record(t);
    for (int again = 0; again < 2; again++) {
        beluga_response *response = NULL;
        beluga_messages *messages = beluga_messages_new();
        beluga_messages_add(messages, beluga_human_message("How is the weather?"));
        if (beluga_run_tools(with_tool, NULL, messages, NULL, NULL, &response, &err))
            fail_msg("%s", err.message);
        assert_string_equal(beluga_response_text(response, NULL), "It rains");
        beluga_response_free(response);
        beluga_messages_free(messages);
        if (again) break;
        assert_true(tape_has(t, "\"tool_call_id\": \"call_"));
        tape_silence(t);
        tape_replay(t);
    }
    assert_int_equal(tape_count(t), 2);
    beluga_tool_unref(tool);
    beluga_chat_model_unref(with_tool);
    beluga_chat_model_unref(model);
}

static void frames_of_aws_come_back_though_signatures_have_changed(void **state)
{
    tape *t = *state;
    char frames[2048];
    size_t n = aws_frame(frames, ":message-type: event\n:event-type: contentBlockDelta\n",
                         "{\"contentBlockIndex\":0,\"delta\":{\"text\":\"Hi\"}}");
    n += aws_frame(frames + n, ":message-type: event\n:event-type: messageStop\n",
                   "{\"stopReason\":\"end_turn\"}");
    n += aws_frame(frames + n, ":message-type: event\n:event-type: metadata\n",
                   "{\"usage\":{\"inputTokens\":1,\"outputTokens\":2}}");
    peer_reply *r =
        script(t->peer, HEAD(200, "Content-Type: application/vnd.amazon.eventstream\r\n"));
    peer_step_chunk(r, frames, 11);
    peer_step_chunk(r, frames + 11, n - 11);
    peer_step_end(r);
    record live, again;
    beluga_error err = {0};
    beluga_chat_model *model = NULL;
    beluga_config *config = beluga_config_new(
        beluga_with_base_url(t->url), beluga_with_model_name("anthropic.claude-x:0"),
        beluga_with_api_key(
            "AKIDEXAMPLEEXAMPLE00:ThisSecretIsLongEnoughToBeOne/:TheTokenOfASession:eu-west-1"));
    assert_int_equal(
        beluga_registry_open(beluga_registry_default(), "bedrock", config, &model, &err), 0);
    tape_record(t);
    assert_int_equal(stream_whole(model, &live), 0);
    assert_non_null(peer_request_header(t->peer, 0, "X-Amz-Security-Token"));
    tape_silence(t);
    /* The recorded request seems to have been signed on another day. */
    tape_edit(t, 0, "X-Amz-Date", "X-Amz-Date: 20010101T000000Z");
    tape_replay(t);
    assert_int_equal(stream_whole(model, &again), 0);
    assert_string_equal(again.story, live.story);
    assert_non_null(strstr(again.story, "[Hi]"));
    assert_false(tape_has(t, "AKIDEXAMPLE"));
    assert_false(tape_has(t, "ThisSecret"));
    assert_false(tape_has(t, "TheTokenOf"));
    assert_false(tape_has(t, "Signature="));
    beluga_config_free(config);
    beluga_chat_model_unref(model);
}

/* ---- whole answers --------------------------------------------------------------------------- */

static void an_answer_in_one_piece_comes_back(void **state)
{
    tape *t = *state;
    beluga_chat_model *model = tape_open(t, beluga_with_max_retries(0));
    script(t->peer, ANSWERS("Hello"));
    tape_record(t);
    assert_int_equal(generate(model, "Hello", NULL), 0);
    tape_silence(t);
    tape_replay(t);
    assert_int_equal(generate(model, "Hello", NULL), 0);
    beluga_chat_model_unref(model);
}

static void a_list_of_models_and_a_probe_come_back(void **state)
{
    tape *t = *state;
    char **names;
    size_t n;
    beluga_error err = {0};
    beluga_health health;
    peer_reply *r = script(t->peer, REPEATS(2));
    peer_step_json(r, 200,
                   "{\"object\":\"list\",\"data\":[{\"id\":\"b\"},{\"id\":\"peer-chat\"}]}");
    beluga_chat_model *model = tape_open(t, beluga_with_max_retries(0));
    tape_record(t);
    for (int again = 0; again < 2; again++) {
        assert_int_equal(beluga_list_models(model, NULL, &names, &n, &err), 0);
        assert_int_equal(n, 2);
        assert_string_equal(names[0], "b");
        beluga_free(names);
        assert_int_equal(beluga_check_health(model, NULL, true, &health, &err), 0);
        if (again) break;
        tape_silence(t);
        tape_replay(t);
    }
    assert_int_equal(tape_count(t), 2);
    beluga_chat_model_unref(model);
}

static void an_image_in_the_request_is_part_of_the_match(void **state)
{
    tape *t = *state;
    beluga_error err = {0};
    beluga_chat_model *model = tape_open(t, beluga_with_max_retries(0));
    script(t->peer, ANSWERS("A whale"));
    tape_record(t);
    for (int i = 0; i < 3; i++) {
        const char *bytes = i < 2 ? "\x89PNG\r\n\x1a\n\0\0whale" : "\x89PNG\r\n\x1a\n\0\0seal!";
        beluga_response *response = NULL;
        beluga_messages *messages = beluga_messages_new();
        beluga_message *message = beluga_message_new(BELUGA_ROLE_HUMAN);
        beluga_message_add_data(message, BELUGA_PART_IMAGE, "image/png", bytes, 15, NULL);
        beluga_messages_add(messages, message);
        int status = beluga_generate(model, NULL, messages, &response, &err);
        assert_int_equal(status, i < 2 ? 0 : BELUGA_ERROR_NOT_FOUND);
        beluga_response_free(response);
        beluga_messages_free(messages);
        if (i == 0) tape_replay(t);
    }
    assert_non_null(strstr(err.message, "/messages/0/content/0/image_url/url"));
    beluga_chat_model_unref(model);
}

/* ---- failures -------------------------------------------------------------------------------- */

static void error_answers_come_back_with_all_they_say(void **state)
{
    tape *t = *state;
    static const int statuses[] = {400, 401, 404, 429, 500, 529};
    enum { N = sizeof statuses / sizeof *statuses };
    beluga_error live[N], again[N];
    beluga_chat_model *model = tape_open(t, beluga_with_max_retries(0));
    for (int i = 0; i < N; i++)
        peer_openai_error(peer_reply_new(t->peer), statuses[i],
                          "Retry-After: 7\r\nX-Request-Id: req-1\r\nSet-Cookie: a=b\r\n",
                          "its_code", "not like this");
    tape_record(t);
    for (int i = 0; i < N; i++) generate(model, NULL, &live[i]);
    tape_silence(t);
    tape_replay(t);
    for (int i = 0; i < N; i++) {
        assert_int_equal(generate(model, NULL, &again[i]), live[i].code);
        assert_int_equal(again[i].retry_after_ms, 7000);
        assert_int_equal(again[i].http_status, statuses[i]);
        assert_same_error(&again[i], &live[i]);
    }
    beluga_chat_model_unref(model);
}

static void each_attempt_is_an_exchange_and_a_replay_waits_for_none(void **state)
{
    tape *t = *state;
    record live, again;
    script(t->peer, FAILS(429, "retry-after-ms: 200\r\n"));
    script(t->peer, STREAMS("Hello"));
    beluga_option retries = beluga_with_max_retries(1);
    beluga_chat_model *model = tape_open_n(t, &retries, 1);
    tape_record(t);
    assert_int_equal(stream_whole(model, &live), 0);
    assert_int_equal(tape_count(t), 2);
    tape_silence(t);
    /* If the replay waited as long as this header says, the test would run into its timeout. */
    tape_edit(t, 0, "retry-after-ms: 200", "retry-after: 59");
    tape_replay(t);
    for (int i = 0; i < 20; i++) {
        tape_replay(t);
        assert_int_equal(stream_whole(model, &again), 0);
        assert_string_equal(again.story, live.story);
    }
    beluga_chat_model_unref(model);
}

/* Assert that a stream that failed fails in the same way when it is replayed. */
static void fails_again(tape *t, const beluga_option *opts, size_t n, int status)
{
    record live, again;
    stream_twice(t, opts, n, &live, &again);
    assert_int_equal(again.status, status);
    assert_same_error(&again.error, &live.error);
}

static void a_stream_that_was_cut_is_cut_again(void **state)
{
    tape *t = *state;
    script(t->peer, BEGINS, SAYS("Half"), CLOSES);
    fails_again(t, NULL, 0, BELUGA_ERROR_STREAM_CLOSED);
}

static void an_answer_that_was_cut_is_cut_again(void **state)
{
    tape *t = *state;
    beluga_error live, again;
    peer_reply *r = script(t->peer, HEAD(200, "Content-Type: application/json\r\n"));
    peer_step_body_claiming(r, "{\"choices\":[", 12, 100);
    peer_step_close(r);
    beluga_chat_model *model = tape_open(t, beluga_with_max_retries(0));
    tape_record(t);
    assert_int_equal(generate(model, NULL, &live), BELUGA_ERROR_NETWORK);
    tape_silence(t);
    tape_replay(t);
    assert_int_equal(generate(model, NULL, &again), BELUGA_ERROR_NETWORK);
    assert_same_error(&again, &live);
    beluga_chat_model_unref(model);
}

static void a_connection_that_was_refused_or_reset_fails_again(void **state)
{
    tape *t = *state;
    beluga_error live[2], again;
    script(t->peer, RESETS);
    beluga_chat_model *model = tape_open(t, beluga_with_max_retries(0));
    tape_record(t);
    assert_int_equal(generate(model, NULL, &live[0]), BELUGA_ERROR_NETWORK);
    tape_silence(t);
    assert_int_equal(generate(model, NULL, &live[1]), BELUGA_ERROR_NETWORK);
    tape_replay(t);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(generate(model, NULL, &again), BELUGA_ERROR_NETWORK);
        assert_same_error(&again, &live[i]);
        assert_int_equal(again.retryable, 1);
    }
    beluga_chat_model_unref(model);
}

static void a_stream_that_went_silent_times_out_again(void **state)
{
    tape *t = *state;
    const beluga_option silence = beluga_with_idle_timeout_ms(100);
    script(t->peer, BEGINS, SAYS("Half"), HANGS);
    fails_again(t, &silence, 1, BELUGA_ERROR_STREAM_TIMEOUT);
}

static void an_answer_that_never_came_times_out_again(void **state)
{
    tape *t = *state;
    const beluga_option patience = beluga_with_timeout_ms(100);
    script(t->peer, HANGS);
    fails_again(t, &patience, 1, BELUGA_ERROR_TIMEOUT);
}

static void an_event_that_is_not_json_fails_again(void **state)
{
    tape *t = *state;
    script(t->peer, BEGINS, SAYS("Half"), EVENT("{\"choices\":"), HANGS);
    fails_again(t, NULL, 0, BELUGA_ERROR_MALFORMED_RESPONSE);
}

static void a_call_that_was_cancelled_never_becomes_a_success(void **state)
{
    tape *t = *state;
    record r = {0}, again = {0};
    script(t->peer, BEGINS, SAYS("Half"), HANGS);
    beluga_chat_model *model = tape_open(t, beluga_with_max_retries(0));
    tape_record(t);
    beluga_stream *stream = begin_stream(model, NULL);
    pull_until(stream, &r, BELUGA_EVENT_TEXT);
    beluga_stream_free(stream); /* freeing a stream cancels it */
    assert_int_equal(tape_count(t), 1);
    tape_silence(t);
    tape_replay(t);
    assert_int_equal(stream_whole(model, &again), BELUGA_ERROR_CONTEXT_CANCELED);
    assert_string_equal(again.story, "start metadata [Half]");
    beluga_chat_model_unref(model);
}

static void a_replay_can_be_cancelled_in_its_middle(void **state)
{
    tape *t = *state;
    record live, again = {0};
    script(t->peer, STREAMS("One two three four five"));
    beluga_chat_model *model = tape_open(t, beluga_with_max_retries(0));
    tape_record(t);
    stream_whole(model, &live);
    tape_replay(t);
    beluga_context *context = beluga_context_new_cancellable(NULL);
    beluga_stream *stream = begin_stream(model, context);
    pull_until(stream, &again, BELUGA_EVENT_TEXT);
    beluga_context_cancel(context);
    pull_all(stream, &again);
    assert_int_equal(again.status, BELUGA_ERROR_CONTEXT_CANCELED);
    beluga_stream_free(stream);
    beluga_context_unref(context);
    beluga_chat_model_unref(model);
}

/* ---- many at once ---------------------------------------------------------------------------- */

enum { MANY = 50, THREADS = 5 };

static void parallel_calls_are_told_apart(void **state)
{
    tape *t = *state;
    char texts[MANY][32];
    beluga_input inputs[MANY];
    beluga_batch_result results[MANY];
    for (int i = 0; i < MANY; i++) {
        snprintf(texts[i], sizeof texts[i], "Question %d", i);
        inputs[i] = beluga_input_text(texts[i]);
        script(t->peer, ANSWERS(texts[i]));
    }
    beluga_chat_model *model = tape_open(t, beluga_with_max_retries(0));
    char *answers[MANY];
    tape_record(t);
    assert_int_equal(beluga_batch(model, NULL, inputs, MANY, results, NULL,
                                  beluga_with_max_concurrent_batches(10)),
                     0);
    assert_int_equal(tape_count(t), MANY);
    /* The calls get the answers in the order in which the calls were recorded. */
    for (int i = 0; i < MANY; i++)
        answers[i] = strdup(beluga_response_text(results[i].response, NULL));
    beluga_batch_results_clear(results, MANY);
    tape_silence(t);
    tape_replay(t);
    assert_int_equal(beluga_batch(model, NULL, inputs, MANY, results, NULL,
                                  beluga_with_max_concurrent_batches(10)),
                     0);
    for (int i = 0; i < MANY; i++) {
        assert_string_equal(beluga_response_text(results[i].response, NULL), answers[i]);
        free(answers[i]);
    }
    beluga_batch_results_clear(results, MANY);
    beluga_chat_model_unref(model);
}

static void *ask_ten(void *model)
{
    intptr_t failed = 0;
    for (int i = 0; i < MANY / THREADS; i++) {
        beluga_response *response = NULL;
        failed += beluga_invoke(model, NULL, beluga_input_text("Hi"), &response, NULL) != 0;
        beluga_response_free(response);
    }
    return (void *)failed;
}

static void threads_record_and_replay_at_once_and_each_recording_answers_once(void **state)
{
    tape *t = *state;
    beluga_error err;
    script(t->peer, REPEATS(MANY), ANSWERS("Hello"));
    beluga_chat_model *model = tape_open(t, beluga_with_max_retries(0));
    tape_record(t);
    threads_run(THREADS, ask_ten, model);
    assert_int_equal(beluga_client_check_cassette(beluga_client_default(), NULL), 0);
    assert_int_equal(tape_count(t), MANY);
    tape_silence(t);
    tape_replay(t);
    threads_run(THREADS, ask_ten, model);
    assert_int_equal(generate(model, NULL, &err), BELUGA_ERROR_NOT_FOUND);
    beluga_chat_model_unref(model);
}

static void the_same_request_is_answered_in_the_order_of_the_recording(void **state)
{
    tape *t = *state;
    static const char *const answers[] = {"first", "second", "third"};
    beluga_chat_model *model = tape_open(t, beluga_with_max_retries(0));
    for (int i = 0; i < 3; i++) script(t->peer, ANSWERS(answers[i]));
    tape_record(t);
    for (int i = 0; i < 3; i++) generate(model, answers[i], NULL);
    tape_replay(t);
    for (int i = 0; i < 3; i++) assert_int_equal(generate(model, answers[i], NULL), 0);
    beluga_chat_model_unref(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_TAPE(a_stream_comes_back_event_by_event),
        ON_TAPE(an_end_that_http_marks_comes_back_as_one),
        ON_TAPE(a_close_where_http_marks_no_end_comes_back_as_one),
        ON_TAPE(chunks_that_cut_events_and_characters_come_back_byte_for_byte),
        ON_TAPE(a_stream_longer_than_a_queue_is_paused_and_goes_on),
        ON_TAPE(a_pushed_stream_comes_back_in_turns_of_the_hosts_loop),
        ON_TAPE(tool_calls_come_back),
        ON_TAPE(a_tool_loop_comes_back_though_ids_were_made_up),
        ON_TAPE(frames_of_aws_come_back_though_signatures_have_changed),
        ON_TAPE(an_answer_in_one_piece_comes_back),
        ON_TAPE(a_list_of_models_and_a_probe_come_back),
        ON_TAPE(an_image_in_the_request_is_part_of_the_match),
        ON_TAPE(error_answers_come_back_with_all_they_say),
        ON_TAPE(each_attempt_is_an_exchange_and_a_replay_waits_for_none),
        ON_TAPE(a_stream_that_was_cut_is_cut_again),
        ON_TAPE(an_answer_that_was_cut_is_cut_again),
        ON_TAPE(a_connection_that_was_refused_or_reset_fails_again),
        ON_TAPE(a_stream_that_went_silent_times_out_again),
        ON_TAPE(an_answer_that_never_came_times_out_again),
        ON_TAPE(an_event_that_is_not_json_fails_again),
        ON_TAPE(a_call_that_was_cancelled_never_becomes_a_success),
        ON_TAPE(a_replay_can_be_cancelled_in_its_middle),
        ON_TAPE(parallel_calls_are_told_apart),
        ON_TAPE(threads_record_and_replay_at_once_and_each_recording_answers_once),
        ON_TAPE(the_same_request_is_answered_in_the_order_of_the_recording),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
