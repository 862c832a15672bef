/* fork(): a child does not touch its parent's streams, loops and connections, and makes its own
 * calls. */
#include "../support/folder.h"
#include "../support/in_child.h"
#include "../support/parts.h"
#include "../support/scene.h"

#include <beluga/providers/mock.h>

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void gated_stream(peer *p, int gate, int times)
{
    script(p, REPEATS(times), BEGINS, SAYS("Hello"), WAITS_AT(gate), SAYS(" world"), STOPS, DONE);
}

/* ---- pulled streams -------------------------------------------------------------------------- */

static int leave_stream(void *argument)
{
    beluga_stream *stream = argument;
    const beluga_event *event = argument;
    beluga_error err = {0};
    for (int i = 0; i < 3; i++) {
        CHECK(1, beluga_stream_next(stream, &event, &err) == BELUGA_ERROR_FORKED);
        CHECK(2, !event);
        CHECK(3, err.code == BELUGA_ERROR_FORKED && *err.message);
    }
    beluga_stream_free(stream);
    return 0;
}

static void an_inherited_stream_returns_forked_and_the_parents_goes_on(scene *s)
{
    gated_stream(s->peer, 0, 1);
    begin_until(s, BELUGA_EVENT_TEXT);
    for (int i = 0; i < 3; i++) in_child(leave_stream, s->stream);
    peer_open_gate(s->peer, 0);
    pull_to_the_end(s);
    assert_story(&s->r, "start metadata [Hello] [ world] finish(stop)");
    assert_int_equal(peer_connections(s->peer), 1);
}

/* The events in the queue belong to the parent's stream, so the child must not get them. */
static void an_inherited_stream_gives_none_of_the_events_that_wait(scene *s)
{
    script(s->peer, STREAMS("Hello big wide world"));
    s->stream = begin_stream(s->model, NULL);
    assert_non_null(pull_one(s->stream, &s->r));
    in_child(leave_stream, s->stream);
    pull_to_the_end(s);
    assert_int_equal(s->r.finishes, 1);
    assert_int_equal(s->r.texts, 4);
}

/* --- a loop of the host program --------------------------------------------------------------- */

/* Some time after a transfer has connected, libcurl checks it again. Wait until this has happened:
 * the check would hide that a child removed a descriptor from the parent's poller. */
static void let_timers_pass(beluga_loop *loop)
{
    struct timespec rest = {.tv_nsec = 300000000};
    nanosleep(&rest, NULL);
    step_until_quiet(loop);
}

typedef struct family {
    beluga_loop *loop;
    beluga_op *op;
    beluga_chat_model *model;
    record r;
} family;

static int leave_loop(void *argument)
{
    family *f = argument;
    record r = {0};
    beluga_op *op = f->op;
    beluga_error err = {0};
    beluga_messages *messages = beluga_messages_new();
    beluga_messages_add(messages, beluga_human_message("Hi"));
    CHECK(1, beluga_loop_step(f->loop) == BELUGA_ERROR_FORKED);
    CHECK(2, beluga_loop_wait(f->loop, 1000) == BELUGA_ERROR_FORKED);
    CHECK(3, beluga_stream_start(f->model, f->loop, NULL, messages, record_event, &r, &op, &err) ==
                 BELUGA_ERROR_FORKED);
    CHECK(4, !op && err.code == BELUGA_ERROR_FORKED);
    CHECK(5, beluga_generate_start(f->model, f->loop, NULL, messages, record_event, &r, &op,
                                   &err) == BELUGA_ERROR_FORKED);
    beluga_op_pause(f->op, true);
    beluga_op_cancel(f->op);
    beluga_op_free(f->op);
    beluga_loop_free(f->loop);
    beluga_chat_model_unref(f->model);
    beluga_messages_free(messages);
    CHECK(6, r.events == 0 && f->r.texts == 1);
    return 0;
}

static void an_inherited_loop_returns_forked_and_the_parents_calls_go_on(void **state)
{
    peer *p = *state;
    family f = {.loop = new_loop(), .model = open_peer_with(p, beluga_with_timeout_ms(5000))};
    gated_stream(p, 0, 1);
    f.op = push_stream(f.model, f.loop, NULL, &f.r);
    while (!f.r.texts) poll_and_step(f.loop);
    let_timers_pass(f.loop);
    for (int i = 0; i < 3; i++) in_child(leave_loop, &f);
    peer_open_gate(p, 0);
    assert_int_equal(peer_wait_outcome(p, 0, PEER_ANSWERED, PATIENCE_MS), 0);
    step_until_end(f.loop, &f.r);
    assert_story(&f.r, "start metadata [Hello] [ world] finish(stop)");
    assert_int_equal(peer_connections(p), 1);
    beluga_op_free(f.op);
    beluga_chat_model_unref(f.model);
    beluga_loop_free(f.loop);
}

/* ---- a child's own calls --------------------------------------------------------------------- */

static int call_on_ones_own(void *argument)
{
    beluga_chat_model *model = argument;
    record r = {0};
    beluga_loop *loop;
    beluga_response *response;
    for (int i = 0; i < 2; i++) {
        CHECK(1, beluga_invoke(model, NULL, beluga_input_text("Hi"), &response, NULL) == 0);
        CHECK(2, strcmp(beluga_response_text(response, NULL), "Hello") == 0);
        beluga_response_free(response);
    }
    beluga_messages *messages = beluga_messages_new();
    beluga_messages_add(messages, beluga_human_message("Hi"));
    CHECK(3, beluga_loop_new(NULL, &loop) == 0);
    CHECK(4, beluga_stream_start(model, loop, NULL, messages, record_event, &r, NULL, NULL) == 0);
    beluga_messages_free(messages);
    while (beluga_loop_active(loop)) CHECK(5, beluga_loop_wait(loop, -1) == 0);
    CHECK(6, r.finishes == 1);
    beluga_loop_free(loop);
    return 0;
}

static void a_child_calls_over_connections_of_its_own(scene *s)
{
    script(s->peer, REPEATS(PEER_FOR_EVER), ANSWERS("Hello"));
    expect_text(s, "Hello"); /* this opens a connection, which is kept */
    in_child(call_on_ones_own, s->model);
    expect_text(s, "Hello");
    assert_int_equal(peer_request_connection(s->peer, 0), 0);
    for (size_t i = 1; i < 4; i++) assert_int_not_equal(peer_request_connection(s->peer, i), 0);
    assert_int_equal(peer_request_connection(s->peer, 4),
                     0); /* the connection of the parent is still open */
}

static int call_and_exit(void *argument)
{
    int failed = call_on_ones_own(argument);
    beluga_chat_model_unref(argument);
    exit(failed); /* also calls the functions that were registered with atexit */
}

static void a_child_that_exits_in_good_order_does_not_hang(scene *s)
{
#ifdef __SANITIZE_ADDRESS__
    print_message(
        "# the leak checker takes what the parent's threads hold for leaks of the child\n");
    skip();
#endif
    gated_stream(s->peer, 0, 1);
    script(s->peer, REPEATS(PEER_FOR_EVER), ANSWERS("Hello"));
    begin_until(s, BELUGA_EVENT_TEXT);
    in_child(call_and_exit, beluga_chat_model_ref(s->model));
    peer_open_gate(s->peer, 0);
    pull_to_the_end(s);
    assert_int_equal(s->r.finishes, 1);
    beluga_chat_model_unref(s->model); /* the child's copy of this reference ended with the child */
}

/* --- the executor ----------------------------------------------------------------------------- */

static void skip_under_tsan(void)
{
    if (!UNDER_TSAN) return;
    print_message("# the thread sanitizer allows no new threads in a child\n");
    skip();
}

static int resolve_a_key(void *argument)
{
    beluga_response *response;
    CHECK(1, beluga_invoke(argument, NULL, beluga_input_text("Hi"), &response, NULL) == 0);
    beluga_response_free(response);
    return 0;
}

static void work_that_blocks_runs_in_a_child_too(void **state)
{
    peer *p = *state;
    skip_under_tsan();
    script(p, REPEATS(PEER_FOR_EVER), ANSWERS("Hello"));
    beluga_chat_model *warm = open_peer_with(p, beluga_with_api_key("command:echo one"));
    assert_int_equal(generate(warm, "Hello", NULL), 0); /* now the pool has a thread */
    beluga_chat_model *cold = open_peer_with(p, beluga_with_api_key("command:echo two"));
    in_child(resolve_a_key, cold);
    assert_string_equal(peer_request_header(p, 1, "Authorization"), "Bearer two");
    assert_int_equal(generate(cold, "Hello", NULL), 0);
    beluga_chat_model_unref(cold);
    beluga_chat_model_unref(warm);
}

/* The thread that fetches the key exists only in the parent. A child that waited for it would wait
 * for ever. */
static void a_child_does_not_wait_for_a_key_that_its_parent_asked_for(scene *s)
{
    skip_under_tsan();
    char folder[FOLDER_BYTES], go_on[64], command[320];
    assert_true(folder_make(folder, "fork"));
    snprintf(go_on, sizeof go_on, "%s/go-on", folder);
    snprintf(command, sizeof command,
             "command:test -e %s/asked && echo two || { touch %s/asked; "
             "while ! test -e %s; do sleep 0.05; done; echo one; }",
             folder, folder, go_on);
    open_with(s, beluga_with_api_key(command));
    script(s->peer, REPEATS(PEER_FOR_EVER), ANSWERS("Hello"));
    push(s);
    char asked[64];
    snprintf(asked, sizeof asked, "%s/asked", folder);
    while (access(asked, F_OK)) usleep(1000);
    in_child(resolve_a_key, s->model);
    assert_string_equal(peer_request_header(s->peer, 0, "Authorization"), "Bearer two");
    FILE *file = fopen(go_on, "w");
    fclose(file);
    step_to_the_end(s);
    assert_int_equal(s->r.finishes, 1);
    assert_string_equal(peer_request_header(s->peer, 1, "Authorization"), "Bearer one");
    assert_true(folder_remove(folder));
}

/* ---- state that the calls of a model share --------------------------------------------------- */

static int answers_in_child(void *argument)
{
    beluga_response *response = NULL;
    CHECK(1, beluga_invoke(argument, NULL, beluga_input_text("Hi"), &response, NULL) == 0);
    beluga_response_free(response);
    return 0;
}

static void a_child_does_not_wait_for_its_parents_calls_to_end(scene *s)
{
    open_with(s, beluga_with_max_concurrent_calls(1), beluga_with_limit_wait_ms(0));
    gated_stream(s->peer, 0, 1);
    begin_until(s, BELUGA_EVENT_TEXT);
    script(s->peer, ANSWERS("Hello"));
    in_child(answers_in_child, s->model);
    /* in the parent, the limit of one call at a time still applies */
    expect_failure(s, BELUGA_ERROR_RATE_LIMIT);
    peer_open_gate(s->peer, 0);
    pull_to_the_end(s);
}

static void a_child_sends_probes_of_its_own(scene *s)
{
    open_with(s, beluga_with_breaker_failures(1), beluga_with_breaker_open_time_ms(1));
    script(s->peer, FAILS(503, NULL));
    expect_failure(s, BELUGA_ERROR_OVERLOADED);
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    gated_stream(s->peer, 0, 1);
    beluga_stream *probe = begin_stream(s->model, NULL);
    pull_until(probe, &s->r, BELUGA_EVENT_TEXT);
    expect_failure(s, BELUGA_ERROR_CIRCUIT_OPEN);
    script(s->peer, ANSWERS("Hello"));
    in_child(answers_in_child, s->model);
    peer_open_gate(s->peer, 0);
    pull_all(probe, &s->r);
    assert_int_equal(s->r.finishes, 1);
    beluga_stream_free(probe);
}

static const char any_key[] = "0123456789012345678901234567890123456789012345678901234567890123";

typedef struct reader {
    const beluga_cache_store *store;
    sem_t reads, may_end;
} reader;

static void found_slowly(void *to, const char *value, size_t length)
{
    reader *r = to;
    (void)value;
    (void)length;
    sem_post(&r->reads);
    while (sem_wait(&r->may_end) && errno == EINTR) continue;
}

static void *read_slowly(void *argument)
{
    reader *r = argument;
    r->store->get(r->store->payload, any_key, found_slowly, r);
    return NULL;
}

static void found_nothing(void *to, const char *value, size_t length)
{
    (void)value;
    (void)length;
    *(bool *)to = true;
}

static int use_store(void *argument)
{
    const beluga_cache_store *store = argument;
    bool found = false;
    store->get(store->payload, any_key, found_nothing, &found);
    CHECK(1, !found);
    store->put(store->payload, any_key, "[]", 2, PATIENCE_MS);
    store->get(store->payload, any_key, found_nothing, &found);
    CHECK(2, found);
    return 0;
}

/* The thread that would release the lock does not exist in the child. */
static void a_child_does_not_hang_on_a_lock_that_a_thread_of_its_parent_holds(void **state)
{
    (void)state;
    needs_part("cache");
    pthread_t thread;
    beluga_memory_cache *cache = beluga_memory_cache_new(0);
    reader r = {.store = beluga_memory_cache_store(cache)};
    assert_int_equal(sem_init(&r.reads, 0, 0), 0);
    assert_int_equal(sem_init(&r.may_end, 0, 0), 0);
    r.store->put(r.store->payload, any_key, "[]", 2, PATIENCE_MS);
    assert_int_equal(pthread_create(&thread, NULL, read_slowly, &r), 0);
    while (sem_wait(&r.reads) && errno == EINTR) continue;
    in_child(use_store, (void *)(uintptr_t)r.store);
    sem_post(&r.may_end);
    pthread_join(thread, NULL);
    sem_destroy(&r.reads);
    sem_destroy(&r.may_end);
    beluga_memory_cache_free(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(an_inherited_stream_returns_forked_and_the_parents_goes_on),
        SCENE(an_inherited_stream_gives_none_of_the_events_that_wait),
        ON_PEER(an_inherited_loop_returns_forked_and_the_parents_calls_go_on),
        SCENE(a_child_calls_over_connections_of_its_own),
        SCENE(a_child_that_exits_in_good_order_does_not_hang),
        ON_PEER(work_that_blocks_runs_in_a_child_too),
        SCENE(a_child_does_not_wait_for_a_key_that_its_parent_asked_for),
        SCENE(a_child_does_not_wait_for_its_parents_calls_to_end),
        SCENE(a_child_sends_probes_of_its_own),
        cmocka_unit_test(a_child_does_not_hang_on_a_lock_that_a_thread_of_its_parent_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
