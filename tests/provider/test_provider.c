/* What the framework promises a full provider, and what it holds it to: rules of emitting, delays,
 * work that blocks, cancelling. Each test is a provider of its own: the function that `behave`
 * points to. */
#include "../support/scoped.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <beluga/beluga.h>
#include <beluga/provider/provider.h>

typedef int (*behaviour)(const beluga_call *call, beluga_emit *emit, beluga_error *err);

static behaviour behave;
static atomic_int cancelled, released;

static int start(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    (void)self;
    return behave(call, emit, err);
}

static void cancel(void *self, beluga_emit *emit)
{
    (void)self;
    (void)emit;
    atomic_fetch_add(&cancelled, 1);
}

static const beluga_provider subject = {
    BELUGA_PROVIDER_INIT("subject"), .default_model = "s", .start = start, .cancel = cancel,
    .capabilities = BELUGA_CAPABILITY_STREAM | BELUGA_CAPABILITY_LOCAL};

static beluga_chat_model *open_in(beluga_client *client)
{
    beluga_chat_model *model = NULL;
    beluga_registry *registry = beluga_client_registry(client);
    assert_int_equal(beluga_registry_register(registry, &subject, NULL), 0);
    assert_int_equal(beluga_registry_open(registry, "subject", NULL, &model, NULL), 0);
    return model;
}

static int open_model(void **state)
{
    atomic_store(&cancelled, 0);
    atomic_store(&released, 0);
    *state = open_in(beluga_client_default());
    return 0;
}

static int close_model(void **state)
{
    beluga_chat_model_unref(*state);
    return 0;
}

/* Call the provider once; the answer is owned, or NULL with `err` filled. */
static beluga_response *call(beluga_chat_model *model, behaviour how, int expected,
                             beluga_error *err)
{
    beluga_response *response = NULL;
    behave = how;
    memset(err, 0, sizeof *err);
    int status = beluga_invoke(model, NULL, beluga_input_text("Hi"), &response, err,
                               beluga_with_max_retries(0));
    if (status != expected)
        fail_msg("%s: %s, not %s", beluga_error_name(status), err->message,
                 beluga_error_name(expected));
    return response;
}

static void assert_text(beluga_chat_model *model, behaviour how, const char *text)
{
    beluga_error err;
    SCOPED(beluga_response) *response = call(model, how, 0, &err);
    assert_string_equal(beluga_response_text(response, NULL), text);
}

static void assert_fails(beluga_chat_model *model, behaviour how, int code)
{
    beluga_error err;
    assert_null(call(model, how, code, &err));
    assert_int_equal(err.code, code);
    assert_string_equal(err.provider, "subject");
    assert_true(*err.message);
}

static int say(beluga_emit *emit, const char *text)
{
    return beluga_emit_text(emit, text, strlen(text));
}

static int stop(beluga_emit *emit)
{
    return beluga_emit_finish(emit, BELUGA_FINISH_STOP, "stop");
}

/* ---- rules of emitting ----------------------------------------------------------------------- */

static int goes_on_after_finish(const beluga_call *c, beluga_emit *emit, beluga_error *err)
{
    (void)c;
    (void)err;
    say(emit, "a");
    stop(emit);
    return say(emit, "b");
}

static void content_after_the_finish_is_an_invalid_response(void **state)
{
    assert_fails(*state, goes_on_after_finish, BELUGA_ERROR_INVALID_RESPONSE);
}

static int finishes_twice(const beluga_call *c, beluga_emit *emit, beluga_error *err)
{
    (void)c;
    (void)err;
    int status = beluga_emit_finish(emit, BELUGA_FINISH_LENGTH, "length");
    return status ? status : stop(emit);
}

static void the_first_finish_counts(void **state)
{
    beluga_error err;
    SCOPED(beluga_response) *response = call(*state, finishes_twice, 0, &err);
    assert_int_equal(beluga_response_finish_reason(response), BELUGA_FINISH_LENGTH);
}

static int fails_after_finish(const beluga_call *c, beluga_emit *emit, beluga_error *err)
{
    (void)c;
    say(emit, "a");
    stop(emit);
    return beluga_error_set(err, BELUGA_ERROR_INTERNAL, "it broke in the end");
}

static void a_failure_wins_over_a_finish_that_was_not_delivered_yet(void **state)
{
    assert_fails(*state, fails_after_finish, BELUGA_ERROR_INTERNAL);
}

static int begins_no_call(const beluga_call *c, beluga_emit *emit, beluga_error *err)
{
    (void)c;
    (void)err;
    return beluga_emit_tool_call_delta(emit, 3, "{}", 2);
}

static void arguments_of_a_call_that_never_began_are_malformed(void **state)
{
    assert_fails(*state, begins_no_call, BELUGA_ERROR_MALFORMED_RESPONSE);
}

static int shares_an_index(const beluga_call *c, beluga_emit *emit, beluga_error *err)
{
    (void)c;
    (void)err;
    int status = beluga_emit_tool_call_begin(emit, 0, "one", "t");
    return status ? status : beluga_emit_tool_call_begin(emit, 0, "two", "t");
}

static void two_calls_of_one_index_are_malformed(void **state)
{
    assert_fails(*state, shares_an_index, BELUGA_ERROR_MALFORMED_RESPONSE);
}

static int leaves_calls_open(const beluga_call *c, beluga_emit *emit, beluga_error *err)
{
    (void)c;
    (void)err;
    beluga_emit_tool_call_begin(emit, 0, "one", "first");
    beluga_emit_tool_call_begin(emit, 1, NULL, "second");
    beluga_emit_tool_call_delta(emit, 1, "{\"b\"", 4);
    beluga_emit_tool_call_delta(emit, 0, "{\"a\":1}", 7);
    beluga_emit_tool_call_begin(emit, 0, "one", "first"); /* again, as some servers do */
    beluga_emit_tool_call_delta(emit, 1, ":2}", 3);
    return beluga_emit_finish(emit, BELUGA_FINISH_TOOL_CALLS, NULL);
}

static int calls_by_one_id(const beluga_call *c, beluga_emit *emit, beluga_error *err)
{
    (void)c;
    (void)err;
    for (uint32_t i = 0; i < 3; i++) {
        int status = beluga_emit_tool_call(emit, i, i < 2 ? "same" : "other", "w", "{}", 2);
        if (status) return status;
    }
    return beluga_emit_finish(emit, BELUGA_FINISH_TOOL_CALLS, NULL);
}

static void two_calls_of_one_id_are_told_apart(void **state)
{
    beluga_error err;
    SCOPED(beluga_response) *response = call(*state, calls_by_one_id, 0, &err);
    assert_int_equal(beluga_response_tool_call_count(response), 3);
    assert_string_equal(beluga_response_tool_call(response, 0)->id, "same");
    assert_string_not_equal(beluga_response_tool_call(response, 1)->id, "same");
    assert_string_equal(beluga_response_tool_call(response, 2)->id, "other");
}

static int counts_results(const beluga_call *c, beluga_emit *emit, beluga_error *err)
{
    char text[32];
    size_t n = 0;
    const beluga_message *last = NULL;
    (void)err;
    for (size_t i = 0; i < beluga_call_message_count(c); i++)
        if (beluga_message_role(beluga_call_message(c, i)) == BELUGA_ROLE_TOOL)
            n++, last = beluga_call_message(c, i);
    snprintf(text, sizeof text, "%zu %s", n, beluga_message_text(last, NULL));
    int status = say(emit, text);
    return status ? status : stop(emit);
}

static void of_two_results_of_a_call_the_last_is_sent_and_a_warning_says_so(void **state)
{
    SCOPED(beluga_response) *response = NULL;
    SCOPED(beluga_messages) *messages = beluga_messages_new();
    beluga_message *answer = beluga_message_new(BELUGA_ROLE_AI);
    beluga_messages_add(messages, beluga_human_message("Hi"));
    beluga_message_add_tool_call(answer, "a", "w", "{}", 2);
    beluga_messages_add(messages, answer);
    beluga_messages_add(messages, beluga_tool_message("a", "cancelled"));
    beluga_messages_add(messages, beluga_human_message("Well?"));
    beluga_messages_add(messages, beluga_tool_message("a", "done"));
    behave = counts_results;
    assert_int_equal(beluga_generate(*state, NULL, messages, &response, NULL), 0);
    assert_string_equal(beluga_response_text(response, NULL), "1 done");
    assert_non_null(strstr(beluga_response_warning(response, 0), "more than one result"));
}

static void finish_ends_the_calls_that_are_still_open(void **state)
{
    beluga_error err;
    SCOPED(beluga_response) *response = call(*state, leaves_calls_open, 0, &err);
    assert_int_equal(beluga_response_tool_call_count(response), 2);
    assert_string_equal(beluga_response_tool_call(response, 0)->arguments, "{\"a\":1}");
    assert_string_equal(beluga_response_tool_call(response, 1)->arguments, "{\"b\":2}");
    assert_true(*beluga_response_tool_call(response, 1)->id);
}

static int says_bytes(const beluga_call *c, beluga_emit *emit, beluga_error *err)
{
    (void)c;
    (void)err;
    return say(emit, "\xff\xfe");
}

static void text_that_is_not_utf8_is_malformed(void **state)
{
    assert_fails(*state, says_bytes, BELUGA_ERROR_MALFORMED_RESPONSE);
}

static int tells_everything(const beluga_call *c, beluga_emit *emit, beluga_error *err)
{
    beluga_usage usage = BELUGA_USAGE_INIT;
    (void)c;
    (void)err;
    usage.input_total = 1;
    beluga_emit_warning(emit, "no %s here", "images");
    beluga_emit_warning(emit, "no %s here", "images");
    beluga_emit_metadata(emit, "id-1", NULL, 0);
    beluga_emit_metadata(emit, "id-2", "model-2", 1700000000);
    beluga_emit_usage(emit, &usage);
    beluga_emit_reasoning(emit, "because", 7);
    beluga_emit_reasoning_signature(emit, "sig", 3);
    beluga_emit_reasoning_end(emit);
    beluga_emit_reasoning_signature(emit, "of the text", 11);
    beluga_emit_text(emit, "", 0);
    say(emit, "text");
    stop(emit);
    usage.output_total = 2;
    return beluga_emit_usage(emit, &usage); /* after the finish, as some servers send it */
}

static void all_that_a_provider_tells_is_in_the_response(void **state)
{
    beluga_error err;
    SCOPED(beluga_response) *response = call(*state, tells_everything, 0, &err);
    assert_string_equal(beluga_response_warning(response, 0), "no images here");
    assert_null(beluga_response_warning(response, 1));
    assert_string_equal(beluga_response_id(response), "id-1");
    assert_string_equal(beluga_response_model(response), "model-2");
    assert_int_equal(beluga_response_created(response), 1700000000);
    assert_string_equal(beluga_response_reasoning(response, NULL), "because");
    assert_string_equal(beluga_response_text(response, NULL), "text");
    assert_int_equal(beluga_response_usage(response)->output_total, 2);
    SCOPED(beluga_message) *message = beluga_response_message(response);
    const beluga_part *part = beluga_message_part(message, 0);
    assert_int_equal(part->kind, BELUGA_PART_REASONING);
    assert_int_equal(part->signature_length, 3);
    assert_memory_equal(part->signature, "sig", 3);
    part = beluga_message_part(message, 1);
    assert_int_equal(part->text_length, 0);
    assert_string_equal(part->signature, "of the text");
    assert_int_equal(beluga_message_part(message, 2)->kind, BELUGA_PART_TEXT);
}

/* ---- ends ------------------------------------------------------------------------------------ */

static int says_and_leaves(const beluga_call *c, beluga_emit *emit, beluga_error *err)
{
    (void)c;
    (void)err;
    return say(emit, "half an ans");
}

static void a_provider_that_leaves_without_a_finish_has_closed_the_stream(void **state)
{
    assert_fails(*state, says_and_leaves, BELUGA_ERROR_STREAM_CLOSED);
}

static int leaves(beluga_emit *emit, void *argument)
{
    return argument ? say(emit, argument) : 0;
}

static int leaves_later(const beluga_call *c, beluga_emit *emit, beluga_error *err)
{
    static char text[] = "half";
    (void)c;
    (void)err;
    return beluga_emit_after(emit, 1, leaves, text);
}

static void the_same_after_a_delay(void **state)
{
    assert_fails(*state, leaves_later, BELUGA_ERROR_STREAM_CLOSED);
}

static int refuses(const beluga_call *c, beluga_emit *emit, beluga_error *err)
{
    (void)c;
    (void)emit;
    beluga_error_set(err, BELUGA_ERROR_NOT_FOUND, "no such drawer");
    beluga_error_set_provider_code(err, "no_drawer", 9);
    return BELUGA_ERROR_NOT_FOUND;
}

static void an_error_of_start_ends_the_call_with_its_detail(void **state)
{
    beluga_error err;
    assert_null(call(*state, refuses, BELUGA_ERROR_NOT_FOUND, &err));
    assert_string_equal(err.message, "no such drawer");
    assert_string_equal(err.provider_code, "no_drawer");
    assert_int_equal(atomic_load(&cancelled), 0);
}

static int breaks(beluga_emit *emit, void *argument)
{
    (void)emit;
    (void)argument;
    return BELUGA_ERROR_NO_MEMORY;
}

static int breaks_later(const beluga_call *c, beluga_emit *emit, beluga_error *err)
{
    (void)c;
    (void)err;
    return beluga_emit_after(emit, 0, breaks, NULL);
}

static void a_code_returned_after_a_delay_ends_the_call(void **state)
{
    assert_fails(*state, breaks_later, BELUGA_ERROR_NO_MEMORY);
}

/* ---- delays ---------------------------------------------------------------------------------- */

typedef struct counter {
    int left;
    char zeroes[64];
} counter;

static int count_down(beluga_emit *emit, void *argument)
{
    counter *c = argument;
    char digit[2] = {(char)('0' + c->left), '\0'};
    int status = say(emit, digit);
    if (status || c->left-- == 0) return status ? status : stop(emit);
    return beluga_emit_after(emit, c->left % 2, count_down, c);
}

static int counts_down(const beluga_call *c, beluga_emit *emit, beluga_error *err)
{
    static const char zeroes[64];
    counter *state = beluga_emit_alloc(emit, sizeof *state);
    (void)c;
    if (!state || memcmp(state->zeroes, zeroes, sizeof zeroes) != 0)
        return beluga_error_set(err, BELUGA_ERROR_INTERNAL, "memory is not zero");
    state->left = 5;
    return count_down(emit, state);
}

static void a_call_goes_on_from_delay_to_delay(void **state)
{
    assert_text(*state, counts_down, "543210");
}

static int asks_for_two_delays(const beluga_call *c, beluga_emit *emit, beluga_error *err)
{
    (void)c;
    (void)err;
    int first = beluga_emit_after(emit, 60000, leaves, NULL);
    return first ? first : beluga_emit_after(emit, 1, leaves, NULL);
}

static void one_delay_at_a_time(void **state)
{
    assert_fails(*state, asks_for_two_delays, BELUGA_ERROR_INVALID_INPUT);
}

/* ---- cancelling ------------------------------------------------------------------------------ */

static int waits(const beluga_call *c, beluga_emit *emit, beluga_error *err)
{
    (void)c;
    (void)err;
    int status = say(emit, "a");
    return status ? status : beluga_emit_after(emit, 60000, leaves, NULL);
}

static void a_stream_that_is_left_is_cancelled_once(void **state)
{
    beluga_stream *stream = NULL;
    const beluga_event *event = NULL;
    behave = waits;
    assert_int_equal(beluga_stream_input(*state, NULL, beluga_input_text("Hi"), &stream, NULL), 0);
    while (beluga_stream_next(stream, &event, NULL) == 0 && event->kind != BELUGA_EVENT_TEXT)
        continue;
    assert_int_equal(atomic_load(&cancelled), 0);
    beluga_stream_free(stream);
    assert_int_equal(atomic_load(&cancelled), 1);
}

static void a_call_that_never_began_is_not_cancelled(void **state)
{
    beluga_stream *stream = NULL;
    behave = waits;
    assert_int_equal(beluga_stream_input(*state, NULL, beluga_input_text("Hi"), &stream, NULL), 0);
    beluga_stream_free(stream);
    assert_int_equal(atomic_load(&cancelled), 0);
}

static void a_timeout_cancels_the_provider(void **state)
{
    beluga_response *response = NULL;
    behave = waits;
    assert_int_equal(beluga_invoke(*state, NULL, beluga_input_text("Hi"), &response, NULL,
                                   beluga_with_timeout_ms(10), beluga_with_max_retries(0)),
                     BELUGA_ERROR_TIMEOUT);
    assert_int_equal(atomic_load(&cancelled), 1);
}

static void a_call_that_ended_is_not_cancelled(void **state)
{
    assert_text(*state, counts_down, "543210");
    assert_int_equal(atomic_load(&cancelled), 0);
}

/* ---- work that blocks ------------------------------------------------------------------------ */

static pthread_mutex_t gate_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate_changed = PTHREAD_COND_INITIALIZER;
static bool gate_open;
static int seen_by_worker;
static pthread_t loop_thread;

static void set_gate(bool open)
{
    pthread_mutex_lock(&gate_lock);
    gate_open = open;
    pthread_cond_broadcast(&gate_changed);
    pthread_mutex_unlock(&gate_lock);
}

static void pass_gate(void)
{
    pthread_mutex_lock(&gate_lock);
    while (!gate_open) pthread_cond_wait(&gate_changed, &gate_lock);
    pthread_mutex_unlock(&gate_lock);
}

static void release(void *argument)
{
    (void)argument;
    pthread_mutex_lock(&gate_lock);
    atomic_fetch_add(&released, 1);
    pthread_cond_broadcast(&gate_changed);
    pthread_mutex_unlock(&gate_lock);
}

static void wait_for_release(void)
{
    pthread_mutex_lock(&gate_lock);
    while (!atomic_load(&released)) pthread_cond_wait(&gate_changed, &gate_lock);
    pthread_mutex_unlock(&gate_lock);
}

static int work_whole(beluga_emit *emit, void *argument)
{
    beluga_usage usage = BELUGA_USAGE_INIT;
    if (pthread_equal(pthread_self(), loop_thread)) return BELUGA_ERROR_INTERNAL;
    usage.output_total = 3;
    usage.raw = "{\"raw\":1}";
    usage.raw_length = 9;
    beluga_emit_warning(emit, "slow");
    beluga_emit_metadata(emit, "id", "model", 5);
    beluga_emit_reasoning(emit, "hm", 2);
    for (int i = 0; i < 3; i++) say(emit, argument);
    beluga_emit_tool_call(emit, 0, "c", "t", "{\"x\":1}", 7);
    beluga_emit_usage(emit, &usage);
    return stop(emit);
}

static int works(const beluga_call *c, beluga_emit *emit, beluga_error *err)
{
    static char word[] = "ho ";
    (void)c;
    (void)err;
    loop_thread = pthread_self();
    return beluga_emit_run_blocking(emit, work_whole, word, release);
}

static void work_that_blocks_emits_from_a_thread_of_its_own(void **state)
{
    beluga_error err;
    beluga_response *response = call(*state, works, 0, &err);
    assert_string_equal(beluga_response_text(response, NULL), "ho ho ho ");
    assert_string_equal(beluga_response_reasoning(response, NULL), "hm");
    assert_string_equal(beluga_response_id(response), "id");
    assert_string_equal(beluga_response_warning(response, 0), "slow");
    assert_string_equal(beluga_response_tool_call(response, 0)->arguments, "{\"x\":1}");
    assert_int_equal(beluga_response_usage(response)->output_total, 3);
    assert_string_equal(beluga_response_usage(response)->raw, "{\"raw\":1}");
    assert_int_equal(beluga_response_finish_reason(response), BELUGA_FINISH_TOOL_CALLS);
    beluga_response_free(response);
    wait_for_release();
    assert_int_equal(atomic_load(&released), 1);
}

#define PIECES      1000
#define PIECE_BYTES 4096

static int work_much(beluga_emit *emit, void *argument)
{
    char piece[PIECE_BYTES];
    int status = 0;
    (void)argument;
    for (int i = 0; i < PIECES && status == 0; i++) {
        memset(piece, 'a' + i % 26, sizeof piece);
        status = beluga_emit_text(emit, piece, sizeof piece);
    }
    return status ? status : stop(emit);
}

/* A provider that leaves all to a worker; `done` is called when it has ended, or is NULL. */
#define WORKS(name, work, done)                                                 \
    static int name(const beluga_call *c, beluga_emit *emit, beluga_error *err) \
    {                                                                           \
        (void)c;                                                                \
        (void)err;                                                              \
        return beluga_emit_run_blocking(emit, work, NULL, done);                \
    }

WORKS(works_much, work_much, NULL)

static void a_worker_that_is_faster_than_the_loop_waits_and_loses_nothing(void **state)
{
    beluga_error err;
    SCOPED(beluga_response) *response = call(*state, works_much, 0, &err);
    size_t length = 0;
    const char *text = beluga_response_text(response, &length);
    assert_int_equal(length, PIECES * PIECE_BYTES);
    for (size_t i = 0; i < length; i += PIECE_BYTES / 2)
        assert_int_equal(text[i], 'a' + i / PIECE_BYTES % 26);
}

static int work_and_fail(beluga_emit *emit, void *argument)
{
    (void)argument;
    say(emit, "half");
    return BELUGA_ERROR_MODEL_NOT_AVAILABLE;
}

WORKS(works_and_fails, work_and_fail, release)

static void what_work_returns_ends_the_call(void **state)
{
    assert_fails(*state, works_and_fails, BELUGA_ERROR_MODEL_NOT_AVAILABLE);
    wait_for_release();
}

static int work_and_leave(beluga_emit *emit, void *argument)
{
    (void)argument;
    return say(emit, "half");
}

WORKS(works_and_leaves, work_and_leave, NULL)

static void work_that_ends_without_a_finish_has_closed_the_stream(void **state)
{
    assert_fails(*state, works_and_leaves, BELUGA_ERROR_STREAM_CLOSED);
}

static int work_until_cancelled(beluga_emit *emit, void *argument)
{
    (void)argument;
    say(emit, "a");
    pass_gate();
    seen_by_worker = say(emit, "too late");
    return seen_by_worker;
}

WORKS(works_until_cancelled, work_until_cancelled, release)

static void a_worker_learns_of_the_cancellation_when_it_emits(void **state)
{
    beluga_stream *stream = NULL;
    const beluga_event *event = NULL;
    set_gate(false);
    behave = works_until_cancelled;
    assert_int_equal(beluga_stream_input(*state, NULL, beluga_input_text("Hi"), &stream, NULL), 0);
    while (beluga_stream_next(stream, &event, NULL) == 0 && event->kind != BELUGA_EVENT_TEXT)
        continue;
    beluga_stream_free(stream); /* does not wait for the worker */
    assert_int_equal(atomic_load(&released), 0);
    set_gate(true);
    wait_for_release();
    assert_int_equal(seen_by_worker, BELUGA_ERROR_CONTEXT_CANCELED);
    assert_int_equal(atomic_load(&released), 1);
    assert_int_equal(atomic_load(&cancelled), 1);
}

static atomic_int works_begun;

/* It emits nothing until then, so that only asking can tell. */
static int work_until_told(beluga_emit *emit, void *argument)
{
    (void)argument;
    atomic_fetch_add(&works_begun, 1);
    if (!beluga_emit_is_cancelled(emit)) say(emit, "a");
    while (!beluga_emit_is_cancelled(emit)) sched_yield();
    return BELUGA_ERROR_CONTEXT_CANCELED;
}

static int works_until_told(const beluga_call *c, beluga_emit *emit, beluga_error *err)
{
    (void)c;
    (void)err;
    if (beluga_emit_is_cancelled(emit)) return BELUGA_ERROR_INTERNAL;
    return beluga_emit_run_blocking(emit, work_until_told, NULL, release);
}

static beluga_stream *begin_work(beluga_chat_model *model, beluga_context *context)
{
    beluga_stream *stream = NULL;
    const beluga_event *event = NULL;
    atomic_store(&released, 0);
    behave = works_until_told;
    assert_int_equal(beluga_stream_input(model, context, beluga_input_text("Hi"), &stream, NULL),
                     0);
    while (beluga_stream_next(stream, &event, NULL) == 0 && event->kind != BELUGA_EVENT_TEXT)
        continue;
    return stream;
}

static void a_worker_may_ask_whether_its_call_is_over(void **state)
{
    beluga_stream_free(begin_work(*state, NULL));
    wait_for_release();
    /* The loop of these is not polled meanwhile: their contexts tell. */
    SCOPED(beluga_context) *context = beluga_context_new_cancellable(NULL);
    SCOPED(beluga_stream) *stream = begin_work(*state, context);
    beluga_context_cancel(context);
    wait_for_release();
    beluga_stream_free(stream);
    beluga_context_unref(context);
    context = beluga_context_new_timeout(NULL, 500);
    stream = begin_work(*state, context);
    wait_for_release();
}

static void a_timeout_is_not_retried_while_the_work_still_runs(void **state)
{
    beluga_response *response = NULL;
    beluga_error err;
    atomic_store(&works_begun, 0);
    behave = works_until_told;
    assert_int_equal(beluga_invoke(*state, NULL, beluga_input_text("Hi"), &response, &err,
                                   beluga_with_max_retries(3), beluga_with_timeout_ms(200)),
                     BELUGA_ERROR_TIMEOUT);
    wait_for_release();
    assert_int_equal(atomic_load(&works_begun), 1);
    assert_false(err.retryable);
}

static int work_out_of_bounds(beluga_emit *emit, void *argument)
{
    const beluga_json *root = NULL;
    (void)argument;
    if (beluga_emit_after(emit, 0, leaves, NULL) != BELUGA_ERROR_NOT_SUPPORTED ||
        beluga_emit_run_blocking(emit, work_whole, NULL, NULL) != BELUGA_ERROR_NOT_SUPPORTED ||
        beluga_emit_parse(emit, "{}", 2, &root) != BELUGA_ERROR_NOT_SUPPORTED ||
        beluga_emit_alloc(emit, 8) != NULL)
        return BELUGA_ERROR_INTERNAL;
    return stop(emit);
}

static int works_out_of_bounds(const beluga_call *c, beluga_emit *emit, beluga_error *err)
{
    (void)c;
    (void)err;
    int status = beluga_emit_run_blocking(emit, work_out_of_bounds, NULL, NULL);
    if (status) return status;
    status = beluga_emit_run_blocking(emit, work_whole, NULL, NULL);
    return status == BELUGA_ERROR_INVALID_INPUT ? 0 : BELUGA_ERROR_INTERNAL; /* one at a time */
}

static void what_belongs_to_the_loop_is_refused_to_a_worker(void **state)
{
    assert_text(*state, works_out_of_bounds, "");
}

/* ---- the host's executor --------------------------------------------------------------------- */

typedef struct task {
    void (*run)(void *);
    void *argument;
} task;

static void *run_task(void *argument)
{
    task t = *(task *)argument;
    free(argument);
    t.run(t.argument);
    return NULL;
}

static int submit(void *payload, void (*run)(void *), void *argument)
{
    task *t = malloc(sizeof *t);
    if (!t) return BELUGA_ERROR_NO_MEMORY;
    *t = (task){run, argument};
    return pthread_create(payload, NULL, run_task, t) ? BELUGA_ERROR_LIMIT_EXCEEDED : 0;
}

static int submit_nothing(void *payload, void (*run)(void *), void *argument)
{
    (void)payload;
    (void)run;
    (void)argument;
    return BELUGA_ERROR_OVERLOADED;
}

static beluga_client *client_with(const beluga_executor *executor)
{
    beluga_client *client = NULL;
    const beluga_client_settings settings = {.size = sizeof settings, .executor = executor};
    assert_int_equal(beluga_client_new(&settings, &client), 0);
    return client;
}

static void a_host_may_run_the_work_on_threads_of_its_own(void **state)
{
    pthread_t thread;
    const beluga_executor executor = {submit, &thread};
    SCOPED(beluga_client) *client = client_with(&executor);
    SCOPED(beluga_chat_model) *model = open_in(client);
    (void)state;
    assert_text(model, works, "ho ho ho ");
    pthread_join(thread, NULL);
}

/* Emits a whole answer, and goes on for as long as it likes. */
static atomic_bool may_return;

static int work_on(beluga_emit *emit, void *argument)
{
    (void)argument;
    int status = beluga_emit_text(emit, "ho", 2);
    if (!status) status = beluga_emit_finish(emit, BELUGA_FINISH_STOP, NULL);
    while (!atomic_load(&may_return)) usleep(1000);
    return status;
}

WORKS(works_on, work_on, NULL)

static atomic_int blocks; /* of the counting allocator */

static void *counted_alloc(void *payload, size_t size)
{
    (void)payload;
    atomic_fetch_add(&blocks, 1);
    return malloc(size);
}

static void *counted_resize(void *payload, void *pointer, size_t old_size, size_t size)
{
    (void)payload;
    (void)old_size;
    if (!pointer) atomic_fetch_add(&blocks, 1);
    return realloc(pointer, size);
}

static void counted_release(void *payload, void *pointer)
{
    (void)payload;
    atomic_fetch_sub(&blocks, 1);
    free(pointer);
}

static void a_worker_that_ends_after_its_client_takes_the_client_with_it(void **state)
{
    static const beluga_allocator allocator = {counted_alloc, counted_resize, counted_release,
                                               NULL};
    pthread_t thread;
    const beluga_executor executor = {submit, &thread};
    const beluga_client_settings settings = {
        .size = sizeof settings, .allocator = &allocator, .executor = &executor};
    beluga_client *client;
    (void)state;
    assert_int_equal(beluga_client_new(&settings, &client), 0);
    beluga_chat_model *model = open_in(client);
    assert_text(model, works_on, "ho");
    beluga_chat_model_unref(model);
    beluga_client_unref(client);
    atomic_store(&may_return, true);
    pthread_join(thread, NULL);
    assert_int_equal(atomic_load(&blocks), 0);
}

static void an_executor_that_refuses_fails_the_call(void **state)
{
    const beluga_executor executor = {submit_nothing, NULL};
    SCOPED(beluga_client) *client = client_with(&executor);
    SCOPED(beluga_chat_model) *model = open_in(client);
    (void)state;
    assert_fails(model, works, BELUGA_ERROR_OVERLOADED);
    assert_int_equal(atomic_load(&released), 0);
}

#define WITH_MODEL(test) cmocka_unit_test_setup_teardown(test, open_model, close_model)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_MODEL(content_after_the_finish_is_an_invalid_response),
        WITH_MODEL(the_first_finish_counts),
        WITH_MODEL(a_failure_wins_over_a_finish_that_was_not_delivered_yet),
        WITH_MODEL(arguments_of_a_call_that_never_began_are_malformed),
        WITH_MODEL(two_calls_of_one_index_are_malformed),
        WITH_MODEL(two_calls_of_one_id_are_told_apart),
        WITH_MODEL(of_two_results_of_a_call_the_last_is_sent_and_a_warning_says_so),
        WITH_MODEL(finish_ends_the_calls_that_are_still_open),
        WITH_MODEL(text_that_is_not_utf8_is_malformed),
        WITH_MODEL(all_that_a_provider_tells_is_in_the_response),
        WITH_MODEL(a_provider_that_leaves_without_a_finish_has_closed_the_stream),
        WITH_MODEL(the_same_after_a_delay),
        WITH_MODEL(an_error_of_start_ends_the_call_with_its_detail),
        WITH_MODEL(a_code_returned_after_a_delay_ends_the_call),
        WITH_MODEL(a_call_goes_on_from_delay_to_delay),
        WITH_MODEL(one_delay_at_a_time),
        WITH_MODEL(a_stream_that_is_left_is_cancelled_once),
        WITH_MODEL(a_call_that_never_began_is_not_cancelled),
        WITH_MODEL(a_timeout_cancels_the_provider),
        WITH_MODEL(a_call_that_ended_is_not_cancelled),
        WITH_MODEL(work_that_blocks_emits_from_a_thread_of_its_own),
        WITH_MODEL(a_worker_that_is_faster_than_the_loop_waits_and_loses_nothing),
        WITH_MODEL(what_work_returns_ends_the_call),
        WITH_MODEL(work_that_ends_without_a_finish_has_closed_the_stream),
        WITH_MODEL(a_worker_learns_of_the_cancellation_when_it_emits),
        WITH_MODEL(a_worker_may_ask_whether_its_call_is_over),
        WITH_MODEL(a_timeout_is_not_retried_while_the_work_still_runs),
        WITH_MODEL(what_belongs_to_the_loop_is_refused_to_a_worker),
        WITH_MODEL(a_host_may_run_the_work_on_threads_of_its_own),
        cmocka_unit_test(a_worker_that_ends_after_its_client_takes_the_client_with_it),
        WITH_MODEL(an_executor_that_refuses_fails_the_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
