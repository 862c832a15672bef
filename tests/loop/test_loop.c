/* Calls on a loop of the library that a host program steps from its own event loop. The tests wait
 * with poll(2) on the loop's descriptor, and step only when it is readable. So every test here also
 * shows that the descriptor becomes readable whenever there is work. */
#include "../support/scene.h"
#include "model/operation.h"

#include <beluga/providers/mock.h>

#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* ---- when callbacks are called --------------------------------------------------------------- */

static void callbacks_come_only_from_step(scene *s)
{
    use_model(s, open_mock_n(NULL, 0));
    assert_false(is_readable(s->loop));
    push(s);
    assert_int_equal(s->r.events, 0);
    assert_int_equal(beluga_loop_active(s->loop), 1);
    step_to_the_end(s);
    assert_story(&s->r,
                 "start metadata [This ] [is ] [a ] [mock ] [response.] usage(1,5) finish(stop)");
    assert_int_equal(beluga_loop_active(s->loop), 0);
}

static void a_stream_over_http_comes_to_its_end_by_its_descriptor_alone(scene *s)
{
    script(s->peer, STREAMS("Hello world"));
    expect_push(s, "start metadata [Hello] [ world] usage(12,2) finish(stop)");
}

static void a_start_that_fails_never_calls_back(scene *s)
{
    beluga_messages *none = beluga_messages_new(), *one = beluga_messages_new();
    /* not NULL, so that the test sees whether the call sets it */
    beluga_op *op = (beluga_op *)&s->r;
    beluga_messages_add(one, beluga_human_message("Hi"));
    assert_int_equal(
        beluga_stream_start(s->model, s->loop, NULL, none, record_event, &s->r, &op, &s->err),
        BELUGA_ERROR_INVALID_INPUT);
    assert_null(op);
    assert_int_equal(beluga_stream_start(s->model, s->loop, NULL, one, record_event, &s->r, &op,
                                         &s->err, beluga_with_temperature(9)),
                     BELUGA_ERROR_INVALID_INPUT);
    assert_int_equal(
        beluga_generate_start(s->model, s->loop, NULL, none, record_event, &s->r, &op, &s->err),
        BELUGA_ERROR_INVALID_INPUT);
    assert_int_equal(beluga_loop_active(s->loop), 0);
    for (int i = 0; i < 3; i++) assert_int_equal(beluga_loop_step(s->loop), 0);
    assert_int_equal(s->r.events, 0);
    assert_int_equal(peer_connections(s->peer), 0);
    beluga_messages_free(none);
    beluga_messages_free(one);
}

static void a_call_whose_handle_was_given_back_goes_on(scene *s)
{
    script(s->peer, STREAMS("Hello"));
    push(s);
    let_go(s);
    step_to_the_end(s);
    assert_story(&s->r, "start metadata [Hello] usage(12,1) finish(stop)");
}

/* ---- calls from inside a callback ------------------------------------------------------------ */

typedef struct actor {
    record r; /* must be the first member, since record_event gets the actor's address */
    beluga_loop *loop;
    beluga_op *op;
    beluga_chat_model *model;
    uint32_t cancel_at; /* the kind of event at which the actor cancels the call */
    record *started;    /* the record of the stream that the actor starts */
    int step_status;
} actor;

static void act(void *payload, const beluga_event *event)
{
    actor *a = payload;
    record_event(&a->r, event);
    if (a->cancel_at == event->kind) beluga_op_cancel(a->op);
    if (event->kind != BELUGA_EVENT_TEXT) return;
    a->step_status = beluga_loop_step(a->loop);
    if (a->started && !a->op) a->op = push_stream(a->model, a->loop, NULL, a->started);
}

static beluga_op *start_actor(actor *a, beluga_chat_model *model)
{
    return push_to(model, a->loop, NULL, act, a);
}

static void a_callback_that_cancels_gets_one_more_event(scene *s)
{
    static const uint32_t kinds[] = {BELUGA_EVENT_START, BELUGA_EVENT_METADATA, BELUGA_EVENT_TEXT,
                                     BELUGA_EVENT_USAGE};
    static const char *const stories[] = {
        "start error(context_canceled)", "start metadata error(context_canceled)",
        "start metadata [Hello] error(context_canceled)",
        "start metadata [Hello] [ world] usage(12,2) error(context_canceled)"};
    script(s->peer, REPEATS(PEER_FOR_EVER), STREAMS("Hello world"));
    for (size_t i = 0; i < 4; i++) {
        actor a = {.loop = new_loop(), .cancel_at = kinds[i]};
        a.op = start_actor(&a, s->model);
        step_until_end(a.loop, &a.r);
        assert_story(&a.r, stories[i]);
        assert_string_equal(a.r.error.operation, "stream");
        beluga_op_free(a.op);
        beluga_loop_free(a.loop);
    }
}

static void a_cancel_at_the_end_comes_too_late(scene *s)
{
    use_model(s, open_mock_n(NULL, 0));
    actor a = {.loop = new_loop(), .cancel_at = BELUGA_EVENT_FINISH};
    a.op = start_actor(&a, s->model);
    step_until_end(a.loop, &a.r);
    assert_int_equal(a.r.finishes, 1);
    for (int i = 0; i < 3; i++) assert_int_equal(beluga_loop_step(a.loop), 0);
    beluga_op_cancel(a.op);
    assert_int_equal(beluga_loop_step(a.loop), 0);
    assert_int_equal(a.r.errors, 0);
    beluga_op_free(a.op);
    beluga_loop_free(a.loop);
}

static void a_callback_may_start_another_stream_on_the_same_loop(void **state)
{
    peer *p = *state;
    record second = {0};
    actor a = {.loop = new_loop(), .model = open_peer(p), .started = &second};
    script(p, REPEATS(2), STREAMS("Hello"));
    beluga_op_free(start_actor(&a, a.model));
    step_until_end(a.loop, &a.r);
    step_until_end(a.loop, &second);
    assert_int_equal(a.r.finishes, 1);
    assert_story(&second, "start metadata [Hello] usage(12,1) finish(stop)");
    beluga_op_free(a.op);
    beluga_chat_model_unref(a.model);
    beluga_loop_free(a.loop);
}

static void a_step_from_inside_a_callback_is_recursive(scene *s)
{
    use_model(s, open_mock_n(NULL, 0));
    actor a = {.loop = new_loop()};
    beluga_op_free(start_actor(&a, s->model));
    step_until_end(a.loop, &a.r);
    assert_int_equal(a.step_status, BELUGA_ERROR_RECURSIVE);
    assert_int_equal(a.r.finishes, 1); /* the refused step had no effect */
    beluga_loop_free(a.loop);
}

/* --- pause ------------------------------------------------------------------------------------ */

enum { BIG_EVENTS = 40, BIG_EVENT = 1 << 20 }; /* together more bytes than any socket's buffers */

/* Resume the call, and step until its end, which must be a success. */
static void resume_to_the_finish(scene *s)
{
    beluga_op_pause(s->op, false);
    step_to_the_end(s);
    assert_int_equal(s->r.finishes, 1);
}

/* Expect that the call has no events, although the server has sent the whole answer. */
static void expect_silence_after(scene *s, size_t request)
{
    step_to_requests(s, request + 1);
    wait_answered(s, request);
    step_until_quiet(s->loop);
    assert_int_equal(s->r.events, 0);
}

static void what_a_paused_call_does_not_read_stays_with_the_server(scene *s)
{
    peer_reply *reply = script(s->peer, BEGINS);
    for (int i = 0; i < BIG_EVENTS; i++) script_more(reply, SAYS_LETTERS(BIG_EVENT));
    script_more(reply, STOPS, DONE);
    push(s);
    step_to_text(s);
    beluga_op_pause(s->op, true);
    step_until_quiet(s->loop);
    size_t events = s->r.events;
    assert_int_equal(peer_wait_outcome(s->peer, 0, PEER_ANSWERED, 300), -1);
    assert_int_equal(beluga_loop_step(s->loop), 0);
    assert_int_equal(s->r.events, events);
    resume_to_the_finish(s);
    assert_int_equal(s->r.bytes, (size_t)BIG_EVENTS * BIG_EVENT);
}

static void a_call_paused_before_its_first_event_waits(scene *s)
{
    script(s->peer, STREAMS("Hello"));
    push(s);
    beluga_op_pause(s->op, true);
    expect_silence_after(s, 0);
    resume_to_the_finish(s);
}

/* The call is paused while it waits for a retry. The second attempt must then be paused, too. */
static void a_call_paused_between_two_attempts_stays_paused(scene *s)
{
    open_with(s, beluga_with_max_retries(1));
    script(s->peer, FAILS(500, "Retry-After: 1\r\n"));
    script(s->peer, STREAMS("Hello"));
    push(s);
    expect_silence_after(s, 0); /* the error was read; the call now waits a second for its retry */
    beluga_op_pause(s->op, true);
    expect_silence_after(s, 1);
    resume_to_the_finish(s);
}

static void a_finish_that_waits_for_its_usage_waits_while_paused(scene *s)
{
    script(s->peer, BEGINS, SAYS("Hello"), STOPS, WAITS_AT(0), USES(7, 1), DONE);
    push(s);
    while (beluga_loop_timeout_ms(s->loop) < 0 || beluga_loop_timeout_ms(s->loop) > 2000 ||
           !s->r.texts)
        poll_and_step(s->loop); /* now the call waits at most two seconds for its usage */
    beluga_op_pause(s->op, true);
    struct timespec grace = {.tv_sec = 2, .tv_nsec = 100000000};
    nanosleep(&grace, NULL);
    step_until_quiet(s->loop);
    assert_int_equal(s->r.finishes, 0);
    let_the_rest_come(s);
    beluga_op_pause(s->op, false);
    step_to_the_end(s);
    assert_story(&s->r, "start metadata [Hello] usage(7,1) finish(stop)");
}

/* ---- the end of a loop ----------------------------------------------------------------------- */

static void a_loop_that_is_freed_ends_its_calls_silently(scene *s)
{
    enum { N = 20 };
    record http[N] = {0}, mock = {0}, waiting = {0};
    s->ctx = beluga_context_new_cancellable(NULL);
    beluga_chat_model *slow = open_mock(beluga_mock_with_word_delay_ms(60000));
    script(s->peer, REPEATS(N), BEGINS, SAYS("Hello"), HANGS);
    for (int i = 0; i < N; i++)
        beluga_op_free(push_stream(s->model, s->loop, i % 2 ? s->ctx : NULL, &http[i]));
    beluga_op_free(push_stream(slow, s->loop, s->ctx, &mock));
    for (int i = 0; i < N; i++)
        while (!http[i].texts) poll_and_step(s->loop);
    /* This call is not even connected yet. */
    beluga_op_free(push_stream(s->model, s->loop, NULL, &waiting));
    assert_int_equal(beluga_loop_active(s->loop), N + 2);
    RELEASE(beluga_loop_free, s->loop);
    for (int i = 0; i < N; i++) assert_story(&http[i], "start metadata [Hello]");
    assert_story(&mock, "");
    assert_story(&waiting, "");
    assert_int_equal(peer_wait_all_closed(s->peer, PATIENCE_MS), 0);
    beluga_chat_model_unref(slow);
}

static int endless_source(void *payload, uint64_t index, beluga_input *input)
{
    (void)payload;
    (void)index;
    *input = beluga_input_text("Hi");
    return 1;
}

static void count_result(void *payload, uint64_t index, beluga_batch_result *result)
{
    (void)index;
    (void)result;
    ++*(size_t *)payload;
}

/* The handle of the batch may be freed before the loop or after it, in every state of the batch. */
static void a_loop_may_go_before_the_batch_that_ran_on_it(void **state)
{
    (void)state;
    for (int order = 0; order < 2; order++)
        for (int steps = 0; steps < 3; steps++) {
            size_t results = 0;
            beluga_batch_op *batch;
            beluga_loop *loop = new_loop();
            beluga_chat_model *model = open_mock(beluga_mock_with_word_delay_ms(1));
            assert_int_equal(beluga_batch_start_n(model, loop, NULL, endless_source, count_result,
                                                  NULL, &results, &batch, NULL, NULL, 0),
                             0);
            for (int i = 0; i < 4 * steps; i++) poll_and_step(loop);
            if (order) beluga_batch_op_free(batch);
            beluga_loop_free(loop);
            size_t before = results;
            if (!order) beluga_batch_op_free(batch);
            assert_int_equal(results, before);
            beluga_chat_model_unref(model);
        }
}

static void a_loop_without_calls_is_quiet(void **state)
{
    (void)state;
    beluga_loop *loop = new_loop();
    assert_int_equal(beluga_loop_timeout_ms(loop), -1);
    for (int i = 0; i < 3; i++) assert_int_equal(beluga_loop_step(loop), 0);
    assert_int_equal(beluga_loop_wait(loop, 0), 0);
    assert_false(is_readable(loop));
    assert_int_equal(beluga_loop_active(loop), 0);
    beluga_loop_free(loop);
    beluga_loop_free(NULL);
}

/* ---- when the descriptor is readable --------------------------------------------------------- */

static void delays_make_the_descriptor_readable(scene *s)
{
    open_mock_with(s, beluga_mock_with_word_delay_ms(2), beluga_mock_with_latency_ms(3));
    push(s);
    step_to_the_end(s);
    assert_int_equal(s->r.texts, 5);
}

static void the_wait_for_a_retry_makes_the_descriptor_readable(scene *s)
{
    open_with(s, beluga_with_max_retries(2));
    script(s->peer, FAILS(500, NULL));
    script(s->peer, RESETS);
    script(s->peer, STREAMS("Hello"));
    expect_push(s, "start metadata [Hello] usage(12,1) finish(stop)");
    expect_requests(s, 3);
}

static void a_timeout_makes_the_descriptor_readable(scene *s)
{
    open_with(s, beluga_with_first_event_timeout_ms(50));
    script(s->peer, HANGS);
    expect_push(s, "error(timeout)");
}

static void a_deadline_makes_the_descriptor_readable(scene *s)
{
    s->ctx = beluga_context_new_timeout(NULL, 50);
    open_mock_with(s, beluga_mock_with_latency_ms(PATIENCE_MS * 2));
    expect_push(s, "error(context_timeout)");
}

/* The program has stepped the loop without using its descriptor. When it starts to watch the
 * descriptor, this must become readable. */
static void a_descriptor_that_is_asked_for_late_tells_of_what_waits(scene *s)
{
    use_model(s, open_mock(beluga_mock_with_word_delay_ms(1)));
    for (int steps = 0; steps < 4; steps++) {
        RELEASE(beluga_op_free, s->op);
        RELEASE(beluga_loop_free, s->loop);
        s->loop = new_loop();
        push(s);
        for (int i = 0; i < steps; i++) assert_int_equal(beluga_loop_step(s->loop), 0);
        step_to_the_end(s);
        assert_int_equal(s->r.finishes, 1);
    }
}

static void *step_often(void *payload)
{
    scene *s = payload;
    push(s);
    for (int i = 0; i < 1000 && !s->r.finishes; i++) beluga_loop_step(s->loop);
    return NULL;
}

static void another_thread_may_ask_for_the_descriptor_while_the_loop_runs(scene *s)
{
    pthread_t stepper;
    use_model(s, open_mock(beluga_mock_with_word_delay_ms(1)));
    for (int i = 0; i < 20; i++) {
        RELEASE(beluga_op_free, s->op);
        RELEASE(beluga_loop_free, s->loop);
        s->loop = new_loop();
        assert_int_equal(pthread_create(&stepper, NULL, step_often, s), 0);
        assert_true(beluga_loop_fd(s->loop) >= 0);
        pthread_join(stepper, NULL);
        if (!s->r.finishes) step_to_the_end(s);
        assert_int_equal(s->r.finishes, 1);
    }
}

/* Usage that arrives before any text is dropped, too. */
static void a_cancel_before_the_first_content_gets_nothing_but_the_error(scene *s)
{
    script(s->peer, BEGINS, USES(12, 0), HANGS);
    push(s);
    while (!s->op->usage_pending) assert_int_equal(beluga_loop_wait(s->loop, PATIENCE_MS), 0);
    assert_int_equal(s->r.events, 0);
    beluga_op_cancel(s->op);
    step_to_the_end(s);
    assert_story(&s->r, "error(context_canceled)");
}

static void an_op_that_is_cancelled_outside_a_step_makes_the_descriptor_readable(scene *s)
{
    script(s->peer, HANGS);
    push(s);
    step_to_requests(s, 1);
    step_until_quiet(s->loop);
    beluga_op_cancel(s->op);
    beluga_op_cancel(s->op);
    assert_int_equal(s->r.events, 0);
    step_to_the_end(s);
    assert_story(&s->r, "error(context_canceled)");
    assert_int_equal(peer_wait_all_closed(s->peer, PATIENCE_MS), 0);
}

static void a_resumed_call_makes_the_descriptor_readable(scene *s)
{
    script(s->peer, BEGINS, SAYS("Hello"), WAITS_AT(0), SAYS(" world"), STOPS, DONE);
    push(s);
    step_to_text(s);
    for (int i = 0; i < 3; i++) { /* pausing twice has the same effect as pausing once */
        beluga_op_pause(s->op, true);
        beluga_op_pause(s->op, false);
        beluga_op_pause(s->op, true);
    }
    let_the_rest_come(s);
    step_until_quiet(s->loop);
    assert_int_equal(s->r.texts, 1);
    beluga_op_pause(s->op, false);
    step_to_the_end(s);
    assert_story(&s->r, "start metadata [Hello] [ world] finish(stop)");
}

static void the_timeout_tells_a_polling_host_when_to_step(scene *s)
{
    open_mock_with(s, beluga_mock_with_word_delay_ms(2));
    push(s);
    assert_int_equal(beluga_loop_timeout_ms(s->loop), 0);
    while (!record_ended(&s->r)) {
        int64_t wait = beluga_loop_timeout_ms(s->loop);
        assert_in_range(wait, 0, 60000);
        struct timespec t = {.tv_sec = wait / 1000, .tv_nsec = wait % 1000 * 1000000};
        nanosleep(&t, NULL);
        assert_int_equal(beluga_loop_step(s->loop), 0);
    }
    assert_int_equal(s->r.finishes, 1);
}

static void a_program_without_a_loop_of_its_own_may_wait(scene *s)
{
    script(s->peer, STREAMS("Hello"));
    push(s);
    while (beluga_loop_active(s->loop)) assert_int_equal(beluga_loop_wait(s->loop, PATIENCE_MS), 0);
    assert_int_equal(s->r.finishes, 1);
}

/* ---- whole answers, pushed ------------------------------------------------------------------- */

static void generate_on(beluga_loop *loop, beluga_chat_model *model, record *r, bool streamed)
{
    beluga_messages *messages = beluga_messages_new();
    beluga_messages_add(messages, beluga_human_message("Hi"));
    assert_int_equal(beluga_generate_start(model, loop, NULL, messages, record_event, r, NULL, NULL,
                                           beluga_with_wire_streaming(streamed)),
                     0);
    beluga_messages_free(messages);
}

static void a_whole_answer_is_pushed_at_once_and_its_retries_stay_unseen(scene *s)
{
    open_with(s, beluga_with_max_retries(2));
    script(s->peer, BEGINS, SAYS("never seen"), CLOSES);
    script(s->peer, BEGINS, SAYS("Hello"), WAITS_AT(0), STOPS, DONE);
    generate_on(s->loop, s->model, &s->r, true);
    step_to_requests(s, 2);
    assert_int_equal(s->r.events, 0);
    peer_open_gate(s->peer, 0);
    step_to_the_end(s);
    assert_story(&s->r, "start metadata [Hello] finish(stop)");
}

static void a_whole_answer_that_fails_gives_no_content(scene *s)
{
    script(s->peer, BEGINS, SAYS("never seen"), USES(7, 2), CLOSES);
    generate_on(s->loop, s->model, &s->r, true);
    step_to_the_end(s);
    assert_story(&s->r, "usage(7,2) error(stream_closed)");
}

static void a_loop_may_go_while_a_whole_answer_is_held(scene *s)
{
    script(s->peer, BEGINS, SAYS("Hello"), HANGS);
    generate_on(s->loop, s->model, &s->r, true);
    step_to_requests(s, 1);
    poll_and_step(s->loop);
    RELEASE(beluga_loop_free, s->loop);
    assert_story(&s->r, "");
}

/* The rest of the body is read after the end of the call, when the model's client and its memory
 * may be freed already. The loop belongs to another client. */
static void a_model_and_its_client_may_go_before_the_rest_of_an_answer_is_read(scene *s)
{
    const beluga_client_settings settings = {.size = sizeof settings};
    beluga_client *client;
    beluga_chat_model *model;
    beluga_config *config =
        beluga_config_new(beluga_with_base_url(peer_url(s->peer)), beluga_with_api_key("sk-test"));
    script(s->peer, BEGINS, SAYS("Hello"), STOPS, EVENT("[DONE]"), WAITS_AT(0), ENDS);
    assert_int_equal(beluga_client_new(&settings, &client), 0);
    assert_int_equal(
        beluga_registry_open(beluga_client_registry(client), "openai", config, &model, NULL), 0);
    beluga_config_free(config);
    beluga_op_free(push_stream(model, s->loop, NULL, &s->r));
    beluga_chat_model_unref(model);
    step_to_the_end(s);
    assert_int_equal(s->r.finishes, 1);
    assert_int_equal(beluga_client_close(client, PATIENCE_MS, NULL), 0);
    peer_open_gate(s->peer, 0);
    step_until_quiet(s->loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(callbacks_come_only_from_step),
        SCENE(a_stream_over_http_comes_to_its_end_by_its_descriptor_alone),
        SCENE(a_start_that_fails_never_calls_back),
        SCENE(a_call_whose_handle_was_given_back_goes_on),
        SCENE(a_callback_that_cancels_gets_one_more_event),
        SCENE(a_cancel_at_the_end_comes_too_late),
        ON_PEER(a_callback_may_start_another_stream_on_the_same_loop),
        SCENE(a_step_from_inside_a_callback_is_recursive),
        SCENE(what_a_paused_call_does_not_read_stays_with_the_server),
        SCENE(a_call_paused_before_its_first_event_waits),
        SCENE(a_call_paused_between_two_attempts_stays_paused),
        SCENE(a_finish_that_waits_for_its_usage_waits_while_paused),
        SCENE(a_loop_that_is_freed_ends_its_calls_silently),
        cmocka_unit_test(a_loop_may_go_before_the_batch_that_ran_on_it),
        cmocka_unit_test(a_loop_without_calls_is_quiet),
        SCENE(delays_make_the_descriptor_readable),
        SCENE(the_wait_for_a_retry_makes_the_descriptor_readable),
        SCENE(a_timeout_makes_the_descriptor_readable),
        SCENE(a_deadline_makes_the_descriptor_readable),
        SCENE(a_descriptor_that_is_asked_for_late_tells_of_what_waits),
        SCENE(another_thread_may_ask_for_the_descriptor_while_the_loop_runs),
        SCENE(a_cancel_before_the_first_content_gets_nothing_but_the_error),
        SCENE(an_op_that_is_cancelled_outside_a_step_makes_the_descriptor_readable),
        SCENE(a_resumed_call_makes_the_descriptor_readable),
        SCENE(the_timeout_tells_a_polling_host_when_to_step),
        SCENE(a_program_without_a_loop_of_its_own_may_wait),
        SCENE(a_whole_answer_is_pushed_at_once_and_its_retries_stay_unseen),
        SCENE(a_whole_answer_that_fails_gives_no_content),
        SCENE(a_model_and_its_client_may_go_before_the_rest_of_an_answer_is_read),
        SCENE(a_loop_may_go_while_a_whole_answer_is_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
