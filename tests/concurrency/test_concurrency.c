/* Many threads use one model, one client, or several clients. No call may disturb another, and
 * objects are freed when their last user releases them. `make tsan` runs this under the thread
 * sanitizer. */
#include "../support/meter.h"
#include "../support/openai.h"
#include "../support/small_provider.h"
#include "team.h"

#include <beluga/provider/provider.h>

#include <stdio.h>
#include <unistd.h>

enum { FEW = 8, MANY = TEAM_MOST, ROUNDS = 20, BATCH = 12, CALLS = 1000, NAMES = 512 };

/* ---- kinds of work --------------------------------------------------------------------------- */

static void echo_once(team *t, beluga_chat_model *model, unsigned number, unsigned round)
{
    char question[64];
    beluga_response *response = NULL;
    snprintf(question, sizeof question, "question %u of %u", round, number);
    int status = beluga_invoke(model, NULL, beluga_input_text(question), &response, NULL,
                               beluga_with_temperature(0.5));
    team_expect(t, status == 0 && strcmp(beluga_response_text(response, NULL), question) == 0);
    beluga_response_free(response);
}

static void stream_once(team *t, beluga_chat_model *model, unsigned number)
{
    char question[64], text[64];
    size_t length = 0;
    beluga_stream *stream = NULL;
    const beluga_event *event = NULL;
    snprintf(question, sizeof question, "stream of %u", number);
    int status = beluga_stream_input(model, NULL, beluga_input_text(question), &stream, NULL);
    while (!status && (status = beluga_stream_next(stream, &event, NULL)) == 0 && event) {
        if (event->kind != BELUGA_EVENT_TEXT || length + event->u.text.length >= sizeof text)
            continue;
        memcpy(text + length, event->u.text.text, event->u.text.length);
        length += event->u.text.length;
    }
    text[length] = '\0';
    team_expect(t, status == 0 && strcmp(text, question) == 0);
    beluga_stream_free(stream);
}

static beluga_tool *new_tool(unsigned number)
{
    char name[32];
    beluga_tool *tool = NULL;
    snprintf(name, sizeof name, "tool_%u", number);
    const beluga_tool_definition definition = {.size = sizeof definition,
                                               .name = name,
                                               .description = "A tool",
                                               .parameters = "{\"type\":\"object\"}"};
    beluga_tool_new(&definition, &tool, NULL);
    return tool;
}

static void bind_once(team *t, beluga_chat_model *model, unsigned number)
{
    beluga_tool *tool = new_tool(number);
    beluga_chat_model *bound = NULL;
    team_expect(t, tool && beluga_bind_tools(model, &tool, 1, &bound, NULL) == 0);
    team_expect(t, bound && beluga_chat_model_tool(bound, 0) == tool &&
                       beluga_chat_model_tool_count(model) == 0);
    if (bound) echo_once(t, bound, number, 0);
    beluga_chat_model_unref(bound);
    beluga_tool_unref(tool);
}

static void batch_once(team *t, beluga_chat_model *model, unsigned number)
{
    char questions[BATCH][32];
    beluga_input inputs[BATCH];
    beluga_batch_result *results = calloc(BATCH, sizeof *results);
    if (!results) return;
    for (int i = 0; i < BATCH; i++) {
        snprintf(questions[i], sizeof *questions, "input %d of %u", i, number);
        inputs[i] = beluga_input_text(questions[i]);
    }
    team_expect(t, beluga_batch(model, NULL, inputs, BATCH, results, NULL) == 0);
    for (int i = 0; i < BATCH; i++) {
        const char *text =
            results[i].response ? beluga_response_text(results[i].response, NULL) : "";
        team_expect(t, strcmp(text, questions[i]) == 0);
    }
    beluga_batch_results_clear(results, BATCH);
    free(results);
}

static void look_around(team *t, beluga_chat_model *model, unsigned number)
{
    beluga_health health;
    const char *names[NAMES];
    team_expect(t, beluga_check_health(model, NULL, number % 2, &health, NULL) == 0);
    team_expect(t, strcmp(health.state, "healthy") == 0);
    size_t n = beluga_registry_list(t->registry, names, NAMES);
    team_expect(t, n >= 2 && n <= NAMES && strcmp(names[n - 1], names[0]) > 0);
    team_expect(t, beluga_registry_contains(t->registry, "mock"));
}

/* Use a model in every way that is possible; each thread begins with a different action. */
static void everything(team *t, unsigned number)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        switch ((number + round) % 5) {
        case 0: echo_once(t, t->model, number, round); break;
        case 1: stream_once(t, t->model, number); break;
        case 2: bind_once(t, t->model, number); break;
        case 3: batch_once(t, t->model, number); break;
        case 4: look_around(t, t->model, number); break;
        }
    }
}

/* ---- on mock --------------------------------------------------------------------------------- */

static void eight_threads_do_everything_with_one_model(void **state)
{
    team_run(*state, FEW, everything);
}

static void fifty_threads_do_everything_with_one_model(void **state)
{
    team_run(*state, MANY, everything);
}

static void twenty_calls_at_once_are_each_answered(void **state)
{
    team *t = *state;
    for (int i = 0; i < 5; i++) team_run(t, 20, everything);
}

static void generate_a_share(team *t, unsigned number)
{
    for (unsigned i = 0; i < CALLS / MANY; i++) echo_once(t, t->model, number, i);
}

static void a_thousand_calls_are_each_answered(void **state)
{
    team_run(*state, MANY, generate_a_share);
}

static void own_client(team *t, unsigned number)
{
    beluga_client *client = NULL;
    team_expect(t, beluga_client_new(NULL, &client) == 0);
    if (!client) return;
    beluga_chat_model *model = NULL;
    beluga_config *config = beluga_config_new(beluga_with_model_name("echo"));
    team_expect(
        t, beluga_registry_open(beluga_client_registry(client), "mock", config, &model, NULL) == 0);
    beluga_config_free(config);
    beluga_client_unref(client); /* the model keeps a reference */
    if (model) {
        echo_once(t, model, number, 0);
        stream_once(t, model, number);
        batch_once(t, model, number);
    }
    beluga_chat_model_unref(model);
}

static void threads_with_clients_of_their_own_share_nothing(void **state)
{
    team_run(*state, FEW, own_client);
}

static void use_the_default(team *t, unsigned number)
{
    beluga_registry *registry = beluga_registry_default();
    team_expect(t, registry == beluga_client_registry(beluga_client_default()));
    beluga_chat_model *model = NULL;
    beluga_config *config = beluga_config_new(beluga_with_model_name("echo"));
    team_expect(t, beluga_registry_open(registry, "mock", config, &model, NULL) == 0);
    beluga_config_free(config);
    if (model) echo_once(t, model, number, 0);
    beluga_chat_model_unref(model);
}

static void the_default_client_is_made_once(void **state)
{
    team_run(*state, FEW, use_the_default);
}

/* Each thread has one reference to the client and one to the model, and releases both while other
 * threads still use them. */
static void call_and_let_go(team *t, unsigned number)
{
    for (unsigned i = 0; i < 3; i++) echo_once(t, t->model, number, i);
    beluga_client_unref(t->client);
    for (unsigned i = 0; i < 3; i++) stream_once(t, t->model, number);
    batch_once(t, t->model, number);
    beluga_chat_model_unref(t->model);
}

static void a_client_goes_with_the_last_of_its_users(void **state)
{
    meter m = {0};
    const beluga_allocator counted = meter_allocator(&m);
    const beluga_client_settings settings = {.size = sizeof settings, .allocator = &counted};
    (void)state;
    for (int round = 0; round < 10; round++) {
        team t = {.client = NULL};
        assert_int_equal(beluga_client_new(&settings, &t.client), 0);
        t.model = team_open_in(t.client, "mock", "echo", NULL);
        for (int i = 1; i < FEW; i++) {
            beluga_client_ref(t.client);
            beluga_chat_model_ref(t.model);
        }
        assert_true(atomic_load(&m.live) > 0);
        team_run(&t, FEW, call_and_let_go);
        assert_int_equal(atomic_load(&m.live), 0);
    }
}

/* ---- the registry ---------------------------------------------------------------------------- */

static int start_mute(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    (void)self;
    (void)call;
    (void)err;
    return beluga_emit_finish(emit, BELUGA_FINISH_STOP, NULL);
}

static char mute_names[MANY][16];
static beluga_provider mutes[MANY];

static void register_and_list(team *t, unsigned number)
{
    const char *names[NAMES];
    for (unsigned i = 0; i < FEW; i++) {
        const beluga_provider *p = &mutes[(number * FEW + i) % MANY];
        team_expect(t, beluga_registry_register(t->registry, p, NULL) == 0);
        team_expect(t, beluga_registry_get(t->registry, p->name) == p);
        size_t n = beluga_registry_list(t->registry, names, NAMES);
        team_expect(t, n <= NAMES);
        for (size_t k = 1; k < n && k < NAMES; k++)
            team_expect(t, strcmp(names[k - 1], names[k]) < 0);
    }
}

static void providers_are_registered_while_others_list_them(void **state)
{
    team *t = *state;
    size_t before = beluga_registry_list(t->registry, NULL, 0);
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(mute_names[i], sizeof *mute_names, "mute-%02u", i);
        mutes[i] = (beluga_provider){BELUGA_PROVIDER_INIT(mute_names[i]), .start = start_mute,
                                     .cancel = small_provider_cancel};
    }
    team_run(t, FEW, register_and_list);
    assert_int_equal(beluga_registry_list(t->registry, NULL, 0), before + MANY);
}

/* ---- over HTTP ------------------------------------------------------------------------------- */

static void over_http(team *t, unsigned number)
{
    for (unsigned round = 0; round < FEW; round++) {
        beluga_response *response = NULL;
        bool streamed = (number + round) % 2;
        int status = beluga_invoke(t->model, NULL, beluga_input_text("Hi"), &response, NULL,
                                   beluga_with_wire_streaming(streamed));
        team_expect(t, status == 0 &&
                           strcmp(beluga_response_text(response, NULL), "peer-chat says so") == 0);
        beluga_response_free(response);
    }
}

static void threads_share_a_model_over_http(void **state)
{
    team *t = *state;
    team_serve(t);
    team_run(t, 16, over_http);
    assert_int_equal(peer_requests(t->peer), 16 * FEW);
    assert_true(peer_connections(t->peer) < 16 * FEW); /* connections are reused */
    assert_int_equal(peer_unscripted(t->peer), 0);
}

static void unstreamed_over_http(team *t, unsigned number)
{
    (void)number;
    for (int i = 0; i < 4; i++) {
        beluga_response *response = NULL;
        team_expect(t,
                    beluga_invoke(t->model, NULL, beluga_input_text("Hi"), &response, NULL) == 0);
        beluga_response_free(response);
    }
}

static void loops_idle_for_too_long_close_their_connections(void **state)
{
    team *t = *state;
    team_serve(t);
    team_run(t, 16, unstreamed_over_http);
    /* Wait longer than a loop may be idle, so that the next call closes all loops but its own. */
    usleep(5000);
    unstreamed_over_http(t, 0);
    assert_int_equal(atomic_load(&t->wrong), 0);
    assert_int_equal(peer_wait_closed(t->peer, peer_connections(t->peer) - 1, PATIENCE_MS), 0);
}

static void wait_to_be_cancelled(team *t, unsigned number)
{
    beluga_stream *stream = NULL;
    const beluga_event *event;
    beluga_context *context = beluga_context_new_timeout(t->context, 60000);
    int status = beluga_stream_input(t->model, context, beluga_input_text("Hi"), &stream, NULL);
    while (!status) status = beluga_stream_next(stream, &event, NULL);
    team_expect(t, status == BELUGA_ERROR_CONTEXT_CANCELED);
    team_expect(t, beluga_stream_next(stream, &event, NULL) == status);
    beluga_stream_free(stream);
    beluga_context_unref(context);
    (void)number;
}

typedef struct canceller {
    beluga_context *context;
    peer *peer;
} canceller;

static void *cancel_when_all_wait(void *argument)
{
    canceller *c = argument;
    if (peer_wait_requests(c->peer, 16, PATIENCE_MS) == 0) beluga_context_cancel(c->context);
    return NULL;
}

static void one_context_cancels_the_calls_of_all_threads(void **state)
{
    team *t = *state;
    pthread_t thread;
    canceller c = {beluga_context_new_cancellable(NULL), t->peer};
    peer_reply *r = peer_reply_new(t->peer);
    peer_reply_repeat(r, PEER_FOR_EVER);
    peer_openai_begin(r);
    peer_openai_text(r, "Half");
    peer_step_hang(r);
    beluga_chat_model_unref(t->model);
    t->model = team_open_in(t->client, "openai", "any", peer_url(t->peer));
    t->context = c.context;
    assert_int_equal(pthread_create(&thread, NULL, cancel_when_all_wait, &c), 0);
    team_run(t, 16, wait_to_be_cancelled);
    pthread_join(thread, NULL);
    beluga_context_unref(c.context);
    assert_int_equal(peer_wait_all_closed(t->peer, PATIENCE_MS), 0);
}

/* ---- fetched keys ---------------------------------------------------------------------------- */

/* The executor of a host program without threads: it runs the work at once. */
static int do_at_once(void *payload, void (*work)(void *), void *argument)
{
    atomic_fetch_add((atomic_uint *)payload, 1);
    work(argument);
    return 0;
}

static int refuse_work(void *payload, void (*work)(void *), void *argument)
{
    (void)work;
    (void)argument;
    atomic_fetch_add((atomic_uint *)payload, 1);
    return BELUGA_ERROR_LIMIT_EXCEEDED;
}

/* Open a client with this executor, and a model whose key is fetched with the executor. */
static void open_on(team *t, int (*submit)(void *, void (*)(void *), void *), atomic_uint *count)
{
    const beluga_executor executor = {submit, count};
    const beluga_client_settings settings = {.size = sizeof settings, .executor = &executor};
    beluga_config *config =
        beluga_config_new(beluga_with_model_name("any"), beluga_with_base_url(peer_url(t->peer)),
                          beluga_with_api_key("command:echo " SECRET_KEY));
    team_serve(t);
    beluga_chat_model_unref(t->model);
    beluga_client_unref(t->client);
    assert_int_equal(beluga_client_new(&settings, &t->client), 0);
    beluga_registry *registry = beluga_client_registry(t->client);
    assert_int_equal(beluga_registry_open(registry, "openai", config, &t->model, NULL), 0);
    beluga_config_free(config);
}

static void a_hosts_executor_may_do_the_work_at_once(void **state)
{
    team *t = *state;
    atomic_uint submitted = 0;
    open_on(t, do_at_once, &submitted);
    team_run(t, FEW, over_http);
    assert_int_equal(atomic_load(&submitted), 1);
    assert_string_equal(peer_request_header(t->peer, 0, "authorization"), "Bearer " SECRET_KEY);
}

static void refused(team *t, unsigned number)
{
    beluga_response *response = NULL;
    beluga_error err = {0};
    (void)number;
    int status = beluga_invoke(t->model, NULL, beluga_input_text("Hi"), &response, &err);
    team_expect(t, status == BELUGA_ERROR_LIMIT_EXCEEDED && strstr(err.message, "key"));
}

static void work_that_an_executor_refuses_fails_every_call_that_waits_for_it(void **state)
{
    team *t = *state;
    atomic_uint submitted = 0;
    open_on(t, refuse_work, &submitted);
    team_run(t, FEW, refused);
    assert_int_equal(peer_requests(t->peer), 0);
    assert_in_range(atomic_load(&submitted), 1, FEW);
}

static void threads_wait_for_one_key_from_a_command(void **state)
{
    team *t = *state;
    char path[] = "/tmp/beluga-test-XXXXXX", command[128];
    beluga_error err = {0};
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    team_serve(t);
    beluga_chat_model_unref(t->model);
    snprintf(command, sizeof command, "command:echo run >> %s; echo %s", path, SECRET_KEY);
    beluga_config *config =
        beluga_config_new(beluga_with_model_name("any"), beluga_with_base_url(peer_url(t->peer)),
                          beluga_with_api_key(command));
    t->model = NULL;
    if (beluga_registry_open(t->registry, "openai", config, &t->model, &err))
        fail_msg("%s", err.message);
    beluga_config_free(config);
    team_run(t, FEW, over_http);
    assert_string_equal(peer_request_header(t->peer, 0, "authorization"), "Bearer " SECRET_KEY);
    FILE *file = fopen(path, "r");
    char runs[64] = "";
    size_t length = file ? fread(runs, 1, sizeof runs - 1, file) : 0;
    if (file) fclose(file);
    unlink(path);
    assert_int_equal(length, strlen("run\n"));
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, team_set_up, team_tear_down)
#define WITH_SMALL_POOL(test) \
    cmocka_unit_test_setup_teardown(test, team_set_up_with_a_small_pool, team_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(eight_threads_do_everything_with_one_model),
        WITH_SMALL_POOL(fifty_threads_do_everything_with_one_model),
        WITH(twenty_calls_at_once_are_each_answered),
        WITH(a_thousand_calls_are_each_answered),
        WITH(threads_with_clients_of_their_own_share_nothing),
        WITH(the_default_client_is_made_once),
        WITH(providers_are_registered_while_others_list_them),
        WITH(threads_share_a_model_over_http),
        WITH_SMALL_POOL(loops_idle_for_too_long_close_their_connections),
        WITH(one_context_cancels_the_calls_of_all_threads),
        WITH(threads_wait_for_one_key_from_a_command),
        WITH(a_hosts_executor_may_do_the_work_at_once),
        WITH(work_that_an_executor_refuses_fails_every_call_that_waits_for_it),
        cmocka_unit_test(a_client_goes_with_the_last_of_its_users),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
