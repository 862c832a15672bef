/* A closed client no longer uses any object that its settings name; if it still does, closing fails
 * and reports that. The memory of these tests' allocator is freed right after the close, so that
 * the address sanitizer finds later accesses. */
#include "../support/calls.h"
#include "../support/parts.h"
#include "closing.h"

#include <beluga/providers/mock.h>
#include <beluga/tool_loop.h>

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 6, ROUNDS = 100, CHILD_PATIENCE_S = 60 };

/* ---- closing --------------------------------------------------------------------------------- */

/* Make a call with a model that is freed afterwards, and return the response. */
static beluga_response *ask_mock(closing *s)
{
    beluga_chat_model *model = open_model(s, "mock");
    beluga_response *response = ask(model);
    beluga_chat_model_unref(model);
    return response;
}

static void assert_answer(beluga_response *response)
{
    assert_string_equal(beluga_response_text(response, NULL), "Hi");
    beluga_response_free(response);
}

static void a_closed_client_is_done_with_its_allocator(void **state)
{
    use_mock(*state);
    close_and_delete(*state);
}

static void a_close_that_comes_to_no_end_changes_nothing(void **state)
{
    closing *s = *state;
    beluga_chat_model *model = open_model(s, "mock");
    for (int i = 0; i < 3; i++) {
        assert_held(s, 1);
        use(model);
    }
    beluga_chat_model_unref(model);
    close_and_delete(s);
}

static void whatever_holds_a_client_is_counted(void **state)
{
    closing *s = *state;
    beluga_loop *loop;
    assert_int_equal(beluga_loop_new(s->client, &loop), 0);
    assert_held(s, 1);
    beluga_loop_free(loop);
    beluga_client_ref(s->client);
    assert_held(s, 1);
    beluga_client_unref(s->client);
    beluga_chat_model *model = open_model(s, "mock");
    beluga_stream *stream = begin_stream(model, NULL);
    /* One reference belongs to the loop of the stream, the other to the settings that the model and
     * its streams share. */
    assert_held(s, 2);
    beluga_chat_model_unref(model);
    assert_held(s, 2);
    beluga_stream_free(stream);
}

static void a_response_holds_a_client_with_an_allocator_of_its_own(void **state)
{
    beluga_response *response = ask_mock(*state);
    assert_held(*state, 1);
    assert_answer(response);
    close_and_delete(*state);
}

static void a_response_is_whole_although_its_client_was_let_go(void **state)
{
    closing *s = *state;
    beluga_response *response = ask_mock(s);
    beluga_client_unref(s->client);
    assert_answer(response);
    delete_memory(s);
}

static void no_client_is_closed_at_once(void **state)
{
    (void)state;
    assert_int_equal(beluga_client_close(NULL, 0, NULL), 0);
}

static size_t count_descriptors(void)
{
    size_t n = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    while (readdir(folder)) n++;
    closedir(folder);
    return n;
}

static beluga_chat_model *open_by_name(const char *name)
{
    beluga_chat_model *model = NULL;
    beluga_error err = {0};
    if (beluga_model_open(name, &model, &err)) fail_msg("%s", err.message);
    return model;
}

/* This happens when an extension that uses the default client is loaded and unloaded again. */
static void the_default_client_is_closed_and_made_anew(void **state)
{
    (void)state;
    size_t before = count_descriptors();
    for (int cycle = 0; cycle < 3; cycle++) {
        beluga_chat_model *model = open_by_name("mock/any");
        beluga_response_free(ask(model));
        assert_int_equal(beluga_client_close(beluga_client_default(), 0, NULL),
                         BELUGA_ERROR_TIMEOUT);
        beluga_response_free(ask(model)); /* after a failed close the client still works */
        beluga_client *client = beluga_client_default();
        beluga_chat_model_unref(model);
        assert_int_equal(beluga_client_close(client, PATIENCE_MS, NULL), 0);
        assert_int_equal(count_descriptors(), before);
    }
}

/* ---- late workers ---------------------------------------------------------------------------- */

/* Cancel a call while its worker still runs. */
static void abandon_a_worker(closing *s)
{
    beluga_chat_model *model = open_model(s, "worker");
    beluga_loop *loop = NULL;
    record r = {0};
    assert_int_equal(beluga_loop_new(s->client, &loop), 0);
    beluga_op *op = push_stream(model, loop, NULL, &r);
    while (sem_trywait(&at_work)) assert_int_equal(beluga_loop_wait(loop, 1), 0);
    beluga_op_free(op);
    beluga_loop_free(loop);
    beluga_chat_model_unref(model);
}

static void a_worker_that_comes_late_is_waited_for(void **state)
{
    closing *s = *state;
    for (int round = 0; round < 10; round++) {
        abandon_a_worker(s);
        assert_held(s, 1);
        sem_post(&may_go_on);
        close_and_delete(s);
        open_client(s, NULL);
    }
}

static void a_worker_that_is_still_at_it_is_told_of(void **state)
{
    closing *s = *state;
    beluga_error err = {0};
    abandon_a_worker(s);
    assert_int_equal(beluga_client_close(s->client, 1, &err), BELUGA_ERROR_TIMEOUT);
    if (!strstr(err.message, "(busy threads of the client: 1)")) fail_msg("%s", err.message);
    sem_post(&may_go_on);
}

/* The executor of a host program: it starts a thread for each job. */
typedef struct host_job {
    void (*run)(void *);
    void *argument;
} host_job;

static void *host_thread(void *argument)
{
    host_job j = *(host_job *)argument;
    free(argument);
    j.run(j.argument);
    return NULL;
}

static int host_submit(void *payload, void (*run)(void *), void *argument)
{
    pthread_t thread;
    host_job *j = malloc(sizeof *j);
    (void)payload;
    if (!j) return BELUGA_ERROR_NO_MEMORY;
    *j = (host_job){run, argument};
    if (pthread_create(&thread, NULL, host_thread, j)) {
        free(j);
        return BELUGA_ERROR_NO_MEMORY;
    }
    pthread_detach(thread);
    return 0;
}

static void work_on_a_hosts_executor_is_waited_for(void **state)
{
    static const beluga_executor executor = {host_submit, NULL};
    closing *s = *state;
    for (int round = 0; round < 10; round++) {
        close_and_delete(s);
        open_client(s, &executor);
        abandon_a_worker(s);
        assert_held(s, 1);
        sem_post(&may_go_on);
    }
}

/* ---- closing from inside --------------------------------------------------------------------- */

static void close_in_callback(void *payload, const beluga_event *event)
{
    closing *s = payload;
    (void)event;
    atomic_store(&closed_with, beluga_client_close(s->client, PATIENCE_MS, NULL));
}

static void a_callback_can_not_close_its_client(void **state)
{
    closing *s = *state;
    beluga_chat_model *model = open_model(s, "mock");
    beluga_loop *loop = NULL;
    assert_int_equal(beluga_loop_new(s->client, &loop), 0);
    beluga_op *op = push_to(model, loop, NULL, close_in_callback, s);
    while (beluga_loop_active(loop)) assert_int_equal(beluga_loop_wait(loop, PATIENCE_MS), 0);
    assert_int_equal(atomic_load(&closed_with), BELUGA_ERROR_RECURSIVE);
    beluga_op_free(op);
    beluga_loop_free(loop);
    beluga_chat_model_unref(model);
}

static void a_worker_can_not_close_its_client(void **state)
{
    closing *s = *state;
    beluga_chat_model *model = open_model(s, "worker");
    to_close = s->client;
    beluga_response_free(ask(model));
    to_close = NULL;
    assert_int_equal(atomic_load(&closed_with), BELUGA_ERROR_RECURSIVE);
    beluga_chat_model_unref(model);
}

static void (*deed)(closing *s); /* what the tool does when it is called */

static int do_it(void *payload, beluga_context *ctx, const char *arguments, size_t length,
                 beluga_tool_result *result)
{
    (void)ctx;
    (void)arguments;
    (void)length;
    deed(payload);
    return beluga_tool_result_set(result, "done", 4);
}

/* Open a model of mock that calls the tool once. */
static beluga_chat_model *open_with_tool(closing *s)
{
    const beluga_tool_definition definition = {.size = sizeof definition,
                                               .name = "tool",
                                               .description = "A tool",
                                               .parameters = "{\"type\":\"object\"}",
                                               .execute = do_it,
                                               .payload = s};
    beluga_tool *tool = NULL;
    beluga_chat_model *model = NULL, *bound = NULL;
    beluga_config *config =
        beluga_config_new(beluga_with_model_name("any"),
                          beluga_mock_with_tool_calls("[{\"name\":\"tool\",\"arguments\":{}}]"),
                          beluga_mock_with_responses("\ndone"));
    assert_int_equal(beluga_tool_new(&definition, &tool, NULL), 0);
    assert_int_equal(
        beluga_registry_open(beluga_client_registry(s->client), "mock", config, &model, NULL), 0);
    assert_int_equal(beluga_bind_tools(model, &tool, 1, &bound, NULL), 0);
    beluga_config_free(config);
    beluga_tool_unref(tool);
    beluga_chat_model_unref(model);
    return bound;
}

static int run_tools(closing *s, void (*what)(closing *s), beluga_context *ctx)
{
    deed = what;
    beluga_chat_model *model = open_with_tool(s);
    beluga_messages *messages = beluga_messages_new();
    beluga_response *response = NULL;
    beluga_messages_add(messages, beluga_human_message("Hi"));
    int status = beluga_run_tools(model, ctx, messages, NULL, NULL, &response, NULL);
    beluga_response_free(response);
    beluga_messages_free(messages);
    beluga_chat_model_unref(model);
    return status;
}

static void close_in_tool(closing *s)
{
    close_in_callback(s, NULL);
}

static void a_tool_can_not_close_its_client(void **state)
{
    atomic_store(&closed_with, 0);
    assert_int_equal(run_tools(*state, close_in_tool, NULL), 0);
    assert_int_equal(atomic_load(&closed_with), BELUGA_ERROR_RECURSIVE);
}

static void close_another_in_tool(closing *s)
{
    closing other = {0};
    (void)s;
    open_client(&other, NULL);
    use_mock(&other);
    close_and_delete(&other);
}

static void a_tool_may_close_a_client_of_its_own(void **state)
{
    assert_int_equal(run_tools(*state, close_another_in_tool, NULL), 0);
}

static beluga_context *to_cancel;

/* Cancel the call while its tool still runs. */
static void linger(closing *s)
{
    (void)s;
    beluga_context_cancel(to_cancel);
    while (sem_wait(&may_go_on)) continue;
}

static void a_tool_that_comes_late_is_waited_for(void **state)
{
    closing *s = *state;
    to_cancel = beluga_context_new_cancellable(NULL);
    assert_int_equal(run_tools(s, linger, to_cancel), BELUGA_ERROR_CONTEXT_CANCELED);
    assert_held(s, 1);
    sem_post(&may_go_on);
    close_and_delete(s);
    beluga_context_unref(to_cancel);
}

static int give_key_late(void *payload, char *key, size_t size, int64_t *expires_s,
                         beluga_error *err)
{
    (void)payload;
    (void)expires_s;
    (void)err;
    beluga_context_cancel(to_cancel);
    while (sem_wait(&may_go_on)) continue;
    snprintf(key, size, "late");
    return 0;
}

static void a_key_that_comes_late_is_waited_for(void **state)
{
    static const beluga_key_source source = {.size = sizeof source, .get = give_key_late};
    closing *s = *state;
    beluga_chat_model *model = NULL;
    beluga_config *config =
        beluga_config_new(beluga_with_base_url("http://127.0.0.1:1"), beluga_with_model_name("any"),
                          beluga_with_key_source(&source));
    assert_int_equal(
        beluga_registry_open(beluga_client_registry(s->client), "openai", config, &model, NULL), 0);
    beluga_config_free(config);
    to_cancel = beluga_context_new_cancellable(NULL);
    assert_int_equal(generate_under(model, to_cancel, NULL, NULL), BELUGA_ERROR_CONTEXT_CANCELED);
    beluga_chat_model_unref(model);
    assert_int_equal(beluga_client_close(s->client, 0, NULL), BELUGA_ERROR_TIMEOUT);
    sem_post(&may_go_on);
    close_and_delete(s);
    beluga_context_unref(to_cancel);
}

/* ---- processes and threads ------------------------------------------------------------------- */

static void a_forked_child_can_not_close_its_parents_client(void **state)
{
    closing *s = *state;
    int status = 0;
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        alarm(CHILD_PATIENCE_S);
        _exit(beluga_client_close(s->client, PATIENCE_MS, NULL) == BELUGA_ERROR_FORKED ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

typedef struct user {
    pthread_t thread;
    beluga_chat_model *model;
} user;

static void *use_and_let_go(void *argument)
{
    user *u = argument;
    record r = {0};
    beluga_stream *stream = begin_stream(u->model, NULL);
    beluga_chat_model_unref(u->model);
    pull_all(stream, &r);
    beluga_stream_free(stream);
    return NULL;
}

static void start_users(closing *s, user *users)
{
    for (int i = 0; i < THREADS; i++) {
        users[i].model = open_model(s, "mock");
        assert_int_equal(pthread_create(&users[i].thread, NULL, use_and_let_go, &users[i]), 0);
    }
}

static void a_close_waits_for_calls_on_other_threads(void **state)
{
    closing *s = *state;
    user users[THREADS];
    for (int round = 0; round < ROUNDS; round++) {
        start_users(s, users);
        close_and_delete(s);
        for (int i = 0; i < THREADS; i++) pthread_join(users[i].thread, NULL);
        open_client(s, NULL);
    }
}

/* Try to close, without waiting, until it succeeds. A try fails while a thread still uses the
 * client; the last reference may be released just when a try gives up. */
static void a_close_may_be_tried_again_until_all_is_over(void **state)
{
    closing *s = *state;
    user users[THREADS];
    for (int round = 0; round < ROUNDS; round++) {
        int status;
        start_users(s, users);
        while ((status = beluga_client_close(s->client, 0, NULL)) == BELUGA_ERROR_TIMEOUT) continue;
        assert_int_equal(status, 0);
        delete_memory(s);
        for (int i = 0; i < THREADS; i++) pthread_join(users[i].thread, NULL);
        open_client(s, NULL);
    }
}

static void *close_patiently(void *argument)
{
    closing *s = argument;
    int status;
    do status = beluga_client_close(s->client, PATIENCE_MS, NULL);
    /* This status means that the other thread is closing the client. */
    while (status == BELUGA_ERROR_INVALID_INPUT);
    atomic_store(&closed_with, status);
    return NULL;
}

static void only_one_thread_closes_a_client(void **state)
{
    closing *s = *state;
    pthread_t thread;
    int status;
    beluga_chat_model *model = open_model(s, "mock");
    atomic_store(&closed_with, 1);
    assert_int_equal(pthread_create(&thread, NULL, close_patiently, s), 0);
    do status = beluga_client_close(s->client, 0, NULL);
    while (status == BELUGA_ERROR_TIMEOUT);
    assert_int_equal(status, BELUGA_ERROR_INVALID_INPUT);
    beluga_chat_model_unref(model);
    pthread_join(thread, NULL);
    assert_int_equal(atomic_load(&closed_with), 0);
    delete_memory(s);
}

/* ---- telemetry ------------------------------------------------------------------------------- */

static void count_log(void *payload, beluga_log_level level, const char *event,
                      const beluga_log_field *fields, size_t n)
{
    (void)level;
    (void)event;
    (void)fields;
    (void)n;
    ++*(size_t *)payload;
}

static void telemetry_has_sent_all_and_ended_with_its_client(void **state)
{
    needs_part("telemetry");
    char path[] = "/tmp/beluga-close-XXXXXX", variable[64];
    size_t *logged = calloc(1, sizeof *logged);
    beluga_client *client = NULL;
    beluga_telemetry *telemetry = NULL;
    beluga_error err = {0};
    (void)state;
    close(mkstemp(path));
    snprintf(variable, sizeof variable, "BELUGA_TELEMETRY_FILE=%s", path);
    const char *const variables[] = {variable, "OTEL_METRICS_EXPORTER=none", NULL};
    const beluga_telemetry_settings settings = {
        .size = sizeof settings, .variables = variables, .without_environment = true};
    const beluga_client_settings logging = {
        .size = sizeof logging, .log = count_log, .log_payload = logged};
    assert_int_equal(beluga_client_new(&logging, &client), 0);
    if (beluga_telemetry_init(client, &settings, &telemetry, &err)) fail_msg("%s", err.message);
    beluga_telemetry_unref(telemetry);
    closing s = {.client = client};
    beluga_chat_model *model = open_model(&s, "mock");
    use(model);
    beluga_chat_model_unref(model);
    assert_int_equal(beluga_client_close(client, PATIENCE_MS, NULL), 0);
    free(logged);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    assert_true(ftell(file) > 0);
    fclose(file);
    unlink(path);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, closing_set_up, closing_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_closed_client_is_done_with_its_allocator),
        TEST(a_close_that_comes_to_no_end_changes_nothing),
        TEST(whatever_holds_a_client_is_counted),
        TEST(a_response_holds_a_client_with_an_allocator_of_its_own),
        TEST(a_response_is_whole_although_its_client_was_let_go),
        TEST(no_client_is_closed_at_once),
        TEST(the_default_client_is_closed_and_made_anew),
        TEST(a_worker_that_comes_late_is_waited_for),
        TEST(a_worker_that_is_still_at_it_is_told_of),
        TEST(work_on_a_hosts_executor_is_waited_for),
        TEST(a_callback_can_not_close_its_client),
        TEST(a_worker_can_not_close_its_client),
        TEST(a_tool_can_not_close_its_client),
        TEST(a_tool_may_close_a_client_of_its_own),
        TEST(a_tool_that_comes_late_is_waited_for),
        TEST(a_key_that_comes_late_is_waited_for),
        TEST(a_forked_child_can_not_close_its_parents_client),
        TEST(a_close_waits_for_calls_on_other_threads),
        TEST(a_close_may_be_tried_again_until_all_is_over),
        TEST(only_one_thread_closes_a_client),
        TEST(telemetry_has_sent_all_and_ended_with_its_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
