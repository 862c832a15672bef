/* The tool loop: what the model receives, what the caller receives, and that the loop always
 * ends. */
#include "../support/scoped.h"
#include "bodies.h"
#include "support/calls.h"

#include <beluga/provider/json.h>
#include <beluga/providers/mock.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

/* --- tools ------------------------------------------------------------------------------------ */

static int echo(void *payload, beluga_context *ctx, const char *arguments, size_t length,
                beluga_tool_result *result)
{
    (void)payload;
    (void)ctx;
    return beluga_tool_result_set(result, arguments, length);
}

static failing breakdown = {"out of order", BELUGA_ERROR_INTERNAL};

/* A tool that sleeps until its context is cancelled. It counts its starts and its ends. */
static atomic_int sleepers_started, sleepers_woken;

static int sleep_long(void *payload, beluga_context *ctx, const char *arguments, size_t length,
                      beluga_tool_result *result)
{
    (void)payload;
    (void)arguments;
    (void)length;
    (void)result;
    atomic_fetch_add(&sleepers_started, 1);
    while (!beluga_context_is_cancelled(ctx)) usleep(1000);
    atomic_fetch_add(&sleepers_woken, 1);
    return BELUGA_ERROR_CONTEXT_CANCELED;
}

/* A tool that ignores cancellation, and ends when let_go is set. */
static atomic_bool let_go;

static int be_stubborn(void *payload, beluga_context *ctx, const char *arguments, size_t length,
                       beluga_tool_result *result)
{
    (void)payload;
    (void)ctx;
    (void)arguments;
    (void)length;
    atomic_fetch_add(&sleepers_started, 1);
    while (!atomic_load(&let_go)) usleep(1000);
    atomic_fetch_add(&sleepers_woken, 1);
    return beluga_tool_result_set(result, "late", 4);
}

/* Tools that wait until a number of them run at the same time. */
typedef struct meeting {
    pthread_mutex_t lock;
    pthread_cond_t all;
    int wanted, here;
} meeting;

static int meet(void *payload, beluga_context *ctx, const char *arguments, size_t length,
                beluga_tool_result *result)
{
    meeting *m = payload;
    (void)ctx;
    (void)arguments;
    (void)length;
    pthread_mutex_lock(&m->lock);
    m->here++;
    pthread_cond_broadcast(&m->all);
    while (m->here < m->wanted) pthread_cond_wait(&m->all, &m->lock);
    pthread_mutex_unlock(&m->lock);
    return beluga_tool_result_set(result, "met", 3);
}

static beluga_tool *tool(const char *name, beluga_tool_execute_fn execute, void *payload,
                         int64_t timeout_ms)
{
    beluga_tool_definition d = {
        .size = sizeof d,
        .name = name,
        .parameters = "{\"type\":\"object\",\"properties\":{\"n\":{\"type\":\"integer\"}}}",
        .execute = execute,
        .payload = payload,
        .timeout_ms = timeout_ms,
    };
    beluga_tool *made;
    assert_int_equal(beluga_tool_new(&d, &made, NULL), 0);
    return made;
}

/* Bind a tool to a model of mock. The model's first answer makes the tool calls in this JSON, and
 * its next answer is "done". */
static beluga_chat_model *mock_that_calls(const char *calls, beluga_tool *consumed)
{
    beluga_chat_model *model =
        open_mock(beluga_mock_with_tool_calls(calls), beluga_mock_with_responses("\ndone"));
    beluga_chat_model *bound;
    assert_int_equal(beluga_bind_tools(model, &consumed, 1, &bound, NULL), 0);
    beluga_tool_unref(consumed);
    beluga_chat_model_unref(model);
    return bound;
}

/* --- what came -------------------------------------------------------------------------------- */

typedef struct story {
    char text[2048];
    size_t finishes, starts, results;
    int last_status;
    int64_t output_tokens;
} story;

static void record_story(void *payload, const beluga_event *event)
{
    story *s = payload;
    size_t n = strlen(s->text), room = sizeof s->text - n;
    switch (event->kind) {
    case BELUGA_EVENT_START: s->starts++; break;
    case BELUGA_EVENT_FINISH: s->finishes++; break;
    case BELUGA_EVENT_USAGE: s->output_tokens = event->u.usage.output_total; break;
    case BELUGA_EVENT_TOOL_RESULT:
        s->results++;
        s->last_status = event->u.tool_result.status;
        snprintf(s->text + n, room, "<%s %s>", beluga_error_name(event->u.tool_result.status),
                 event->u.tool_result.text);
        break;
    case BELUGA_EVENT_TEXT:
        snprintf(s->text + n, room, "%.*s", (int)event->u.text.length, event->u.text.text);
        break;
    }
}

static int run_n(beluga_chat_model *model, beluga_context *ctx, beluga_messages **messages,
                 story *s, beluga_response **response, beluga_error *err, const beluga_option *opts,
                 size_t n)
{
    *s = (story){.text = ""};
    *messages = beluga_messages_new();
    beluga_messages_add(*messages, beluga_human_message("go"));
    return beluga_run_tools_n(model, ctx, *messages, record_story, s, response, err, opts, n);
}

static void expect_story(beluga_chat_model *model, const char *expected)
{
    SCOPED(beluga_messages) *messages = NULL;
    SCOPED(beluga_response) *response = NULL;
    beluga_error err;
    story s;
    int status = run_n(model, NULL, &messages, &s, &response, &err, NULL, 0);
    if (status) print_message("# %s\n", err.message);
    assert_int_equal(status, 0);
    assert_string_equal(s.text, expected);
    assert_string_equal(beluga_response_text(response, NULL), "done");
    beluga_chat_model_unref(model);
}

/* Run the tool loop, which must succeed. Returns owned. */
static beluga_response *run(beluga_chat_model *model, beluga_messages **messages, story *s)
{
    beluga_response *response = NULL;
    assert_int_equal(run_n(model, NULL, messages, s, &response, NULL, NULL, 0), 0);
    return response;
}

/* Run a tool loop that would need more steps than are allowed, and so must fail. */
static void exceeds(beluga_chat_model *model, beluga_messages **messages, story *s,
                    const beluga_option *limit)
{
    beluga_response *response;
    beluga_error err;
    assert_int_equal(run_n(model, NULL, messages, s, &response, &err, limit, 1),
                     BELUGA_ERROR_LIMIT_EXCEEDED);
    assert_null(response);
    assert_int_equal(s->finishes, 0);
}

/* Script an answer that calls the tool echo, and ends with this finish reason. */
static peer_reply *call_and_end(peer *p, const char *reason)
{
    peer_reply *r = peer_reply_new(p);
    peer_openai_begin(r);
    peer_openai_tool(r, 0, "c1", "echo", "{}");
    peer_openai_finish(r, reason);
    peer_openai_usage(r, 3, 2);
    peer_openai_done(r);
    return r;
}

/* --- tests ------------------------------------------------------------------------------------ */

static void a_tools_result_goes_back_and_the_answer_comes(void **state)
{
    (void)state;
    SCOPED(beluga_chat_model) *model = mock_that_calls(
        "[{\"id\":\"c1\",\"name\":\"echo\",\"arguments\":{\"n\":1}}]", tool("echo", echo, NULL, 0));
    SCOPED(beluga_messages) *messages = NULL;
    story s;
    SCOPED(beluga_response) *response = run(model, &messages, &s);
    assert_string_equal(s.text, "<ok {\"n\":1}>done");
    assert_int_equal(s.starts, 1);
    assert_int_equal(s.finishes, 1);
    assert_int_equal(beluga_messages_count(messages), 3);
    beluga_message *answer = beluga_messages_get(messages, 1),
                   *result = beluga_messages_get(messages, 2);
    assert_int_equal(beluga_message_role(answer), BELUGA_ROLE_AI);
    assert_int_equal(beluga_message_role(result), BELUGA_ROLE_TOOL);
    assert_string_equal(beluga_message_tool_call_id(result), "c1");
    assert_string_equal(beluga_message_text(result, NULL), "{\"n\":1}");
    assert_false(beluga_message_is_tool_error(result));
    assert_int_equal(beluga_response_usage(response)->output_total, s.output_tokens);
}

static void what_goes_wrong_is_told_to_the_model_and_in_the_event(void **state)
{
    (void)state;
    expect_story(mock_that_calls("[{\"name\":\"broken\",\"arguments\":{}}]",
                                 tool("broken", fail_as_told, &breakdown, 0)),
                 "<tool_execution_error out of order>done");
    expect_story(
        mock_that_calls("[{\"name\":\"nowhere\",\"arguments\":{}}]", tool("echo", echo, NULL, 0)),
        "<tool_not_found there is no tool nowhere; the tools are: echo>done");
    expect_story(mock_that_calls("[{\"name\":\"echo\",\"arguments\":{\"n\":\"x\"}}]",
                                 tool("echo", echo, NULL, 0)),
                 "<tool_call_error tool echo: arguments: n: must be of type integer>done");
}

static void a_failed_result_is_marked_in_the_conversation(void **state)
{
    (void)state;
    SCOPED(beluga_chat_model) *model = mock_that_calls("[{\"name\":\"broken\",\"arguments\":{}}]",
                                                       tool("broken", fail_as_told, &breakdown, 0));
    SCOPED(beluga_messages) *messages = NULL;
    story s;
    SCOPED(beluga_response) *response = run(model, &messages, &s);
    assert_true(beluga_message_is_tool_error(beluga_messages_get(messages, 2)));
}

static void calls_of_one_answer_run_at_once_and_their_results_keep_the_order(void **state)
{
    (void)state;
    meeting m = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 3, 0};
    expect_story(
        mock_that_calls(
            "[{\"name\":\"meet\",\"arguments\":{}},{\"name\":\"meet\",\"arguments\":{}},"
            "{\"name\":\"none\",\"arguments\":{}},{\"name\":\"meet\",\"arguments\":{}}]",
            tool("meet", meet, &m, 0)),
        "<ok met><ok met><tool_not_found there is no tool none; the tools are: meet><ok met>done");
}

static void no_more_tools_run_at_once_than_allowed(void **state)
{
    (void)state;
    const beluga_option one = beluga_with_max_concurrent_tools(1);
    SCOPED(beluga_chat_model) *model = mock_that_calls(
        "[{\"name\":\"echo\",\"arguments\":{\"n\":1}},{\"name\":\"echo\",\"arguments\":{\"n\":2}}]",
        tool("echo", echo, NULL, 0));
    SCOPED(beluga_messages) *messages = NULL;
    SCOPED(beluga_response) *response = NULL;
    story s;
    assert_int_equal(run_n(model, NULL, &messages, &s, &response, NULL, &one, 1), 0);
    assert_string_equal(s.text, "<ok {\"n\":1}><ok {\"n\":2}>done");
}

static void a_tool_that_is_late_is_abandoned_and_told_so(void **state)
{
    (void)state;
    expect_story(mock_that_calls("[{\"name\":\"sleeper\",\"arguments\":{}}]",
                                 tool("sleeper", sleep_long, NULL, 20)),
                 "<tool_execution_error tool sleeper gave no result before its timeout>done");
    /* The tool's context was cancelled, so that the tool ended by itself. On a slow machine the
     * tool may not even have started. */
    while (atomic_load(&sleepers_woken) != atomic_load(&sleepers_started)) usleep(1000);
}

static void a_model_that_never_stops_calling_is_stopped(void **state)
{
    peer *p = *state;
    peer_reply_repeat(call_and_end(p, "tool_calls"), PEER_FOR_EVER);
    SCOPED(beluga_chat_model) *model = open_peer(p), *bound = NULL;
    SCOPED(beluga_tool) *t = tool("echo", echo, NULL, 0);
    assert_int_equal(beluga_bind_tools(model, &t, 1, &bound, NULL), 0);
    const beluga_option three = beluga_with_max_tool_steps(3);
    SCOPED(beluga_messages) *messages = NULL;
    story s;
    exceeds(bound, &messages, &s, &three);
    assert_int_equal(peer_requests(p), 3);
    assert_int_equal(s.output_tokens, 6);
}

static void a_tool_that_the_caller_runs_ends_the_loop_with_its_call(void **state)
{
    (void)state;
    SCOPED(beluga_chat_model) *model = mock_that_calls(
        "[{\"name\":\"mine\",\"arguments\":{\"n\":5}}]", tool("mine", NULL, NULL, 0));
    SCOPED(beluga_messages) *messages = NULL;
    story s;
    SCOPED(beluga_response) *response = run(model, &messages, &s);
    assert_int_equal(beluga_response_tool_call_count(response), 1);
    assert_string_equal(beluga_response_tool_call(response, 0)->arguments, "{\"n\":5}");
    assert_int_equal(s.results, 0);
    assert_int_equal(beluga_messages_count(messages), 1);
}

/* Assert that no tool runs after an answer with this finish reason, and that the caller gets the
 * tool call. */
static void ends_without_a_run(peer *p, beluga_chat_model *bound, const char *word,
                               beluga_finish_reason reason)
{
    SCOPED(beluga_messages) *messages = NULL;
    story s;
    call_and_end(p, word);
    SCOPED(beluga_response) *response = run(bound, &messages, &s);
    assert_int_equal(s.results, 0);
    assert_int_equal(s.finishes, 1);
    assert_int_equal(beluga_messages_count(messages), 1);
    assert_int_equal(beluga_response_finish_reason(response), reason);
    assert_false(beluga_response_is_complete(response));
    assert_int_equal(beluga_response_tool_call_count(response), 1);
}

static void no_tool_runs_of_an_answer_that_is_not_whole(void **state)
{
    peer *p = *state;
    SCOPED(beluga_tool) *t = tool("echo", echo, NULL, 0);
    SCOPED(beluga_chat_model) *model = open_peer(p), *bound = NULL;
    assert_int_equal(beluga_bind_tools(model, &t, 1, &bound, NULL), 0);
    ends_without_a_run(p, bound, "length", BELUGA_FINISH_LENGTH);
    ends_without_a_run(p, bound, "tired", BELUGA_FINISH_OTHER);
    ends_without_a_run(p, bound, "sensitive", BELUGA_FINISH_CONTENT_FILTER);
    ends_without_a_run(p, bound, "pause_turn", BELUGA_FINISH_PAUSE);
}

static void say_and_end(peer *p, const char *text, const char *reason)
{
    peer_reply *r = peer_reply_new(p);
    peer_openai_begin(r);
    peer_openai_text(r, text);
    peer_openai_finish(r, reason);
    peer_openai_usage(r, 3, 2);
    peer_openai_done(r);
}

/* If a tool call were forced in every step, the model could never answer. */
static void a_call_is_forced_in_the_first_step_alone(void **state)
{
    peer *p = *state;
    beluga_error err;
    beluga_response *response = NULL;
    SCOPED(beluga_messages) *messages = NULL;
    SCOPED(beluga_tool) *t = tool("echo", echo, NULL, 0);
    SCOPED(beluga_chat_model) *model = open_peer(p), *bound = NULL;
    const beluga_option forced[] = {beluga_with_tool_choice("required"), beluga_with_seed(7)};
    story s;
    assert_int_equal(beluga_bind_tools(model, &t, 1, &bound, NULL), 0);
    call_and_end(p, "tool_calls");
    say_and_end(p, "done", "stop");
    assert_int_equal(run_n(bound, NULL, &messages, &s, &response, &err, forced, 2), 0);
    beluga_response_free(response);
    assert_non_null(strstr(peer_request_body(p, 0, NULL), "\"tool_choice\":\"required\""));
    assert_non_null(strstr(peer_request_body(p, 1, NULL), "\"tool_choice\":\"auto\""));
    assert_non_null(strstr(peer_request_body(p, 1, NULL), "\"seed\":7"));
}

static void a_pause_is_gone_on_with(void **state)
{
    peer *p = *state;
    say_and_end(p, "Let me ", "pause_turn");
    say_and_end(p, "see.", "stop");
    SCOPED(beluga_chat_model) *model = open_peer(p);
    SCOPED(beluga_messages) *messages = NULL;
    story s;
    SCOPED(beluga_response) *response = run(model, &messages, &s);
    assert_string_equal(s.text, "Let me see.");
    assert_int_equal(s.finishes, 1);
    assert_int_equal(s.output_tokens, 4);
    assert_true(beluga_response_is_complete(response));
    assert_int_equal(beluga_messages_count(messages), 2);
    assert_string_equal(beluga_message_text(beluga_messages_get(messages, 1), NULL), "Let me ");
}

static void a_model_that_never_stops_pausing_is_stopped(void **state)
{
    (void)state;
    const beluga_option three = beluga_with_max_tool_steps(3);
    SCOPED(beluga_chat_model) *model =
        open_mock(beluga_mock_with_responses("wait"), beluga_mock_with_finish_reason("pause"));
    SCOPED(beluga_messages) *messages = NULL;
    story s;
    exceeds(model, &messages, &s, &three);
}

static int started_before;

static void *cancel_once_it_works(void *context)
{
    while (atomic_load(&sleepers_started) == started_before) usleep(1000);
    beluga_context_cancel(context);
    return NULL;
}

static void cancelling_the_context_ends_a_run_whose_tool_still_works(void **state)
{
    (void)state;
    int before = atomic_load(&sleepers_woken);
    SCOPED(beluga_context) *ctx = beluga_context_new_cancellable(NULL);
    SCOPED(beluga_chat_model) *model = mock_that_calls("[{\"name\":\"deaf\",\"arguments\":{}}]",
                                                       tool("deaf", be_stubborn, NULL, 0));
    SCOPED(beluga_messages) *messages = NULL;
    beluga_response *response;
    beluga_error err;
    pthread_t thread;
    story s;
    started_before = atomic_load(&sleepers_started);
    pthread_create(&thread, NULL, cancel_once_it_works, ctx);
    assert_int_equal(run_n(model, ctx, &messages, &s, &response, &err, NULL, 0),
                     BELUGA_ERROR_CONTEXT_CANCELED);
    pthread_join(thread, NULL);
    /* the run did not wait for the tool to end */
    assert_int_equal(atomic_load(&sleepers_woken), before);
    atomic_store(&let_go, true);
    while (atomic_load(&sleepers_woken) == before) usleep(1000);
}

static void a_hosts_loop_never_blocks_on_a_tool(void **state)
{
    (void)state;
    int before = atomic_load(&sleepers_woken), started = atomic_load(&sleepers_started);
    SCOPED(beluga_chat_model) *model = mock_that_calls("[{\"name\":\"sleeper\",\"arguments\":{}}]",
                                                       tool("sleeper", sleep_long, NULL, 0));
    SCOPED(beluga_messages) *messages = beluga_messages_new();
    beluga_messages_add(messages, beluga_human_message("go"));
    SCOPED(beluga_loop) *loop = new_loop();
    beluga_tool_run *run;
    story s = {.text = ""};
    assert_int_equal(beluga_run_tools_start_n(model, loop, NULL, messages, record_story, &s, &run,
                                              NULL, NULL, 0),
                     0);
    /* a step must return although the tool sleeps */
    for (int i = 0; i < 10; i++) assert_int_equal(beluga_loop_step(loop), 0);
    /* wait until the tool has started: freeing the run would keep it from starting */
    while (atomic_load(&sleepers_started) == started) usleep(1000);
    assert_int_equal(s.finishes, 0);
    beluga_tool_run_free(run);
    while (atomic_load(&sleepers_woken) == before) usleep(1000);
}

/* One call a minute is allowed. The first run waits with its second step, whose first one is paid
 * for, and the second run with its first. */
static void a_run_that_waits_is_given_up_only_before_its_first_answer(void **state)
{
    (void)state;
    SCOPED(beluga_tool) *echo_tool = tool("echo", echo, NULL, 0);
    SCOPED(beluga_chat_model) *alone =
        open_mock(beluga_mock_with_tool_calls("[{\"name\":\"echo\",\"arguments\":{}}]"),
                  beluga_with_requests_per_minute(1), beluga_with_limit_wait_ms(600000));
    SCOPED(beluga_chat_model) *model = NULL;
    assert_int_equal(beluga_bind_tools(alone, &echo_tool, 1, &model, NULL), 0);
    SCOPED(beluga_loop) *loop = new_loop();
    beluga_messages *messages[2];
    beluga_tool_run *runs[2];
    story s[2] = {{.text = ""}, {.text = ""}};
    for (int i = 0; i < 2; i++) {
        messages[i] = beluga_messages_new();
        beluga_messages_add(messages[i], beluga_human_message("go"));
        assert_int_equal(beluga_run_tools_start_n(model, loop, NULL, messages[i], record_story,
                                                  &s[i], &runs[i], NULL, NULL, 0),
                         0);
        /* two runs or one, each with the call of a step that waits */
        while (!s[0].results || beluga_loop_active(loop) != 2u * (unsigned)(i + 1))
            assert_int_equal(beluga_loop_wait(loop, 10), 0);
        assert_int_equal(beluga_loop_cancel_waiting(loop), i);
    }
    while (beluga_loop_active(loop) != 2) assert_int_equal(beluga_loop_wait(loop, 10), 0);
    for (int i = 0; i < 2; i++) {
        beluga_tool_run_free(runs[i]);
        beluga_messages_free(messages[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tools_result_goes_back_and_the_answer_comes),
        cmocka_unit_test(what_goes_wrong_is_told_to_the_model_and_in_the_event),
        cmocka_unit_test(a_failed_result_is_marked_in_the_conversation),
        cmocka_unit_test(calls_of_one_answer_run_at_once_and_their_results_keep_the_order),
        cmocka_unit_test(no_more_tools_run_at_once_than_allowed),
        cmocka_unit_test(a_tool_that_is_late_is_abandoned_and_told_so),
        ON_PEER(a_model_that_never_stops_calling_is_stopped),
        ON_PEER(a_call_is_forced_in_the_first_step_alone),
        ON_PEER(no_tool_runs_of_an_answer_that_is_not_whole),
        ON_PEER(a_pause_is_gone_on_with),
        cmocka_unit_test(a_model_that_never_stops_pausing_is_stopped),
        cmocka_unit_test(a_tool_that_the_caller_runs_ends_the_loop_with_its_call),
        cmocka_unit_test(cancelling_the_context_ends_a_run_whose_tool_still_works),
        cmocka_unit_test(a_hosts_loop_never_blocks_on_a_tool),
        cmocka_unit_test(a_run_that_waits_is_given_up_only_before_its_first_answer),
    };
    return cmocka_run_group_tests_name("tool_loop", tests, NULL, NULL);
}
