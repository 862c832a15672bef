/* Keys from a variable, a file or a command: asked for off the loop, once for all that wait. */
#include "../support/calls.h"
#include "../support/meter.h"
#include "../support/script.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* A peer that answers every call, and a folder for what a test needs. */
typedef struct scene {
    peer *p;
    char folder[32];
} scene;

static int begin(void **state)
{
    scene *s = calloc(1, sizeof *s);
    *state = s;
    if (!s) return -1;
    snprintf(s->folder, sizeof s->folder, "/tmp/beluga-keys-XXXXXX");
    if (!mkdtemp(s->folder)) return -1;
    s->p = peer_start();
    script(s->p, REPEATS(PEER_FOR_EVER), ANSWERS("Hello"));
    return s->p ? 0 : -1;
}

static const char *path_in(const scene *s, const char *name)
{
    static char path[4][96];
    static unsigned next;
    char *out = path[next++ % 4];
    snprintf(out, sizeof path[0], "%s/%s", s->folder, name);
    return out;
}

static int end(void **state)
{
    scene *s = *state;
    static const char *const names[] = {"key", "count", "go-on", "over"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) remove(path_in(s, names[i]));
    rmdir(s->folder);
    peer_stop(s->p);
    free(s);
    return 0;
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static size_t lines_of(const char *path)
{
    size_t n = 0;
    FILE *file = fopen(path, "r");
    for (int c; file && (c = getc(file)) != EOF;) n += c == '\n';
    if (file) fclose(file);
    return n;
}

static beluga_chat_model *open_with_key(const scene *s, const char *kind, const char *what)
{
    char reference[512];
    snprintf(reference, sizeof reference, "%s:%s", kind, what);
    return open_peer_with(s->p, beluga_with_api_key(reference));
}

/* A command that writes a line to "count", waits for the file "go-on" (but not for ever), and says
 * a key. */
static void slow_command(const scene *s, char *command, size_t size)
{
    snprintf(command, size,
             "command:echo asked >> %s; n=0; until test -e %s || test $n -ge 1500; do n=$((n + "
             "1)); sleep 0.02; done;"
             " touch %s; echo sk-from-a-command",
             path_in(s, "count"), path_in(s, "go-on"), path_in(s, "over"));
}

static beluga_chat_model *open_with_slow_command(const scene *s)
{
    char command[400];
    slow_command(s, command, sizeof command);
    return open_peer_with(s->p, beluga_with_api_key(command));
}

static const char *key_sent(const scene *s, size_t i)
{
    return peer_request_header(s->p, i, "Authorization");
}

/* --- variables and files ---------------------------------------------------------------------- */

static void a_variable_is_read_when_the_model_opens(void **state)
{
    scene *s = *state;
    setenv("BELUGA_TEST_KEY", "from-the-environment", 1);
    beluga_chat_model *model = open_with_key(s, "env", "BELUGA_TEST_KEY");
    unsetenv("BELUGA_TEST_KEY");
    assert_int_equal(generate(model, "Hello", NULL), 0);
    assert_string_equal(key_sent(s, 0), "Bearer from-the-environment");
    beluga_chat_model_unref(model);
}

static void an_empty_variable_is_named_when_the_model_opens(void **state)
{
    (void)state;
    beluga_error err = {0};
    beluga_chat_model *model;
    unsetenv("BELUGA_TEST_KEY");
    beluga_config *config = beluga_config_new(beluga_with_api_key("env:BELUGA_TEST_KEY"));
    assert_int_equal(
        beluga_registry_open(beluga_registry_default(), "openai", config, &model, &err),
        BELUGA_ERROR_AUTHENTICATION);
    assert_null(model);
    assert_non_null(strstr(err.message, "BELUGA_TEST_KEY"));
    beluga_config_free(config);
}

static void a_file_gives_its_first_line_without_the_white_space(void **state)
{
    scene *s = *state;
    write_file(path_in(s, "key"), "  sk-from-a-file \t\r\nand a comment\n");
    beluga_chat_model *model = open_with_key(s, "file", path_in(s, "key"));
    assert_int_equal(generate(model, "Hello", NULL), 0);
    assert_string_equal(key_sent(s, 0), "Bearer sk-from-a-file");
    beluga_chat_model_unref(model);
}

static void a_file_that_is_missing_or_empty_fails_the_call_and_can_be_mended(void **state)
{
    scene *s = *state;
    beluga_error err;
    beluga_chat_model *model = open_with_key(s, "file", path_in(s, "key"));
    assert_int_equal(generate(model, NULL, &err), BELUGA_ERROR_AUTHENTICATION);
    assert_non_null(strstr(err.message, "/key"));
    assert_string_equal(err.provider, "openai");
    write_file(path_in(s, "key"), "\n");
    assert_int_equal(generate(model, NULL, &err), BELUGA_ERROR_AUTHENTICATION);
    assert_int_equal(peer_requests(s->p), 0);
    write_file(path_in(s, "key"), "sk-now\n");
    assert_int_equal(generate(model, "Hello", NULL), 0);
    beluga_chat_model_unref(model);
}

/* --- commands --------------------------------------------------------------------------------- */

static void a_command_runs_once_for_twenty_calls_at_once(void **state)
{
    scene *s = *state;
    enum { N = 20 };
    record r[N] = {0};
    beluga_loop *loop = new_loop();
    beluga_chat_model *model = open_with_slow_command(s);
    for (int i = 0; i < N; i++) beluga_op_free(push_stream(model, loop, NULL, &r[i]));
    while (lines_of(path_in(s, "count")) == 0) usleep(1000);
    assert_int_equal(peer_requests(s->p), 0); /* all of them wait for the key */
    write_file(path_in(s, "go-on"), "");
    for (int i = 0; i < N; i++) step_until_end(loop, &r[i]);
    for (int i = 0; i < N; i++) assert_int_equal(r[i].finishes, 1);
    assert_int_equal(generate(model, "Hello", NULL), 0); /* and is kept for a while */
    assert_int_equal(lines_of(path_in(s, "count")), 1);
    for (size_t i = 0; i <= N; i++) assert_string_equal(key_sent(s, i), "Bearer sk-from-a-command");
    beluga_chat_model_unref(model);
    beluga_loop_free(loop);
}

static void *generate_once(void *argument)
{
    beluga_error err;
    return generate(argument, "Hello", &err) ? argument : NULL;
}

static void a_command_runs_once_for_calls_on_many_threads(void **state)
{
    scene *s = *state;
    enum { N = 8 };
    pthread_t threads[N];
    char command[256];
    snprintf(command, sizeof command, "echo asked >> %s; sleep 0.1; echo sk", path_in(s, "count"));
    beluga_chat_model *model = open_with_key(s, "command", command);
    for (int i = 0; i < N; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, generate_once, model), 0);
    for (int i = 0; i < N; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    assert_int_equal(lines_of(path_in(s, "count")), 1);
    beluga_chat_model_unref(model);
}

static void a_command_that_fails_fails_the_call_without_telling_its_output(void **state)
{
    scene *s = *state;
    static const char *const commands[] = {"echo half-a-secret; exit 3", "true", "echo",
                                           "kill -9 $$", "/nowhere/to/be/found"};
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        beluga_error err;
        char line[2048];
        beluga_chat_model *model = open_with_key(s, "command", commands[i]);
        assert_int_equal(generate(model, NULL, &err), BELUGA_ERROR_AUTHENTICATION);
        beluga_error_format(&err, line, sizeof line);
        assert_null(strstr(line, "secret"));
        assert_false(beluga_error_is_retryable(&err));
        beluga_chat_model_unref(model);
    }
    assert_int_equal(peer_requests(s->p), 0);
}

static void a_call_that_waits_for_a_command_can_be_cancelled(void **state)
{
    scene *s = *state;
    record r = {0};
    beluga_loop *loop = new_loop();
    beluga_context *ctx = beluga_context_new_cancellable(NULL);
    beluga_chat_model *model = open_with_slow_command(s);
    beluga_op_free(push_stream(model, loop, ctx, &r));
    while (lines_of(path_in(s, "count")) == 0) usleep(1000);
    beluga_context_cancel(ctx);
    step_until_end(loop, &r);
    assert_story(&r, "error(context_canceled)");
    write_file(path_in(s, "go-on"), "");
    assert_int_equal(generate(model, "Hello", NULL), 0); /* it may just have ended the command */
    size_t runs = (size_t)lines_of(path_in(s, "count"));
    assert_true(runs == 1 || runs == 2);
    beluga_context_unref(ctx);
    beluga_chat_model_unref(model);
    beluga_loop_free(loop);
}

static void a_call_that_waits_for_a_command_has_its_timeouts(void **state)
{
    scene *s = *state;
    record r;
    beluga_context *ctx = beluga_context_new_timeout(NULL, 10000);
    beluga_chat_model *model = open_with_slow_command(s);
    const beluga_option opts[] = {beluga_with_timeout_ms(100)};
    assert_int_equal(stream_whole_n(model, ctx, &r, opts, 1), BELUGA_ERROR_AUTHENTICATION);
    assert_int_equal(peer_requests(s->p), 0);
    write_file(path_in(s, "go-on"), "");
    assert_int_equal(generate(model, "Hello", NULL), 0);
    beluga_context_unref(ctx);
    beluga_chat_model_unref(model);
}

static void a_loop_and_a_model_may_go_while_a_command_runs(void **state)
{
    scene *s = *state;
    record r = {0};
    beluga_loop *loop = new_loop();
    beluga_chat_model *model = open_with_slow_command(s);
    beluga_op_free(push_stream(model, loop, NULL, &r));
    while (lines_of(path_in(s, "count")) == 0) usleep(1000);
    beluga_loop_free(loop);
    beluga_chat_model_unref(model);
    assert_int_equal(r.events, 0); /* the command ends: nobody waits for it */
}

/* What comes back for a call that is over must not keep its client: nobody will look at it any
 * more. */
static void a_client_goes_although_a_command_of_its_ended_later(void **state)
{
    scene *s = *state;
    meter m = {0};
    char command[400];
    beluga_allocator allocator = meter_allocator(&m);
    beluga_client_settings settings = {.size = sizeof settings, .allocator = &allocator};
    beluga_client *client;
    beluga_chat_model *model;
    slow_command(s, command, sizeof command);
    assert_int_equal(beluga_client_new(&settings, &client), 0);
    beluga_config *config =
        beluga_config_new(beluga_with_base_url(peer_url(s->p)), beluga_with_api_key(command));
    assert_int_equal(
        beluga_registry_open(beluga_client_registry(client), "openai", config, &model, NULL), 0);
    beluga_config_free(config);
    beluga_context *ctx = beluga_context_new_timeout(NULL, 50);
    assert_int_equal(generate_under(model, ctx, NULL, NULL), BELUGA_ERROR_CONTEXT_TIMEOUT);
    beluga_context_unref(ctx);
    beluga_chat_model_unref(model);
    assert_int_equal(beluga_client_close(client, PATIENCE_MS, NULL), 0);
    assert_int_equal(atomic_load(&m.live), 0);
}

static void a_key_of_many_kilobytes_is_refused_and_a_whole_flood_does_no_harm(void **state)
{
    scene *s = *state;
    beluga_error err;
    beluga_chat_model *model = open_with_key(s, "command", "yes");
    assert_int_equal(generate(model, NULL, &err), BELUGA_ERROR_AUTHENTICATION);
    beluga_chat_model_unref(model);
}

#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCENE(a_variable_is_read_when_the_model_opens),
        IN_SCENE(an_empty_variable_is_named_when_the_model_opens),
        IN_SCENE(a_file_gives_its_first_line_without_the_white_space),
        IN_SCENE(a_file_that_is_missing_or_empty_fails_the_call_and_can_be_mended),
        IN_SCENE(a_command_runs_once_for_twenty_calls_at_once),
        IN_SCENE(a_command_runs_once_for_calls_on_many_threads),
        IN_SCENE(a_command_that_fails_fails_the_call_without_telling_its_output),
        IN_SCENE(a_call_that_waits_for_a_command_can_be_cancelled),
        IN_SCENE(a_call_that_waits_for_a_command_has_its_timeouts),
        IN_SCENE(a_loop_and_a_model_may_go_while_a_command_runs),
        IN_SCENE(a_client_goes_although_a_command_of_its_ended_later),
        IN_SCENE(a_key_of_many_kilobytes_is_refused_and_a_whole_flood_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
