/* The five timeouts (connect, first event, between events, without progress, total) and the
 * caller's deadline. No test measures time: two limits compete, and the error of the one that
 * expires first shows which time was counted. */
#include "../support/scene.h"
#include "../support/sockets.h"
#include "../support/too_short.h"

#include <beluga/providers/mock.h>

#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static void sleep_ms(int ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
    while (nanosleep(&t, &t)) {
    }
}

/* ---- the first event ------------------------------------------------------------------------- */

static void a_server_that_never_answers_is_a_timeout(scene *s)
{
    script(s->peer, HANGS);
    expect_stream_with(s, BELUGA_ERROR_TIMEOUT, beluga_with_first_event_timeout_ms(100));
    assert_story(&s->r, "");
    assert_non_null(strstr(s->r.error.message, "100 ms"));
    assert_true(s->r.error.retryable);
    wait_cancelled(s, 0);
}

static void a_server_that_accepts_and_never_reads_is_a_timeout(scene *s)
{
    peer_fail_accepts(s->peer, PEER_ACCEPT_DEAF, 1);
    expect_stream_with(s, BELUGA_ERROR_TIMEOUT, beluga_with_first_event_timeout_ms(100));
}

/* Send signs of life for three seconds, which is half a second longer than the timeout. Gateways
 * send such signs while a model thinks: OpenRouter comments, LiteLLM and new-api pings
 * (openclaw#152535, llama.cpp#23994). */
static void say_that_it_works(peer_reply *reply)
{
    for (int i = 0; i < 30; i++) {
        const char *sign = i % 3 == 0 ? ": PROCESSING\n\n" : i % 3 == 1 ? "data: ping\n\n" : "\n";
        peer_step_chunk(reply, sign, strlen(sign));
        peer_step_delay_ms(reply, 100);
    }
}

static void a_head_alone_is_no_first_event(scene *s)
{
    script(s->peer, EVENT_STREAM, HANGS);
    expect_stream_with(s, BELUGA_ERROR_TIMEOUT, beluga_with_first_event_timeout_ms(200));
}

static void comments_and_pings_move_the_first_event_timeout(scene *s)
{
    open_with(s, beluga_with_max_retries(3));
    peer_reply *reply = script(s->peer, EVENT_STREAM);
    say_that_it_works(reply);
    script_more(reply, SAYS("Hello"), STOPS, DONE);
    expect_stream_with(s, 0, beluga_with_timeout_ms(2500));
    expect_requests(s, 1);
}

static void a_timeout_of_zero_does_not_exist_and_the_general_one_stands_in(scene *s)
{
    script(s->peer, HANGS);
    expect_stream_with(s, BELUGA_ERROR_TIMEOUT, beluga_with_timeout_ms(100));
    expect_stream_with(s, BELUGA_ERROR_INVALID_INPUT, beluga_with_timeout_ms(0));
}

/* Send the same bytes, which are not text, again and again. */
static void drip(peer_reply *reply, const char *piece)
{
    for (int i = 0; i < 3000; i++) {
        peer_step_chunk(reply, piece, strlen(piece));
        peer_step_delay_ms(reply, 10);
    }
}

static void say_slowly(peer_reply *reply, int words, int pause_ms)
{
    for (int i = 0; i < words; i++) script_more(reply, SAYS("x"), PAUSES(pause_ms));
}

static void speak_for_three_seconds(peer *p)
{
    peer_reply *reply = script(p, BEGINS);
    say_slowly(reply, 30, 100);
    script_more(reply, STOPS, DONE);
}

/* --- between events --------------------------------------------------------------------------- */

static void a_stream_that_goes_silent_is_stream_timeout(scene *s)
{
    char told[32];
    int64_t ms = 100;
    do {
        script(s->peer, BEGINS, SAYS("Hello"), HANGS);
        expect_stream_with(s, BELUGA_ERROR_STREAM_TIMEOUT, beluga_with_idle_timeout_ms(ms),
                           beluga_with_total_timeout_ms(100 * ms));
    } while (was_too_short(&ms, s->r.texts > 0));
    assert_story(&s->r, "start metadata [Hello]");
    snprintf(told, sizeof told, " %d ms", (int)ms);
    assert_non_null(strstr(s->r.error.message, told));
    wait_cancelled(s, 0);
}

static void comments_and_pings_move_the_idle_timeout(scene *s)
{
    peer_reply *reply = script(s->peer, BEGINS, SAYS("Hello"));
    say_that_it_works(reply);
    script_more(reply, STOPS, DONE);
    expect_stream_with(s, 0, beluga_with_timeout_ms(2500));
    assert_story(&s->r, "start metadata [Hello] finish(stop)");
}

/* The server never stops, so one of the two limits must end this call. */
static void who_only_says_that_it_works_is_given_up_on_and_not_asked_again(scene *s)
{
    size_t asked;
    int64_t ms = 400;
    open_with(s, beluga_with_max_retries(3));
    drip(script(s->peer, FOR_EVER, EVENT_STREAM), ": still here\n\n");
    do { /* if no sign of life was there in time, the server is asked again */
        asked = peer_requests(s->peer);
        expect_stream_with(s, BELUGA_ERROR_STREAM_TIMEOUT, beluga_with_progress_timeout_ms(ms),
                           beluga_with_total_timeout_ms(50 * ms));
        assert_non_null(strstr(s->r.error.message, "progress_timeout"));
    } while (was_too_short(&ms, peer_requests(s->peer) == asked + 1));
    assert_false(s->r.error.retryable);
    expect_requests(s, asked + 1);
}

static void text_is_progress_however_long_it_takes(scene *s)
{
    speak_for_three_seconds(s->peer);
    expect_stream_with(s, 0, beluga_with_progress_timeout_ms(2500));
    assert_int_equal(s->r.texts, 30);
}

static void bytes_that_drip_are_no_sign_of_life(scene *s)
{
    int64_t ms = 200;
    do {
        drip(script(s->peer, BEGINS, SAYS("Hello")), "x");
        expect_stream_with(s, BELUGA_ERROR_STREAM_TIMEOUT, beluga_with_idle_timeout_ms(ms),
                           beluga_with_total_timeout_ms(50 * ms));
    } while (was_too_short(&ms, s->r.texts > 0));
    assert_story(&s->r, "start metadata [Hello]");
}

/* The time between two events is well below the idle timeout, but all events together take much
 * longer. */
static void a_stream_may_take_as_long_as_it_wants_while_events_come(scene *s)
{
    speak_for_three_seconds(s->peer);
    expect_stream_with(s, 0, beluga_with_timeout_ms(2500));
    assert_int_equal(s->r.texts, 30);
}

/* --- in all ----------------------------------------------------------------------------------- */

static void a_stream_has_a_total_only_when_one_is_set(scene *s)
{
    int64_t ms = 300;
    do {
        say_slowly(script(s->peer, BEGINS), 3000, 10);
        expect_stream_with(s, BELUGA_ERROR_TIMEOUT, beluga_with_total_timeout_ms(ms));
    } while (was_too_short(&ms, s->r.texts > 0));
    assert_true(s->r.texts > 0);
    assert_non_null(strstr(s->r.error.message, "no complete answer"));
}

static void the_timeout_of_an_unstreamed_call_is_its_total(scene *s)
{
    open_with(s, beluga_with_timeout_ms(2000), beluga_with_max_retries(3));
    drip(script(s->peer, HEAD(200, "Content-Type: application/json\r\n")),
         " "); /* the body never ends: bytes arrive, but no answer */
    expect_failure(s, BELUGA_ERROR_TIMEOUT);
    assert_string_equal(s->err.operation, "generate");
    /* There is no second request: the server still works on the first, and would charge for
     * both. */
    expect_requests(s, 1);
}

static void a_generate_that_streams_on_the_wire_has_the_timeouts_of_a_stream(scene *s)
{
    open_with(s, beluga_with_wire_streaming(true), beluga_with_idle_timeout_ms(100));
    script(s->peer, BEGINS, SAYS("Hello"), HANGS);
    expect_failure(s, BELUGA_ERROR_STREAM_TIMEOUT);
}

static void full_providers_have_the_same_timeouts(scene *s)
{
    open_mock_with(s, beluga_mock_with_latency_ms(PATIENCE_MS * 2), beluga_with_timeout_ms(100),
                   beluga_with_max_retries(0));
    expect_end(s, BELUGA_ERROR_TIMEOUT);
    expect_failure(s, BELUGA_ERROR_TIMEOUT);
    open_mock_with(s, beluga_mock_with_word_delay_ms(PATIENCE_MS * 2),
                   beluga_with_idle_timeout_ms(100), beluga_with_first_event_timeout_ms(100),
                   beluga_with_max_retries(0));
    assert_int_not_equal(stream_whole(s->model, &s->r), 0);
}

/* --- connect ---------------------------------------------------------------------------------- */

/* A listening socket whose queue is full. The kernel makes further connections wait. */
typedef struct full_queue {
    int listener, fillers[8];
    char url[64];
} full_queue;

static void make_full_queue(full_queue *q)
{
    q->listener = listen_locally(0, q->url, sizeof q->url);
    for (int i = 0; i < 8; i++) q->fillers[i] = connect_to(q->listener, SOCK_NONBLOCK);
}

static void close_full_queue(full_queue *q)
{
    for (int i = 0; i < 8; i++) close(q->fillers[i]);
    close(q->listener);
}

static void a_connection_that_does_not_come_about_is_a_timeout_of_its_own(scene *s)
{
    full_queue q;
    make_full_queue(&q);
    use_model(s, open_at(q.url, beluga_with_connect_timeout_ms(100)));
    expect_end(s, BELUGA_ERROR_TIMEOUT);
    assert_non_null(strstr(s->r.error.message, "no connection"));
    assert_int_equal(generate(s->model, NULL, &s->r.error), BELUGA_ERROR_TIMEOUT);
    assert_non_null(strstr(s->r.error.message, "no connection"));
    close_full_queue(&q);
}

static void a_port_where_nobody_listens_is_a_network_error(scene *s)
{
    use_model(s, open_at("http://127.0.0.1:1/v1", beluga_with_connect_timeout_ms(PATIENCE_MS)));
    expect_failure(s, BELUGA_ERROR_NETWORK);
    assert_true(s->err.retryable);
}

/* No further descriptor is allowed. The first call has opened the loop's own descriptors before. */
static void a_process_without_descriptors_is_told_so(scene *s)
{
    struct rlimit before, none;
    use_model(s, open_at_n("http://127.0.0.1:1/v1", NULL, 0));
    expect_failure(s, BELUGA_ERROR_NETWORK);
    assert_null(strstr(s->err.message, "descriptors"));
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    int next = dup(STDERR_FILENO);
    close(next);
    none = before;
    none.rlim_cur = (rlim_t)next;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    int status = generate(s->model, NULL, &s->err);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(status, BELUGA_ERROR_NETWORK);
    assert_non_null(strstr(s->err.message, "descriptors"));
}

/* ---- the caller's deadline ------------------------------------------------------------------- */

static void a_deadline_is_context_timeout_and_is_not_retried(scene *s)
{
    open_with(s, beluga_with_max_retries(3));
    script(s->peer, REPEATS(PEER_FOR_EVER), HANGS);
    s->ctx = beluga_context_new_timeout(NULL, 1000);
    expect_end(s, BELUGA_ERROR_CONTEXT_TIMEOUT);
    beluga_context_unref(s->ctx);
    s->ctx = beluga_context_new_timeout(NULL, 1000);
    expect_failure(s, BELUGA_ERROR_CONTEXT_TIMEOUT);
    assert_false(s->err.retryable);
    /* Both were sent, but on a slow machine the peer may read them after their end. */
    for (size_t i = 0; i < 2; i++) wait_cancelled(s, i);
    expect_requests(s, 2);
}

static void a_deadline_that_has_passed_sends_nothing(scene *s)
{
    s->ctx = beluga_context_new_timeout(NULL, 0);
    expect_end(s, BELUGA_ERROR_CONTEXT_TIMEOUT);
    expect_failure(s, BELUGA_ERROR_CONTEXT_TIMEOUT);
    assert_int_equal(peer_connections(s->peer), 0);
}

static void the_nearest_deadline_of_the_parents_holds(scene *s)
{
    open_mock_with(s, beluga_mock_with_latency_ms(PATIENCE_MS * 2));
    beluga_context *near = beluga_context_new_timeout(NULL, 100);
    beluga_context *far = beluga_context_new_timeout(near, PATIENCE_MS * 4);
    assert_int_equal(stream_whole_n(s->model, far, &s->r, NULL, 0), BELUGA_ERROR_CONTEXT_TIMEOUT);
    beluga_context_unref(far);
    beluga_context_unref(near);
}

/* ---- time that does not count for timeouts --------------------------------------------------- */

/* Before this call the loop was idle for longer than the deadline. That time must not lengthen the
 * call's timeout. */
static void the_time_a_loop_lay_idle_does_not_lengthen_the_next_calls_timeouts(scene *s)
{
    script(s->peer, ANSWERS("Hello"));
    expect_text(s, "Hello");
    sleep_ms(5000);
    script(s->peer, HANGS);
    s->ctx = beluga_context_new_timeout(NULL, 4500);
    beluga_response *response;
    assert_int_equal(beluga_invoke(s->model, s->ctx, beluga_input_text("Hi"), &response, &s->err,
                                   beluga_with_timeout_ms(100)),
                     BELUGA_ERROR_TIMEOUT);
}

/* On a slow machine an answer needs some time, too. */
enum { ENOUGH_MS = 3000, LATER_MS = ENOUGH_MS + 200 };

/* A new client is used, so that its loop is new, too. */
static void time_before_the_first_next_does_not_count(void **state)
{
    peer *p = *state;
    record r = {0};
    beluga_client *client;
    beluga_chat_model *model;
    assert_int_equal(beluga_client_new(NULL, &client), 0);
    beluga_config *config =
        beluga_config_new(beluga_with_base_url(peer_url(p)), beluga_with_api_key("x"),
                          beluga_with_timeout_ms(ENOUGH_MS), beluga_with_max_retries(0));
    assert_int_equal(
        beluga_registry_open(beluga_client_registry(client), "openai", config, &model, NULL), 0);
    beluga_config_free(config);
    for (int i = 0; i < 2; i++) { /* with i = 1 the loop was used before */
        record_clear(&r);
        script(p, STREAMS("Hello"));
        beluga_stream *stream = begin_stream(model, NULL);
        sleep_ms(LATER_MS);
        pull_all(stream, &r);
        assert_story(&r, "start metadata [Hello] usage(12,1) finish(stop)");
        beluga_stream_free(stream);
    }
    beluga_chat_model_unref(model);
    beluga_client_unref(client);
}

static void time_between_two_nexts_does_not_count(scene *s)
{
    open_with(s, beluga_with_timeout_ms(ENOUGH_MS), beluga_with_total_timeout_ms(ENOUGH_MS));
    script(s->peer, BEGINS, SAYS("Hello"), WAITS_AT(0), SAYS(" world"), STOPS, DONE);
    begin_until(s, BELUGA_EVENT_TEXT);
    let_the_rest_come(s);
    sleep_ms(LATER_MS); /* the socket's buffer has the whole answer */
    pull_to_the_end(s);
    assert_story(&s->r, "start metadata [Hello] [ world] finish(stop)");
}

static void time_while_paused_does_not_count(scene *s)
{
    open_with(s, beluga_with_timeout_ms(ENOUGH_MS), beluga_with_total_timeout_ms(ENOUGH_MS));
    script(s->peer, BEGINS, SAYS("Hello"), WAITS_AT(0), STOPS, DONE);
    push(s);
    step_to_text(s);
    beluga_op_pause(s->op, true);
    sleep_ms(LATER_MS);
    step_until_quiet(s->loop);
    assert_story(&s->r, "start metadata [Hello]");
    let_the_rest_come(s);
    beluga_op_pause(s->op, false);
    step_to_the_end(s);
    assert_story(&s->r, "start metadata [Hello] finish(stop)");
}

static void a_host_that_was_busy_reads_what_came_before_a_timeout_may_fail_the_call(scene *s)
{
    open_with(s, beluga_with_timeout_ms(ENOUGH_MS));
    script(s->peer, BEGINS, SAYS("Hello"), WAITS_AT(0), STOPS, DONE);
    push(s);
    step_to_text(s);
    let_the_rest_come(s);
    sleep_ms(LATER_MS);
    step_to_the_end(s);
    assert_story(&s->r, "start metadata [Hello] finish(stop)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(a_server_that_never_answers_is_a_timeout),
        SCENE(a_server_that_accepts_and_never_reads_is_a_timeout),
        SCENE(a_head_alone_is_no_first_event),
        SCENE(comments_and_pings_move_the_first_event_timeout),
        SCENE(a_timeout_of_zero_does_not_exist_and_the_general_one_stands_in),
        SCENE(a_stream_that_goes_silent_is_stream_timeout),
        SCENE(comments_and_pings_move_the_idle_timeout),
        SCENE(who_only_says_that_it_works_is_given_up_on_and_not_asked_again),
        SCENE(text_is_progress_however_long_it_takes),
        SCENE(bytes_that_drip_are_no_sign_of_life),
        SCENE(a_stream_may_take_as_long_as_it_wants_while_events_come),
        SCENE(a_stream_has_a_total_only_when_one_is_set),
        SCENE(the_timeout_of_an_unstreamed_call_is_its_total),
        SCENE(a_generate_that_streams_on_the_wire_has_the_timeouts_of_a_stream),
        SCENE(full_providers_have_the_same_timeouts),
        SCENE(a_connection_that_does_not_come_about_is_a_timeout_of_its_own),
        SCENE(a_port_where_nobody_listens_is_a_network_error),
        SCENE(a_process_without_descriptors_is_told_so),
        SCENE(a_deadline_is_context_timeout_and_is_not_retried),
        SCENE(a_deadline_that_has_passed_sends_nothing),
        SCENE(the_nearest_deadline_of_the_parents_holds),
        SCENE(the_time_a_loop_lay_idle_does_not_lengthen_the_next_calls_timeouts),
        ON_PEER(time_before_the_first_next_does_not_count),
        SCENE(time_between_two_nexts_does_not_count),
        SCENE(time_while_paused_does_not_count),
        SCENE(a_host_that_was_busy_reads_what_came_before_a_timeout_may_fail_the_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
