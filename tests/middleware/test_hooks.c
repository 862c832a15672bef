/* Hooks: what they see, and how they refuse and stop. */
#include "../support/calls.h"

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

static void they_see_a_call_from_its_beginning_to_its_end(void **state)
{
    (void)state;
    record r;
    witness w = {0};
    beluga_hooks hooks = hooks_of(&w);
    beluga_chat_model *model =
        open_mock(beluga_mock_with_responses("one two three"), beluga_with_hooks(&hooks));
    assert_int_equal(stream_whole(model, &r), 0);
    assert_int_equal(w.before, 1);
    assert_true(w.events >= 5);
    assert_int_equal(w.after, 1);
    assert_int_equal(w.output, 3);
    assert_int_equal(w.failed, 0);
    beluga_chat_model_unref(model);
}

static void one_that_refuses_keeps_the_call_from_being_sent(void **state)
{
    peer *p = *state;
    beluga_error err;
    witness w = {.refuse = BELUGA_ERROR_AUTHORIZATION};
    beluga_hooks hooks = hooks_of(&w);
    beluga_chat_model *model =
        open_peer_with(p, beluga_with_hooks(&hooks), beluga_with_max_retries(3));
    assert_int_equal(generate(model, NULL, &err), BELUGA_ERROR_AUTHORIZATION);
    assert_string_equal(err.message, "not at night");
    assert_string_equal(err.provider, "openai");
    assert_int_equal(w.before, 1);
    assert_int_equal(w.failed, 1);
    assert_int_equal(peer_requests(p), 0);
    beluga_chat_model_unref(model);
}

static void one_that_dislikes_an_event_ends_the_call(void **state)
{
    (void)state;
    record r;
    witness w = {.stop_at_text = BELUGA_ERROR_CONTENT_FILTER};
    beluga_hooks hooks = hooks_of(&w);
    beluga_chat_model *model = open_mock(beluga_with_hooks(&hooks));
    assert_int_equal(stream_whole(model, &r), BELUGA_ERROR_CONTENT_FILTER);
    assert_int_equal(r.texts, 0); /* it was asked before the caller got it */
    assert_string_equal(r.error.message, "a hook ended the call");
    assert_int_equal(w.failed, 1);
    assert_int_equal(w.after, 0);
    beluga_chat_model_unref(model);
}

static void a_tool_call_can_be_stopped_before_anybody_runs_it(void **state)
{
    (void)state;
    record r;
    witness w = {.stop_at_tool = BELUGA_ERROR_AUTHORIZATION};
    beluga_hooks hooks = hooks_of(&w);
    beluga_chat_model *model =
        open_mock(beluga_with_hooks(&hooks),
                  beluga_mock_with_tool_calls(
                      "[{\"id\":\"c1\",\"name\":\"rm\",\"arguments\":{\"all\":true}}]"));
    assert_int_equal(stream_whole(model, &r), BELUGA_ERROR_AUTHORIZATION);
    assert_string_equal(w.tool, "c1 rm {\"all\":true}");
    assert_null(strstr(r.story, "end("));
    beluga_chat_model_unref(model);
}

static void a_failure_is_told_once_after_all_retries(void **state)
{
    peer *p = *state;
    witness w = {0};
    beluga_hooks hooks = hooks_of(&w);
    beluga_chat_model *model =
        open_peer_with(p, beluga_with_hooks(&hooks), beluga_with_max_retries(2));
    for (int i = 0; i < 3; i++) peer_openai_error(peer_reply_new(p), 503, NULL, NULL, "sick");
    assert_int_equal(generate(model, NULL, NULL), BELUGA_ERROR_OVERLOADED);
    assert_int_equal(w.before, 1);
    assert_int_equal(w.failed, 1);
    assert_int_equal(w.failure, BELUGA_ERROR_OVERLOADED);
    beluga_chat_model_unref(model);
}

static void a_cancelled_call_is_told_as_one(void **state)
{
    (void)state;
    record r;
    witness w = {0};
    record_clear(&r);
    beluga_loop *loop = new_loop();
    beluga_hooks hooks = hooks_of(&w);
    beluga_chat_model *model =
        open_mock(beluga_with_hooks(&hooks), beluga_mock_with_latency_ms(3600000));
    beluga_op *op = push_stream(model, loop, NULL, &r);
    beluga_op_cancel(op);
    step_until_end(loop, &r);
    assert_int_equal(w.failed, 1);
    assert_int_equal(w.failure, BELUGA_ERROR_CONTEXT_CANCELED);
    beluga_op_free(op);
    beluga_chat_model_unref(model);
    beluga_loop_free(loop);
}

static int dislike_the_end(void *payload, const beluga_call *call, const beluga_event *event,
                           beluga_error *err)
{
    (void)payload;
    (void)call;
    if (event->kind != BELUGA_EVENT_FINISH) return 0;
    return beluga_error_set(err, BELUGA_ERROR_CONTENT_FILTER, "not like this");
}

/* All layers below are over by then. */
static void the_last_event_can_be_disliked_too(void **state)
{
    peer *p = *state;
    record r;
    beluga_hooks hooks = {.size = sizeof hooks, .event = dislike_the_end};
    beluga_chat_model *model =
        open_peer_with(p, beluga_with_hooks(&hooks), beluga_with_breaker_failures(5),
                       beluga_with_max_concurrent_calls(1), beluga_with_limit_wait_ms(0));
    for (int i = 0; i < 3; i++) {
        peer_openai_stream(peer_reply_new(p), "Hello");
        assert_int_equal(stream_whole(model, &r), BELUGA_ERROR_CONTENT_FILTER);
        assert_int_equal(r.finishes, 0);
    }
    beluga_chat_model_unref(model);
}

/* They are around the call, whoever answers it: what they see of a fallback they see once. */
static void a_call_that_falls_back_is_one_call(void **state)
{
    (void)state;
    witness w = {0};
    beluga_hooks hooks = hooks_of(&w);
    beluga_chat_model *model =
        open_mock(beluga_with_model_name("error-quota_exceeded"), beluga_with_fallback("mock/echo"),
                  beluga_with_hooks(&hooks));
    assert_int_equal(generate(model, "Hi", NULL), 0);
    assert_int_equal(w.before, 1);
    assert_int_equal(w.after, 1);
    assert_int_equal(w.failed, 0);
    beluga_chat_model_unref(model);
}

static void one_that_cancels_the_call_leaves_only_its_error(void **state)
{
    (void)state;
    record r;
    witness w = {0};
    record_clear(&r);
    beluga_loop *loop = new_loop();
    beluga_hooks hooks = hooks_of(&w);
    beluga_chat_model *model =
        open_mock(beluga_mock_with_responses("one two"), beluga_with_hooks(&hooks));
    w.cancels = push_stream(model, loop, NULL, &r);
    step_until_end(loop, &r);
    assert_int_equal(r.events, 1); /* not the text at which it was cancelled */
    assert_int_equal(r.error.code, BELUGA_ERROR_CONTEXT_CANCELED);
    assert_int_equal(w.failed, 1);
    assert_int_equal(w.failure, BELUGA_ERROR_CONTEXT_CANCELED);
    beluga_op_free(w.cancels);
    beluga_chat_model_unref(model);
    beluga_loop_free(loop);
}

static void hooks_of_an_earlier_version_are_shorter(void **state)
{
    (void)state;
    witness w = {0};
    beluga_hooks hooks = hooks_of(&w);
    hooks.size = offsetof(beluga_hooks, event); /* `event` and what follows were not known then */
    beluga_chat_model *model = open_mock(beluga_with_hooks(&hooks));
    assert_int_equal(generate(model, NULL, NULL), 0);
    assert_int_equal(w.before, 1);
    assert_int_equal(w.events + w.after, 0);
    beluga_chat_model_unref(model);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_see_a_call_from_its_beginning_to_its_end),
        ON_PEER(one_that_refuses_keeps_the_call_from_being_sent),
        cmocka_unit_test(one_that_dislikes_an_event_ends_the_call),
        cmocka_unit_test(a_tool_call_can_be_stopped_before_anybody_runs_it),
        ON_PEER(a_failure_is_told_once_after_all_retries),
        cmocka_unit_test(a_cancelled_call_is_told_as_one),
        cmocka_unit_test(one_that_cancels_the_call_leaves_only_its_error),
        cmocka_unit_test(hooks_of_an_earlier_version_are_shorter),
        ON_PEER(the_last_event_can_be_disliked_too),
        cmocka_unit_test(a_call_that_falls_back_is_one_call),
    };
    return cmocka_run_group_tests_name("hooks", tests, NULL, NULL);
}
