/* The directory of recordings, which may be missing, not writable, removed while it is used, or on
 * a full disk; and the client settings that name it. */
#include "../support/tape.h"
#include "../support/torture.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- directories ----------------------------------------------------------------------------- */

static void a_directory_that_is_not_there_is_made_to_record_and_missed_to_replay(void **state)
{
    tape *t = *state;
    beluga_error err = {0};
    assert_int_equal(rmdir(t->directory), 0);
    assert_int_equal(tape_try(t, BELUGA_CASSETTE_REPLAY, &err), BELUGA_ERROR_NOT_FOUND);
    assert_says(err.message, t->directory);
    assert_int_equal(tape_try(t, BELUGA_CASSETTE_RECORD, &err), 0);
    assert_int_equal(tape_count(t), 0);
}

static void what_is_no_directory_is_refused(void **state)
{
    tape *t = *state;
    beluga_error err = {0};
    char path[128];
    tape_put(t, "file", "text");
    for (int mode = BELUGA_CASSETTE_RECORD; mode <= BELUGA_CASSETTE_REPLAY; mode++) {
        beluga_cassette cassette = {.size = sizeof cassette, .directory = path, .mode = mode};
        static const char *const names[] = {"file", "file/below", "none/below"};
        for (int i = 0; i < 3; i++) {
            snprintf(path, sizeof path, "%s/%s", t->directory, names[i]);
            assert_int_equal(beluga_client_set_cassette(beluga_client_default(), &cassette, &err),
                             BELUGA_ERROR_NOT_FOUND);
            assert_says(err.message, path);
        }
        cassette.directory = "";
        assert_int_equal(beluga_client_set_cassette(beluga_client_default(), &cassette, &err),
                         BELUGA_ERROR_INVALID_INPUT);
    }
    const beluga_cassette neither = {.size = sizeof neither, .directory = t->directory};
    assert_int_equal(beluga_client_set_cassette(beluga_client_default(), &neither, &err),
                     BELUGA_ERROR_INVALID_INPUT);
}

static void a_directory_that_may_not_be_written_is_refused(void **state)
{
    tape *t = *state;
    beluga_error err = {0};
    if (geteuid() == 0) {
        print_message("# root may write everywhere\n");
        skip();
    }
    assert_int_equal(chmod(t->directory, 0500), 0);
    assert_int_equal(tape_try(t, BELUGA_CASSETTE_RECORD, &err), BELUGA_ERROR_INVALID_INPUT);
    assert_says(err.message, "Permission denied");
    chmod(t->directory, 0700);
}

static int warnings;

static void count_warning(void *payload, beluga_log_level level, const char *event,
                          const beluga_log_field *fields, size_t n)
{
    (void)payload;
    (void)fields;
    (void)n;
    warnings += level == BELUGA_LOG_WARN && strcmp(event, "cassette.lost") == 0;
}

static void assert_lost(int code, const char *part)
{
    beluga_error err = {0};
    assert_int_equal(beluga_client_check_cassette(beluga_client_default(), &err), code);
    assert_says(err.message, part);
}

static void a_directory_that_goes_away_loses_recordings_and_no_call(void **state)
{
    tape *t = *state;
    beluga_chat_model *model = tape_open(t, beluga_with_max_retries(0));
    script(t->peer, REPEATS(2), ANSWERS("Hello"));
    tape_record(t);
    assert_int_equal(rmdir(t->directory), 0);
    beluga_client_set_log(beluga_client_default(), count_warning, NULL, BELUGA_LOG_WARN, false);
    warnings = 0;
    assert_int_equal(beluga_client_check_cassette(beluga_client_default(), NULL), 0);
    for (int i = 0; i < 2; i++) assert_int_equal(generate(model, "Hello", NULL), 0);
    beluga_client_set_log(beluga_client_default(), NULL, NULL, 0, false);
    assert_int_equal(warnings, 2);
    assert_lost(BELUGA_ERROR_NOT_FOUND, "2 exchanges were not recorded: ");
    beluga_chat_model_unref(model);
}

static void a_full_disk_leaves_no_half_a_file(void **state)
{
    tape *t = *state;
    struct rlimit old, small;
    beluga_chat_model *model = tape_open(t, beluga_with_max_retries(0));
    script(t->peer, ANSWERS("Hello"));
    tape_record(t);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old);
    small = old;
    small.rlim_cur = 100;
    setrlimit(RLIMIT_FSIZE, &small);
    int status = generate(model, "Hello", NULL);
    setrlimit(RLIMIT_FSIZE, &old);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(status, 0);
    assert_int_equal(tape_count(t), 0);
    assert_lost(BELUGA_ERROR_INVALID_INPUT, "1 exchange was not recorded: ");
    beluga_chat_model_unref(model);
}

static void a_body_past_the_maximum_is_not_recorded_and_the_call_goes_on(void **state)
{
    enum { BYTES = 33 << 20 };
    tape *t = *state;
    char *text = malloc(BYTES + 1);
    assert_non_null(text);
    memset(text, 'x', BYTES);
    text[BYTES] = '\0';
    script(t->peer, ANSWERS("That is long"));
    beluga_response *response = NULL;
    beluga_chat_model *model = tape_open(t, beluga_with_max_retries(0));
    tape_record(t);
    assert_int_equal(beluga_invoke(model, NULL, beluga_input_text(text), &response, NULL), 0);
    beluga_response_free(response);
    assert_int_equal(tape_count(t), 0);
    assert_lost(BELUGA_ERROR_LIMIT_EXCEEDED, "more than 33554432 bytes");
    free(text);
    beluga_chat_model_unref(model);
}

/* ---- the client ------------------------------------------------------------------------------ */

static void a_client_is_made_with_a_cassette(void **state)
{
    tape *t = *state;
    beluga_client *client = NULL;
    beluga_cassette cassette = {
        .size = sizeof cassette, .directory = t->directory, .mode = BELUGA_CASSETTE_RECORD};
    beluga_client_settings settings = {.size = sizeof settings, .cassette = &cassette};
    assert_int_equal(beluga_client_new(&settings, &client), 0);
    beluga_client_unref(client);
    cassette.directory = "/nowhere/at/all";
    assert_int_equal(beluga_client_new(&settings, &client), BELUGA_ERROR_NOT_FOUND);
    assert_null(client);
    /* The size of the struct says that it has no member `cassette`, as in a program built with an
     * older header, so the library must not read that member. */
    settings.size = offsetof(beluga_client_settings, cassette);
    settings.cassette = (const beluga_cassette *)(uintptr_t)1;
    assert_int_equal(beluga_client_new(&settings, &client), 0);
    beluga_client_unref(client);
    /* The struct of a program that was built with an older header ends before `realtime`, so `pace`
     * and `repeat` must not be read. */
    cassette = (beluga_cassette){.size = offsetof(beluga_cassette, realtime),
                                 .directory = t->directory,
                                 .mode = BELUGA_CASSETTE_REPLAY,
                                 .realtime = true,
                                 .repeat = true};
    assert_int_equal(beluga_client_set_cassette(beluga_client_default(), &cassette, NULL), 0);
    cassette.size = 8;
    assert_int_equal(beluga_client_set_cassette(beluga_client_default(), &cassette, NULL),
                     BELUGA_ERROR_INVALID_INPUT);
}

static void a_loop_made_before_may_outlive_its_cassette(void **state)
{
    tape *t = *state;
    record r = {0};
    beluga_chat_model *model = tape_open(t, beluga_with_max_retries(0));
    script(t->peer, STREAMS("Hello"));
    tape_record(t);
    beluga_loop *loop = new_loop();
    tape_stop();
    beluga_op *op = push_stream(model, loop, NULL, &r);
    step_until_end(loop, &r);
    assert_int_equal(r.finishes, 1);
    assert_int_equal(tape_count(t), 1); /* the client still uses the directory that it had before */
    beluga_op_free(op);
    beluga_loop_free(loop);
    beluga_chat_model_unref(model);
}

typedef struct life {
    tape *tape;
    int mode;
    bool streamed;
} life;

static int ask(beluga_chat_model *model, bool streamed)
{
    beluga_response *response = NULL;
    beluga_stream *stream = NULL;
    const beluga_event *event;
    if (!streamed) {
        int status = beluga_invoke(model, NULL, beluga_input_text("Hi"), &response, NULL);
        beluga_response_free(response);
        return status;
    }
    int status = beluga_stream_input(model, NULL, beluga_input_text("Hi"), &stream, NULL);
    while (!status && !(status = beluga_stream_next(stream, &event, NULL)) && event) {
    }
    beluga_stream_free(stream);
    return status;
}

static int live(void *argument)
{
    const life *l = argument;
    beluga_client *client;
    beluga_chat_model *model = NULL;
    const beluga_cassette cassette = {
        .size = sizeof cassette, .directory = l->tape->directory, .mode = l->mode, .repeat = true};
    const beluga_client_settings settings = {.size = sizeof settings, .cassette = &cassette};
    int status = beluga_client_new(&settings, &client);
    if (status) return status;
    beluga_config *config =
        beluga_config_new(beluga_with_base_url(l->tape->url), beluga_with_model_name("peer-chat"),
                          beluga_with_api_key(TAPE_KEY), beluga_with_max_retries(0));
    status = config ? 0 : BELUGA_ERROR_NO_MEMORY;
    if (!status)
        status =
            beluga_registry_open(beluga_client_registry(client), "openai", config, &model, NULL);
    if (!status) status = ask(model, l->streamed);
    int lost = beluga_client_check_cassette(client, NULL);
    if (lost) assert_int_equal(lost, BELUGA_ERROR_NO_MEMORY);
    beluga_chat_model_unref(model);
    beluga_config_free(config);
    beluga_client_unref(client);
    return status;
}

static void every_allocation_may_fail(void **state)
{
    tape *t = *state;
    for (int streamed = 0; streamed < 2; streamed++) {
        peer_reply *r = script(t->peer, REPEATS(PEER_FOR_EVER));
        peer_reply_match_streamed(r, streamed);
        if (streamed)
            peer_openai_stream(r, "Hello there");
        else
            peer_openai_answer(r, "Hello there");
        life recorded = {t, BELUGA_CASSETTE_RECORD, streamed},
             replayed = {t, BELUGA_CASSETTE_REPLAY, streamed};
        assert_true(torture_run(live, &recorded) > 10);
        /* Replaying reads all files of the directory, so a few are left to keep the test fast. */
        while (tape_count(t) > 3) {
            char path[512];
            snprintf(path, sizeof path, "%s/%s", t->directory, tape_name(t, 1));
            unlink(path);
        }
        assert_true(torture_run(live, &replayed) > 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_TAPE(a_directory_that_is_not_there_is_made_to_record_and_missed_to_replay),
        ON_TAPE(what_is_no_directory_is_refused),
        ON_TAPE(a_directory_that_may_not_be_written_is_refused),
        ON_TAPE(a_directory_that_goes_away_loses_recordings_and_no_call),
        ON_TAPE(a_full_disk_leaves_no_half_a_file),
        ON_TAPE(a_body_past_the_maximum_is_not_recorded_and_the_call_goes_on),
        ON_TAPE(a_client_is_made_with_a_cassette),
        ON_TAPE(a_loop_made_before_may_outlive_its_cassette),
        ON_TAPE(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
