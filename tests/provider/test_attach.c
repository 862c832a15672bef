/* Engines that run inside the process, and whose own threads emit. */
#include "../support/meter.h"
#include "subject.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

/* ---- an engine ------------------------------------------------------------------------------- */

/* One call that the engine answers. */
typedef struct job {
    beluga_emit *emit;
    void (*run)(struct job *job);
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int wakes;
    pthread_t thread;
} job;

static void (*engine_runs)(job *job);

static job *job_new(void)
{
    job *j = calloc(1, sizeof *j);
    assert_non_null(j);
    j->run = engine_runs;
    pthread_mutex_init(&j->lock, NULL);
    pthread_cond_init(&j->changed, NULL);
    return j;
}

static void wake(void *argument)
{
    job *j = argument;
    pthread_mutex_lock(&j->lock);
    j->wakes++;
    pthread_cond_broadcast(&j->changed);
    pthread_mutex_unlock(&j->lock);
}

static void wait_for_wake(job *j)
{
    pthread_mutex_lock(&j->lock);
    while (!j->wakes) pthread_cond_wait(&j->changed, &j->lock);
    j->wakes--;
    pthread_mutex_unlock(&j->lock);
}

static void release(void *argument)
{
    job *j = argument;
    pthread_mutex_destroy(&j->lock);
    pthread_cond_destroy(&j->changed);
    free(j);
    atomic_fetch_add(&released, 1);
}

static void *engine(void *argument)
{
    job *j = argument;
    j->run(j);
    return NULL;
}

static pthread_t engine_thread;
static int launched; /* engines */

static int attaches(const beluga_call *c, beluga_emit *emit, beluga_error *err)
{
    (void)c;
    (void)err;
    job *j = job_new();
    int status = beluga_emit_attach(emit, &j->emit, wake, j, release);
    if (!status) pthread_create(&engine_thread, NULL, engine, j);
    launched += !status;
    return status;
}

static void join(void)
{
    pthread_join(engine_thread, NULL);
}

/* Wait until the job was released, since the loop may keep it a little longer than the engine. */
static void assert_released(int times)
{
    while (atomic_load(&released) < times) sched_yield();
    assert_int_equal(atomic_load(&released), times);
}

/* ---- answers --------------------------------------------------------------------------------- */

static void run_whole(job *j)
{
    beluga_usage usage = BELUGA_USAGE_INIT;
    usage.output_total = 3;
    beluga_emit_warning(j->emit, "slow");
    beluga_emit_metadata(j->emit, "id", "model", 5);
    for (int i = 0; i < 3; i++) say(j->emit, "ho ");
    beluga_emit_tool_call(j->emit, 0, "c", "t", "{\"x\":1}", 7);
    beluga_emit_usage(j->emit, &usage);
    stop(j->emit);
    beluga_emit_detach(j->emit, 0);
}

static void an_engine_emits_from_its_own_thread(void **state)
{
    beluga_error err;
    engine_runs = run_whole;
    SCOPED(beluga_response) *response = call(*state, attaches, 0, &err);
    join();
    assert_string_equal(beluga_response_text(response, NULL), "ho ho ho ");
    assert_string_equal(beluga_response_id(response), "id");
    assert_string_equal(beluga_response_warning(response, 0), "slow");
    assert_string_equal(beluga_response_tool_call(response, 0)->arguments, "{\"x\":1}");
    assert_int_equal(beluga_response_usage(response)->output_total, 3);
    assert_released(1);
}

static void run_and_leave(job *j)
{
    say(j->emit, "half");
    beluga_emit_detach(j->emit, 0);
}

static void run_and_fail(job *j)
{
    say(j->emit, "half");
    beluga_emit_detach(j->emit, BELUGA_ERROR_MODEL_NOT_AVAILABLE);
}

static void run_and_explain(job *j)
{
    int status = beluga_emit_failure(j->emit, BELUGA_ERROR_OVERLOADED, "full", "no %s", "slot");
    beluga_emit_detach(j->emit, status);
}

static void the_end_of_an_engine_ends_the_call(void **state)
{
    beluga_error err;
    engine_runs = run_and_leave;
    assert_fails(*state, attaches, BELUGA_ERROR_STREAM_CLOSED);
    join();
    engine_runs = run_and_fail;
    assert_fails(*state, attaches, BELUGA_ERROR_MODEL_NOT_AVAILABLE);
    join();
    engine_runs = run_and_explain;
    assert_null(call(*state, attaches, BELUGA_ERROR_OVERLOADED, &err));
    join();
    assert_string_equal(err.message, "no slot");
    assert_string_equal(err.provider_code, "full");
    assert_released(3);
}

/* ---- back-pressure --------------------------------------------------------------------------- */

enum { PIECES = 1000, PIECE_BYTES = 4096 };

static int say_piece(beluga_emit *emit, int i)
{
    char piece[PIECE_BYTES];
    memset(piece, 'a' + i % 26, sizeof piece);
    return beluga_emit_text(emit, piece, sizeof piece);
}

static void assert_pieces(beluga_chat_model *model)
{
    beluga_error err;
    SCOPED(beluga_response) *response = call(model, attaches, 0, &err);
    join();
    size_t length = 0;
    const char *text = beluga_response_text(response, &length);
    assert_int_equal(length, PIECES * PIECE_BYTES);
    for (size_t i = 0; i < length; i += PIECE_BYTES / 2)
        assert_int_equal(text[i], 'a' + i / PIECE_BYTES % 26);
    assert_released(1);
}

static void run_much(job *j)
{
    int status = 0;
    for (int i = 0; i < PIECES && status == 0; i++) status = say_piece(j->emit, i);
    if (!status) stop(j->emit);
    beluga_emit_detach(j->emit, status);
}

static void an_engine_that_is_faster_than_the_loop_waits_and_loses_nothing(void **state)
{
    engine_runs = run_much;
    assert_pieces(*state);
}

static atomic_int times_full;

static void run_without_waiting(job *j)
{
    int status = 0;
    for (int i = 0; i < PIECES && status == 0; i++) {
        while (!beluga_emit_has_room(j->emit)) {
            atomic_fetch_add(&times_full, 1);
            wait_for_wake(j);
        }
        status = say_piece(j->emit, i);
    }
    if (!status) stop(j->emit);
    beluga_emit_detach(j->emit, status);
}

static void an_engine_that_must_not_wait_is_told_when_to_come_back(void **state)
{
    engine_runs = run_without_waiting;
    assert_pieces(*state);
}

/* Emit on the loop's own thread until the emit has no room. If emitting waited for room here, the
 * thread would wait for itself. */
static int fills_the_room_itself(const beluga_call *c, beluga_emit *emit, beluga_error *err)
{
    beluga_emit *attached;
    int status = beluga_emit_attach(emit, &attached, NULL, NULL, NULL), sent = 0;
    (void)c;
    (void)err;
    if (status) return status;
    while (beluga_emit_has_room(attached) && !status) status = say_piece(attached, sent++);
    while (!status) status = say_piece(attached, sent++);
    beluga_emit_detach(attached, BELUGA_ERROR_OVERLOADED);
    return status == BELUGA_ERROR_INVALID_INPUT ? 0 : BELUGA_ERROR_INTERNAL;
}

static void a_loop_never_waits_for_itself(void **state)
{
    assert_fails(*state, fills_the_room_itself, BELUGA_ERROR_OVERLOADED);
}

/* ---- cancelling ------------------------------------------------------------------------------ */

static atomic_int seen;

static void run_until_cancelled(job *j)
{
    int status;
    beluga_emit *emit = j->emit;
    while ((status = say(emit, "x")) == 0) sched_yield();
    atomic_store(&seen, status);
    while (!beluga_emit_is_cancelled(emit)) sched_yield();
    wait_for_wake(j);
    beluga_emit_detach(emit, status); /* after this the job may be freed */
    if (say(emit, "late") != BELUGA_ERROR_CONTEXT_CANCELED) atomic_store(&seen, 1);
    beluga_emit_detach(emit, 0);
}

static beluga_stream *begin_stream(beluga_chat_model *model, void (*run)(job *))
{
    beluga_stream *stream = NULL;
    const beluga_event *event = NULL;
    engine_runs = run;
    behave = attaches;
    assert_int_equal(beluga_stream_input(model, NULL, beluga_input_text("Hi"), &stream, NULL), 0);
    while (beluga_stream_next(stream, &event, NULL) == 0 && event->kind != BELUGA_EVENT_TEXT)
        continue;
    return stream;
}

static void an_engine_learns_that_its_call_is_over(void **state)
{
    beluga_stream_free(begin_stream(*state, run_until_cancelled));
    join();
    assert_int_equal(atomic_load(&seen), BELUGA_ERROR_CONTEXT_CANCELED);
    assert_int_equal(atomic_load(&cancelled), 1);
    assert_released(1);
}

static atomic_bool gate_open;

static void run_past_the_gate(job *j)
{
    say(j->emit, "x");
    while (!atomic_load(&gate_open)) sched_yield();
    say(j->emit, "late");
    beluga_emit_detach(j->emit, 0);
}

static beluga_client *metered_client(meter *counted, beluga_allocator *allocator)
{
    beluga_client *client = NULL;
    *allocator = meter_allocator(counted);
    const beluga_client_settings settings = {.size = sizeof settings, .allocator = allocator};
    assert_int_equal(beluga_client_new(&settings, &client), 0);
    return client;
}

static void *open_gate(void *argument)
{
    (void)argument;
    sched_yield();
    atomic_store(&gate_open, true);
    return NULL;
}

static void closing_a_client_waits_for_its_engine(void **state)
{
    static meter counted;
    static beluga_allocator allocator;
    pthread_t opener;
    (void)state;
    atomic_store(&released, 0);
    atomic_store(&gate_open, false);
    beluga_client *client = metered_client(&counted, &allocator);
    beluga_chat_model *model = open_in(client);
    beluga_stream_free(begin_stream(model, run_past_the_gate));
    beluga_chat_model_unref(model);
    beluga_error err;
    assert_int_equal(beluga_client_close(client, 1, &err), BELUGA_ERROR_TIMEOUT);
    pthread_create(&opener, NULL, open_gate, NULL);
    assert_int_equal(beluga_client_close(client, 60000, &err), 0);
    assert_int_equal(atomic_load(&released), 1);
    assert_int_equal(atomic_load(&counted.live), 0);
    pthread_join(opener, NULL);
    join();
}

static void an_engine_that_ends_after_its_client_takes_the_client_with_it(void **state)
{
    static meter counted;
    static beluga_allocator allocator;
    (void)state;
    atomic_store(&released, 0);
    atomic_store(&gate_open, false);
    beluga_client *client = metered_client(&counted, &allocator);
    beluga_chat_model *model = open_in(client);
    beluga_stream_free(begin_stream(model, run_past_the_gate));
    beluga_chat_model_unref(model);
    beluga_client_unref(client);
    atomic_store(&gate_open, true);
    join();
    assert_released(1);
    assert_int_equal(atomic_load(&counted.live), 0);
}

static void run_in_a_hurry(job *j)
{
    int status = 0;
    for (int i = 0; i < 50 && status == 0; i++) status = say_piece(j->emit, i);
    if (!status) status = stop(j->emit);
    beluga_emit_detach(j->emit, status);
}

/* Cancel calls at different moments, so that the engine is at different points of its work. */
static void cancelling_races_with_the_engine(void **state)
{
    enum { ROUNDS = 200 };
    for (int i = 0; i < ROUNDS; i++) {
        const beluga_event *event;
        beluga_stream *stream = begin_stream(*state, run_in_a_hurry);
        for (int k = 0; k < i % 60 && beluga_stream_next(stream, &event, NULL) == 0; k++) continue;
        beluga_stream_free(stream);
        join();
    }
    assert_released(ROUNDS);
}

/* ---- engines with several threads, and refused calls ----------------------------------------- */

static void *second(void *argument)
{
    beluga_emit *emit = argument;
    for (int i = 0; i < 500; i++) say(emit, "b");
    return NULL;
}

static void run_with_two(job *j)
{
    pthread_t other;
    pthread_create(&other, NULL, second, j->emit);
    for (int i = 0; i < 500; i++) say(j->emit, "a");
    pthread_join(other, NULL);
    stop(j->emit);
    beluga_emit_detach(j->emit, 0);
}

static void several_threads_may_emit_at_once(void **state)
{
    beluga_error err;
    size_t length;
    engine_runs = run_with_two;
    SCOPED(beluga_response) *response = call(*state, attaches, 0, &err);
    beluga_response_text(response, &length);
    assert_int_equal(length, 1000);
    join();
}

enum { TEAM = 4, SHORT_MS = 20 };

static void *member(void *argument)
{
    beluga_emit *emit = argument;
    int status = 0;
    for (int i = 0; i < 200 && !status; i++) {
        if (!beluga_emit_has_room(emit)) sched_yield();
        status = say_piece(emit, i);
        if (!beluga_emit_is_cancelled(emit)) beluga_emit_call(emit);
    }
    return NULL;
}

/* Several threads emit at the same time. Then one thread detaches, while the others may still
 * emit. */
static void run_with_a_team(job *j)
{
    pthread_t team[TEAM];
    beluga_emit *emit = j->emit;
    for (int i = 0; i < TEAM; i++) pthread_create(&team[i], NULL, member, emit);
    member(emit);
    stop(emit);
    beluga_emit_detach(emit, 0);
    beluga_emit_detach(emit, BELUGA_ERROR_INTERNAL);
    for (int i = 0; i < TEAM; i++) pthread_join(team[i], NULL);
}

static void on_end(void *payload, const beluga_event *event)
{
    int *ends = payload;
    *ends += event->kind == BELUGA_EVENT_FINISH || event->kind == BELUGA_EVENT_ERROR;
}

/* End a call in one of several ways: free the op or its loop, or cancel the op and step until it
 * has ended. */
static void end_somehow(beluga_loop *loop, beluga_op *op, int how, const int *ends)
{
    for (int k = 0; k < how / 4 && !*ends; k++) beluga_loop_wait(loop, SHORT_MS);
    if (how % 4 == 0) beluga_op_cancel(op);
    while (how % 4 != 1 && how % 4 != 2 && !*ends) beluga_loop_wait(loop, SHORT_MS);
    if (how % 4 == 1) beluga_op_free(op);
    beluga_loop_free(loop);
    if (how % 4 != 1) beluga_op_free(op);
}

static void a_team_of_threads_meets_the_end_of_its_call_anywhere(void **state)
{
    enum { ROUNDS = 120 };
    engine_runs = run_with_a_team;
    behave = attaches;
    for (int i = 0; i < ROUNDS; i++) {
        SCOPED(beluga_messages) *list = NULL;
        beluga_loop *loop;
        beluga_op *op;
        int ends = 0;
        assert_int_equal(beluga_ensure_messages(beluga_input_text("Hi"), &list, NULL), 0);
        assert_int_equal(beluga_loop_new(beluga_client_default(), &loop), 0);
        assert_int_equal(beluga_stream_start(*state, loop, NULL, list, on_end, &ends, &op, NULL),
                         0);
        for (launched = 0; !launched;) beluga_loop_wait(loop, SHORT_MS);
        end_somehow(loop, op, i, &ends);
        assert_true(ends <= 1);
        join();
    }
    assert_released(ROUNDS);
}

static void run_out_of_bounds(job *j)
{
    const beluga_json *root = NULL;
    beluga_emit *other = j->emit;
    char url[8];
    bool refused =
        beluga_emit_after(j->emit, 0, leaves, NULL) == BELUGA_ERROR_NOT_SUPPORTED &&
        beluga_emit_attach(j->emit, &other, NULL, NULL, NULL) == BELUGA_ERROR_NOT_SUPPORTED &&
        !other &&
        beluga_emit_resolve_url(j->emit, "/", url, sizeof url) == BELUGA_ERROR_NOT_SUPPORTED &&
        beluga_emit_parse(j->emit, "{}", 2, &root) == BELUGA_ERROR_NOT_SUPPORTED &&
        !beluga_emit_alloc(j->emit, 8) && beluga_call_message_count(beluga_emit_call(j->emit)) == 1;
    if (refused) stop(j->emit);
    beluga_emit_detach(j->emit, 0);
}

static int leave_at_once(beluga_emit *emit, void *argument)
{
    (void)emit;
    (void)argument;
    return 0;
}

static int attaches_twice(const beluga_call *c, beluga_emit *emit, beluga_error *err)
{
    beluga_emit *other;
    int status = attaches(c, emit, err);
    if (status) return status;
    if (beluga_emit_attach(emit, &other, NULL, NULL, NULL) != BELUGA_ERROR_INVALID_INPUT ||
        beluga_emit_run_blocking(emit, leave_at_once, NULL, NULL) != BELUGA_ERROR_INVALID_INPUT)
        return BELUGA_ERROR_INTERNAL;
    return 0;
}

static void what_belongs_to_the_loop_is_refused_to_an_engine(void **state)
{
    engine_runs = run_out_of_bounds;
    assert_text(*state, attaches_twice, "");
    join();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_MODEL(an_engine_emits_from_its_own_thread),
        WITH_MODEL(the_end_of_an_engine_ends_the_call),
        WITH_MODEL(an_engine_that_is_faster_than_the_loop_waits_and_loses_nothing),
        WITH_MODEL(an_engine_that_must_not_wait_is_told_when_to_come_back),
        WITH_MODEL(a_loop_never_waits_for_itself),
        WITH_MODEL(an_engine_learns_that_its_call_is_over),
        cmocka_unit_test(closing_a_client_waits_for_its_engine),
        cmocka_unit_test(an_engine_that_ends_after_its_client_takes_the_client_with_it),
        WITH_MODEL(cancelling_races_with_the_engine),
        WITH_MODEL(several_threads_may_emit_at_once),
        WITH_MODEL(a_team_of_threads_meets_the_end_of_its_call_anywhere),
        WITH_MODEL(what_belongs_to_the_loop_is_refused_to_an_engine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
