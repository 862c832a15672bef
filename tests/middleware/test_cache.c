/* The response cache: which questions count as equal, and which answers are cached. */
#include "../support/scene.h"
#include "../support/threads.h"

#include <beluga/providers/mock.h>

#include <stdio.h>
#include <unistd.h>

enum { HOUR_MS = 3600000 };

/* The provider gives different answers one after another, so that the test sees whether an answer
 * is from the cache. */
static void open_caching(scene *s, beluga_option more)
{
    open_mock_with(s, beluga_mock_with_responses("one two\nthree\nfour"),
                   beluga_with_cache_ttl_ms(HOUR_MS), more);
}

static const beluga_option nothing = {.type = 0};

/* Expect this answer to a question with options. `cached` says whether it must be from the
 * cache. */
#define expect_answer(s, question, text, cached, ...)                                           \
    do {                                                                                        \
        beluga_response *answer = NULL;                                                         \
        assert_int_equal(beluga_invoke((s)->model, NULL, question, &answer, NULL, __VA_ARGS__), \
                         0);                                                                    \
        assert_string_equal(beluga_response_text(answer, NULL), text);                          \
        assert_int_equal(beluga_response_is_cached(answer), cached);                            \
        beluga_response_free(answer);                                                           \
    } while (0)

static void the_same_question_gets_the_same_answer(scene *s)
{
    open_caching(s, nothing);
    beluga_response *r = NULL;
    expect_text(s, "one two");
    assert_int_equal(beluga_invoke(s->model, NULL, beluga_input_text("Hi"), &r, NULL), 0);
    assert_string_equal(beluga_response_text(r, NULL), "one two");
    assert_true(beluga_response_is_cached(r));
    assert_true(beluga_response_is_complete(r));
    assert_int_equal(beluga_response_usage(r)->output_total, 2);
    assert_string_equal(beluga_response_provider(r), "mock");
    beluga_response_free(r);
}

static void a_stream_is_given_again_as_a_stream(scene *s)
{
    record first, second;
    open_caching(s, nothing);
    assert_int_equal(stream_whole(s->model, &first), 0);
    assert_int_equal(stream_whole(s->model, &second), 0);
    assert_story(&second, first.story);
    assert_int_equal(second.texts, 2);
}

static void another_question_or_option_is_asked(scene *s)
{
    open_caching(s, nothing);
    expect_text(s, "one two");
    expect_answer(s, beluga_input_text("Hi!"), "three", false, nothing);
    expect_answer(s, beluga_input_text("Hi"), "four", false, beluga_with_temperature(0.5));
    expect_text(s, "one two");
}

static void how_it_is_fetched_makes_no_difference(scene *s)
{
    open_caching(s, nothing);
    expect_text(s, "one two");
    expect_stream_with(s, 0, beluga_with_timeout_ms(12345), beluga_with_max_retries(1));
    assert_story(&s->r, "start metadata [one two] usage(1,2) finish(stop)");
}

static void failures_and_halves_are_not_kept(scene *s)
{
    open_with(s, beluga_with_cache_ttl_ms(HOUR_MS));
    script(s->peer, BEGINS, SAYS("half"), CLOSES);
    expect_end(s, BELUGA_ERROR_STREAM_CLOSED);
    script(s->peer, STREAMS("whole"));
    expect_end(s, 0);
    expect_end(s, 0);
    expect_requests(s, 2);
}

static void what_a_retry_took_back_is_not_kept(scene *s)
{
    open_with(s, beluga_with_cache_ttl_ms(HOUR_MS), beluga_with_max_retries(1),
              beluga_with_restart_delivery(true));
    script(s->peer, BEGINS, SAYS("half"), CLOSES);
    script(s->peer, STREAMS("whole"));
    expect_end(s, 0);
    assert_int_equal(s->r.restarts, 1);
    expect_stream(s, 0, "start metadata [whole] usage(12,1) finish(stop)");
}

static void tool_calls_and_reasoning_are_given_again(scene *s)
{
    record first, second;
    open_mock_with(
        s, beluga_with_cache_ttl_ms(HOUR_MS), beluga_mock_with_reasoning("because"),
        beluga_mock_with_tool_calls("[{\"id\":\"c1\",\"name\":\"f\",\"arguments\":{\"a\":1}}]"));
    assert_int_equal(stream_whole(s->model, &first), 0);
    assert_int_equal(stream_whole(s->model, &second), 0);
    assert_story(&second, first.story);
    assert_non_null(strstr(second.story, "end(0 {\"a\":1})"));
}

static void an_answer_with_a_picture_is_asked_anew(scene *s)
{
    static const char body[] =
        "{\"id\":\"1\",\"model\":\"m\",\"choices\":[{\"message\":{\"content\":\"Here\",\"images\":["
        "{"
        "\"image_url\":{\"url\":\"data:image/png;base64,UE5H\"}}]},\"finish_reason\":\"stop\"}]}";
    script(s->peer, REPEATS(2), JSON(body));
    open_with(s, beluga_with_cache_ttl_ms(HOUR_MS));
    for (int i = 0; i < 2; i++) {
        beluga_response *r = NULL;
        assert_int_equal(beluga_invoke(s->model, NULL, beluga_input_text("Hi"), &r, NULL), 0);
        assert_int_equal(beluga_response_media_count(r), 1);
        assert_false(beluga_response_is_cached(r));
        beluga_response_free(r);
    }
    expect_requests(s, 2);
}

static void what_is_too_old_is_asked_anew(scene *s)
{
    open_mock_with(s, beluga_mock_with_responses("one\ntwo"), beluga_with_cache_ttl_ms(1));
    expect_text(s, "one");
    usleep(20000);
    expect_text(s, "two");
}

static void a_replay_waits_while_it_is_paused_and_ends_when_cancelled(scene *s)
{
    open_caching(s, nothing);
    expect_text(s, "one two");
    push(s);
    beluga_op_pause(s->op, true);
    step_until_quiet(s->loop);
    assert_int_equal(s->r.finishes, 0);
    beluga_op_pause(s->op, false);
    step_to_the_end(s);
    assert_int_equal(s->r.finishes, 1);
    push(s);
    beluga_op_cancel(s->op);
    step_to_the_end(s);
    assert_story(&s->r, "error(context_canceled)");
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

static void who_cancels_a_replay_may_go_on_reading_the_event(scene *s)
{
    canceller c = {.ends = 0};
    open_caching(s, nothing);
    expect_text(s, "one two");
    c.op = push_to(s->model, s->loop, NULL, cancel_and_read, &c);
    while (!c.ends) poll_and_step(s->loop);
    assert_string_equal(c.text, "one two"); /* the cached answer has a single text event */
    beluga_op_free(c.op);
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

static void the_host_may_keep_them_itself(scene *s)
{
    shelf kept = {.length = 0};
    beluga_cache_store store = {sizeof store, &kept, shelf_get, shelf_put};
    open_caching(s, beluga_with_cache(&store));
    expect_text(s, "one two");
    open_caching(s, beluga_with_cache(&store)); /* a new cache that uses the same store */
    expect_text(s, "one two");
    assert_int_equal(kept.puts, 1);
    assert_int_equal(kept.gets, 2);
    /* A truncated entry counts as missing. */
    for (size_t cut = 1; cut < kept.length; cut += 7) {
        size_t whole = kept.length;
        kept.length = cut;
        expect_text(s, NULL);
        kept.length = whole;
    }
}

static void what_a_store_makes_up_is_not_believed(scene *s)
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
    shelf kept = {.length = 0};
    beluga_cache_store store = {sizeof store, &kept, shelf_get, shelf_put};
    open_mock_with(s, beluga_with_cache_ttl_ms(HOUR_MS), beluga_with_cache(&store));
    for (size_t i = 0; i < sizeof made_up / sizeof *made_up; i++) {
        expect_text(s, NULL); /* puts an entry into the store */
        kept.length = strlen(made_up[i]);
        memcpy(kept.value, made_up[i], kept.length);
        expect_text(s, "This is a mock response.");
    }
}

static void an_answer_of_a_fallback_is_kept_once(scene *s)
{
    shelf kept = {.length = 0};
    beluga_cache_store store = {sizeof store, &kept, shelf_get, shelf_put};
    open_mock_with(s, beluga_with_model_name("error-quota_exceeded"),
                   beluga_with_fallback("mock/echo"), beluga_with_cache_ttl_ms(HOUR_MS),
                   beluga_with_cache(&store));
    for (int i = 0; i < 2; i++) expect_text(s, "Hi");
    assert_int_equal(kept.puts, 1);
    assert_int_equal(kept.gets, 2);
}

static void a_store_in_memory_drops_what_was_not_used_for_longest(scene *s)
{
    char text[600] = "";
    memset(text, 'x', sizeof text - 1);
    const beluga_input question = beluga_input_text_n(text, sizeof text - 1);
    beluga_memory_cache *cache = beluga_memory_cache_new(4096);
    const beluga_cache_store *store = beluga_memory_cache_store(cache);
    open_mock_with(s, beluga_with_model_name("echo"), beluga_with_cache_ttl_ms(HOUR_MS),
                   beluga_with_cache(store));
    for (int i = 0; i < 20; i++) {
        text[0] = (char)('a' + i);
        expect_answer(s, question, text, false, nothing);
    }
    expect_answer(s, question, text, true, nothing);
    text[0] = 'a';
    expect_answer(s, question, text, false, nothing);
    let_go(s);
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

static void threads_share_it(scene *s)
{
    open_mock_with(s, beluga_with_model_name("echo"), beluga_with_cache_ttl_ms(2));
    threads_run(8, ask_often, s->model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(the_same_question_gets_the_same_answer),
        SCENE(a_stream_is_given_again_as_a_stream),
        SCENE(another_question_or_option_is_asked),
        SCENE(how_it_is_fetched_makes_no_difference),
        SCENE(failures_and_halves_are_not_kept),
        SCENE(what_a_retry_took_back_is_not_kept),
        SCENE(tool_calls_and_reasoning_are_given_again),
        SCENE(an_answer_with_a_picture_is_asked_anew),
        SCENE(what_is_too_old_is_asked_anew),
        SCENE(a_replay_waits_while_it_is_paused_and_ends_when_cancelled),
        SCENE(the_host_may_keep_them_itself),
        SCENE(a_store_in_memory_drops_what_was_not_used_for_longest),
        SCENE(threads_share_it),
        SCENE(who_cancels_a_replay_may_go_on_reading_the_event),
        SCENE(what_a_store_makes_up_is_not_believed),
        SCENE(an_answer_of_a_fallback_is_kept_once),
    };
    return cmocka_run_group_tests_name("cache", tests, NULL, NULL);
}
