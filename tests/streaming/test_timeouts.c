/* Five timeouts: connect, first event, between events, without progress, total; and the caller's
 * deadline. None of these tests measures time: where two limits compete, which of them wins tells
 * what was counted.
 */
#include "../support/calls.h"

#include <netinet/in.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <beluga/providers/mock.h>

static void sleep_ms(int ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
    while (nanosleep(&t, &t)) {
    }
}

/* --- the first event -------------------------------------------------------------------------- */

static void a_server_that_never_answers_is_a_timeout(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model = open_peer(p);
    peer_step_hang(peer_reply_new(p));
    assert_int_equal(stream_with(model, &r, beluga_with_first_event_timeout_ms(100)),
                     BELUGA_ERROR_TIMEOUT);
    assert_story(&r, "");
    assert_non_null(strstr(r.error.message, "100 ms"));
    assert_true(r.error.retryable);
    assert_int_equal(peer_wait_outcome(p, 0, PEER_CANCELLED, PATIENCE_MS), 0);
    beluga_chat_model_unref(model);
}

static void a_server_that_accepts_and_never_reads_is_a_timeout(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model = open_peer(p);
    peer_fail_accepts(p, PEER_ACCEPT_DEAF, 1);
    assert_int_equal(stream_with(model, &r, beluga_with_first_event_timeout_ms(100)),
                     BELUGA_ERROR_TIMEOUT);
    beluga_chat_model_unref(model);
}

/* For three seconds, half a second more than the timeout: OpenRouter's comments, LiteLLM's and
 * new-api's pings say that a model still thinks (openclaw#152535, llama.cpp#23994). */
static void say_that_it_works(peer_reply *reply)
{
    for (int i = 0; i < 30; i++) {
        const char *sign = i % 3 == 0 ? ": PROCESSING\n\n" : i % 3 == 1 ? "data: ping\n\n" : "\n";
        peer_step_chunk(reply, sign, strlen(sign));
        peer_step_delay_ms(reply, 100);
    }
}

static void a_head_alone_is_no_first_event(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model = open_peer(p);
    peer_reply *reply = peer_reply_new(p);
    peer_step_status(reply, 200, "Content-Type: text/event-stream\r\n");
    peer_step_hang(reply);
    assert_int_equal(stream_with(model, &r, beluga_with_first_event_timeout_ms(200)),
                     BELUGA_ERROR_TIMEOUT);
    beluga_chat_model_unref(model);
}

static void comments_and_pings_move_the_first_event_timeout(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model = open_peer_with(p, beluga_with_max_retries(3));
    peer_reply *reply = peer_reply_new(p);
    peer_step_status(reply, 200, "Content-Type: text/event-stream\r\n");
    say_that_it_works(reply);
    peer_openai_text(reply, "Hello");
    peer_openai_finish(reply, "stop");
    peer_openai_done(reply);
    assert_int_equal(stream_with(model, &r, beluga_with_timeout_ms(2500)), 0);
    assert_int_equal(peer_requests(p), 1);
    beluga_chat_model_unref(model);
}

static void a_timeout_of_zero_does_not_exist_and_the_general_one_stands_in(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model = open_peer(p);
    peer_step_hang(peer_reply_new(p));
    assert_int_equal(stream_with(model, &r, beluga_with_timeout_ms(100)), BELUGA_ERROR_TIMEOUT);
    assert_int_equal(stream_with(model, &r, beluga_with_timeout_ms(0)), BELUGA_ERROR_INVALID_INPUT);
    beluga_chat_model_unref(model);
}

/* --- between events --------------------------------------------------------------------------- */

static void a_stream_that_goes_silent_is_stream_timeout(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model = open_peer(p);
    peer_reply *reply = peer_reply_new(p);
    peer_openai_begin(reply);
    peer_openai_text(reply, "Hello");
    peer_step_hang(reply);
    assert_int_equal(stream_with(model, &r, beluga_with_idle_timeout_ms(100),
                                 beluga_with_total_timeout_ms(10000)),
                     BELUGA_ERROR_STREAM_TIMEOUT);
    assert_story(&r, "start metadata [Hello]");
    assert_non_null(strstr(r.error.message, "100 ms"));
    assert_int_equal(peer_wait_outcome(p, 0, PEER_CANCELLED, PATIENCE_MS), 0);
    beluga_chat_model_unref(model);
}

static void comments_and_pings_move_the_idle_timeout(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model = open_peer(p);
    peer_reply *reply = peer_reply_new(p);
    peer_openai_begin(reply);
    peer_openai_text(reply, "Hello");
    say_that_it_works(reply);
    peer_openai_finish(reply, "stop");
    peer_openai_done(reply);
    assert_int_equal(stream_with(model, &r, beluga_with_timeout_ms(2500)), 0);
    assert_story(&r, "start metadata [Hello] finish(stop)");
    beluga_chat_model_unref(model);
}

/* Where one of the two limits must end it, only this one can: the server never stops. */
static void who_only_says_that_it_works_is_given_up_on_and_not_asked_again(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model = open_peer_with(p, beluga_with_max_retries(3));
    peer_reply *reply = peer_reply_new(p);
    peer_step_status(reply, 200, "Content-Type: text/event-stream\r\n");
    for (int i = 0; i < 3000; i++) {
        peer_step_chunk(reply, ": still here\n\n", 14);
        peer_step_delay_ms(reply, 10);
    }
    assert_int_equal(stream_with(model, &r, beluga_with_progress_timeout_ms(400),
                                 beluga_with_total_timeout_ms(20000)),
                     BELUGA_ERROR_STREAM_TIMEOUT);
    assert_non_null(strstr(r.error.message, "progress_timeout"));
    assert_false(r.error.retryable);
    assert_int_equal(peer_requests(p), 1);
    beluga_chat_model_unref(model);
}

static void text_is_progress_however_long_it_takes(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model = open_peer(p);
    peer_reply *reply = peer_reply_new(p);
    peer_openai_begin(reply);
    for (int i = 0; i < 30; i++) {
        peer_openai_text(reply, "x");
        peer_step_delay_ms(reply, 100);
    }
    peer_openai_finish(reply, "stop");
    peer_openai_done(reply);
    assert_int_equal(stream_with(model, &r, beluga_with_progress_timeout_ms(2500)), 0);
    assert_int_equal(r.texts, 30);
    beluga_chat_model_unref(model);
}

static void bytes_that_drip_are_no_sign_of_life(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model = open_peer(p);
    peer_reply *reply = peer_reply_new(p);
    peer_openai_begin(reply);
    peer_openai_text(reply, "Hello");
    for (int i = 0; i < 3000; i++) {
        peer_step_chunk(reply, "x", 1);
        peer_step_delay_ms(reply, 10);
    }
    assert_int_equal(stream_with(model, &r, beluga_with_idle_timeout_ms(200),
                                 beluga_with_total_timeout_ms(10000)),
                     BELUGA_ERROR_STREAM_TIMEOUT);
    assert_story(&r, "start metadata [Hello]");
    beluga_chat_model_unref(model);
}

/* Each event comes well within the idle timeout, all of them take much longer than it. */
static void a_stream_may_take_as_long_as_it_wants_while_events_come(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model = open_peer(p);
    peer_reply *reply = peer_reply_new(p);
    peer_openai_begin(reply);
    for (int i = 0; i < 30; i++) {
        peer_openai_text(reply, "x");
        peer_step_delay_ms(reply, 100);
    }
    peer_openai_finish(reply, "stop");
    peer_openai_done(reply);
    assert_int_equal(stream_with(model, &r, beluga_with_timeout_ms(2500)), 0);
    assert_int_equal(r.texts, 30);
    beluga_chat_model_unref(model);
}

/* --- in all ----------------------------------------------------------------------------------- */

static void a_stream_has_a_total_only_when_one_is_set(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model = open_peer(p);
    peer_reply *reply = peer_reply_new(p);
    peer_openai_begin(reply);
    for (int i = 0; i < 3000; i++) {
        peer_openai_text(reply, "x");
        peer_step_delay_ms(reply, 10);
    }
    assert_int_equal(stream_with(model, &r, beluga_with_total_timeout_ms(300)),
                     BELUGA_ERROR_TIMEOUT);
    assert_true(r.texts > 0);
    assert_non_null(strstr(r.error.message, "no complete answer"));
    beluga_chat_model_unref(model);
}

static void the_timeout_of_an_unstreamed_call_is_its_total(void **state)
{
    peer *p = *state;
    beluga_error err;
    beluga_chat_model *model =
        open_peer_with(p, beluga_with_timeout_ms(2000), beluga_with_max_retries(3));
    peer_reply *reply = peer_reply_new(p);
    peer_step_status(reply, 200, "Content-Type: application/json\r\n");
    for (int i = 0; i < 3000; i++) { /* a body that never ends: each byte is new, but no answer */
        peer_step_chunk(reply, " ", 1);
        peer_step_delay_ms(reply, 10);
    }
    assert_int_equal(generate(model, NULL, &err), BELUGA_ERROR_TIMEOUT);
    assert_string_equal(err.operation, "generate");
    assert_int_equal(peer_requests(p), 1); /* it works on it, and would be paid again */
    beluga_chat_model_unref(model);
}

static void a_generate_that_streams_on_the_wire_has_the_timeouts_of_a_stream(void **state)
{
    peer *p = *state;
    beluga_error err;
    beluga_chat_model *model =
        open_peer_with(p, beluga_with_wire_streaming(true), beluga_with_idle_timeout_ms(100));
    peer_reply *reply = peer_reply_new(p);
    peer_openai_begin(reply);
    peer_openai_text(reply, "Hello");
    peer_step_hang(reply);
    assert_int_equal(generate(model, NULL, &err), BELUGA_ERROR_STREAM_TIMEOUT);
    beluga_chat_model_unref(model);
}

static void full_providers_have_the_same_timeouts(void **state)
{
    (void)state;
    record r;
    beluga_error err;
    beluga_chat_model *model = open_mock(beluga_mock_with_latency_ms(PATIENCE_MS * 2),
                                         beluga_with_timeout_ms(100), beluga_with_max_retries(0));
    assert_int_equal(stream_whole(model, &r), BELUGA_ERROR_TIMEOUT);
    assert_int_equal(generate(model, NULL, &err), BELUGA_ERROR_TIMEOUT);
    beluga_chat_model_unref(model);
    model =
        open_mock(beluga_mock_with_word_delay_ms(PATIENCE_MS * 2), beluga_with_idle_timeout_ms(100),
                  beluga_with_first_event_timeout_ms(100), beluga_with_max_retries(0));
    assert_int_not_equal(stream_whole(model, &r), 0);
    beluga_chat_model_unref(model);
}

/* --- connect ---------------------------------------------------------------------------------- */

/* A listening socket whose queue is full: the kernel lets further connections hang. */
typedef struct full_queue {
    int listener, fillers[8];
    char url[64];
} full_queue;

static void make_full_queue(full_queue *q)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    q->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(q->listener, (struct sockaddr *)&at, n), 0);
    assert_int_equal(listen(q->listener, 0), 0);
    assert_int_equal(getsockname(q->listener, (struct sockaddr *)&at, &n), 0);
    snprintf(q->url, sizeof q->url, "http://127.0.0.1:%d/v1", ntohs(at.sin_port));
    for (int i = 0; i < 8; i++) {
        q->fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        connect(q->fillers[i], (struct sockaddr *)&at, n);
    }
}

static void close_full_queue(full_queue *q)
{
    for (int i = 0; i < 8; i++) close(q->fillers[i]);
    close(q->listener);
}

static void a_connection_that_does_not_come_about_is_a_timeout_of_its_own(void **state)
{
    (void)state;
    record r;
    full_queue q;
    make_full_queue(&q);
    beluga_chat_model *model = open_at(q.url, beluga_with_connect_timeout_ms(100));
    assert_int_equal(stream_whole(model, &r), BELUGA_ERROR_TIMEOUT);
    assert_non_null(strstr(r.error.message, "no connection"));
    assert_int_equal(generate(model, NULL, &r.error), BELUGA_ERROR_TIMEOUT);
    assert_non_null(strstr(r.error.message, "no connection"));
    beluga_chat_model_unref(model);
    close_full_queue(&q);
}

static void a_port_where_nobody_listens_is_a_network_error(void **state)
{
    (void)state;
    beluga_error err;
    beluga_chat_model *model =
        open_at("http://127.0.0.1:1/v1", beluga_with_connect_timeout_ms(PATIENCE_MS));
    assert_int_equal(generate(model, NULL, &err), BELUGA_ERROR_NETWORK);
    assert_true(err.retryable);
    beluga_chat_model_unref(model);
}

/* The limit is where the next descriptor would be; the loop's own are there from the first call. */
static void a_process_without_descriptors_is_told_so(void **state)
{
    (void)state;
    beluga_error err;
    struct rlimit before, none;
    beluga_chat_model *model = open_at_n("http://127.0.0.1:1/v1", NULL, 0);
    assert_int_equal(generate(model, NULL, &err), BELUGA_ERROR_NETWORK);
    assert_null(strstr(err.message, "descriptors"));
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    int next = dup(STDERR_FILENO);
    close(next);
    none = before;
    none.rlim_cur = (rlim_t)next;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    int status = generate(model, NULL, &err);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(status, BELUGA_ERROR_NETWORK);
    assert_non_null(strstr(err.message, "descriptors"));
    beluga_chat_model_unref(model);
}

/* --- the caller's deadline -------------------------------------------------------------------- */

static void a_deadline_is_context_timeout_and_is_not_retried(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model = open_peer_with(p, beluga_with_max_retries(3));
    peer_reply *reply = peer_reply_new(p);
    peer_reply_repeat(reply, PEER_FOR_EVER);
    peer_step_hang(reply);
    beluga_context *ctx = beluga_context_new_timeout(NULL, 100);
    assert_int_equal(stream_whole_n(model, ctx, &r, NULL, 0), BELUGA_ERROR_CONTEXT_TIMEOUT);
    beluga_context_unref(ctx);
    ctx = beluga_context_new_timeout(NULL, 100);
    assert_int_equal(generate_under(model, ctx, NULL, &r.error), BELUGA_ERROR_CONTEXT_TIMEOUT);
    assert_false(r.error.retryable);
    beluga_context_unref(ctx);
    assert_int_equal(peer_requests(p), 2);
    beluga_chat_model_unref(model);
}

static void a_deadline_that_has_passed_sends_nothing(void **state)
{
    peer *p = *state;
    record r;
    beluga_chat_model *model = open_peer(p);
    beluga_context *ctx = beluga_context_new_timeout(NULL, 0);
    assert_int_equal(stream_whole_n(model, ctx, &r, NULL, 0), BELUGA_ERROR_CONTEXT_TIMEOUT);
    assert_int_equal(generate_under(model, ctx, NULL, NULL), BELUGA_ERROR_CONTEXT_TIMEOUT);
    assert_int_equal(peer_connections(p), 0);
    beluga_context_unref(ctx);
    beluga_chat_model_unref(model);
}

static void the_nearest_deadline_of_the_parents_holds(void **state)
{
    (void)state;
    record r;
    beluga_chat_model *model = open_mock(beluga_mock_with_latency_ms(PATIENCE_MS * 2));
    beluga_context *near = beluga_context_new_timeout(NULL, 100);
    beluga_context *far = beluga_context_new_timeout(near, PATIENCE_MS * 4);
    assert_int_equal(stream_whole_n(model, far, &r, NULL, 0), BELUGA_ERROR_CONTEXT_TIMEOUT);
    beluga_context_unref(far);
    beluga_context_unref(near);
    beluga_chat_model_unref(model);
}

/* --- what does not count ---------------------------------------------------------------------- */

/* A loop that lay idle for longer than the deadline: its idleness must not lengthen the next
 * timeout. */
static void the_time_a_loop_lay_idle_does_not_lengthen_the_next_calls_timeouts(void **state)
{
    peer *p = *state;
    beluga_error err;
    beluga_chat_model *model = open_peer(p);
    peer_openai_answer(peer_reply_new(p), "Hello");
    assert_int_equal(generate(model, "Hello", NULL), 0);
    sleep_ms(1500);
    peer_step_hang(peer_reply_new(p));
    beluga_context *ctx = beluga_context_new_timeout(NULL, 1000);
    beluga_response *response;
    assert_int_equal(beluga_invoke(model, ctx, beluga_input_text("Hi"), &response, &err,
                                   beluga_with_timeout_ms(100)),
                     BELUGA_ERROR_TIMEOUT);
    beluga_context_unref(ctx);
    beluga_chat_model_unref(model);
}

/* On a client of its own, so that the loop is a new one. */
static void time_before_the_first_next_does_not_count(void **state)
{
    peer *p = *state;
    record r = {0};
    beluga_client *client;
    beluga_chat_model *model;
    assert_int_equal(beluga_client_new(NULL, &client), 0);
    beluga_config *config =
        beluga_config_new(beluga_with_base_url(peer_url(p)), beluga_with_api_key("x"),
                          beluga_with_timeout_ms(1000), beluga_with_max_retries(0));
    assert_int_equal(
        beluga_registry_open(beluga_client_registry(client), "openai", config, &model, NULL), 0);
    beluga_config_free(config);
    for (int i = 0; i < 2; i++) { /* the second time on a loop that was used before */
        record_clear(&r);
        peer_openai_stream(peer_reply_new(p), "Hello");
        beluga_stream *stream = begin_stream(model, NULL);
        sleep_ms(1200);
        pull_all(stream, &r);
        assert_story(&r, "start metadata [Hello] usage(12,1) finish(stop)");
        beluga_stream_free(stream);
    }
    beluga_chat_model_unref(model);
    beluga_client_unref(client);
}

static void time_between_two_nexts_does_not_count(void **state)
{
    peer *p = *state;
    record r = {0};
    beluga_chat_model *model =
        open_peer_with(p, beluga_with_timeout_ms(1000), beluga_with_total_timeout_ms(1000));
    peer_reply *reply = peer_reply_new(p);
    peer_openai_begin(reply);
    peer_openai_text(reply, "Hello");
    peer_step_gate(reply, 0);
    peer_openai_text(reply, " world");
    peer_openai_finish(reply, "stop");
    peer_openai_done(reply);
    beluga_stream *stream = begin_stream(model, NULL);
    pull_until(stream, &r, BELUGA_EVENT_TEXT);
    peer_open_gate(p, 0);
    assert_int_equal(peer_wait_outcome(p, 0, PEER_ANSWERED, PATIENCE_MS), 0);
    sleep_ms(1200); /* everything lies in the socket */
    pull_all(stream, &r);
    assert_story(&r, "start metadata [Hello] [ world] finish(stop)");
    beluga_stream_free(stream);
    beluga_chat_model_unref(model);
}

static void time_while_paused_does_not_count(void **state)
{
    peer *p = *state;
    record r = {0};
    beluga_loop *loop = new_loop();
    beluga_chat_model *model =
        open_peer_with(p, beluga_with_timeout_ms(1000), beluga_with_total_timeout_ms(1000));
    peer_reply *reply = peer_reply_new(p);
    peer_openai_begin(reply);
    peer_openai_text(reply, "Hello");
    peer_step_gate(reply, 0);
    peer_openai_finish(reply, "stop");
    peer_openai_done(reply);
    beluga_op *op = push_stream(model, loop, NULL, &r);
    while (!r.texts) poll_and_step(loop);
    beluga_op_pause(op, true);
    sleep_ms(1200);
    step_until_quiet(loop);
    assert_story(&r, "start metadata [Hello]");
    peer_open_gate(p, 0);
    assert_int_equal(peer_wait_outcome(p, 0, PEER_ANSWERED, PATIENCE_MS), 0);
    beluga_op_pause(op, false);
    step_until_end(loop, &r);
    assert_story(&r, "start metadata [Hello] finish(stop)");
    beluga_op_free(op);
    beluga_chat_model_unref(model);
    beluga_loop_free(loop);
}

static void a_host_that_was_busy_reads_what_came_before_a_timeout_may_fail_the_call(void **state)
{
    peer *p = *state;
    record r = {0};
    beluga_loop *loop = new_loop();
    beluga_chat_model *model = open_peer_with(p, beluga_with_timeout_ms(1000));
    peer_reply *reply = peer_reply_new(p);
    peer_openai_begin(reply);
    peer_openai_text(reply, "Hello");
    peer_step_gate(reply, 0);
    peer_openai_finish(reply, "stop");
    peer_openai_done(reply);
    beluga_op_free(push_stream(model, loop, NULL, &r));
    while (!r.texts) poll_and_step(loop);
    peer_open_gate(p, 0);
    assert_int_equal(peer_wait_outcome(p, 0, PEER_ANSWERED, PATIENCE_MS), 0);
    sleep_ms(1200);
    step_until_end(loop, &r);
    assert_story(&r, "start metadata [Hello] finish(stop)");
    beluga_chat_model_unref(model);
    beluga_loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_PEER(a_server_that_never_answers_is_a_timeout),
        ON_PEER(a_server_that_accepts_and_never_reads_is_a_timeout),
        ON_PEER(a_head_alone_is_no_first_event),
        ON_PEER(comments_and_pings_move_the_first_event_timeout),
        ON_PEER(a_timeout_of_zero_does_not_exist_and_the_general_one_stands_in),
        ON_PEER(a_stream_that_goes_silent_is_stream_timeout),
        ON_PEER(comments_and_pings_move_the_idle_timeout),
        ON_PEER(who_only_says_that_it_works_is_given_up_on_and_not_asked_again),
        ON_PEER(text_is_progress_however_long_it_takes),
        ON_PEER(bytes_that_drip_are_no_sign_of_life),
        ON_PEER(a_stream_may_take_as_long_as_it_wants_while_events_come),
        ON_PEER(a_stream_has_a_total_only_when_one_is_set),
        ON_PEER(the_timeout_of_an_unstreamed_call_is_its_total),
        ON_PEER(a_generate_that_streams_on_the_wire_has_the_timeouts_of_a_stream),
        cmocka_unit_test(full_providers_have_the_same_timeouts),
        cmocka_unit_test(a_connection_that_does_not_come_about_is_a_timeout_of_its_own),
        cmocka_unit_test(a_port_where_nobody_listens_is_a_network_error),
        cmocka_unit_test(a_process_without_descriptors_is_told_so),
        ON_PEER(a_deadline_is_context_timeout_and_is_not_retried),
        ON_PEER(a_deadline_that_has_passed_sends_nothing),
        cmocka_unit_test(the_nearest_deadline_of_the_parents_holds),
        ON_PEER(the_time_a_loop_lay_idle_does_not_lengthen_the_next_calls_timeouts),
        ON_PEER(time_before_the_first_next_does_not_count),
        ON_PEER(time_between_two_nexts_does_not_count),
        ON_PEER(time_while_paused_does_not_count),
        ON_PEER(a_host_that_was_busy_reads_what_came_before_a_timeout_may_fail_the_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
