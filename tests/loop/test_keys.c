/* Keys from a variable, a file or a command. They are fetched outside of the loop, and all waiting
 * calls share one fetch. */
#include "../support/files.h"
#include "../support/folder.h"
#include "../support/meter.h"
#include "../support/scene.h"
#include "../support/threads.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder for the files of a test. */
static char folder[FOLDER_BYTES];

static const char *path_in_folder(const char *name)
{
    return path_below(folder, name);
}

/* Make the folder, and script an answer for every call. */
static int set_folder(void **state)
{
    if (!folder_make(folder, "keys") || set_scene(state)) return -1;
    script(((scene *)*state)->peer, FOR_EVER, ANSWERS("Hello"));
    return 0;
}

static int remove_folder(void **state)
{
    return strike_scene(state) || !folder_remove(folder) ? -1 : 0;
}

static size_t lines_of(const char *path)
{
    size_t n = 0;
    FILE *file = fopen(path, "r");
    for (int c; file && (c = getc(file)) != EOF;) n += c == '\n';
    if (file) fclose(file);
    return n;
}

static void open_with_key(scene *s, const char *kind, const char *what)
{
    char reference[512];
    snprintf(reference, sizeof reference, "%s:%s", kind, what);
    open_with(s, beluga_with_api_key(reference));
}

/* Write a command that adds a line to the file "count", waits for the file "go-on" (not for ever),
 * and then prints a key. */
static void slow_command(char *command, size_t size)
{
    snprintf(command, size,
             "command:echo asked >> %s; n=0; until test -e %s || test $n -ge 1500; do n=$((n + "
             "1)); sleep 0.02; done;"
             " touch %s; echo sk-from-a-command",
             path_in_folder("count"), path_in_folder("go-on"), path_in_folder("over"));
}

static void open_with_slow_command(scene *s)
{
    char command[400];
    slow_command(command, sizeof command);
    open_with(s, beluga_with_api_key(command));
}

/* Wait until the command has started. */
static void wait_for_command(void)
{
    while (lines_of(path_in_folder("count")) == 0) usleep(1000);
}

static const char *key_sent(const scene *s, size_t i)
{
    return peer_request_header(s->peer, i, "Authorization");
}

/* --- variables and files ---------------------------------------------------------------------- */

static void a_variable_is_read_when_the_model_opens(scene *s)
{
    setenv("BELUGA_TEST_KEY", "from-the-environment", 1);
    open_with_key(s, "env", "BELUGA_TEST_KEY");
    unsetenv("BELUGA_TEST_KEY");
    expect_text(s, "Hello");
    assert_string_equal(key_sent(s, 0), "Bearer from-the-environment");
}

static void an_empty_variable_is_named_when_the_model_opens(scene *s)
{
    /* not NULL, so that the test sees whether the call sets it */
    beluga_chat_model *model = s->model;
    unsetenv("BELUGA_TEST_KEY");
    beluga_config *config = beluga_config_new(beluga_with_api_key("env:BELUGA_TEST_KEY"));
    assert_int_equal(
        beluga_registry_open(beluga_registry_default(), "openai", config, &model, &s->err),
        BELUGA_ERROR_AUTHENTICATION);
    assert_null(model);
    assert_non_null(strstr(s->err.message, "BELUGA_TEST_KEY"));
    beluga_config_free(config);
}

static void a_file_gives_its_first_line_without_the_white_space(scene *s)
{
    write_file(path_in_folder("key"), "  sk-from-a-file \t\r\nand a comment\n");
    open_with_key(s, "file", path_in_folder("key"));
    expect_text(s, "Hello");
    assert_string_equal(key_sent(s, 0), "Bearer sk-from-a-file");
}

static void a_file_that_is_missing_or_empty_fails_the_call_and_can_be_mended(scene *s)
{
    open_with_key(s, "file", path_in_folder("key"));
    expect_failure(s, BELUGA_ERROR_AUTHENTICATION);
    assert_non_null(strstr(s->err.message, "/key"));
    assert_string_equal(s->err.provider, "openai");
    write_file(path_in_folder("key"), "\n");
    expect_failure(s, BELUGA_ERROR_AUTHENTICATION);
    expect_requests(s, 0);
    write_file(path_in_folder("key"), "sk-now\n");
    expect_text(s, "Hello");
}

/* --- commands --------------------------------------------------------------------------------- */

static void a_command_runs_once_for_twenty_calls_at_once(scene *s)
{
    enum { N = 20 };
    record r[N] = {0};
    open_with_slow_command(s);
    for (int i = 0; i < N; i++) beluga_op_free(push_stream(s->model, s->loop, NULL, &r[i]));
    wait_for_command();
    expect_requests(s, 0); /* all calls wait for the key */
    write_file(path_in_folder("go-on"), "");
    for (int i = 0; i < N; i++) step_until_end(s->loop, &r[i]);
    for (int i = 0; i < N; i++) assert_int_equal(r[i].finishes, 1);
    expect_text(s, "Hello"); /* the key is kept for a while */
    assert_int_equal(lines_of(path_in_folder("count")), 1);
    for (size_t i = 0; i <= N; i++) assert_string_equal(key_sent(s, i), "Bearer sk-from-a-command");
}

static void *generate_once(void *argument)
{
    return generate(argument, "Hello", NULL) ? argument : NULL;
}

static void a_command_runs_once_for_calls_on_many_threads(scene *s)
{
    char command[256];
    snprintf(command, sizeof command, "echo asked >> %s; sleep 0.1; echo sk",
             path_in_folder("count"));
    open_with_key(s, "command", command);
    threads_run(8, generate_once, s->model);
    assert_int_equal(lines_of(path_in_folder("count")), 1);
}

static void a_command_that_fails_fails_the_call_without_telling_its_output(scene *s)
{
    static const char *const commands[] = {"echo half-a-secret; exit 3", "true", "echo",
                                           "kill -9 $$", "/nowhere/to/be/found"};
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        char line[2048];
        open_with_key(s, "command", commands[i]);
        expect_failure(s, BELUGA_ERROR_AUTHENTICATION);
        beluga_error_format(&s->err, line, sizeof line);
        assert_null(strstr(line, "secret"));
        assert_false(beluga_error_is_retryable(&s->err));
    }
    expect_requests(s, 0);
}

static void a_call_that_waits_for_a_command_can_be_cancelled(scene *s)
{
    s->ctx = beluga_context_new_cancellable(NULL);
    open_with_slow_command(s);
    push(s);
    wait_for_command();
    beluga_context_cancel(s->ctx);
    step_to_the_end(s);
    assert_story(&s->r, "error(context_canceled)");
    write_file(path_in_folder("go-on"), "");
    /* The cancelled call was the only one, so the command may be killed just when this call needs
     * it. */
    assert_int_equal(generate(s->model, "Hello", NULL), 0);
    assert_in_range(lines_of(path_in_folder("count")), 1, 2);
}

/* The command is killed because no call waits for it, at about the time at which a new call needs
 * it. */
static void a_call_gets_its_key_when_the_command_was_just_given_up(scene *s)
{
    for (int i = 0; i < 40; i++) {
        record r = {0};
        beluga_context *ctx = beluga_context_new_cancellable(NULL);
        open_with_slow_command(s);
        beluga_op_free(push_stream(s->model, s->loop, ctx, &r));
        wait_for_command();
        beluga_context_cancel(ctx);
        step_until_end(s->loop, &r);
        usleep((unsigned)i * 25);
        write_file(path_in_folder("go-on"), "");
        assert_int_equal(generate(s->model, "Hello", NULL), 0);
        unlink(path_in_folder("go-on"));
        unlink(path_in_folder("count"));
        beluga_context_unref(ctx);
    }
}

static void a_call_that_waits_for_a_command_has_its_timeouts(scene *s)
{
    s->ctx = beluga_context_new_timeout(NULL, 10000);
    open_with_slow_command(s);
    expect_stream_with(s, BELUGA_ERROR_AUTHENTICATION, beluga_with_timeout_ms(100));
    expect_requests(s, 0);
    write_file(path_in_folder("go-on"), "");
    assert_int_equal(generate(s->model, "Hello", NULL), 0);
}

static void a_loop_and_a_model_may_go_while_a_command_runs(scene *s)
{
    open_with_slow_command(s);
    push(s);
    wait_for_command();
    RELEASE(beluga_op_free, s->op);
    RELEASE(beluga_loop_free, s->loop);
    RELEASE(beluga_chat_model_unref, s->model);
    assert_int_equal(s->r.events, 0); /* the command is killed, since no call needs it any longer */
}

/* A key that arrives after the end of its call must not keep the client alive. */
static void a_client_goes_although_a_command_of_its_ended_later(scene *s)
{
    meter m = {0};
    char command[400];
    beluga_allocator allocator = meter_allocator(&m);
    beluga_client_settings settings = {.size = sizeof settings, .allocator = &allocator};
    beluga_client *client;
    beluga_chat_model *model;
    slow_command(command, sizeof command);
    assert_int_equal(beluga_client_new(&settings, &client), 0);
    beluga_config *config =
        beluga_config_new(beluga_with_base_url(peer_url(s->peer)), beluga_with_api_key(command));
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

static void a_key_of_many_kilobytes_is_refused_and_a_whole_flood_does_no_harm(scene *s)
{
    open_with_key(s, "command", "yes");
    expect_failure(s, BELUGA_ERROR_AUTHENTICATION);
}

#define IN_FOLDER(test) SCENE_WITH(test, set_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_variable_is_read_when_the_model_opens),
        IN_FOLDER(an_empty_variable_is_named_when_the_model_opens),
        IN_FOLDER(a_file_gives_its_first_line_without_the_white_space),
        IN_FOLDER(a_file_that_is_missing_or_empty_fails_the_call_and_can_be_mended),
        IN_FOLDER(a_command_runs_once_for_twenty_calls_at_once),
        IN_FOLDER(a_command_runs_once_for_calls_on_many_threads),
        IN_FOLDER(a_command_that_fails_fails_the_call_without_telling_its_output),
        IN_FOLDER(a_call_that_waits_for_a_command_can_be_cancelled),
        IN_FOLDER(a_call_gets_its_key_when_the_command_was_just_given_up),
        IN_FOLDER(a_call_that_waits_for_a_command_has_its_timeouts),
        IN_FOLDER(a_loop_and_a_model_may_go_while_a_command_runs),
        IN_FOLDER(a_client_goes_although_a_command_of_its_ended_later),
        IN_FOLDER(a_key_of_many_kilobytes_is_refused_and_a_whole_flood_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
