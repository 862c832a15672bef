/* Hooks: what they see of calls, and how they refuse or stop calls. */
#include "../support/scene.h"

#include <beluga/provider/provider.h>
#include <beluga/providers/mock.h>

#include <stdio.h>

typedef struct witness {
    size_t before, events, tools, after, failed;
    int refuse, stop_at_text, stop_at_tool; /* a code, or 0 */
    beluga_op *cancels;                     /* at a text */
    int failure;
    int64_t output;
    char tool[128];
} witness;

static int on_before(void *payload, const beluga_call *call, beluga_error *err)
{
    witness *w = payload;
    w->before++;
    assert_int_equal(beluga_call_message_count(call), 1);
    return w->refuse ? beluga_error_set(err, w->refuse, "not at night") : 0;
}

static int on_event(void *payload, const beluga_call *call, const beluga_event *event,
                    beluga_error *err)
{
    witness *w = payload;
    (void)call;
    (void)err;
    w->events++;
    if (event->kind == BELUGA_EVENT_TEXT) beluga_op_cancel(w->cancels);
    return event->kind == BELUGA_EVENT_TEXT ? w->stop_at_text : 0;
}

static int on_tool_call(void *payload, const beluga_call *call, const char *id, const char *name,
                        const char *arguments, size_t length, beluga_error *err)
{
    witness *w = payload;
    (void)call;
    (void)err;
    w->tools++;
    snprintf(w->tool, sizeof w->tool, "%s %s %.*s", id, name, (int)length, arguments);
    return w->stop_at_tool;
}

static void on_after(void *payload, const beluga_call *call, beluga_finish_reason reason,
                     const beluga_usage *usage)
{
    witness *w = payload;
    (void)call;
    (void)reason;
    w->after++;
    w->output = usage->output_total;
}

static void on_failed(void *payload, const beluga_call *call, const beluga_error *error,
                      const beluga_usage *usage)
{
    witness *w = payload;
    (void)call;
    (void)usage;
    w->failed++;
    w->failure = error->code;
}

static beluga_hooks hooks_of(witness *w)
{
    return (beluga_hooks){sizeof(beluga_hooks), w,        on_before, on_event,
                          on_tool_call,         on_after, on_failed};
}

static void they_see_a_call_from_its_beginning_to_its_end(scene *s)
{
    witness w = {0};
    beluga_hooks hooks = hooks_of(&w);
    open_mock_with(s, beluga_mock_with_responses("one two three"), beluga_with_hooks(&hooks));
    expect_end(s, 0);
    assert_int_equal(w.before, 1);
    assert_true(w.events >= 5);
    assert_int_equal(w.after, 1);
    assert_int_equal(w.output, 3);
    assert_int_equal(w.failed, 0);
}

static void one_that_refuses_keeps_the_call_from_being_sent(scene *s)
{
    witness w = {.refuse = BELUGA_ERROR_AUTHORIZATION};
    beluga_hooks hooks = hooks_of(&w);
    open_with(s, beluga_with_hooks(&hooks), beluga_with_max_retries(3));
    expect_failure(s, BELUGA_ERROR_AUTHORIZATION);
    assert_string_equal(s->err.message, "not at night");
    assert_string_equal(s->err.provider, "openai");
    assert_int_equal(w.before, 1);
    assert_int_equal(w.failed, 1);
    expect_requests(s, 0);
}

static void one_that_dislikes_an_event_ends_the_call(scene *s)
{
    witness w = {.stop_at_text = BELUGA_ERROR_CONTENT_FILTER};
    beluga_hooks hooks = hooks_of(&w);
    open_mock_with(s, beluga_with_hooks(&hooks));
    expect_end(s, BELUGA_ERROR_CONTENT_FILTER);
    assert_int_equal(s->r.texts, 0); /* the hook ran before the caller would have got the text */
    assert_string_equal(s->r.error.message, "a hook ended the call");
    assert_int_equal(w.failed, 1);
    assert_int_equal(w.after, 0);
}

static void a_tool_call_can_be_stopped_before_anybody_runs_it(scene *s)
{
    witness w = {.stop_at_tool = BELUGA_ERROR_AUTHORIZATION};
    beluga_hooks hooks = hooks_of(&w);
    open_mock_with(s, beluga_with_hooks(&hooks),
                   beluga_mock_with_tool_calls(
                       "[{\"id\":\"c1\",\"name\":\"rm\",\"arguments\":{\"all\":true}}]"));
    expect_end(s, BELUGA_ERROR_AUTHORIZATION);
    assert_string_equal(w.tool, "c1 rm {\"all\":true}");
    assert_null(strstr(s->r.story, "end("));
}

static void a_failure_is_told_once_after_all_retries(scene *s)
{
    witness w = {0};
    beluga_hooks hooks = hooks_of(&w);
    open_with(s, beluga_with_hooks(&hooks), beluga_with_max_retries(2));
    for (int i = 0; i < 3; i++) script(s->peer, FAILS(503, NULL));
    expect_failure(s, BELUGA_ERROR_OVERLOADED);
    assert_int_equal(w.before, 1);
    assert_int_equal(w.failed, 1);
    assert_int_equal(w.failure, BELUGA_ERROR_OVERLOADED);
}

static void a_cancelled_call_is_told_as_one(scene *s)
{
    witness w = {0};
    beluga_hooks hooks = hooks_of(&w);
    open_mock_with(s, beluga_with_hooks(&hooks), beluga_mock_with_latency_ms(3600000));
    push(s);
    beluga_op_cancel(s->op);
    step_to_the_end(s);
    assert_int_equal(w.failed, 1);
    assert_int_equal(w.failure, BELUGA_ERROR_CONTEXT_CANCELED);
}

static int dislike_the_end(void *payload, const beluga_call *call, const beluga_event *event,
                           beluga_error *err)
{
    (void)payload;
    (void)call;
    if (event->kind != BELUGA_EVENT_FINISH) return 0;
    return beluga_error_set(err, BELUGA_ERROR_CONTENT_FILTER, "not like this");
}

/* When the hook rejects the last event, all layers below have ended already. */
static void the_last_event_can_be_disliked_too(scene *s)
{
    beluga_hooks hooks = {.size = sizeof hooks, .event = dislike_the_end};
    open_with(s, beluga_with_hooks(&hooks), beluga_with_breaker_failures(5),
              beluga_with_max_concurrent_calls(1), beluga_with_limit_wait_ms(0));
    for (int i = 0; i < 3; i++) {
        script(s->peer, STREAMS("Hello"));
        expect_end(s, BELUGA_ERROR_CONTENT_FILTER);
        assert_int_equal(s->r.finishes, 0);
    }
}

/* Hooks surround the whole call, including its fallbacks, so they see one call. */
static void a_call_that_falls_back_is_one_call(scene *s)
{
    witness w = {0};
    beluga_hooks hooks = hooks_of(&w);
    open_mock_with(s, beluga_with_model_name("error-quota_exceeded"),
                   beluga_with_fallback("mock/echo"), beluga_with_hooks(&hooks));
    expect_text(s, "Hi");
    assert_int_equal(w.before, 1);
    assert_int_equal(w.after, 1);
    assert_int_equal(w.failed, 0);
}

static void one_that_cancels_the_call_leaves_only_its_error(scene *s)
{
    witness w = {0};
    beluga_hooks hooks = hooks_of(&w);
    open_mock_with(s, beluga_mock_with_responses("one two"), beluga_with_hooks(&hooks));
    push(s);
    w.cancels = s->op;
    step_to_the_end(s);
    /* the text event at which the hook cancelled the call is dropped */
    assert_int_equal(s->r.events, 1);
    assert_int_equal(s->r.error.code, BELUGA_ERROR_CONTEXT_CANCELED);
    assert_int_equal(w.failed, 1);
    assert_int_equal(w.failure, BELUGA_ERROR_CONTEXT_CANCELED);
}

static void hooks_of_an_earlier_version_are_shorter(scene *s)
{
    witness w = {0};
    beluga_hooks hooks = hooks_of(&w);
    /* As in a program that was built with an older header, the struct ends before `event`. */
    hooks.size = offsetof(beluga_hooks, event);
    open_mock_with(s, beluga_with_hooks(&hooks));
    expect_text(s, NULL);
    assert_int_equal(w.before, 1);
    assert_int_equal(w.events + w.after, 0);
}

static int dislike_the_head(void *payload, const beluga_call *call, const beluga_event *event,
                            beluga_error *err)
{
    (void)payload;
    (void)call;
    (void)err;
    return event->kind == BELUGA_EVENT_METADATA ? BELUGA_ERROR_CONTENT_FILTER : 0;
}

/* Without a body, the head of an answer arrives together with its end. When the hook rejects the
 * head, the transfer is ending already, and must not be ended twice, because the next calls use its
 * memory. */
static void one_that_dislikes_the_head_of_an_empty_answer_ends_its_transfer_once(scene *s)
{
    beluga_hooks hooks = {.size = sizeof hooks, .event = dislike_the_head};
    beluga_chat_model *liked = open_peer(s->peer);
    record first = {0}, second = {0};
    script(s->peer, HEAD(200, "X-Request-Id: r1\r\n"), ENDS);
    script(s->peer, FOR_EVER, STREAMS("Hello"));
    open_with(s, beluga_with_hooks(&hooks), beluga_with_max_retries(0));
    push(s);
    step_to_the_end(s);
    assert_int_equal(s->r.error.code, BELUGA_ERROR_CONTENT_FILTER);
    beluga_op_free(push_stream(liked, s->loop, NULL, &first));
    beluga_op_free(push_stream(liked, s->loop, NULL, &second));
    while (!first.finishes || !second.finishes) poll_and_step(s->loop);
    assert_int_equal(first.finishes + second.finishes, 2);
    beluga_chat_model_unref(liked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(they_see_a_call_from_its_beginning_to_its_end),
        SCENE(one_that_refuses_keeps_the_call_from_being_sent),
        SCENE(one_that_dislikes_an_event_ends_the_call),
        SCENE(a_tool_call_can_be_stopped_before_anybody_runs_it),
        SCENE(a_failure_is_told_once_after_all_retries),
        SCENE(a_cancelled_call_is_told_as_one),
        SCENE(one_that_cancels_the_call_leaves_only_its_error),
        SCENE(hooks_of_an_earlier_version_are_shorter),
        SCENE(the_last_event_can_be_disliked_too),
        SCENE(a_call_that_falls_back_is_one_call),
        SCENE(one_that_dislikes_the_head_of_an_empty_answer_ends_its_transfer_once),
    };
    return cmocka_run_group_tests_name("hooks", tests, NULL, NULL);
}
