/* The response cache: what counts as the same question, and what is given again. */
#include "../support/calls.h"

#include <beluga/providers/mock.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

enum { HOUR_MS = 3600000 };

/* Answers in turn, so that a second answer from the provider differs from the first. */
static beluga_chat_model *open_caching(beluga_option more)
{
    return open_mock(beluga_mock_with_responses("one two\nthree\nfour"),
                     beluga_with_cache_ttl_ms(HOUR_MS), more);
}

static const beluga_option nothing = {.type = 0};

static void the_same_question_gets_the_same_answer(void **state)
{
    (void)state;
    beluga_chat_model *model = open_caching(nothing);
    beluga_response *r = NULL;
    assert_int_equal(generate(model, "one two", NULL), 0);
    assert_int_equal(beluga_invoke(model, NULL, beluga_input_text("Hi"), &r, NULL), 0);
    assert_string_equal(beluga_response_text(r, NULL), "one two");
    assert_true(beluga_response_is_cached(r));
    assert_true(beluga_response_is_complete(r));
    assert_int_equal(beluga_response_usage(r)->output_total, 2);
    assert_string_equal(beluga_response_provider(r), "mock");
    beluga_response_free(r);
    beluga_chat_model_unref(model);
}

static void a_stream_is_given_again_as_a_stream(void **state)
{
    (void)state;
    record first, second;
    beluga_chat_model *model = open_caching(nothing);
    assert_int_equal(stream_whole(model, &first), 0);
    assert_int_equal(stream_whole(model, &second), 0);
    assert_story(&second, first.story);
    assert_int_equal(second.texts, 2);
    beluga_chat_model_unref(model);
}

static void another_question_or_option_is_asked(void **state)
{
    (void)state;
    beluga_chat_model *model = open_caching(nothing);
    beluga_response *r = NULL;
    assert_int_equal(generate(model, "one two", NULL), 0);
    assert_int_equal(beluga_invoke(model, NULL, beluga_input_text("Hi!"), &r, NULL), 0);
    assert_string_equal(beluga_response_text(r, NULL), "three");
    assert_false(beluga_response_is_cached(r));
    beluga_response_free(r);
    assert_int_equal(
        beluga_invoke(model, NULL, beluga_input_text("Hi"), &r, NULL, beluga_with_temperature(0.5)),
        0);
    assert_string_equal(beluga_response_text(r, NULL), "four");
    beluga_response_free(r);
    assert_int_equal(generate(model, "one two", NULL), 0);
    beluga_chat_model_unref(model);
}

static void how_it_is_fetched_makes_no_difference(void **state)
{
    (void)state;
    record r;
    beluga_chat_model *model = open_caching(nothing);
    assert_int_equal(generate(model, "one two", NULL), 0);
    assert_int_equal(
        stream_with(model, &r, beluga_with_timeout_ms(12345), beluga_with_max_retries(1)), 0);
    assert_story(&r, "start metadata [one two] usage(1,2) finish(stop)");
    beluga_chat_model_unref(model);
}

static void failures_and_halves_are_not_kept(void **state)
{
    peer *p = *state;
    beluga_chat_model *model = open_peer_with(p, beluga_with_cache_ttl_ms(HOUR_MS));
    peer_reply *cut = peer_reply_new(p);
    peer_openai_begin(cut);
    peer_openai_text(cut, "half");
    peer_step_close(cut);
    record r;
    assert_int_equal(stream_whole(model, &r), BELUGA_ERROR_STREAM_CLOSED);
    peer_openai_stream(peer_reply_new(p), "whole");
    assert_int_equal(stream_whole(model, &r), 0);
    assert_int_equal(stream_whole(model, &r), 0);
    assert_int_equal(peer_requests(p), 2);
    beluga_chat_model_unref(model);
}

static void what_a_retry_took_back_is_not_kept(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model =
        open_peer_with(p, beluga_with_cache_ttl_ms(HOUR_MS), beluga_with_max_retries(1),
                       beluga_with_restart_delivery(true));
    peer_reply *cut = peer_reply_new(p);
    peer_openai_begin(cut);
    peer_openai_text(cut, "half");
    peer_step_close(cut);
    peer_openai_stream(peer_reply_new(p), "whole");
    assert_int_equal(stream_whole(model, &r), 0);
    assert_int_equal(r.restarts, 1);
    assert_int_equal(stream_whole(model, &r), 0);
    assert_story(&r, "start metadata [whole] usage(12,1) finish(stop)");
    beluga_chat_model_unref(model);
}

static void tool_calls_and_reasoning_are_given_again(void **state)
{
    (void)state;
    record first, second;
    beluga_chat_model *model = open_mock(
        beluga_with_cache_ttl_ms(HOUR_MS), beluga_mock_with_reasoning("because"),
        beluga_mock_with_tool_calls("[{\"id\":\"c1\",\"name\":\"f\",\"arguments\":{\"a\":1}}]"));
    assert_int_equal(stream_whole(model, &first), 0);
    assert_int_equal(stream_whole(model, &second), 0);
    assert_story(&second, first.story);
    assert_non_null(strstr(second.story, "end(0 {\"a\":1})"));
    beluga_chat_model_unref(model);
}

static void an_answer_with_a_picture_is_asked_anew(void **state)
{
    static const char body[] =
        "{\"id\":\"1\",\"model\":\"m\",\"choices\":[{\"message\":{\"content\":\"Here\",\"images\":["
        "{"
        "\"image_url\":{\"url\":\"data:image/png;base64,UE5H\"}}]},\"finish_reason\":\"stop\"}]}";
    (void)state;
    peer *p = peer_start();
    peer_step_json(peer_reply_new(p), 200, body);
    peer_step_json(peer_reply_new(p), 200, body);
    beluga_chat_model *model = open_peer_with(p, beluga_with_cache_ttl_ms(HOUR_MS));
    for (int i = 0; i < 2; i++) {
        beluga_response *r = NULL;
        assert_int_equal(beluga_invoke(model, NULL, beluga_input_text("Hi"), &r, NULL), 0);
        assert_int_equal(beluga_response_media_count(r), 1);
        assert_false(beluga_response_is_cached(r));
        beluga_response_free(r);
    }
    assert_int_equal(peer_requests(p), 2);
    beluga_chat_model_unref(model);
    peer_stop(p);
}

static void what_is_too_old_is_asked_anew(void **state)
{
    (void)state;
    beluga_chat_model *model =
        open_mock(beluga_mock_with_responses("one\ntwo"), beluga_with_cache_ttl_ms(1));
    assert_int_equal(generate(model, "one", NULL), 0);
    usleep(20000);
    assert_int_equal(generate(model, "two", NULL), 0);
    beluga_chat_model_unref(model);
}

static void a_replay_waits_while_it_is_paused_and_ends_when_cancelled(void **state)
{
    (void)state;
    record r;
    record_clear(&r);
    beluga_loop *loop = new_loop();
    beluga_chat_model *model = open_caching(nothing);
    assert_int_equal(generate(model, "one two", NULL), 0);
    beluga_op *op = push_stream(model, loop, NULL, &r);
    beluga_op_pause(op, true);
    step_until_quiet(loop);
    assert_int_equal(r.finishes, 0);
    beluga_op_pause(op, false);
    step_until_end(loop, &r);
    assert_int_equal(r.finishes, 1);
    beluga_op_free(op);
    record_clear(&r);
    op = push_stream(model, loop, NULL, &r);
    beluga_op_cancel(op);
    step_until_end(loop, &r);
    assert_story(&r, "error(context_canceled)");
    beluga_op_free(op);
    beluga_chat_model_unref(model);
    beluga_loop_free(loop);
}

typedef struct canceller {
    beluga_op *op;
    char text[16];
    size_t ends;
} canceller;

static void cancel_and_read(void *payload, const beluga_event *event)
{
    canceller *c = payload;
    if (event->kind == BELUGA_EVENT_ERROR) c->ends++;
    if (event->kind != BELUGA_EVENT_TEXT) return;
    beluga_op_cancel(c->op);
    snprintf(c->text, sizeof c->text, "%.*s", (int)event->u.text.length, event->u.text.text);
}

static void who_cancels_a_replay_may_go_on_reading_the_event(void **state)
{
    (void)state;
    canceller c = {.ends = 0};
    beluga_loop *loop = new_loop();
    beluga_chat_model *model = open_caching(nothing);
    beluga_messages *messages = beluga_messages_new();
    beluga_messages_add(messages, beluga_human_message("Hi"));
    assert_int_equal(generate(model, "one two", NULL), 0);
    assert_int_equal(beluga_stream_start_n(model, loop, NULL, messages, cancel_and_read, &c, &c.op,
                                           NULL, NULL, 0),
                     0);
    while (!c.ends) poll_and_step(loop);
    assert_string_equal(c.text, "one two"); /* the kept answer came in one piece */
    beluga_op_free(c.op);
    beluga_messages_free(messages);
    beluga_chat_model_unref(model);
    beluga_loop_free(loop);
}

/* --- stores ----------------------------------------------------------------------------------- */

typedef struct shelf {
    char key[65], value[4096];
    size_t length, puts, gets;
} shelf;

static void shelf_get(void *payload, const char *key, beluga_cache_found_fn found, void *to)
{
    shelf *s = payload;
    s->gets++;
    assert_int_equal(strlen(key), 64);
    if (s->length && strcmp(key, s->key) == 0) found(to, s->value, s->length);
}

static void shelf_put(void *payload, const char *key, const char *value, size_t length,
                      int64_t ttl_ms)
{
    shelf *s = payload;
    s->puts++;
    assert_int_equal(ttl_ms, HOUR_MS);
    assert_true(length < sizeof s->value);
    memcpy(s->key, key, sizeof s->key);
    memcpy(s->value, value, length);
    s->length = length;
}

static void the_host_may_keep_them_itself(void **state)
{
    (void)state;
    shelf s = {.length = 0};
    beluga_cache_store store = {sizeof store, &s, shelf_get, shelf_put};
    beluga_chat_model *model = open_caching(beluga_with_cache(&store));
    assert_int_equal(generate(model, "one two", NULL), 0);
    beluga_chat_model_unref(model);
    model = open_caching(beluga_with_cache(&store)); /* another one, with the same store */
    assert_int_equal(generate(model, "one two", NULL), 0);
    assert_int_equal(s.puts, 1);
    assert_int_equal(s.gets, 2);
    /* What somebody broke is as if it were not there. */
    for (size_t cut = 1; cut < s.length; cut += 7) {
        size_t whole = s.length;
        s.length = cut;
        assert_int_equal(generate(model, NULL, NULL), 0);
        s.length = whole;
    }
    beluga_chat_model_unref(model);
}

static void what_a_store_makes_up_is_not_believed(void **state)
{
    static const char *const made_up[] = {
        "[{\"kind\":\"text\"},{\"kind\":\"finish\",\"reason\":1}]",
        "[{\"kind\":\"tool_call_begin\"},{\"kind\":\"finish\",\"reason\":1}]",
        ("[{\"kind\":\"tool_call_end\",\"id\":\"a\",\"name\":\"b\"},"
         "{\"kind\":\"finish\",\"reason\":1}]"),
        "[{\"kind\":\"finish\",\"reason\":1},{\"kind\":\"finish\",\"reason\":1}]",
        "[{\"kind\":\"error\"},{\"kind\":\"finish\",\"reason\":1}]",
        "[1,{\"kind\":\"finish\",\"reason\":1}]",
        "[]",
        "{}",
        "7",
    };
    (void)state;
    shelf s = {.length = 0};
    beluga_cache_store store = {sizeof store, &s, shelf_get, shelf_put};
    beluga_chat_model *model =
        open_mock(beluga_with_cache_ttl_ms(HOUR_MS), beluga_with_cache(&store));
    for (size_t i = 0; i < sizeof made_up / sizeof *made_up; i++) {
        assert_int_equal(generate(model, NULL, NULL), 0); /* so that the key is there */
        s.length = strlen(made_up[i]);
        memcpy(s.value, made_up[i], s.length);
        assert_int_equal(generate(model, "This is a mock response.", NULL), 0);
    }
    beluga_chat_model_unref(model);
}

static void an_answer_of_a_fallback_is_kept_once(void **state)
{
    (void)state;
    shelf s = {.length = 0};
    beluga_cache_store store = {sizeof store, &s, shelf_get, shelf_put};
    beluga_chat_model *model =
        open_mock(beluga_with_model_name("error-quota_exceeded"), beluga_with_fallback("mock/echo"),
                  beluga_with_cache_ttl_ms(HOUR_MS), beluga_with_cache(&store));
    for (int i = 0; i < 2; i++) assert_int_equal(generate(model, "Hi", NULL), 0);
    assert_int_equal(s.puts, 1);
    assert_int_equal(s.gets, 2);
    beluga_chat_model_unref(model);
}

static void a_store_in_memory_drops_what_was_not_used_for_longest(void **state)
{
    (void)state;
    char text[600];
    memset(text, 'x', sizeof text);
    beluga_memory_cache *cache = beluga_memory_cache_new(4096);
    const beluga_cache_store *store = beluga_memory_cache_store(cache);
    beluga_chat_model *model =
        open_mock(beluga_with_model_name("echo"), beluga_with_cache_ttl_ms(HOUR_MS),
                  beluga_with_cache(store));
    beluga_response *r;
    for (int i = 0; i < 20; i++) {
        text[0] = (char)('a' + i);
        assert_int_equal(
            beluga_invoke(model, NULL, beluga_input_text_n(text, sizeof text), &r, NULL), 0);
        assert_false(beluga_response_is_cached(r));
        beluga_response_free(r);
    }
    assert_int_equal(beluga_invoke(model, NULL, beluga_input_text_n(text, sizeof text), &r, NULL),
                     0);
    assert_true(beluga_response_is_cached(r));
    beluga_response_free(r);
    text[0] = 'a';
    assert_int_equal(beluga_invoke(model, NULL, beluga_input_text_n(text, sizeof text), &r, NULL),
                     0);
    assert_false(beluga_response_is_cached(r));
    beluga_response_free(r);
    beluga_chat_model_unref(model);
    beluga_memory_cache_free(cache);
}

static void *ask_often(void *argument)
{
    for (int i = 0; i < 300; i++) {
        beluga_response *r = NULL;
        char text[] = "0";
        text[0] = (char)('0' + i % 7);
        assert_int_equal(beluga_invoke(argument, NULL, beluga_input_text(text), &r, NULL), 0);
        assert_string_equal(beluga_response_text(r, NULL), text);
        beluga_response_free(r);
    }
    return NULL;
}

static void threads_share_it(void **state)
{
    (void)state;
    pthread_t threads[8];
    beluga_chat_model *model =
        open_mock(beluga_with_model_name("echo"), beluga_with_cache_ttl_ms(2));
    for (int i = 0; i < 8; i++) pthread_create(&threads[i], NULL, ask_often, model);
    for (int i = 0; i < 8; i++) pthread_join(threads[i], NULL);
    beluga_chat_model_unref(model);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_question_gets_the_same_answer),
        cmocka_unit_test(a_stream_is_given_again_as_a_stream),
        cmocka_unit_test(another_question_or_option_is_asked),
        cmocka_unit_test(how_it_is_fetched_makes_no_difference),
        ON_PEER(failures_and_halves_are_not_kept),
        ON_PEER(what_a_retry_took_back_is_not_kept),
        cmocka_unit_test(tool_calls_and_reasoning_are_given_again),
        cmocka_unit_test(an_answer_with_a_picture_is_asked_anew),
        cmocka_unit_test(what_is_too_old_is_asked_anew),
        cmocka_unit_test(a_replay_waits_while_it_is_paused_and_ends_when_cancelled),
        cmocka_unit_test(the_host_may_keep_them_itself),
        cmocka_unit_test(a_store_in_memory_drops_what_was_not_used_for_longest),
        cmocka_unit_test(threads_share_it),
        cmocka_unit_test(who_cancels_a_replay_may_go_on_reading_the_event),
        cmocka_unit_test(what_a_store_makes_up_is_not_believed),
        cmocka_unit_test(an_answer_of_a_fallback_is_kept_once),
    };
    return cmocka_run_group_tests_name("cache", tests, NULL, NULL);
}
