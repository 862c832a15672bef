/* Work of a provider that blocks. It runs on threads of the library, or on those of the host
 * program. */
#include "../support/meter.h"
#include "../support/too_short.h"
#include "subject.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

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

#define PIECES 1000

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

/* Define a provider that does all its work on a worker thread; `done` is called at the end, unless
 * it is NULL. */
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
    beluga_stream_free(stream); /* this does not wait for the worker thread */
    assert_int_equal(atomic_load(&released), 0);
    set_gate(true);
    wait_for_release();
    assert_int_equal(seen_by_worker, BELUGA_ERROR_CONTEXT_CANCELED);
    assert_int_equal(atomic_load(&released), 1);
    assert_int_equal(atomic_load(&cancelled), 1);
}

static atomic_int works_begun;

/* Emit no more until the call is cancelled, so that the worker notices the end only by
 * beluga_emit_is_cancelled. */
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
    /* Nobody polls the loops of these calls meanwhile, so the worker learns of the end only from
     * the context. */
    SCOPED(beluga_context) *context = beluga_context_new_cancellable(NULL);
    SCOPED(beluga_stream) *stream = begin_work(*state, context);
    beluga_context_cancel(context);
    wait_for_release();
    beluga_stream_free(stream);
    beluga_context_unref(context);
    context = beluga_context_new_timeout(NULL, 2000);
    stream = begin_work(*state, context);
    wait_for_release();
}

static void a_timeout_is_not_retried_while_the_work_still_runs(void **state)
{
    beluga_response *response = NULL;
    beluga_error err;
    int64_t ms = 200;
    atomic_store(&works_begun, 0);
    behave = works_until_told;
    do {
        atomic_store(&released, 0);
        assert_int_equal(beluga_invoke(*state, NULL, beluga_input_text("Hi"), &response, &err,
                                       beluga_with_max_retries(3), beluga_with_timeout_ms(ms)),
                         BELUGA_ERROR_TIMEOUT);
        wait_for_release();
    } while (was_too_short(&ms, atomic_load(&works_begun) > 0));
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
    /* A second run while the first is under way is refused. */
    return status == BELUGA_ERROR_INVALID_INPUT ? 0 : BELUGA_ERROR_INTERNAL;
}

static void what_belongs_to_the_loop_is_refused_to_a_worker(void **state)
{
    assert_text(*state, works_out_of_bounds, "");
}

/* ---- the host program's executor ------------------------------------------------------------- */

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

/* Set when the worker may return, after it has emitted a whole answer. */
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

static void a_worker_that_ends_after_its_client_takes_the_client_with_it(void **state)
{
    static meter counted;
    const beluga_allocator allocator = meter_allocator(&counted);
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
    assert_int_equal(atomic_load(&counted.live), 0);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
